//! With real processes. One test at a time: a running command's reaper would take another one's children.

use std::{
    fs::{self, OpenOptions, Permissions},
    os::unix::fs::PermissionsExt as _,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use super::*;

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}

fn request(argv: &[&str]) -> Request {
    Request { argv: argv.iter().map(Into::into).collect(), user: None, own_stdout: false }
}

fn wait_for<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("runtime").block_on(future)
}

fn run(argv: &[&str]) -> u8 {
    wait_for(start(&request(argv)).expect("started").all_ended())
}

#[test]
fn its_exit_status_is_told_as_a_shell_would() {
    let _alone = alone();
    assert_eq!(run(&["true"]), 0);
    assert_eq!(run(&["sh", "-c", "exit 7"]), 7);
    assert_eq!(run(&["sh", "-c", "kill -TERM $$"]), 128 + 15);
}

#[test]
fn what_cannot_be_started_is_told_as_a_shell_would() {
    let _alone = alone();
    let error = |argv: &[&str]| start(&request(argv)).expect_err("it cannot start");
    let missing = error(&["no-such-command", "x"]);
    assert_eq!(
        (missing.exit_code(), missing.to_string().as_str()),
        (127, "no-such-command: command not found")
    );
    assert_eq!(error(&["/etc/passwd"]).exit_code(), 126);
    assert_eq!(error(&["/"]).exit_code(), 126);
    assert_eq!(error(&[]).exit_code(), 1);
    let nobody = Request { user: Some("no-such-user".to_owned()), ..request(&["true"]) };
    assert_eq!(start(&nobody).expect_err("no such user").exit_code(), 1);
}

#[test]
fn descendants_that_their_parents_left_are_waited_for() {
    let _alone = alone();
    let directory = tempfile::tempdir().expect("tempdir");
    let gate = directory.path().join("gate");
    let made = Command::new("mkfifo").arg(&gate).status().expect("mkfifo");
    assert!(made.success());
    let script = "(setsid sh -c 'read line < \"$0\"; exit 9' \"$0\" &) ; exit 3";
    let mut running = start(&request(&["sh", "-c", script, gate.to_str().expect("path")])).expect("started");
    assert_eq!(wait_for(running.main_ended()), 3);
    assert_eq!(running.exit_code(), Some(3));
    {
        let mut all = std::pin::pin!(running.all_ended());
        assert_eq!(all.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Pending);
    }
    drop(OpenOptions::new().write(true).open(&gate).expect("the reader is there"));
    assert_eq!(wait_for(running.all_ended()), 3, "the command's own code, not the last one's");
}

/// What `script` writes, one fact a line.
fn facts(user: Option<&str>, script: &str) -> Vec<String> {
    let directory = tempfile::tempdir().expect("tempdir");
    fs::set_permissions(directory.path(), Permissions::from_mode(0o755)).expect("chmod");
    let file = directory.path().join("facts");
    fs::write(&file, "").expect("file");
    fs::set_permissions(&file, Permissions::from_mode(0o666)).expect("chmod");
    let script = format!("exec > {}; {script}", file.display());
    let asked = Request { user: user.map(str::to_owned), ..request(&["sh", "-c", &script]) };
    assert_eq!(wait_for(start(&asked).expect("started").all_ended()), 0);
    fs::read_to_string(&file).expect("facts").lines().map(str::to_owned).collect()
}

#[test]
fn it_starts_with_no_signal_blocked_or_ignored() {
    let _alone = alone();
    let facts = facts(None, "grep -E '^Sig(Blk|Ign)' /proc/self/status");
    let sigpipe = 1_u64 << 12;
    let masks: Vec<u64> = facts
        .iter()
        .map(|line| u64::from_str_radix(line.split_whitespace().last().expect("mask"), 16).expect("hex"))
        .collect();
    assert_eq!(masks.len(), 2);
    assert_eq!((masks[0], masks[1] & sigpipe), (0, 0));
}

#[test]
fn it_runs_as_the_user_that_was_asked_for_and_tcpx_stays_root() {
    let _alone = alone();
    if !rustix::process::geteuid().is_root() {
        crate::enrich::testing::skipped("only root can become another user");
        return;
    }
    let script = "id -u; id -g; id -G; echo $USER; grep -E '^Cap(Prm|Eff)' /proc/self/status | tr -d '\\t'";
    let expected =
        ["65534", "65534", "65534", "nobody", "CapPrm:0000000000000000", "CapEff:0000000000000000"];
    assert_eq!(facts(Some("nobody"), script), expected);
    assert!(rustix::process::geteuid().is_root());
    assert_eq!(facts(Some("4242"), "id -u; id -G"), ["4242", "65534"]);
    assert_eq!(facts(Some("0"), "id -u"), ["0"]);
}
