//! What the correlator hands on: all that was seen of one attempt, one RST, one silent drop. No explanations.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tcpx_common::abi::state;

use super::key::Seen;
pub use super::nat::Translation;
pub use super::sender::{Answered, Sender};
use crate::event::{
    CallFailed, Comm, ConnRequest, ConnectFailed, Drop, Ends, Hook, Icmp, LookedUp, MiniSocket, Netns,
    Refused, Retransmit, Segment, SockPtr, SockReset, StateChange, Untranslated,
};

/// Something that will not change any more, unless a listener appears.
#[derive(Clone, Debug)]
pub enum Settled {
    /// An attempt.
    Attempt(Arc<AttemptFacts>),
    /// A RST.
    Reset(Arc<ResetFacts>),
    /// A RST that was told before, when a listener had not appeared that explains it.
    ResetAgain(Arc<ResetFacts>),
    /// The attempt that it ended, told before too.
    AttemptAgain(Arc<AttemptFacts>),
    /// A handshake segment that vanished.
    Drop(Arc<DropFacts>),
    /// A connection that died without a RST.
    Death(Box<DeathFacts>),
    /// A bind() or listen() that failed.
    Call(Box<CallFacts>),
    /// Records that were lost.
    Loss {
        /// Of which hook, if one is known.
        hook: Option<Hook>,
        /// How many.
        count: u64,
    },
}

/// All that was seen of one connection attempt of a local process. What few attempts have is boxed: in a storm they are many, and
/// kept for a while.
#[derive(Clone, Debug, Default)]
pub struct AttemptFacts {
    /// Unique in this run.
    pub id: u64,
    /// CLOSE to SYN_SENT.
    pub start: Option<Seen<Arc<StateChange>>>,
    /// SYN_SENT to SYN_RECV: a SYN came in answer to ours.
    pub crossed: Option<Box<Seen<Arc<StateChange>>>>,
    /// Away from SYN_SENT or SYN_RECV, for good.
    pub end: Option<Seen<Arc<StateChange>>>,
    /// connect() failed; without `start`: before any packet.
    pub failed: Option<Box<Seen<Arc<ConnectFailed>>>>,
    /// The last SYN that was sent again.
    pub retransmit: Option<Box<Seen<Arc<Retransmit>>>>,
    /// Lookups of its own SYN (and, when SYNs crossed, of the peer's).
    pub lookups: Vec<Seen<Arc<LookedUp>>>,
    /// The last ICMP error about it that reached TCP.
    pub icmp: Option<Box<Seen<Arc<Icmp>>>>,
    /// The last ICMP error about it that this host sent.
    pub icmp_sent: Option<Box<Seen<Arc<Icmp>>>>,
    /// Its SYN, thrown away because no neighbour answered for the address.
    pub neighbor: Option<Box<Seen<Arc<Drop>>>>,
    /// The RST that ended it.
    pub reset: Option<Arc<ResetFacts>>,
    /// The last RST with which its socket answered what came in answer to its SYN.
    pub wrong_answer: Option<Arc<ResetFacts>>,
    /// Its handshake segments that vanished.
    pub drop: Option<Arc<DropFacts>>,
    /// The attempt of this host at the other end, when SYNs crossed.
    pub peer: Option<u64>,
    /// The remote address was seen to belong to the same namespace.
    pub remote_is_local: bool,
    /// The end of tcpx came first.
    pub cut_off: bool,
    /// What conntrack made of it, from the caller on.
    pub nat: Vec<Translation>,
    /// Nothing that could matter was lost.
    pub complete: bool,
}

/// What one softirq does to one socket takes microseconds, on an emulated machine milliseconds.
const SAME_SOFTIRQ_NS: u64 = 100_000_000;

impl AttemptFacts {
    fn changes(&self) -> impl Iterator<Item = &Seen<Arc<StateChange>>> {
        [self.end.as_ref(), self.crossed.as_deref(), self.start.as_ref()].into_iter().flatten()
    }

    /// The socket.
    #[must_use]
    pub fn sk(&self) -> Option<SockPtr> {
        let failed = || self.failed.as_ref().and_then(|failed| failed.what.sk);
        self.changes().next().map(|change| change.what.sk).or_else(failed)
    }

    /// Local and remote, as last seen with a local port; the port may be 0 if it never had one.
    #[must_use]
    pub fn ends(&self) -> Option<Ends> {
        let again = self.retransmit.as_ref().map(|again| again.what.ends);
        let reset = self.reset.as_ref().and_then(|reset| reset.receiver.as_ref()).map(|seen| seen.what.ends);
        let with_port = self.changes().map(|change| change.what.ends).chain(again).chain(reset);
        let first = self.changes().next().map(|change| change.what.ends);
        with_port.into_iter().find(|ends| ends.a.port() != 0).or(first)
    }

    /// What connect() was given.
    #[must_use]
    pub fn requested(&self) -> Option<SocketAddr> {
        let failed = self.failed.as_ref().map(|failed| failed.what.requested);
        self.start.as_ref().and_then(|start| start.what.requested).or(failed)
    }

    /// Where.
    #[must_use]
    pub fn netns(&self) -> Netns {
        let failed = self.failed.as_ref().map(|failed| failed.netns);
        let known = self.changes().map(|change| change.netns).chain(failed);
        known.into_iter().max_by_key(|netns| (netns.inum != 0, netns.cookie != 0)).unwrap_or_default()
    }

    /// First and last time that it was seen.
    #[must_use]
    pub fn span(&self) -> (u64, u64) {
        let failed = self.failed.as_ref().map(|failed| failed.time);
        let times = || self.changes().map(|change| change.time).chain(failed);
        (times().min().unwrap_or_default(), times().max().unwrap_or_default())
    }

    /// Local and remote end as they arrived at the other end, if they were translated: as conntrack told, or as the SYN
    /// with the same initial sequence number showed there.
    #[must_use]
    pub fn translated(&self) -> Option<Ends> {
        let told = self.nat.last().map(|step| step.what.translated);
        told.or_else(|| self.reset.as_ref()?.renamed_syn().map(|segment| segment.ends))
    }

    /// Initial sequence number. While the SYN is not acknowledged, `snd_una` is it; afterwards it is one less, as
    /// long as only the SYN was sent.
    #[must_use]
    pub fn isn(&self) -> Option<u32> {
        let again = self.retransmit.as_ref().map(|again| again.what.isn);
        let end = self.end.as_ref().map(|end| match end.what.new {
            state::ESTABLISHED => end.what.snd_una.wrapping_sub(1),
            _ => end.what.snd_una,
        });
        again.or(end).filter(|&isn| isn != 0 && isn != u32::MAX)
    }

    /// It ended before its first SYN: `tcp_connect_init` gives the socket its sequence numbers, `tcp_connect` sends the SYN.
    #[must_use]
    pub fn ended_unsent(&self) -> bool {
        self.end.as_ref().is_some_and(|end| end.what.snd_nxt == end.what.snd_una)
    }

    /// SYNs sent again.
    #[must_use]
    pub fn syn_retransmits(&self) -> u32 {
        let again = self.retransmit.as_ref().map_or(0, |again| again.what.total_retrans);
        let end = self.end.as_ref().map_or(0, |end| end.what.total_retrans);
        again.max(end)
    }

    /// `sk_err` at the end; `None` without an end.
    #[must_use]
    pub fn err(&self) -> Option<u16> {
        self.end.as_ref().map(|end| end.what.err)
    }

    /// It came to its end where an ICMP error about it was dealt with just before, and not in its own process. Before
    /// `tcp_done_with_error` (Linux 6.10) `tcp_v4_err` and `tcp_v6_err` report the error first, so that the application may have
    /// fetched it (SO_ERROR) when the state changes: then `sk_err` is 0 again.
    #[must_use]
    pub fn ended_by_icmp(&self) -> bool {
        let (Some(start), Some(end), Some(icmp)) = (&self.start, &self.end, &self.icmp) else { return false };
        let just_before = (icmp.time..icmp.time.saturating_add(SAME_SOFTIRQ_NS)).contains(&end.time);
        end.what.err == 0 && icmp.task == end.task && end.task.tgid != start.task.tgid && just_before
    }

    /// Something answered it with an error: neither silence nor the application ended it.
    #[must_use]
    pub fn got_an_error(&self) -> bool {
        const ETIMEDOUT: u16 = 110;
        let end = self.end.as_ref().map(|end| &end.what);
        end.is_some_and(|end| !matches!(end.err, 0 | ETIMEDOUT) || end.err_soft != 0)
    }

    /// It came to an open connection.
    #[must_use]
    pub fn is_established(&self) -> bool {
        self.end.as_ref().is_some_and(|end| end.what.new == state::ESTABLISHED)
    }

    /// SYNs crossed: an attempt's socket was in SYN_RECV.
    #[must_use]
    pub fn has_crossed(&self) -> bool {
        self.crossed.is_some() || self.end.as_ref().is_some_and(|end| end.what.old == state::SYN_RECV)
    }

    /// A task of the traced command made it.
    #[must_use]
    pub fn in_scope(&self) -> bool {
        let failed = self.failed.as_ref().is_some_and(|failed| failed.in_scope);
        failed || self.start.as_ref().is_some_and(|start| start.in_scope)
    }
}

/// All that was seen of a bind() or listen() that failed.
#[derive(Clone, Debug)]
pub struct CallFacts {
    /// Unique in this run.
    pub id: u64,
    /// The call.
    pub seen: Seen<Arc<CallFailed>>,
}

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

/// By which name of the flow the two sides of a RST were joined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Name {
    /// Both had the same.
    #[default]
    Same,
    /// Conntrack gave it another.
    Conntrack,
    /// It has another, and the sequence numbers alone tell that it is the same.
    Unknown,
}

/// How the two sides of a RST were joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Joined {
    /// By which name.
    pub name: Name,
    /// Sequence numbers agreed.
    pub sequence: bool,
    /// The sides are in different namespaces.
    pub across: bool,
}

/// All that was seen of one RST.
#[derive(Clone, Debug)]
pub struct ResetFacts {
    /// Unique in this run.
    pub id: u64,
    /// Source and destination of the RST.
    pub flow: Ends,
    /// Who made it, if that was seen.
    pub sender: Option<Sender>,
    /// The connection that the sender closed so, if its opening was seen.
    pub sender_opened: Option<Opened>,
    /// A listener sent it for a child that the segment itself had made, and that was ended before (`tcp_reset`).
    pub for_child: bool,
    /// For each holder of the port in the sender's facts.
    pub listened: Vec<Listened>,
    /// Since when each of them listens, or is bound, if that was seen.
    pub held_since: Vec<Option<u64>>,
    /// Listeners with the sender's port, in any namespace, that were seen to begin before.
    pub begun: Vec<Seen<Arc<StateChange>>>,
    /// A listener that would have taken the SYN and was closed not long before.
    pub closed: Option<Box<Seen<Arc<StateChange>>>>,
    /// A listener that would have taken the SYN and appeared soon after.
    pub appeared: Option<Box<Seen<Arc<StateChange>>>>,
    /// The socket that it reached, if it did.
    pub receiver: Option<Seen<Arc<SockReset>>>,
    /// The connection that it ended, if its opening was seen.
    pub receiver_opened: Option<Opened>,
    /// The attempt that it ended, or that opened the connection which it ended.
    pub attempt: Option<u64>,
    /// The start of that attempt, or of the one whose socket sent it: who called connect().
    pub start: Option<Seen<Arc<StateChange>>>,
    /// How both sides were joined.
    pub joined: Option<Joined>,
    /// What conntrack made of the connection, from the caller on.
    pub nat: Vec<Translation>,
    /// The open socket that the answered segment was made for, under another name.
    pub meant_for: Option<Box<Seen<Arc<Untranslated>>>>,
    /// What the process that reset it had just failed to reach itself.
    pub upstream: Option<Upstream>,
    /// The sender's address was seen on this host, in any namespace.
    pub sender_is_local: bool,
    /// Nothing that could matter was lost.
    pub complete: bool,
}

impl ResetFacts {
    /// When it was first seen.
    #[must_use]
    pub fn time(&self) -> u64 {
        let sender = self.sender.as_ref().map(Sender::time);
        let receiver = self.receiver.as_ref().map(|seen| seen.time);
        sender.into_iter().chain(receiver).min().unwrap_or_default()
    }

    /// Whom it came from: where conntrack gave the sender another name, that behind it.
    #[must_use]
    pub fn source(&self) -> SocketAddr {
        let last = self.nat.last().map(|step| step.what.translated.b);
        let to_caller = self.nat.first().is_some_and(|step| step.what.original == self.flow.flipped());
        last.filter(|_| to_caller).unwrap_or(self.flow.a)
    }

    /// It must have come from this host: its source is a loopback address, or the address of its destination.
    #[must_use]
    pub fn came_from_own_address(&self) -> bool {
        is_own(self.source().ip(), self.flow.b.ip())
    }

    /// The SYN that was refused, as it arrived: its sequence number alone tells whose it was.
    #[must_use]
    pub fn renamed_syn(&self) -> Option<&Segment> {
        let segment = self.sender.as_ref().and_then(Sender::segment);
        segment.filter(|segment| self.joined_by_numbers_alone() && segment.is_syn())
    }

    /// Source and destination as the sender put them.
    #[must_use]
    pub fn sent_flow(&self) -> Ends {
        self.sender.as_ref().map_or(self.flow, Sender::flow)
    }

    /// The two sides call the connection differently, and no translation of it was seen.
    #[must_use]
    pub fn joined_by_numbers_alone(&self) -> bool {
        self.joined.is_some_and(|joined| joined.name == Name::Unknown)
    }

    /// The SYN that found no socket, if it answers one.
    #[must_use]
    pub fn refusal(&self) -> Option<Answered<'_>> {
        self.sender.as_ref().and_then(Sender::answered).filter(Answered::is_refusal)
    }

    /// It reached a socket that had only sent its SYN.
    #[must_use]
    pub fn refused_a_syn(&self) -> bool {
        let receiver = self.receiver.as_ref().map(|seen| &seen.what);
        receiver.is_some_and(|reset| reset.sock.state == state::SYN_SENT && reset.quiet.is_none())
    }
}

/// Whether `address` belongs to this host for certain, seen from a socket with the address `own`.
#[must_use]
pub fn is_own(address: IpAddr, own: IpAddr) -> bool {
    address == own || address.is_loopback()
}

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

/// An open connection that ended because of an error, without a RST that was sent or received.
#[derive(Clone, Debug)]
pub struct DeathFacts {
    /// Unique in this run.
    pub id: u64,
    /// The socket at its end.
    pub seen: Seen<Arc<SockReset>>,
    /// The connection, if its opening was seen.
    pub opened: Option<Opened>,
    /// The last ICMP error about it that reached TCP.
    pub icmp: Option<Seen<Arc<Icmp>>>,
    /// Nothing that could matter was lost.
    pub complete: bool,
}
