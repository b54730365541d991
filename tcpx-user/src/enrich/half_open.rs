//! Handshakes that a listener keeps, for answers whose lookup no hook has seen, and for RSTs of which only the free was seen.
//!
//! A request socket outlives a wrong ACK, and a RST outside of its window (it waits for the right one for about a minute), so that asking when
//! the answer or the RST is reported, a few milliseconds later, tells whether the ACK found it, or the RST ended it.

use std::{net::SocketAddr, os::fd::AsFd as _};

use tcpx_common::abi::{state::LISTEN, tcp_flag::ACK};

use super::{budget::Budget, cache::Cache, clock::boot_now, diag, netns::Namespaces};
use crate::event::{Ends, Netns, Reached, Reply, SockReset};

const CAPACITY: usize = 4096;

/// Answers of the kernel, by namespace and ends (local first).
pub(crate) struct HalfOpen {
    known: Cache<(u32, Ends), u8>,
    budget: Budget,
}

impl HalfOpen {
    pub(crate) fn new() -> Self {
        Self { known: Cache::new(CAPACITY), budget: Budget::new(boot_now()) }
    }

    /// Asks now.
    pub(crate) fn ask(&mut self, netns: Netns, ends: Ends, namespaces: &Namespaces) {
        let answer = self.budget.pass(|| ask(netns, ends.a, ends.b, namespaces));
        if let Some(answer) = answer.flatten() {
            self.known.insert((netns.inum, ends), answer);
        }
    }

    /// State of the socket that a segment with these ends would have found then.
    pub(crate) fn get(&self, netns: Netns, ends: Ends) -> Option<u8> {
        self.known.get(&(netns.inum, ends)).copied()
    }
}

/// The ends (local first) to ask about, if this answer leaves open what the segment had found.
pub(super) fn of_reply(reply: &Reply) -> Option<Ends> {
    let listens = reply.sock.as_ref().is_some_and(|sock| sock.state == LISTEN);
    let ambiguous = listens && reply.segment.flags & ACK != 0 && reply.lookups.established.is_none();
    ambiguous.then(|| reply.segment.ends.flipped())
}

/// The same, if it was not seen what became of the request socket that this RST met.
pub(super) fn of_reset(reset: &SockReset) -> Option<Ends> {
    let open = reset.quiet.is_some_and(|quiet| quiet.met == (Reached::Request { ended: None }));
    open.then_some(reset.ends)
}

fn ask(netns: Netns, local: SocketAddr, remote: SocketAddr, namespaces: &Namespaces) -> Option<u8> {
    let held = namespaces.get(netns)?;
    diag::state_found(held.as_fd(), local, remote).ok()
}
