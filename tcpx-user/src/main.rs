//! The `tcpx` command: parses, dispatches, and turns what came of it into an exit status.

use std::{env, fs, io::Write as _, process::ExitCode};

use clap::Parser as _;
use tcpx_user::{
    check,
    cli::{args::Args, explain, failure::Failure, lab, request::Request},
    daemon::helper,
    guest::{inside, keeper},
    lab::actor,
    query, run,
};

fn main() -> ExitCode {
    let mut args = env::args_os().skip(1);
    if args.next().is_some_and(|first| first == actor::ARGUMENT) {
        return actor::main(args);
    }
    if env::args_os().nth(1).is_some_and(|first| first == helper::ARGUMENT) {
        return helper::main();
    }
    let first = env::args_os().nth(1).unwrap_or_default();
    if first == inside::ARGUMENT {
        return inside::main();
    }
    if first == keeper::ARGUMENT {
        return keeper::main(env::args_os().skip(2));
    }
    match dispatch() {
        Ok(status) => ExitCode::from(status),
        Err(failure) => {
            // Nothing can be done about a stderr that takes nothing.
            let _ = failure.say(&mut std::io::stderr()).and_then(|()| std::io::stderr().flush());
            ExitCode::from(failure.status())
        }
    }
}

fn dispatch() -> Result<u8, Failure> {
    let args = Args::try_parse()?;
    let hosts = fs::read_to_string("/etc/hosts").unwrap_or_default();
    match Request::new(args, &hosts)? {
        Request::Trace(trace) => run::trace(&trace),
        Request::Record(record) => run::record(&record),
        Request::Replay(replay) => run::replay(&replay),
        Request::Report(report) => run::report(&report),
        Request::Export(export) => run::export(&export),
        Request::Query(asked) => query::query(&asked),
        Request::Probe(probe) => run::probe(&probe),
        Request::Top(top) => run::top(&top),
        Request::Daemon(asked) => run::daemon(&asked),
        Request::Lab(asked) => lab::run(&asked),
        Request::Check(check) => check::run(&check),
        Request::Explain(explain) => explain::run(&explain),
    }
}
