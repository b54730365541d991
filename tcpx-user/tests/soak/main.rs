//! `tcpx daemon` under load, for as long as it is told: 2,000 refused connections a second, while it is reloaded and started anew, its
//! collector goes away, its disk is full, its helper is killed and readers stall. In the end each connection is accounted for, and memory has not grown.
//!
//! `cargo xtask soak` runs it. Arguments: `--minutes N`. Exit status 77: it cannot be tried here, for the reason that is said.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "its progress is its output")]

mod collector;
#[path = "../daemon/daemon.rs"]
#[allow(dead_code, reason = "other trials use the rest")]
mod daemon;
mod disk;
mod helpers;
mod invariant;
mod ledger;
mod load;
#[path = "../telemetry/receiver.rs"]
mod receiver;
mod rounds;
mod tail;

use std::{
    env,
    os::unix::process::CommandExt as _,
    process::{Command, ExitCode},
    time::Duration,
};

use tcpx_user::cli::surroundings::Surroundings;

/// Says that this process has mounts of its own, which go when it goes.
const OWN_MOUNTS: &str = "__own-mounts";
const CANNOT: u8 = 77;
/// Loopback has as many addresses as that takes.
const MOST_MINUTES: f64 = 130.0;

fn main() -> ExitCode {
    let mut arguments: Vec<_> = env::args().skip(1).collect();
    if let Err(failure) = Surroundings::read().check() {
        eprintln!("{failure}");
        return ExitCode::from(CANNOT);
    }
    if arguments.first().is_none_or(|first| first != OWN_MOUNTS) {
        let mut again = Command::new("unshare");
        again.args(["--mount", "--propagation", "private", "--"]);
        again.arg(env::current_exe().expect("this program")).arg(OWN_MOUNTS).args(arguments);
        eprintln!("unshare, of util-linux: {}", again.exec());
        return ExitCode::FAILURE;
    }
    arguments.remove(0);
    let Some(minutes) = minutes(&arguments) else {
        eprintln!("usage: soak [--minutes N]");
        return ExitCode::from(2);
    };
    rounds::run(minutes);
    ExitCode::SUCCESS
}

fn minutes(arguments: &[String]) -> Option<Duration> {
    let minutes: f64 = match arguments {
        [] => 1.0,
        [name, value] if name == "--minutes" => value.parse().ok()?,
        _ => return None,
    };
    (0.1..=MOST_MINUTES).contains(&minutes).then(|| Duration::from_secs_f64(minutes * 60.0))
}
