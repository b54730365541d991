//! A socket changes state.

use std::net::SocketAddr;

use super::{Comm, Ends, SockPtr};

/// A socket changed state.
#[derive(Clone, Debug, PartialEq)]
pub struct StateChange {
    /// The socket.
    pub sk: SockPtr,
    /// Local and remote. At CLOSE to SYN_SENT the local port may still be 0.
    pub ends: Ends,
    /// What connect() was given, if that was seen.
    pub requested: Option<SocketAddr>,
    /// State before (`tcpx_common::abi::state`).
    pub old: u8,
    /// State after.
    pub new: u8,
    /// A process holds the socket.
    pub held: bool,
    /// Listening on IPv6 only.
    pub v6only: bool,
    /// The running task made the system call.
    pub caller: bool,
    /// Inode of the socket's file.
    pub inode: Option<u64>,
    /// cgroup id of the socket.
    pub cgroup: Option<u64>,
    /// Owner.
    pub uid: u32,
    /// `sk_err`, 0 for none.
    pub err: u16,
    /// `sk_err_soft`, 0 for none.
    pub err_soft: u16,
    /// Initial sequence number while nothing is acknowledged; 0 at CLOSE to SYN_SENT.
    pub snd_una: u32,
    /// Next byte to send.
    pub snd_nxt: u32,
    /// Next byte expected.
    pub rcv_nxt: u32,
    /// SYNs sent again.
    pub total_retrans: u32,
    /// Device that the socket is bound to, or 0.
    pub bound_dev: u32,
    /// Name of the running task, as the kernel has it.
    pub comm: Comm,
}
