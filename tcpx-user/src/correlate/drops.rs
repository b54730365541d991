//! Handshake segments that vanished: one entry for each flow, counted until the flow is quiet or its attempt ends.

use std::collections::BTreeMap;
use std::sync::Arc;

use tcpx_common::abi::tcp_flag::{ACK, SYN};

use super::{
    facts::{AttemptFacts, DropCause, DropFacts},
    index::Index,
    key::may_be_same,
    recent::Recent,
};
use crate::event::{Ends, Segment};

/// Counting and recently told drops.
#[derive(Debug)]
pub struct Drops {
    counting: BTreeMap<u64, DropFacts>,
    by_flow: Index<Ends>,
    told: Recent<Ends, Arc<DropFacts>>,
}

/// What an attempt knows of its own segments.
#[derive(Clone, Copy, Debug)]
pub struct Handshake {
    /// Local and remote.
    pub ends: Ends,
    /// Initial sequence number, if known.
    pub isn: Option<u32>,
    /// Its start.
    pub since: u64,
}

impl Handshake {
    /// That of an attempt of which the ends are known.
    #[must_use]
    pub fn of(attempt: &AttemptFacts) -> Option<Self> {
        let since = attempt.start.as_ref().map_or(0, |start| start.time);
        Some(Self { ends: attempt.ends()?, isn: attempt.isn(), since })
    }

    /// The segment is the SYN of this attempt, the SYN-ACK that answers it, or the ACK that answers that.
    #[must_use]
    pub fn has(&self, segment: &Segment, time: u64) -> bool {
        let fits = |number: u32| self.isn.is_none_or(|isn| isn == number);
        let syn = segment.is_syn() && segment.ends == self.ends && fits(segment.seq);
        let flags = segment.flags & (SYN | ACK) == SYN | ACK;
        let syn_ack = flags && segment.ends.flipped() == self.ends && fits(segment.ack.wrapping_sub(1));
        let last_ack = !segment.has_syn() && segment.ends == self.ends && fits(segment.seq.wrapping_sub(1));
        time >= self.since && (syn || syn_ack || last_ack)
    }
}

impl Drops {
    /// At most `limit` told drops are remembered.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { counting: BTreeMap::new(), by_flow: Index::default(), told: Recent::new(limit) }
    }

    /// Flows that are counted.
    #[must_use]
    pub(super) fn len(&self) -> usize {
        self.counting.len()
    }

    /// The one counted longest.
    #[must_use]
    pub fn oldest(&self) -> Option<u64> {
        self.counting.keys().next().copied()
    }

    /// A counted flow.
    #[must_use]
    pub fn get(&self, id: u64) -> Option<&DropFacts> {
        self.counting.get(&id)
    }

    /// A counted flow, to be added to.
    pub fn get_mut(&mut self, id: u64) -> Option<&mut DropFacts> {
        self.counting.get_mut(&id)
    }

    /// All that are counted.
    pub fn all_mut(&mut self) -> impl Iterator<Item = &mut DropFacts> {
        self.counting.values_mut()
    }

    /// Counts one more drop of a known flow; its id, if the flow is known.
    pub fn again(&mut self, cause: &DropCause) -> Option<u64> {
        let id = self.find(cause.segment(), |drop| may_be_same(drop.cause.netns(), cause.netns()))?;
        let drop = self.counting.get_mut(&id)?;
        drop.count += 1;
        drop.last = drop.last.max(cause.time());
        Some(id)
    }

    /// One more flow is counted.
    pub fn insert(&mut self, drop: DropFacts) {
        self.by_flow.insert(drop.cause.segment().ends, drop.id);
        self.counting.insert(drop.id, drop);
    }

    /// Ends the count of a flow.
    pub fn remove(&mut self, id: u64) -> Option<DropFacts> {
        let drop = self.counting.remove(&id)?;
        self.by_flow.remove(drop.cause.segment().ends, id);
        Some(drop)
    }

    /// Remembers one that was told.
    pub fn told(&mut self, drop: &Arc<DropFacts>) {
        self.told.insert(drop.cause.segment().ends, drop.last, drop.clone());
    }

    /// The drop of this very segment (its flow and sequence number), if it is counted.
    pub fn find(&self, segment: &Segment, which: impl Fn(&DropFacts) -> bool) -> Option<u64> {
        let same = |drop: &&DropFacts| {
            let other = drop.cause.segment();
            // After the handshake's last ACK comes data with other numbers.
            let last_ack = !other.has_syn() && !segment.has_syn();
            (last_ack || (other.seq, other.flags) == (segment.seq, segment.flags)) && which(drop)
        };
        self.on(segment.ends).find(same).map(|drop| drop.id)
    }

    /// The counted drop of a flow whose listener waits for data.
    #[must_use]
    pub fn deferred(&self, flow: Ends) -> Option<u64> {
        self.on(flow).find(|drop| drop.cause.is_deferred()).map(|drop| drop.id)
    }

    /// The counted drop that a handshake suffered.
    #[must_use]
    pub fn of(&self, handshake: &Handshake) -> Option<u64> {
        let own = |drop: &&DropFacts| handshake.has(drop.cause.segment(), drop.last);
        let both = self.on(handshake.ends).chain(self.on_flipped(handshake));
        both.into_iter().find(own).map(|drop| drop.id)
    }

    /// The same among those already told.
    #[must_use]
    pub fn told_of(&self, handshake: &Handshake) -> Option<Arc<DropFacts>> {
        let flipped = handshake.ends.flipped();
        let told = self.told.get(handshake.ends).chain(self.told.get(flipped));
        let own = |drop: &&Arc<DropFacts>| handshake.has(drop.cause.segment(), drop.last);
        told.map(|entry| &entry.1).find(own).cloned()
    }

    fn on_flipped(&self, handshake: &Handshake) -> impl Iterator<Item = &DropFacts> {
        // A socket connected to itself has one flow only.
        let (own, flipped) = (handshake.ends, handshake.ends.flipped());
        self.on(flipped).filter(move |_| flipped != own)
    }

    fn on(&self, flow: Ends) -> impl Iterator<Item = &DropFacts> {
        self.by_flow.of(&flow).iter().filter_map(|id| self.counting.get(id))
    }
}
