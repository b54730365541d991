//! All that was seen of one connection attempt.

use std::{net::SocketAddr, sync::Arc};

use tcpx_common::abi::state;

use super::{DropFacts, ResetFacts, Translation};
use crate::correlate::key::Seen;
use crate::event::{ConnectFailed, Drop, Ends, Icmp, LookedUp, Netns, Retransmit, SockPtr, StateChange};

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
        // Asked ten times for each attempt, and nearly always answered by the first change.
        let first = self.changes().next().map(|change| change.what.ends);
        if first.is_some_and(|ends| ends.a.port() != 0) {
            return first;
        }
        let changes = self.changes().skip(1).map(|change| change.what.ends);
        let again = self.retransmit.as_ref().map(|again| again.what.ends);
        let reset = self.reset.as_ref().and_then(|reset| reset.receiver.as_ref()).map(|seen| seen.what.ends);
        changes.chain(again).chain(reset).find(|ends| ends.a.port() != 0).or(first)
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
