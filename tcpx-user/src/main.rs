//! tcpx.

use std::{env, process::ExitCode};

use tcpx_user::lab::actor;

fn main() -> ExitCode {
    let mut args = env::args_os().skip(1);
    if args.next().is_some_and(|first| first == actor::ARGUMENT) {
        return actor::main(args);
    }
    ExitCode::SUCCESS
}
