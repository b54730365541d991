//! Actors: child processes that make the system calls of a scenario.
//!
//! An actor is this executable again, started with the hidden argument [`ARGUMENT`], so that it has a process id, a
//! command name and sockets of its own, as real clients and servers have. It is forked on the thread of a namespace
//! and so is born in it. It reads one `protocol::Command` a line from stdin, makes the call, and answers with
//! its result on stdout.

mod calls;
mod handle;
mod protocol;

use std::{
    ffi::{CString, OsString},
    io::{self, BufRead, Write},
    os::unix::ffi::OsStringExt,
    process::ExitCode,
};

use rustix::process::{Signal, set_parent_process_death_signal};

use super::keeper;

pub use handle::{Actor, Fd, Pending};
pub use protocol::{Reply, TcpOption};

/// `argv[1]` of an actor; `argv[2]` is the command name that it takes. With an `argv[3]` it is no actor but keeps a program that
/// has this command line.
pub const ARGUMENT: &str = "__lab-actor";

/// The life of an actor; `args` are what follows [`ARGUMENT`]. Call it first thing in `main`.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let mut args = args.into_iter();
    let comm = args.next().unwrap_or_default();
    let life = args.next().map_or_else(|| act(comm), keeper::main);
    match life {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn act(comm: OsString) -> io::Result<()> {
    // The parent is the namespace's thread: the actor goes when the namespace goes, or tcpx. If that has already
    // happened, stdin is at its end.
    set_parent_process_death_signal(Some(Signal::KILL))?;
    rustix::thread::set_name(&CString::new(comm.into_vec())?)?;
    let mut sockets = calls::Sockets::default();
    let mut stdout = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let reply = sockets.perform(&serde_json::from_str(&line?)?);
        writeln!(stdout, "{}", serde_json::to_string(&reply)?)?;
        stdout.flush()?;
    }
    Ok(())
}
