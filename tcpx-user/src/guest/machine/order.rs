//! What a guest is made of, what it tells, and why it may come to no end.

use std::{io, process::ExitStatus, sync::atomic::AtomicBool, time::Duration};

use tcpx_guest::{kernels::Kernel, qemu};

/// What a guest is made of.
pub struct Order<'a> {
    /// Its kernel.
    pub kernel: &'a Kernel,
    /// Its first file system.
    pub files: &'a [u8],
    /// Whether it sees the host's files.
    pub shares: bool,
    /// Whether /dev/kvm is tried.
    pub kvm: bool,
    /// After how long it is stopped.
    pub limit: Duration,
    /// Tells from outside that it is to stop.
    pub stop: &'a AtomicBool,
}

/// What it tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// It is started: with /dev/kvm or without.
    Booting(bool),
    /// It does not boot like that: it is started without /dev/kvm.
    NoKvm,
    /// The command has begun.
    Runs,
    /// What the command wrote to stdout.
    Out(Vec<u8>),
    /// What it wrote to stderr.
    Err(Vec<u8>),
    /// A part of the file that it wrote.
    Page(Vec<u8>),
}

/// Why a guest came to no end of its own.
#[derive(Debug, thiserror::Error)]
pub enum GuestError {
    /// QEMU is not here.
    #[error(
        "{} is not here; apt install qemu-system-x86, or the package of your system that has it",
        qemu::PROGRAM
    )]
    NoQemu,
    /// It does not take what it was given.
    #[error("QEMU failed ({status}): {said}")]
    Qemu {
        /// How it ended.
        status: ExitStatus,
        /// What it said.
        said: String,
    },
    /// The kernel died.
    #[error("its kernel died {when}; the last lines of its console:\n{console}")]
    Died {
        /// During what.
        when: &'static str,
        /// The end of the console.
        console: String,
    },
    /// It was too slow.
    #[error("it still ran after {} s and was stopped{console}", limit.as_secs())]
    Limit {
        /// How long it had.
        limit: Duration,
        /// The end of the console, if there is any.
        console: String,
    },
    /// It was stopped from outside.
    #[error("it was stopped")]
    Stopped,
    /// Its first process could not run the command.
    #[error("{0}")]
    Inside(String),
    /// What it tells cannot be understood, or a file cannot be written.
    #[error("{doing}: {source}")]
    Io {
        /// What was done.
        doing: &'static str,
        /// The error.
        source: io::Error,
    },
}
