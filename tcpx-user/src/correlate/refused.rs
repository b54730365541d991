//! Refusals that were told, for as long as a listener that appears may still explain them.

use std::{collections::VecDeque, sync::Arc};

use super::{
    Correlator,
    facts::{AttemptFacts, ResetFacts, Sender, Settled},
    history::{NEAR_NS, would_take},
    key::Seen,
};
use crate::event::StateChange;

/// At most so many, as each holds all facts of its attempt.
const MOST: usize = 1024;

/// A SYN that found no listener, told.
#[derive(Debug)]
struct Entry {
    reset: Arc<ResetFacts>,
    attempt: Option<Arc<AttemptFacts>>,
}

/// The last of them, oldest first.
#[derive(Debug)]
pub(super) struct Refused {
    told: VecDeque<Entry>,
    limit: usize,
}

impl Refused {
    /// At most `limit`.
    pub(super) fn new(limit: usize) -> Self {
        Self { told: VecDeque::new(), limit: limit.min(MOST) }
    }

    /// How many are remembered.
    pub(super) fn len(&self) -> usize {
        self.told.len()
    }

    fn remember(&mut self, reset: &Arc<ResetFacts>) {
        let old = |entry: &Entry| entry.reset.time().saturating_add(NEAR_NS) < reset.time();
        while self.told.front().is_some_and(old) || self.told.len() >= self.limit {
            if self.told.pop_front().is_none() {
                return;
            }
        }
        self.told.push_back(Entry { reset: reset.clone(), attempt: None });
    }

    fn ended(&mut self, attempt: &Arc<AttemptFacts>) {
        let Some(reset) = &attempt.reset else { return };
        if let Some(entry) = self.told.iter_mut().rev().find(|entry| entry.reset.id == reset.id) {
            entry.attempt = Some(attempt.clone());
        }
    }

    /// Takes out those that the listener would have taken.
    fn explained_by(&mut self, listener: &Seen<Arc<StateChange>>) -> Vec<Entry> {
        let (explained, rest) =
            std::mem::take(&mut self.told).into_iter().partition(|entry| explains(listener, &entry.reset));
        self.told = rest;
        Vec::from(explained)
    }
}

fn explains(listener: &Seen<Arc<StateChange>>, reset: &ResetFacts) -> bool {
    let (Some(syn), Some(sender)) = (reset.refusal(), &reset.sender) else { return false };
    let soon = (reset.time()..=reset.time().saturating_add(NEAR_NS)).contains(&listener.time);
    soon && would_take(&syn, sender.netns(), listener)
}

impl Correlator {
    /// What is known of listeners that a refused SYN has missed by time.
    pub(super) fn gather_listeners(&self, reset: &mut ResetFacts) {
        let (Some(syn), Some(netns)) = (reset.refusal(), reset.sender.as_ref().map(Sender::netns)) else {
            return;
        };
        let closed = self.history.closed_before(&syn, netns, reset.time()).cloned();
        let appeared = self.history.appeared_after(&syn, netns, reset.time()).cloned();
        (reset.closed, reset.appeared) = (closed.map(Box::new), appeared.map(Box::new));
    }

    /// A refusal was told that a listener may still explain.
    pub(super) fn was_refused(&mut self, reset: &Arc<ResetFacts>) {
        if reset.refusal().is_some() && reset.closed.is_none() && reset.appeared.is_none() {
            self.refused.remember(reset);
        }
    }

    /// Its attempt was told.
    pub(super) fn was_ended(&mut self, attempt: &Arc<AttemptFacts>) {
        self.refused.ended(attempt);
    }

    /// A listener appears: what it explains is told again.
    pub(super) fn appears(&mut self, listener: &Seen<Arc<StateChange>>) {
        for entry in self.refused.explained_by(listener) {
            let appeared = Some(Box::new(listener.clone()));
            let reset = Arc::new(ResetFacts { appeared, ..(*entry.reset).clone() });
            self.settled.push_back(Settled::ResetAgain(reset.clone()));
            if let Some(attempt) = entry.attempt {
                let again = AttemptFacts { reset: Some(reset), ..(*attempt).clone() };
                self.settled.push_back(Settled::AttemptAgain(Arc::new(again)));
            } else if let Some(attempt) = reset.attempt.and_then(|id| self.attempts.get_mut(id)) {
                attempt.reset = Some(reset);
            }
        }
    }
}
