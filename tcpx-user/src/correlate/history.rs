//! What sockets did before they mattered: bind() and listen(), open connections, addresses in use.

use std::{collections::HashSet, net::IpAddr, sync::Arc};

use foldhash::fast::RandomState;

use super::{
    facts::{Answered, Listened, Opened},
    key::{Seen, may_be_same},
    recent::Recent,
};
use crate::event::{Ends, Holder, Holders, Netns, SockPtr, StateChange};

/// A listener that ended or began so long before or after a refusal has to do with it (contract section 3).
pub(super) const NEAR_NS: u64 = 30_000_000_000;
/// State and hash of a listener change one after the other; the task may be interrupted in between.
const MOMENT_NS: u64 = 10_000_000;

/// Memory of bounded size; what it has forgotten it does not claim.
#[derive(Debug)]
pub struct History {
    ports: Recent<SockPtr, Listened>,
    opened: Recent<SockPtr, Opened>,
    /// The same by their ends: what is left of a connection in TIME_WAIT is another structure.
    opened_flows: Recent<Ends, (Netns, Opened)>,
    /// Listeners that began, by port.
    begun: Recent<u16, Seen<Arc<StateChange>>>,
    /// Listeners that ended, by port.
    ended: Recent<u16, Seen<Arc<StateChange>>>,
    /// listen() calls that failed.
    failed: Recent<SockPtr, ()>,
    addresses: HashSet<(u32, IpAddr), RandomState>,
    /// The one of these that was told last: in a storm it is told again by each event.
    told_last: Option<(u32, IpAddr)>,
    limit: usize,
}

impl History {
    /// At most `limit` entries of each kind.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            ports: Recent::new(limit),
            opened: Recent::new(limit),
            opened_flows: Recent::new(limit),
            begun: Recent::new(limit),
            ended: Recent::new(limit),
            failed: Recent::new(limit),
            addresses: HashSet::default(),
            told_last: None,
            limit,
        }
    }

    /// bind() succeeded.
    pub fn bound(&mut self, sk: SockPtr, time: u64) {
        self.ports.insert(sk, time, Listened::Never);
    }

    /// The socket began to listen: nothing is claimed about it until it stops.
    pub fn listens(&mut self, seen: Seen<Arc<StateChange>>) {
        self.ports.insert(seen.what.sk, seen.time, Listened::NotSeen);
        self.begun.insert(seen.what.ends.a.port(), seen.time, seen);
    }

    /// The socket stopped listening.
    pub fn listens_no_more(&mut self, seen: Seen<Arc<StateChange>>) {
        self.ports.insert(seen.what.sk, seen.time, Listened::Undone);
        self.ended.insert(seen.what.ends.a.port(), seen.time, seen);
    }

    /// listen() failed: `inet_csk_listen_start` has gone to LISTEN and back before, and that was neither a listener nor
    /// the end of one.
    pub fn did_not_listen(&mut self, sk: SockPtr, time: u64) {
        self.ports.insert(sk, time, Listened::NotSeen);
        self.failed.insert(sk, time, ());
    }

    /// The state change did not belong to a listen() that failed.
    fn is_real(&self, seen: &Seen<Arc<StateChange>>) -> bool {
        let span = seen.time..=seen.time.saturating_add(MOMENT_NS);
        !self.failed.get(seen.what.sk).any(|entry| span.contains(&entry.0))
    }

    /// The last listener that would have taken a SYN, refused at `time` in `netns`, and was closed within `NEAR_NS`
    /// before. It leaves the hash before its state changes (`tcp_set_state`), so that the refusal may come first.
    #[must_use]
    pub fn closed_before(
        &self,
        syn: &Answered<'_>,
        netns: Netns,
        time: u64,
    ) -> Option<&Seen<Arc<StateChange>>> {
        let span = time.saturating_sub(NEAR_NS)..=time.saturating_add(MOMENT_NS);
        let mut closed = self.ended.get(syn.segment.ends.b.port()).map(|entry| &entry.1);
        closed.rfind(|seen| span.contains(&seen.time) && would_take(syn, netns, seen) && self.is_real(seen))
    }

    /// The first listener that would have taken the SYN and appeared within `NEAR_NS` after. It is in state LISTEN
    /// before it is in the hash (`inet_csk_listen_start`), so that the refusal may come second.
    #[must_use]
    pub fn appeared_after(
        &self,
        syn: &Answered<'_>,
        netns: Netns,
        time: u64,
    ) -> Option<&Seen<Arc<StateChange>>> {
        let span = time.saturating_sub(MOMENT_NS)..=time.saturating_add(NEAR_NS);
        let mut begun = self.begun.get(syn.segment.ends.b.port()).map(|entry| &entry.1);
        begun.find(|seen| span.contains(&seen.time) && would_take(syn, netns, seen) && self.is_real(seen))
    }

    /// For each holder, what is known of its listen() calls until `time`.
    #[must_use]
    pub fn listened(&self, holders: Option<&Holders>, time: u64) -> Vec<Listened> {
        let list = holders.map_or(&[][..], |holders| &holders.list);
        list.iter().map(|holder| self.listened_by(holder.sk, time)).collect()
    }

    /// For each holder, since when it listens, or is bound, if that was seen.
    #[must_use]
    pub fn held_since(&self, holders: Option<&Holders>, time: u64) -> Vec<Option<u64>> {
        let list = holders.map_or(&[][..], |holders| &holders.list);
        list.iter().map(|holder| self.holds_since(holder, time)).collect()
    }

    /// The last thing that was seen of the socket must be what it is now. An address of the kernel's is used again: a listener
    /// must have begun with this port.
    fn holds_since(&self, holder: &Holder, time: u64) -> Option<u64> {
        let all = self.ports.get(holder.sk).filter(|entry| entry.0 <= time);
        let &(since, last) = all.max_by_key(|entry| entry.0)?;
        let begun = |entry: &(u64, Seen<Arc<StateChange>>)| (entry.0, entry.1.what.sk) == (since, holder.sk);
        let is_seen = match (last, holder.listening) {
            (Listened::Never, false) => true,
            (Listened::NotSeen, true) => self.begun.get(holder.addr.port()).any(begun),
            _ => false,
        };
        is_seen.then_some(since)
    }

    /// Listeners with the port, in any namespace, that were seen to begin until `time`; nothing else was seen of them since.
    #[must_use]
    pub fn begun(&self, port: u16, time: u64) -> Vec<Seen<Arc<StateChange>>> {
        let listens = |seen: &&Seen<Arc<StateChange>>| {
            let known = self.ports.get(seen.what.sk).filter(|entry| entry.0 <= time);
            known.max_by_key(|entry| entry.0) == Some(&(seen.time, Listened::NotSeen))
        };
        self.begun.get(port).map(|entry| &entry.1).filter(listens).cloned().collect()
    }

    fn listened_by(&self, sk: SockPtr, time: u64) -> Listened {
        let known = self.ports.get(sk).filter(|entry| entry.0 <= time).max_by_key(|entry| entry.0);
        known.map_or(Listened::NotSeen, |entry| entry.1)
    }

    /// Events were lost: a bind() or listen() may be among them.
    pub fn doubt(&mut self) {
        self.ports.clear();
    }

    /// A connection was opened.
    pub fn opened(&mut self, sk: SockPtr, netns: Netns, opened: Opened) {
        self.opened_flows.insert(opened.ends, opened.time, (netns, opened));
        self.opened.insert(sk, opened.time, opened);
    }

    /// When the connection of `sk` was opened; another connection of a socket at the same address does not count.
    #[must_use]
    pub fn opening_of(&self, sk: SockPtr, ends: Ends, time: u64) -> Option<Opened> {
        let mut known = self.opened.get(sk).rev().filter(|entry| entry.0 <= time && entry.1.ends == ends);
        known.next().map(|entry| entry.1)
    }

    /// When the last connection with these ends was opened.
    #[must_use]
    pub fn opening_of_flow(&self, netns: Netns, ends: Ends, time: u64) -> Option<Opened> {
        let mut known = self.opened_flows.get(ends).rev().map(|entry| entry.1);
        known.find(|known| known.1.time <= time && may_be_same(known.0, netns)).map(|known| known.1)
    }

    /// An address was in use in a namespace.
    pub fn in_use(&mut self, netns: Netns, address: IpAddr) {
        let here = (netns.inum, address);
        if self.told_last != Some(here) && !address.is_unspecified() && self.addresses.len() < self.limit {
            self.addresses.insert(here);
            self.addresses.insert((ANY, address));
            self.told_last = Some(here);
        }
    }

    /// It was, in this namespace.
    #[must_use]
    pub fn is_in_use(&self, netns: Netns, address: IpAddr) -> bool {
        self.addresses.contains(&(netns.inum, address))
    }

    /// It was, in any namespace.
    #[must_use]
    pub fn is_on_this_host(&self, address: IpAddr) -> bool {
        self.addresses.contains(&(ANY, address))
    }

    /// Entries of all kinds.
    #[must_use]
    pub(super) fn len(&self) -> usize {
        let listened = self.ports.len() + self.begun.len() + self.ended.len() + self.failed.len();
        listened + self.opened.len() + self.opened_flows.len() + self.addresses.len()
    }
}

/// Whether a listener is, or was, one that the lookup would have taken.
pub(super) fn would_take(syn: &Answered<'_>, netns: Netns, listener: &Seen<Arc<StateChange>>) -> bool {
    let change = &listener.what;
    may_be_same(listener.netns, netns) && syn.would_take(change.ends.a, change.v6only, change.bound_dev)
}

/// No namespace has this inode number.
const ANY: u32 = 0;
