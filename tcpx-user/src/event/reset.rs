//! RSTs: sent, received, and not obeyed.

use tcpx_common::abi::state;

use super::{Arrival, Comm, Ends, Holders, Lookups, Name, Place, Segment, SockFacts, StateChange, Timers};

/// NF_INET_* number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HookNumber(pub u32);

/// A RST in answer to a segment.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// What is answered.
    pub segment: Segment,
    /// Its lookups.
    pub lookups: Lookups,
    /// `enum sk_rst_reason`, where the kernel has one.
    pub reason: Option<Name>,
    /// State of the socket that answers; 0 for none.
    pub sk_state: u8,
    /// The socket, if it is a full one.
    pub sock: Option<SockFacts>,
    /// When that socket's connection was opened (boot clock, ns), if that was seen.
    pub opened: Option<u64>,
    /// Who holds the port, if a SYN found no socket and the walk was possible.
    pub holders: Option<Holders>,
    /// Where that was.
    pub place: Place,
}

/// A RST from or to a socket, or the death of its connection without one.
#[derive(Clone, Debug, PartialEq)]
pub struct SockReset {
    /// Local and remote.
    pub ends: Ends,
    /// The socket, before the reset changed it.
    pub sock: SockFacts,
    /// Its timers.
    pub timers: Timers,
    /// When the connection was opened (boot clock, ns), if that was seen.
    pub opened: Option<u64>,
    /// The RST that came in, where this backend sees it.
    pub segment: Option<Segment>,
    /// `enum sk_rst_reason`, where the kernel has one.
    pub reason: Option<Name>,
    /// Name of the running task.
    pub comm: Comm,
    /// How the segment came that completed the handshake, if that was seen.
    pub handshake: Option<Arrival>,
    /// For a RST that came in and of which `tcp_reset` does not know: how it met what it reached.
    pub quiet: Option<Quiet>,
    /// This RST ended an attempt, and no change of state tells that.
    pub refuses: bool,
}

/// What `tcp_reset` leaves in a socket in SYN_SENT.
const ECONNREFUSED: u16 = 111;

impl SockReset {
    /// The change of state that the RST brought about, if only this record tells it: `tcp_reset` gives a socket in SYN_SENT
    /// ECONNREFUSED and closes it.
    #[must_use]
    pub fn refusal(&self) -> Option<StateChange> {
        let SockFacts { sk, err_soft, snd_una, snd_nxt, rcv_nxt, total_retrans, .. } = self.sock;
        self.refuses.then(|| StateChange {
            sk,
            ends: self.ends,
            requested: None,
            old: state::SYN_SENT,
            new: state::CLOSE,
            held: self.sock.held,
            v6only: false,
            caller: false,
            inode: None,
            cgroup: None,
            uid: 0,
            err: ECONNREFUSED,
            err_soft,
            snd_una,
            snd_nxt,
            rcv_nxt,
            total_retrans,
            bound_dev: 0,
            comm: Comm::new(),
        })
    }

    /// The sequence number by which the sender knows it: while only its SYN was sent, a socket knows its own initial one;
    /// later, what it expects from the peer. What was not obeyed need not have that.
    #[must_use]
    pub fn number(&self) -> u32 {
        match (self.quiet, &self.segment) {
            (Some(_), Some(rst)) => rst.seq,
            _ if self.sock.state == state::SYN_SENT => self.sock.snd_una,
            _ => self.sock.rcv_nxt,
        }
    }
}

/// How a RST met a request socket, a TIME_WAIT record, or a full socket that did not obey it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quiet {
    /// What was expected, where that is known.
    pub numbers: Option<Numbers>,
    /// What it met, and what became of that.
    pub met: Reached,
    /// It was seen as it was freed, not by the function that judges it.
    pub freed: bool,
}

/// What a RST met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reached {
    /// A request socket; `SockReset::sock` is its listener.
    Request {
        /// It is gone; `None` if that was not seen.
        ended: Option<bool>,
    },
    /// A TIME_WAIT record.
    TimeWait {
        /// It is gone.
        ended: bool,
        /// The state that it stands for: FIN_WAIT2 or TIME_WAIT.
        substate: u8,
        /// net.ipv4.tcp_rfc1337
        rfc1337: bool,
    },
    /// A full socket, which did not obey it.
    Full,
}

/// Sequence numbers that a socket takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbers {
    /// The next one.
    pub next: u32,
    /// End of the window, inclusive.
    pub until: u32,
}

impl Numbers {
    /// Not behind the next one, and in the window (`tcp_in_window`, `tcp_sequence`, for a segment without data).
    #[must_use]
    pub const fn take(&self, seq: u32) -> bool {
        seq.wrapping_sub(self.next) <= self.until.wrapping_sub(self.next)
    }
}
