//! Connections that came to CLOSE because of an error, waiting for whether a RST went with them.
//!
//! `tcp_keepalive_timer` and `tcp_abort` send a RST and then end the socket with an error: that death is the RST's, and
//! is told by its line. The two events are of one moment, but may come in either order when events are lost or late.

use std::collections::BTreeMap;

use super::{facts::DeathFacts, recent::Recent};
use crate::event::{Ends, SockPtr};

/// A RST and the end of its socket are one run of one function.
const ONE_MOMENT_NS: u64 = 100_000_000;

/// Waiting deaths, and the RSTs that sockets lately sent or got.
#[derive(Debug)]
pub struct Deaths {
    waiting: BTreeMap<u64, DeathFacts>,
    resets: Recent<SockPtr, Ends>,
}

impl Deaths {
    /// At most `limit` RSTs are remembered.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { waiting: BTreeMap::new(), resets: Recent::new(limit) }
    }

    /// Entries of both kinds.
    #[must_use]
    pub(super) fn len(&self) -> usize {
        self.waiting.len() + self.resets.len()
    }

    /// Waiting deaths.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// The one that has waited longest.
    #[must_use]
    pub fn oldest(&self) -> Option<u64> {
        self.waiting.keys().next().copied()
    }

    /// Whether it still waits.
    #[must_use]
    pub fn has(&self, id: u64) -> bool {
        self.waiting.contains_key(&id)
    }

    /// All that wait.
    pub fn all_mut(&mut self) -> impl Iterator<Item = &mut DeathFacts> {
        self.waiting.values_mut()
    }

    /// Ends the wait of one.
    pub fn remove(&mut self, id: u64) -> Option<DeathFacts> {
        self.waiting.remove(&id)
    }

    /// A RST left or reached this socket: its death, if it is waiting, is no silent one.
    pub fn reset(&mut self, sk: SockPtr, ends: Ends, time: u64) {
        self.resets.insert(sk, time, ends);
        self.waiting.retain(|_, death| {
            let seen = &death.seen;
            seen.what.sock.sk != sk || seen.what.ends != ends || seen.time.abs_diff(time) > ONE_MOMENT_NS
        });
    }

    /// One more died; false if a RST went with it, or if it is known already.
    pub fn died(&mut self, death: DeathFacts) -> bool {
        let (sk, ends, time) = (death.seen.what.sock.sk, death.seen.what.ends, death.seen.time);
        let of_reset =
            self.resets.get(sk).any(|entry| entry.1 == ends && entry.0.abs_diff(time) <= ONE_MOMENT_NS);
        let known =
            self.waiting.values().any(|other| other.seen.what.sock.sk == sk && other.seen.time == time);
        if of_reset || known {
            return false;
        }
        self.waiting.insert(death.id, death);
        true
    }
}
