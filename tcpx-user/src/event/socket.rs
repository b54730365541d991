//! The facts of a full socket.

use super::SockPtr;

/// A full socket.
#[derive(Clone, Debug, PartialEq)]
pub struct SockFacts {
    /// Which.
    pub sk: SockPtr,
    /// Inode of its file; `None` if no process holds it.
    pub inode: Option<u64>,
    /// cgroup id.
    pub cgroup: Option<u64>,
    /// Owner.
    pub uid: u32,
    /// TCP state.
    pub state: u8,
    /// A process holds it.
    pub held: bool,
    /// A process has closed it. What is neither held nor closed was never accepted.
    pub dead: bool,
    /// SO_LINGER's time in jiffies, if it is on.
    pub linger: Option<u32>,
    /// RCV_SHUTDOWN 1, SEND_SHUTDOWN 2.
    pub shutdown: u8,
    /// `sk_err`.
    pub err: u16,
    /// `sk_err_soft`.
    pub err_soft: u16,
    /// First unacknowledged byte.
    pub snd_una: u32,
    /// Next byte to send.
    pub snd_nxt: u32,
    /// Next byte expected.
    pub rcv_nxt: u32,
    /// First byte that the application has not read.
    pub copied_seq: u32,
    /// Retransmissions in the connection's life.
    pub total_retrans: u32,
    /// Since data last went out or came in, ns.
    pub idle_ns: u64,
    /// Bytes acknowledged by the peer.
    pub bytes_acked: u64,
    /// Bytes received.
    pub bytes_received: u64,
    /// Connections that wait for accept(), and how many may.
    pub backlog: (u32, u32),
    /// It is a subflow of MPTCP, or the listener of one.
    pub mptcp: bool,
    /// A listener that takes SYN cookies: since it last sent one, ns.
    pub cookie_age_ns: Option<u64>,
}

/// What ends a connection from within.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timers {
    /// Keepalive or window probes without an answer.
    pub probes_out: u8,
    /// Retransmissions of the same data without an answer.
    pub retransmits: u8,
    /// TCP_USER_TIMEOUT in ms; 0 if unset.
    pub user_timeout: u32,
    /// TCP_LINGER2 in jiffies; 0 if unset, negative for no FIN_WAIT2 at all.
    pub linger2: i32,
}
