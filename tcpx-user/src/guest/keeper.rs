//! Between tcpx and QEMU: makes sure that QEMU does not outlive tcpx, however that ends, and becomes QEMU.

use std::{
    ffi::OsString,
    io::{self, Write as _},
    os::unix::process::CommandExt as _,
    process::{Command, ExitCode},
};

use rustix::process::{Signal, getppid, set_parent_process_death_signal};

/// `argv[1]` of it. Its parent's process id and the command follow.
pub const ARGUMENT: &str = "__lab-machine";

/// Returns only if QEMU cannot be started.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let error = become_it(args);
    let _ = writeln!(io::stderr(), "{error}");
    // As shells have it.
    ExitCode::from(if error.kind() == io::ErrorKind::NotFound { 127 } else { 126 })
}

fn become_it(args: impl IntoIterator<Item = OsString>) -> io::Error {
    let mut args = args.into_iter();
    let parent = args.next().and_then(|pid| pid.to_str()?.parse::<i32>().ok());
    let Some(program) = args.next() else { return io::Error::other("no command") };
    // The signal comes when the thread ends that started this process, and stays through execve().
    if let Err(error) = set_parent_process_death_signal(Some(Signal::KILL)) {
        return error.into();
    }
    let lives = getppid().map(|pid| pid.as_raw_nonzero().get());
    if lives != parent {
        return io::Error::other("tcpx has ended");
    }
    Command::new(program).args(args).exec()
}
