//! What becomes of a handshake's segments: at a listener, at a small socket, sent again.

use super::{Ends, Holders, ListenLimits, Segment, SockFacts, SockPtr};

/// Why a listener passed over a SYN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// One of its queues may be full.
    Queues,
    /// There is no route back to the client.
    NoRoute,
    /// A security module said no.
    Security,
}

/// A SYN at a listener that may not take it.
#[derive(Clone, Debug, PartialEq)]
pub struct ConnRequest {
    /// The SYN.
    pub segment: Segment,
    /// The listener.
    pub sock: SockFacts,
    /// Request sockets that wait for the handshake's last ACK.
    pub syn_backlog: u32,
    /// What listeners are allowed.
    pub limits: ListenLimits,
    /// Why.
    pub refused: Refused,
}

/// A handshake segment that a small socket did not take.
#[derive(Clone, Debug, PartialEq)]
pub struct MiniSocket {
    /// The segment.
    pub segment: Segment,
    /// What it met.
    pub met: Met,
}

/// A small socket.
#[derive(Clone, Debug, PartialEq)]
pub enum Met {
    /// A request socket: a handshake that waits for its last ACK.
    Request {
        /// Its listener.
        sock: Box<SockFacts>,
        /// Request sockets of that listener.
        syn_backlog: u32,
        /// What listeners are allowed.
        limits: ListenLimits,
        /// The last ACK has come and was passed over.
        acked: bool,
        /// TCP_DEFER_ACCEPT of the listener, in retransmissions of the SYN-ACK; 0 if it is off.
        defer_accept: u8,
        /// How often the SYN-ACK has timed out.
        timeouts: u8,
    },
    /// A record of a closed connection.
    TimeWait {
        /// The next byte that the connection expected.
        rcv_nxt: u32,
        /// FIN_WAIT2 or TIME_WAIT.
        substate: u8,
        /// The SYN was answered with an ACK.
        answered: bool,
    },
}

impl MiniSocket {
    /// The listener waits for data, as TCP_DEFER_ACCEPT has it (`tcp_check_req`).
    #[must_use]
    pub fn is_deferred(&self) -> bool {
        let bare = self.segment.payload == 0 && !self.segment.has_syn();
        let Met::Request { acked: true, defer_accept, timeouts, .. } = &self.met else { return false };
        bare && timeouts < defer_accept
    }

    /// The segment came to nothing. A SYN that comes again is answered with the SYN-ACK again.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        match self.met {
            Met::Request { acked, .. } => acked && !self.segment.has_syn(),
            Met::TimeWait { .. } => true,
        }
    }
}

/// A SYN that was sent again.
#[derive(Clone, Debug, PartialEq)]
pub struct Retransmit {
    /// The socket.
    pub sk: SockPtr,
    /// Local and remote.
    pub ends: Ends,
    /// How often so far.
    pub total_retrans: u32,
    /// Initial sequence number.
    pub isn: u32,
    /// Listeners of the same namespace that hold the port that was called.
    pub holders: Option<Holders>,
}
