//! All that was seen of one silent drop.

use std::sync::Arc;

use crate::correlate::key::Seen;
use crate::event::{ConnRequest, Drop, MiniSocket, Netns, Refused, Segment};

/// How a silent drop was seen.
#[derive(Clone, Debug, PartialEq)]
pub enum DropCause {
    /// The kernel freed the segment.
    Freed(Seen<Arc<Drop>>),
    /// A listener one of whose queues was full passed over it, or refused it.
    Queue(Seen<Arc<ConnRequest>>),
    /// A request socket or a TIME_WAIT record passed over it.
    Mini(Seen<Arc<MiniSocket>>),
}

impl DropCause {
    /// Netfilter dropped it.
    #[must_use]
    pub fn is_netfilter(&self) -> bool {
        matches!(self, Self::Freed(seen) if seen.what.by_netfilter())
    }

    /// It was the last ACK of a handshake (or data that came in its place), of which the client knows nothing.
    #[must_use]
    pub fn is_last_ack(&self) -> bool {
        !self.segment().has_syn()
    }

    /// The listener waits for data before it takes the connection: no harm if data comes.
    #[must_use]
    pub fn is_deferred(&self) -> bool {
        match self {
            Self::Freed(seen) => seen.what.passed_over_by().is_some_and(|listener| !listener.is_full()),
            Self::Mini(seen) => seen.what.is_deferred(),
            Self::Queue(_) => false,
        }
    }

    /// It was not silent if the source of the segment got an error: what dropped it may have sent one.
    #[must_use]
    pub fn may_answer(&self) -> bool {
        matches!(self, Self::Freed(seen) if seen.what.by_netfilter() || seen.what.sends_icmp())
    }

    /// The segment.
    #[must_use]
    pub fn segment(&self) -> &Segment {
        match self {
            Self::Freed(seen) => &seen.what.segment,
            Self::Mini(seen) => &seen.what.segment,
            Self::Queue(seen) => &seen.what.segment,
        }
    }

    /// Where.
    #[must_use]
    pub const fn netns(&self) -> Netns {
        match self {
            Self::Freed(seen) => seen.netns,
            Self::Mini(seen) => seen.netns,
            Self::Queue(seen) => seen.netns,
        }
    }

    /// When.
    #[must_use]
    pub const fn time(&self) -> u64 {
        match self {
            Self::Freed(seen) => seen.time,
            Self::Mini(seen) => seen.time,
            Self::Queue(seen) => seen.time,
        }
    }
}

/// The silent drops of one flow's handshake.
#[derive(Clone, Debug)]
pub struct DropFacts {
    /// Unique in this run.
    pub id: u64,
    /// The first of them.
    pub cause: DropCause,
    /// How many.
    pub count: u64,
    /// Time of the last.
    pub last: u64,
    /// The attempt that lost it.
    pub attempt: Option<u64>,
    /// Nothing that could matter was lost.
    pub complete: bool,
}

impl DropFacts {
    /// The segment was dropped. Where a queue is full to the brim, or only clients that are known are let in, that is not
    /// certain until the segment comes again (`tcp_conn_request`).
    #[must_use]
    pub fn is_certain(&self) -> bool {
        let DropCause::Queue(seen) = &self.cause else { return true };
        let request = &seen.what;
        let (waiting, limit) = request.sock.backlog;
        let overflow = waiting > limit || (request.limits.syncookies == 0 && request.syn_backlog > limit);
        self.count > 1 || overflow || request.refused != Refused::Queues
    }
}
