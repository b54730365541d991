//! What is left of privileges, and what still works without them.

use std::{
    fs,
    os::{fd::OwnedFd, unix::net::UnixListener},
    process::{Command, Stdio},
};

use assert_cmd::cargo::CommandCargoExt as _;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::{
    daemon::{Daemon, Place, until},
    provoke::Refusing,
};

fn field(pid: u64, name: &str) -> String {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.expect("a field").trim().to_owned()
}

fn helper(daemon: &Daemon<'_>) -> u64 {
    daemon.health()["helper"]["pid"].as_u64().expect("a helper")
}

const SETS: [&str; 5] = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"];

pub(crate) fn dropped() {
    let place = Place::new("");
    let daemon = place.start();
    let threads = fs::read_dir(format!("/proc/{}/task", daemon.pid())).expect("threads").flatten();
    let threads: Vec<u64> = threads.filter_map(|task| task.file_name().to_str()?.parse().ok()).collect();
    assert!(threads.len() > 1, "one for HTTP at least");
    let capabilities = daemon.health()["privileges"]["capabilities"].clone();
    for thread in threads {
        for set in SETS {
            assert_eq!(field(thread, set), "0000000000000000", "{set} of {thread}; kept: {capabilities}");
        }
        assert_eq!((field(thread, "NoNewPrivs"), field(thread, "Seccomp")), ("1".to_owned(), "2".to_owned()));
    }
    let helper = helper(&daemon);
    // CAP_DAC_READ_SEARCH, CAP_NET_ADMIN, CAP_SYS_PTRACE and CAP_SYS_ADMIN.
    let few = format!("{:016x}", 1_u64 << 2 | 1 << 12 | 1 << 19 | 1 << 21);
    for (set, expected) in [("CapPrm", few.as_str()), ("CapEff", &few), ("CapBnd", "0000000000000000")] {
        assert_eq!(field(helper, set), expected, "{set}");
    }
    assert_eq!((field(helper, "NoNewPrivs"), field(helper, "Seccomp")), ("1".to_owned(), "2".to_owned()));
}

pub(crate) fn unprivileged_user() {
    let place = Place::new("output.file = \"DIR/out/a.jsonl\"\nprivileges.user = 65534\n");
    let out = place.path("out");
    fs::create_dir(&out).expect("a directory");
    let refused = place.tcpx().output().expect("tcpx runs");
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(said.contains("user 65534 cannot write to") && said.contains("chown it to that user"), "{said}");
    std::os::unix::fs::chown(&out, Some(65534), Some(65534)).expect("root");
    let all = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(place.path(""), all).expect("own directory");
    let daemon = place.start();
    assert_eq!(field(daemon.pid().into(), "Uid"), "65534\t65534\t65534\t65534");
    assert_eq!(daemon.health()["privileges"]["uid"], 65534);
    let port = Refusing::new();
    until_looked_up(&daemon, &port);
    fs::rename(out.join("a.jsonl"), out.join("a.1")).expect("log rotation");
    daemon.reload();
    until("a line in the new file", || {
        port.refuse(1);
        fs::metadata(out.join("a.jsonl")).is_ok_and(|file| file.len() > 0).then_some(())
    });
}

/// Has connections refused until one is told with what only the helper can look up, of the client and of who holds the port. The helper
/// may be late, and looks through /proc for a part of the time only: then an attempt is told without.
fn until_looked_up(daemon: &Daemon<'_>, port: &Refusing) {
    let own = std::env::current_exe().expect("a program");
    let own = own.to_str().expect("UTF-8");
    let holder = format!("[{}]", std::process::id());
    until("an attempt that was looked up", || {
        port.refuse(1);
        let lines = daemon.lines("/attempts?n=1000");
        let last = lines.into_iter().rfind(|line| port.is_attempt(line))?;
        let attempt = &last["data"];
        let named = attempt["verdict"]["evidence"].to_string().contains(&holder);
        (attempt["process"]["exe"] == own && named).then_some(())
    });
}

pub(crate) fn files() {
    let place = Place::new("");
    let daemon = place.start();
    let landlock = daemon.health()["privileges"]["landlock"].clone();
    assert!(
        landlock.as_str().is_some_and(
            |said| said.starts_with("in force") || said.starts_with("not in force: this kernel has none")
        ),
        "{landlock}"
    );
    // /proc/PID/root of a process is not its sandbox: what it may open shows when it is asked to.
    let elsewhere = tempfile::tempdir().expect("a directory");
    let config = format!("output.file = \"{}\"\n", elsewhere.path().join("a.jsonl").display());
    place.configure(&config);
    daemon.reload();
    let in_force = landlock.as_str().is_some_and(|said| said.starts_with("in force"));
    let health = until("the file or the refusal", || {
        let health = daemon.health();
        let refused = health["troubles"].to_string().contains("Permission denied");
        (refused == in_force).then_some(health)
    });
    assert_eq!(elsewhere.path().join("a.jsonl").exists(), !in_force, "{health}");
}

pub(crate) fn helper_killed() {
    let place = Place::new("");
    let daemon = place.start();
    let helper = helper(&daemon);
    kill_process(pid(helper), Signal::KILL).expect("it runs");
    let health = until("health to say so", || {
        let health = daemon.health();
        (health["helper"]["alive"] == false).then_some(health)
    });
    assert!(
        health["troubles"].to_string().contains("helper: it has ended (signal: 9 (SIGKILL))"),
        "{health}"
    );
    let port = Refusing::new();
    port.refuse(1);
    let attempt = until("an attempt", || {
        let lines = daemon.lines("/attempts");
        lines.into_iter().find(|line| port.is_attempt(line))
    });
    let process = &attempt["data"]["process"];
    assert_eq!(
        (&process["pid"], &process["exe"]),
        (&std::process::id().into(), &Value::Null),
        "what the kernel said is left"
    );
    unanswered(&daemon, 0);
    let status = place.tcpx().arg("--status").output().expect("tcpx runs");
    let said = String::from_utf8_lossy(&status.stdout);
    assert!(status.status.code() == Some(1) && said.contains("HAS ENDED"), "{said}");
    let (status, took) = daemon.end(Signal::TERM);
    assert!(status.success() && took.as_secs() < 1, "{status} after {took:?}");
}

/// Health is brought up to date once a second.
fn unanswered(daemon: &Daemon<'_>, least: u64) {
    until("unanswered questions in health", || {
        (daemon.health()["helper"]["unanswered"].as_u64() > Some(least)).then_some(())
    });
}

pub(crate) fn helper_of_systemd() {
    let place = Place::new("");
    let path = place.path("helper.sock");
    let listener = UnixListener::bind(&path).expect("a socket");
    // As a socket unit with Accept=yes has it: a process for each connection, which is its stdin.
    let serving = std::thread::spawn(move || {
        let serve = || {
            let (connection, _) = listener.accept().expect("a connection");
            let mut helper = Command::cargo_bin("tcpx").expect("tcpx");
            helper.arg(tcpx_user::daemon::helper::ARGUMENT).stdin(OwnedFd::from(connection));
            helper.stdout(Stdio::null()).spawn().expect("it starts")
        };
        [serve(), serve()]
    });
    let daemon = place.start_with(|tcpx| {
        tcpx.arg("--helper").arg(&path);
    });
    let first = helper(&daemon);
    kill_process(pid(first), Signal::KILL).expect("it runs");
    until("another one", || {
        let helper = &daemon.health()["helper"];
        (helper["alive"] == true && helper["pid"] != first).then_some(())
    });
    let port = Refusing::new();
    until_looked_up(&daemon, &port);
    daemon.end(Signal::TERM);
    for mut helper in serving.join().expect("both were started") {
        helper.wait().expect("it ends with the daemon");
    }
}

fn pid(number: u64) -> Pid {
    i32::try_from(number).ok().and_then(Pid::from_raw).expect("a process")
}

pub(crate) fn helper_stopped() {
    let place = Place::new("");
    let daemon = place.start();
    let pid = pid(helper(&daemon));
    kill_process(pid, Signal::STOP).expect("it runs");
    let port = Refusing::new();
    port.refuse(200);
    until("all attempts, without waiting for each", || {
        (port.attempts(&daemon.lines("/attempts?n=1000")) == 200).then_some(())
    });
    unanswered(&daemon, 100);
    kill_process(pid, Signal::CONT).expect("it is stopped");
    until_looked_up(&daemon, &port);
}

pub(crate) fn other_namespace() {
    let place = Place::new("");
    // ip(8) leaves a name, and with it the namespace, which the helper enters to count.
    let name = format!("tcpx-test-{}", std::process::id());
    let ip = |arguments: &[&str]| Command::new("ip").args(arguments).status().expect("ip runs").success();
    assert!(ip(&["netns", "add", &name]));
    let daemon = place.start();
    let tried = Command::new("ip")
        .args([
            "netns",
            "exec",
            &name,
            "sh",
            "-c",
            "ip link set lo up && exec bash -c ': <>/dev/tcp/127.0.0.1/9'",
        ])
        .output()
        .expect("ip runs");
    assert!(!tried.status.success(), "nobody listens there");
    let attempt = until("its attempt", || {
        let lines = daemon.lines("/attempts?n=1000");
        lines.into_iter().find(|line| line["data"]["netns"]["name"] == *name)
    });
    assert_eq!(attempt["data"]["verdict"]["id"], "closed-port");
    assert!(ip(&["netns", "del", &name]));
}
