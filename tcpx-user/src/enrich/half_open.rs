//! Handshakes that a listener keeps, for answers whose lookup no hook has seen.
//!
//! A request socket outlives a wrong ACK (it waits for the right one for about a minute), so that asking when the answer
//! is reported, a few milliseconds later, tells whether the ACK found it.

use std::{net::SocketAddr, os::fd::AsFd as _};

use tcpx_common::abi::{state::LISTEN, tcp_flag::ACK};

use super::{budget::Budget, cache::Cache, clock::boot_now, diag, netns::Namespaces};
use crate::event::{Ends, Netns, Reply};

const CAPACITY: usize = 4096;

/// Answers of the kernel, by namespace and ends (local first).
pub(crate) struct HalfOpen {
    known: Cache<(u32, Ends), bool>,
    budget: Budget,
}

impl HalfOpen {
    pub(crate) fn new() -> Self {
        Self { known: Cache::new(CAPACITY), budget: Budget::new(boot_now()) }
    }

    /// Asks now, if this answer leaves it open.
    pub(crate) fn observe(&mut self, netns: Netns, reply: &Reply, namespaces: &Namespaces) {
        let listens = reply.sock.as_ref().is_some_and(|sock| sock.state == LISTEN);
        let ambiguous = listens && reply.segment.flags & ACK != 0 && reply.lookups.established.is_none();
        if !ambiguous || !self.budget.allows(boot_now()) {
            return;
        }
        let begun = boot_now();
        let Ends { a: local, b: remote } = reply.segment.ends.flipped();
        if let Some(answer) = ask(netns, local, remote, namespaces) {
            self.known.insert((netns.inum, Ends { a: local, b: remote }), answer);
        }
        self.budget.spend(boot_now() - begun);
    }

    /// What the kernel said.
    pub(crate) fn get(&self, netns: Netns, ends: Ends) -> Option<bool> {
        self.known.get(&(netns.inum, ends)).copied()
    }
}

fn ask(netns: Netns, local: SocketAddr, remote: SocketAddr, namespaces: &Namespaces) -> Option<bool> {
    let held = namespaces.get(netns)?;
    diag::is_half_open(held.as_fd(), local, remote).ok()
}
