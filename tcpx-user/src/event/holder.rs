//! Who holds a port.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::SockPtr;

/// Sockets that hold a port.
#[derive(Clone, Debug, PartialEq)]
pub struct Holders {
    /// The first of them.
    pub list: Vec<Holder>,
    /// The walk came to its end and all that it found is in `list`: what is not here was not there.
    pub complete: bool,
    /// What listeners are allowed in this namespace.
    pub limits: ListenLimits,
}

/// What a namespace allows listeners.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListenLimits {
    /// `net.core.somaxconn`.
    pub somaxconn: u32,
    /// `net.ipv4.tcp_max_syn_backlog`.
    pub max_syn_backlog: u32,
    /// `net.ipv4.tcp_syncookies`.
    pub syncookies: u8,
}

/// A socket that holds a port.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of the socket, independent of the others"
)]
pub struct Holder {
    /// Which.
    pub sk: SockPtr,
    /// Inode of its file; `None` if no process holds it.
    pub inode: Option<u64>,
    /// cgroup id.
    pub cgroup: Option<u64>,
    /// Owner.
    pub uid: u32,
    /// Local address and port.
    pub addr: SocketAddr,
    /// It listens; else it is only bound.
    pub listening: bool,
    /// IPv6 only.
    pub v6only: bool,
    /// A BPF program chooses among the sockets of its SO_REUSEPORT group.
    pub reuseport_program: bool,
    /// Device that it is bound to, or 0.
    pub bound_dev: u32,
    /// Connections that wait for accept(), and how many may.
    pub backlog: (u32, u32),
    /// Request sockets that wait for the handshake's last ACK.
    pub syn_backlog: u32,
    /// TCP_DEFER_ACCEPT, in retransmissions of the SYN-ACK; 0 if it is off.
    pub defer_accept: u8,
    /// It has a filter, or its cgroup has one for what comes in; asked only where drops have no reasons.
    pub filtered: bool,
}

impl Holder {
    /// It listens on this port, and on this address or on all.
    #[must_use]
    pub fn listens_at(&self, wanted: SocketAddr) -> bool {
        self.listening && (self.addr.ip().is_unspecified() || self.addr.ip() == wanted.ip())
    }

    /// As `sk_acceptq_is_full` has it.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.backlog.0 > self.backlog.1
    }

    /// A listener that the lookup for a SYN to `wanted` finds, whatever the SYN came in on.
    #[must_use]
    pub fn listens_for(&self, wanted: SocketAddr) -> bool {
        let any =
            self.addr.ip().is_unspecified() && (self.addr.is_ipv4() == wanted.is_ipv4() || !self.v6only);
        let reaches = any && (self.addr.is_ipv6() || wanted.is_ipv4());
        self.listening && self.bound_dev == 0 && (reaches || self.addr.ip() == wanted.ip())
    }
}
