//! What sockets did before they mattered: bind() and listen(), open connections, addresses in use.

use std::collections::HashSet;
use std::net::IpAddr;

use super::{
    facts::{Listened, Opened},
    recent::Recent,
};
use crate::event::{Ends, Holders, Netns, SockPtr};

/// Memory of bounded size; what it has forgotten it does not claim.
#[derive(Debug)]
pub struct History {
    ports: Recent<SockPtr, Listened>,
    opened: Recent<SockPtr, Opened>,
    addresses: HashSet<(u32, IpAddr)>,
    limit: usize,
}

impl History {
    /// At most `limit` entries of each kind.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { ports: Recent::new(limit), opened: Recent::new(limit), addresses: HashSet::new(), limit }
    }

    /// bind() succeeded.
    pub fn bound(&mut self, sk: SockPtr, time: u64) {
        self.ports.insert(sk, time, Listened::Never);
    }

    /// The socket began to listen: nothing is claimed about it until it stops.
    pub fn listens(&mut self, sk: SockPtr, time: u64) {
        self.ports.insert(sk, time, Listened::NotSeen);
    }

    /// The socket stopped listening.
    pub fn listens_no_more(&mut self, sk: SockPtr, time: u64) {
        self.ports.insert(sk, time, Listened::Undone);
    }

    /// For each holder, what is known of its listen() calls until `time`.
    #[must_use]
    pub fn listened(&self, holders: Option<&Holders>, time: u64) -> Vec<Listened> {
        let list = holders.map_or(&[][..], |holders| &holders.list);
        list.iter().map(|holder| self.listened_by(holder.sk, time)).collect()
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
    pub fn opened(&mut self, sk: SockPtr, opened: Opened) {
        self.opened.insert(sk, opened.time, opened);
    }

    /// When the connection of `sk` was opened; another connection of a socket at the same address does not count.
    #[must_use]
    pub fn opening_of(&self, sk: SockPtr, ends: Ends, time: u64) -> Option<Opened> {
        let mut known = self.opened.get(sk).rev().filter(|entry| entry.0 <= time && entry.1.ends == ends);
        known.next().map(|entry| entry.1)
    }

    /// An address was in use in a namespace.
    pub fn in_use(&mut self, netns: Netns, address: IpAddr) {
        if !address.is_unspecified() && self.addresses.len() < self.limit {
            self.addresses.insert((netns.inum, address));
            self.addresses.insert((ANY, address));
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
        self.ports.len() + self.opened.len() + self.addresses.len()
    }
}

/// No namespace has this inode number.
const ANY: u32 = 0;
