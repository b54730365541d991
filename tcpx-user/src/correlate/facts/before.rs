//! What happened before, and may be why.

use std::net::SocketAddr;

use crate::event::{Comm, Ends};

/// What tcpx saw a socket do with listen().
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Listened {
    /// Its life was not seen from bind() on.
    #[default]
    NotSeen,
    /// Its bind() was seen and no listen() since.
    Never,
    /// It listened, and stopped without being closed.
    Undone,
}

/// An attempt of a process that failed.
#[derive(Clone, Debug, PartialEq)]
pub struct Upstream {
    /// Boot clock, ns.
    pub time: u64,
    /// What it called.
    pub remote: SocketAddr,
    /// `sk_err`.
    pub err: u16,
    /// Name of the task that called.
    pub comm: Comm,
}

/// When a connection was opened, for those whose opening was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Boot clock, ns.
    pub time: u64,
    /// Local and remote.
    pub ends: Ends,
    /// The attempt that opened it, if it was opened here.
    pub attempt: Option<u64>,
}
