//! System calls that make connections and listeners, and fail.

use std::net::SocketAddr;

use super::{Comm, Holders, SockPtr};

/// Who refused a system call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeniedBy {
    /// A security module (SELinux, AppArmor, Landlock, BPF LSM).
    SecurityModule,
    /// A BPF program of a cgroup.
    CgroupProgram,
}

/// connect() failed without a SYN.
#[derive(Clone, Debug, PartialEq)]
pub struct ConnectFailed {
    /// Where to.
    pub requested: SocketAddr,
    /// The socket, if known.
    pub sk: Option<SockPtr>,
    /// Positive errno.
    pub errno: i32,
    /// Who refused it, where that was seen.
    pub denied_by: Option<DeniedBy>,
    /// User of the task.
    pub uid: u32,
    /// cgroup of the task.
    pub cgroup: Option<u64>,
    /// Name of the task.
    pub comm: Comm,
}

/// bind() ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Bind {
    /// What it was given.
    pub requested: SocketAddr,
    /// The socket, if known.
    pub sk: Option<SockPtr>,
    /// Inode of the socket's file.
    pub inode: Option<u64>,
    /// 0 or a positive errno.
    pub errno: i32,
    /// Port that the socket has now.
    pub port: u16,
    /// User of the task.
    pub uid: u32,
    /// cgroup of the task.
    pub cgroup: Option<u64>,
    /// Name of the task.
    pub comm: Comm,
}

/// The calls that make a socket a server's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerCall {
    /// bind()
    Bind,
    /// listen()
    Listen,
}

/// bind() or listen() failed.
#[derive(Clone, Debug, PartialEq)]
pub struct CallFailed {
    /// Which.
    pub call: ServerCall,
    /// Who, and what it was given; for listen() the address that the socket is bound to.
    pub bind: Bind,
    /// Who refused it, where that was seen.
    pub denied_by: Option<DeniedBy>,
    /// Who holds the port, if it is taken.
    pub holders: Option<Holders>,
}
