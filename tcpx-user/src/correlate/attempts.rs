//! Attempts that are not told yet, by socket and by tuple.
//!
//! A socket's address names it only while it lives, so an attempt is one life of a socket in SYN_SENT: a new start
//! ends the older life, an end without a start makes an attempt whose start was lost, and what was told already
//! leaves its times behind, so that a repeated or late event does not tell it twice.

use std::{collections::BTreeMap, sync::Arc};

use smallvec::SmallVec;
use tcpx_common::abi::state::{CLOSE, SYN_RECV, SYN_SENT};

use super::{
    facts::AttemptFacts,
    index::{Index, Table},
    key::Seen,
    recent::Recent,
};
use crate::event::{Ends, Segment, SockPtr, StateChange};

/// Times of an attempt that was told.
#[derive(Clone, Copy, Debug)]
struct Life {
    /// Of its start, if that was seen.
    start: Option<u64>,
    /// Of the first event that was seen.
    first: u64,
    end: Option<u64>,
    /// Its end, if it failed.
    failed: Option<Failed>,
}

/// How an attempt failed: its error, and its initial sequence number. The same twice is the same end.
type Failed = (u16, u32);

/// What a state change means for the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It was told before.
    Known,
    /// It belongs to this attempt, which goes on.
    Goes(u64),
    /// It ends this attempt.
    Ends(u64),
    /// It begins a new attempt, or is all that is left of one.
    New,
    /// It begins a new attempt; this older one ended unseen.
    Replaces(u64),
    /// It is not about an attempt.
    Foreign,
}

/// Attempts by id, socket and tuple.
#[derive(Debug)]
pub struct Attempts {
    /// Nobody else has them while they are here.
    table: BTreeMap<u64, Arc<AttemptFacts>>,
    by_sock: Table<SockPtr, u64>,
    by_flow: Index<Ends>,
    told: Recent<SockPtr, Life>,
    /// Initial sequence number and id of those that were told as open.
    told_open: Recent<Ends, (Option<u32>, u64)>,
}

impl Attempts {
    /// At most `limit` told attempts are remembered.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        let (table, told) = (BTreeMap::new(), Recent::new(limit));
        let told_open = Recent::new(limit);
        Self { table, by_sock: Table::default(), by_flow: Index::default(), told, told_open }
    }

    /// Attempts in the table.
    #[must_use]
    pub(super) fn len(&self) -> usize {
        self.table.len()
    }

    /// No attempt is in the table.
    #[must_use]
    pub(super) fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// The oldest.
    #[must_use]
    pub fn oldest(&self) -> Option<u64> {
        self.table.keys().next().copied()
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, id: u64) -> Option<&AttemptFacts> {
        self.table.get(&id).map(Arc::as_ref)
    }

    /// One of them, to be added to.
    pub fn get_mut(&mut self, id: u64) -> Option<&mut AttemptFacts> {
        self.table.get_mut(&id).map(Arc::make_mut)
    }

    /// All of them.
    pub fn all_mut(&mut self) -> impl Iterator<Item = &mut AttemptFacts> {
        self.table.values_mut().map(Arc::make_mut)
    }

    /// The attempt that the socket is in.
    #[must_use]
    pub fn of_sock(&self, sk: SockPtr) -> Option<&AttemptFacts> {
        self.by_sock.get(&sk).and_then(|&id| self.get(id))
    }

    /// Attempts with this tuple, as far as their port is known.
    pub fn on(&self, ends: Ends) -> impl Iterator<Item = &AttemptFacts> {
        self.by_flow.of(&ends).iter().filter_map(|&id| self.get(id))
    }

    /// The attempt that was told as open and sent this segment as the first after its SYN.
    #[must_use]
    pub fn told_open(&self, segment: &Segment) -> Option<u64> {
        let isn = segment.seq.wrapping_sub(1);
        let known = self.told_open.get(segment.ends).map(|entry| entry.1);
        let mut own = known.filter(|entry| entry.0.is_none_or(|known| known == isn));
        own.next_back().map(|entry| entry.1)
    }

    /// What CLOSE to SYN_SENT of `sk` at `time` means.
    #[must_use]
    pub fn start_of(&self, sk: SockPtr, time: u64) -> Step {
        let Some(attempt) = self.of_sock(sk) else {
            return if self.was_told(sk, |life| started(life, time)) { Step::Known } else { Step::New };
        };
        match &attempt.start {
            Some(start) if start.time == time => Step::Known,
            None if time <= attempt.span().0 => Step::Goes(attempt.id),
            _ if attempt.end.is_some() => Step::New,
            _ => Step::Replaces(attempt.id),
        }
    }

    /// What SYN_SENT to SYN_RECV of `sk` at `time` means.
    #[must_use]
    pub fn crossing_of(&self, sk: SockPtr, time: u64) -> Step {
        match self.of_sock(sk) {
            Some(attempt) if attempt.crossed.is_some() => Step::Known,
            Some(attempt) if ended_before(attempt, time) => Step::New,
            Some(attempt) => Step::Goes(attempt.id),
            None if self.told_life_covers(sk, time)
                || self.was_told(sk, |life| life.start.is_none() && time <= life.first) =>
            {
                Step::Known
            }
            None => Step::New,
        }
    }

    /// What the way from SYN_SENT or SYN_RECV to elsewhere means.
    #[must_use]
    pub fn end_of(&self, change: &StateChange, time: u64) -> Step {
        let sk = change.sk;
        let unknown = if change.old == SYN_RECV { Step::Foreign } else { Step::New };
        match self.of_sock(sk) {
            Some(attempt) => match &attempt.end {
                Some(end) if end.time == time || is_told_again(failed(&end.what), change) => Step::Known,
                None if attempt.start.as_ref().is_none_or(|start| start.time <= time) => {
                    Step::Ends(attempt.id)
                }
                _ => unknown,
            },
            None if self.told_life_covers(sk, time) => Step::Known,
            None if self.was_told(sk, |life| is_told_again(life.failed, change)) => Step::Known,
            None => unknown,
        }
    }

    /// Adds an attempt; its socket is in it from now on.
    pub fn insert(&mut self, attempt: AttemptFacts) {
        let id = attempt.id;
        if let Some(sk) = attempt.sk() {
            self.by_sock.insert(sk, id);
        }
        self.table.insert(id, Arc::new(attempt));
        self.index(id);
    }

    /// Makes an attempt findable by its tuple, once it has one with a port.
    pub fn index(&mut self, id: u64) {
        let ends = self.get(id).and_then(AttemptFacts::ends).filter(|ends| ends.a.port() != 0);
        if let Some(ends) = ends {
            self.by_flow.insert(ends, id);
        }
    }

    /// Takes an attempt out; its times are remembered.
    pub fn remove(&mut self, id: u64) -> Option<Arc<AttemptFacts>> {
        let attempt = self.table.remove(&id)?;
        if let Some(ends) = attempt.ends().filter(|_| attempt.is_established()) {
            self.told_open.insert(ends, attempt.span().1, (attempt.isn(), id));
        }
        for ends in tuples(&attempt) {
            self.by_flow.remove(ends, id);
        }
        if let Some(sk) = attempt.sk() {
            if self.by_sock.get(&sk) == Some(&id) {
                self.by_sock.remove(&sk);
            }
            let time = |seen: &Seen<Arc<StateChange>>| seen.time;
            let (first, last) = attempt.span();
            let (start, end) = (attempt.start.as_ref().map(time), attempt.end.as_ref().map(time));
            let failed = attempt.end.as_ref().and_then(|seen| failed(&seen.what));
            self.told.insert(sk, last, Life { start, first, end, failed });
        }
        Some(attempt)
    }

    /// An event at `time` belongs to the told life that had begun by then. One whose end was not seen lasts until
    /// the next.
    fn told_life_covers(&self, sk: SockPtr, time: u64) -> bool {
        let lives = self.told.get(sk).map(|entry| entry.1);
        let begun = lives.filter(|life| life.start.unwrap_or(life.first) <= time);
        let life = begun.max_by_key(|life| life.first);
        life.is_some_and(|life| life.end.is_none_or(|end| time <= end))
    }

    fn was_told(&self, sk: SockPtr, which: impl Fn(Life) -> bool) -> bool {
        self.told.get(sk).any(|&(_, life)| which(life))
    }
}

/// Every tuple under which an attempt may have been filed: what was learned later does not unlearn the earlier.
fn tuples(attempt: &AttemptFacts) -> impl Iterator<Item = Ends> {
    let changes =
        [attempt.start.as_ref(), attempt.crossed.as_deref(), attempt.end.as_ref()].into_iter().flatten();
    let again = attempt.retransmit.as_ref().map(|again| again.what.ends);
    let reset = attempt.reset.as_ref().and_then(|reset| reset.receiver.as_ref()).map(|seen| seen.what.ends);
    let mut all: SmallVec<[Ends; 5]> =
        changes.map(|change| change.what.ends).chain(again).chain(reset).collect();
    all.dedup();
    all.into_iter()
}

fn ended_before(attempt: &AttemptFacts, time: u64) -> bool {
    attempt.end.as_ref().is_some_and(|end| end.time < time)
}

fn failed(end: &StateChange) -> Option<Failed> {
    (end.old == SYN_SENT && end.new == CLOSE && end.err != 0).then_some((end.err, end.snd_una))
}

/// A process whose `tcp_reset` went on on another CPU: the RST has told the end, and the change of state tells it again.
fn is_told_again(told: Option<Failed>, change: &StateChange) -> bool {
    told.is_some() && told == failed(change)
}

/// A start at `time` is the start of a told life: the same, or one that was missing when it was told.
fn started(life: Life, time: u64) -> bool {
    life.start.map_or(time <= life.first, |start| start == time)
}
