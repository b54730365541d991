//! Events → facts about one attempt, one RST, one silent drop each.
//!
//! Pure: `now` is the latest time that any event carried, every table is bounded, and nothing is explained here.
//! Events may be lost, repeated, or come in another order than they happened: the receiver's before the sender's on
//! loopback, or from two CPUs.

mod agenda;
pub mod attempts;
mod bounds;
mod deadlines;
pub mod deaths;
pub mod drops;
pub mod facts;
pub mod history;
mod incoming;
mod index;
mod join;
pub mod key;
pub mod nat;
pub mod recent;
mod refused;
pub mod resets;
pub mod sender;
mod settle;

use std::{collections::VecDeque, sync::Arc};

use crate::{
    abilities::Abilities,
    event::{Drop, Ends, Event, Icmp, LookedUp, Netns, Untranslated, What},
};
use agenda::Agenda;
use attempts::Attempts;
use deaths::Deaths;
use drops::Drops;
use facts::{Settled, Upstream};
use history::History;
use key::Seen;
use nat::Translations;
use recent::Recent;
use refused::Refused;
use resets::Resets;

/// How much is remembered, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Attempts in flight.
    pub attempts: usize,
    /// RSTs of which one side is known.
    pub resets: usize,
    /// Flows whose handshake segments vanish.
    pub drops: usize,
    /// Entries of each table of things that may be asked for.
    pub remembered: usize,
    /// How long an attempt that ended, or one side of a RST, waits for what belongs to it.
    pub grace_ns: u64,
    /// How long a RST between two sockets of this host waits, at most, for its other side.
    pub under_way_ns: u64,
    /// A flow that vanished once is told after so long at the earliest.
    pub quiet_ns: u64,
}

impl Limits {
    /// For a host: about 16 MiB when everything is full.
    pub const DEFAULT: Self = Self {
        attempts: 16_384,
        resets: 8_192,
        drops: 4_096,
        remembered: 8_192,
        grace_ns: 50_000_000,
        under_way_ns: 1_000_000_000,
        quiet_ns: 3_000_000_000,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The tables, and the time that events have told.
#[derive(Debug)]
pub struct Correlator {
    abilities: Abilities,
    limits: Limits,
    now: u64,
    next_id: u64,
    attempts: Attempts,
    resets: Resets,
    drops: Drops,
    deaths: Deaths,
    history: History,
    refused: Refused,
    lookups: Recent<Ends, Seen<Arc<LookedUp>>>,
    icmp: Recent<Ends, Seen<Arc<Icmp>>>,
    icmp_sent: Recent<Ends, Seen<Arc<Icmp>>>,
    translations: Translations,
    /// Open sockets that stray segments were made for, by segment.
    untranslated: Recent<Ends, Seen<Arc<Untranslated>>>,
    /// Attempts that failed, by process: a proxy that cannot reach its upstream resets whoever called it.
    failed: Recent<u32, Upstream>,
    /// SYNs for which no neighbour answered.
    neighbors: Recent<Ends, Seen<Arc<Drop>>>,
    /// Segments that were answered with a RST or an ICMP error: their drop is not silent.
    answered: Recent<Ends, (Netns, u32)>,
    /// Segments that met a small socket, which told what became of them: number and flags.
    met_small: Recent<Ends, (u32, u8)>,
    /// Events whose stack is still to come.
    stackless: VecDeque<Event>,
    deadlines: Agenda,
    evicted: u64,
    settled: VecDeque<Settled>,
}

/// Events that may wait for their stacks.
const MAX_STACKLESS: usize = 64;

impl Correlator {
    /// Nothing seen yet.
    #[must_use]
    pub fn new(abilities: Abilities, limits: Limits) -> Self {
        let many = limits.remembered;
        Self {
            abilities,
            limits,
            now: 0,
            next_id: 1,
            attempts: Attempts::new(many),
            resets: Resets::new(many),
            drops: Drops::new(many),
            deaths: Deaths::new(many),
            history: History::new(many),
            refused: Refused::new(many),
            lookups: Recent::new(many),
            icmp: Recent::new(many),
            icmp_sent: Recent::new(many),
            translations: Translations::new(many),
            untranslated: Recent::new(many),
            failed: Recent::new(many),
            neighbors: Recent::new(many),
            answered: Recent::new(many),
            met_small: Recent::new(many),
            stackless: VecDeque::new(),
            deadlines: Agenda::default(),
            evicted: 0,
            settled: VecDeque::new(),
        }
    }

    /// What the hooks see.
    #[must_use]
    pub const fn abilities(&self) -> &Abilities {
        &self.abilities
    }

    /// Takes one event.
    pub fn push(&mut self, event: &Event) {
        match &event.what {
            What::Stack(frames) => self.stack_of(event, frames),
            _ if event.has_stack => self.await_stack(event),
            _ => self.take(event, &[]),
        }
        self.now = self.now.max(event.time);
        self.expire();
    }

    /// Time has come to `now` without an event.
    pub fn tick(&mut self, now: u64) {
        self.now = self.now.max(now);
        self.expire();
    }

    /// No event will come any more: settles everything.
    pub fn finish(&mut self) {
        self.release_stackless(u64::MAX);
        self.settle_all();
    }

    /// Ids of what is seen from now on are not below this one.
    pub fn number_from(&mut self, id: u64) {
        self.next_id = self.next_id.max(id);
    }

    /// The id that comes next.
    #[must_use]
    pub const fn next_id(&self) -> u64 {
        self.next_id
    }

    /// Since when the oldest attempt that is not told yet is under way (boot clock, ns).
    #[must_use]
    pub fn oldest_attempt(&self) -> Option<u64> {
        self.attempts.oldest().and_then(|id| self.attempts.get(id)).map(|attempt| attempt.span().0)
    }

    /// Unless this attempt is under way and its start was not seen.
    #[must_use]
    pub fn saw_begin(&self, id: u64) -> bool {
        self.attempts.get(id).is_none_or(|attempt| attempt.start.is_some())
    }

    /// The next thing that will not change any more.
    pub fn pop(&mut self) -> Option<Settled> {
        self.settled.pop_front()
    }

    /// All that [`pop`](Self::pop) will give.
    pub fn settled(&self) -> impl Iterator<Item = &Settled> {
        self.settled.iter()
    }

    /// How many entries had to go before their time, to keep the tables bounded.
    #[must_use]
    pub const fn evicted(&self) -> u64 {
        self.evicted
    }

    /// Entries in all tables.
    #[must_use]
    pub fn len(&self) -> usize {
        let waiting = self.attempts.len() + self.resets.len() + self.drops.len() + self.stackless.len();
        let tables = [
            self.icmp.len(),
            self.icmp_sent.len(),
            self.answered.len(),
            self.met_small.len(),
            self.neighbors.len(),
        ];
        let remembered = self.lookups.len() + tables.iter().sum::<usize>();
        waiting
            + remembered
            + self.translations.len()
            + self.untranslated.len()
            + self.deaths.len()
            + self.failed.len()
            + self.history.len()
            + self.refused.len()
            + self.deadlines.len()
    }

    /// Nothing is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn await_stack(&mut self, event: &Event) {
        if self.stackless.len() == MAX_STACKLESS
            && let Some(oldest) = self.stackless.pop_front()
        {
            self.take(&oldest, &[]);
        }
        self.stackless.push_back(event.clone());
    }

    fn stack_of(&mut self, event: &Event, frames: &[u64]) {
        let own = |other: &Event| other.time == event.time && other.task == event.task;
        let place = self.stackless.iter().position(own);
        if let Some(waiting) = place.and_then(|place| self.stackless.remove(place)) {
            self.take(&waiting, frames);
        }
    }

    /// Takes events whose stack did not come until `now`.
    fn release_stackless(&mut self, now: u64) {
        let grace = self.limits.grace_ns;
        while let Some(event) = self.stackless.pop_front_if(|event| event.time.saturating_add(grace) <= now) {
            self.take(&event, &[]);
        }
    }

    fn expire(&mut self) {
        self.release_stackless(self.now);
        while let Some((_, id)) = self.deadlines.pop_due(self.now) {
            self.deadline_of(id);
        }
    }

    fn new_id(&mut self) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        id
    }
}
