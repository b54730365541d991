//! Network namespaces: their names, and a descriptor of each that keeps its counters readable.
//!
//! A held namespace lives on until tcpx ends, with its devices and sockets, although its last process has gone.
//! That is a side effect, and the price of comparing with the kernel's counters at the end: they die with the
//! namespace. It is bounded ([`Limits::held`]), and everything is released when tcpx ends. A held namespace's inode
//! number is not given to another one either.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::OpenOptions,
    io,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    },
    path::Path,
    sync::Arc,
};

use rustix::process::{Resource, getrlimit};
use serde::{Deserialize, Serialize};

use crate::{event::Netns, who::Whose};

use super::{
    cache::Cache,
    clock::boot_now,
    container,
    cookie::netns_cookie,
    inside::inside_each,
    listing::{self, Listing},
    scan::Scan,
    whose::Owners,
};

/// Names are read again after so long.
const NAMES_FRESH_NS: u64 = 1_000_000_000;
/// A full listing for a namespace that no path at hand leads to: at most one in so long,
const LISTING_EVERY_NS: u64 = 100_000_000;
/// and so often for the same namespace, which has most likely ended.
const MISSED_AGAIN_NS: u64 = 5_000_000_000;
/// How often those that could not be opened at the start are looked for again, as long as that changes something.
const LOOKS: usize = 3;

/// How much may be kept.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Namespaces held open.
    pub held: usize,
}

impl Default for Limits {
    fn default() -> Self {
        let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        Self { held: MOST.min(usize::try_from(files.saturating_sub(SPARE)).unwrap_or(MOST)) }
    }
}

/// Namespaces held open, however many files a process may open.
const MOST: usize = 1024;
/// Files that tcpx needs for other things: programs and links, maps, /proc.
const SPARE: u64 = 256;

/// A namespace that tcpx holds open.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    /// Inode number.
    pub(crate) inum: u32,
    /// `net.net_cookie`, where the kernel tells (5.14 and later).
    pub(crate) cookie: Option<u64>,
    /// It was there when tcpx started.
    pub(crate) at_start: bool,
    fd: Arc<OwnedFd>,
}

impl Held {
    const fn known(&self) -> Known {
        Known { inum: self.inum, cookie: self.cookie, at_start: self.at_start }
    }

    /// Not a later namespace that was given the same inode number.
    fn may_be(&self, netns: Netns) -> bool {
        let known = self.cookie.filter(|_| netns.cookie != 0);
        self.inum == netns.inum && known.is_none_or(|cookie| cookie == netns.cookie)
    }
}

impl AsFd for Held {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// A namespace, for whoever only wants to know of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// Inode number.
    pub inum: u32,
    /// `net.net_cookie`, where the kernel tells.
    pub cookie: Option<u64>,
    /// It was there when tcpx started.
    pub at_start: bool,
}

/// Held namespaces, and what was wrong with the listing that found them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Census {
    /// Those that could be opened.
    pub held: Vec<Known>,
    /// Those that are known but could not be held.
    pub unheld: Vec<u32>,
    /// Every namespace that was there at the start is in one of the lists: any other is younger than tcpx.
    pub start_complete: bool,
}

/// The table of namespaces.
pub(crate) struct Namespaces {
    limits: Limits,
    held: BTreeMap<u32, Held>,
    unheld: BTreeSet<u32>,
    /// When a listing last failed to find a namespace.
    missed: Cache<u32, u64>,
    owners: Owners,
    names: BTreeMap<u32, String>,
    names_read: u64,
    listed: u64,
    start_complete: bool,
    visible: bool,
}

impl Namespaces {
    /// Lists and holds all that there are. `visible`: this /proc shows root process ids.
    pub(crate) fn new(limits: Limits, visible: bool, scan: &Scan) -> Self {
        let mut table = Self {
            limits,
            held: BTreeMap::new(),
            unheld: BTreeSet::new(),
            missed: Cache::new(limits.held),
            owners: Owners::new(visible),
            names: listing::names(),
            names_read: boot_now(),
            listed: 0,
            start_complete: true,
            visible,
        };
        let complete = table.list(scan, true);
        table.start_complete = complete && visible;
        table.settle();
        table
    }

    /// Looks again for those that could not be opened, most of which have ended between two looks at them. Later that would not
    /// be known: the kernel gives the number of one that has ended to the next one that is made.
    fn settle(&mut self) {
        for _ in 0..LOOKS {
            if self.unheld.is_empty() || self.held.len() >= self.limits.held {
                return;
            }
            let before = self.unheld.clone();
            self.list(&Scan::all(), true);
            // What is there and cannot be opened will not be later either: a look at all processes delays the start.
            if self.unheld == before {
                return;
            }
        }
    }

    /// Adds what is new.
    fn list(&mut self, scan: &Scan, at_start: bool) -> bool {
        let listing = Listing::all(scan);
        self.listed = boot_now();
        if listing.complete && self.visible {
            // One that has ended need not be asked.
            self.unheld.retain(|inum| self.held.contains_key(inum) || listing.namespaces.contains_key(inum));
        }
        for (inum, path) in listing.namespaces {
            if self.held.contains_key(&inum) {
                continue;
            }
            let opened = self.open(Netns { inum, cookie: 0 }, &path, at_start);
            if at_start && opened {
                self.unheld.remove(&inum);
            } else if at_start {
                self.unheld.insert(inum);
            }
        }
        listing.complete
    }

    /// All that are held now, after another look.
    pub(crate) fn census(&mut self, look_again: bool) -> Census {
        if look_again {
            self.list(&Scan::all(), false);
        }
        Census {
            held: self.held.values().map(Held::known).collect(),
            unheld: self.unheld.iter().copied().collect(),
            start_complete: self.start_complete,
        }
    }

    /// All that are held.
    pub(crate) fn all_held(&self) -> Vec<Held> {
        self.held.values().cloned().collect()
    }

    /// Holds the namespace of an event open. `pid`: a process that is likely in it.
    pub(crate) fn hold(&mut self, netns: Netns, pid: u32) {
        let held = &self.held;
        self.owners.meet(netns.inum, pid, |inum| held.contains_key(&inum));
        if netns.inum == 0 || self.held.contains_key(&netns.inum) || self.held.len() >= self.limits.held {
            return;
        }
        let mut paths = vec!["/proc/self/ns/net".to_owned()];
        if self.visible && pid != 0 {
            paths.insert(0, format!("/proc/{pid}/ns/net"));
        }
        let opened = paths.iter().any(|path| self.open(netns, Path::new(path), false));
        if !opened && self.listing_is_due(netns.inum) {
            self.list(&Scan::all(), false);
        }
    }

    /// Holds the namespace of a process of the traced command: by the time of its first reset it may be gone.
    pub(crate) fn hold_that_of(&mut self, pid: u32) {
        let path = format!("/proc/{pid}/ns/net");
        let inum = super::proc::netns_at(&path);
        if let Some(inum) = inum.filter(|inum| self.visible && !self.held.contains_key(inum)) {
            self.open(Netns { inum, cookie: 0 }, Path::new(&path), false);
        }
    }

    fn listing_is_due(&mut self, inum: u32) -> bool {
        let now = boot_now();
        let missed = self.missed.get(&inum).is_some_and(|&at| now < at + MISSED_AGAIN_NS);
        let due = !missed && now.saturating_sub(self.listed) > LISTING_EVERY_NS;
        if due {
            self.missed.insert(inum, now);
        }
        due
    }

    /// Opens `path` and keeps it if it is this namespace.
    fn open(&mut self, netns: Netns, path: &Path, at_start: bool) -> bool {
        if self.held.len() >= self.limits.held {
            return false;
        }
        let held = open(netns.inum, path, at_start).filter(|held| held.may_be(netns));
        let found = held.is_some();
        self.held.extend(held.map(|held| (netns.inum, held)));
        found
    }

    /// A namespace, if it is held.
    pub(crate) fn get(&self, netns: Netns) -> Option<Held> {
        self.held.get(&netns.inum).filter(|held| held.may_be(netns)).cloned()
    }

    /// The name of a namespace, that of `ip netns` or its container's, and whose it is.
    pub(crate) fn name(&mut self, netns: Netns) -> (Option<String>, Option<Whose>) {
        if boot_now().saturating_sub(self.names_read) > NAMES_FRESH_NS {
            self.names = listing::names();
            self.names_read = boot_now();
        }
        let held = &self.held;
        if held.get(&netns.inum).is_some_and(|held| !held.may_be(netns)) {
            return (None, None);
        }
        let whose = self.owners.of(netns.inum, |inum| held.contains_key(&inum)).cloned();
        let name = self.names.get(&netns.inum).cloned().or_else(|| match &whose {
            Some(Whose::Container(id)) => Some(container::short(id).to_owned()),
            _ => None,
        });
        (name, whose)
    }
}

/// Without O_NONBLOCK a path that turned into a FIFO would stop tcpx.
fn open(inum: u32, path: &Path, at_start: bool) -> Option<Held> {
    let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path).ok()?;
    if file.metadata().ok()?.ino() != u64::from(inum) {
        return None;
    }
    let fd = Arc::new(OwnedFd::from(file));
    let cookie = cookies(&[fd.as_fd()]).pop()?.ok()?;
    Some(Held { inum, cookie, at_start, fd })
}

/// Entering fails for what is no network namespace, so this is also the proof that it is one.
fn cookies(namespaces: &[BorrowedFd<'_>]) -> Vec<io::Result<Option<u64>>> {
    inside_each(namespaces, |_| Ok(netns_cookie()))
}

#[cfg(test)]
mod tests {
    use super::{Limits, Namespaces};
    use crate::enrich::scan::Scan;

    /// As when its last process ends between the look at its path and the opening of it.
    #[test]
    fn one_that_could_not_be_held_and_has_ended_is_not_missed() {
        let mut table = Namespaces::new(Limits { held: 0 }, true, &Scan::all());
        table.unheld.insert(7);
        let unheld = table.census(true).unheld;
        assert!(!unheld.contains(&7), "{unheld:?}");
        assert!(!unheld.is_empty(), "with room for none, that of this test is not held");
    }
    /// As when one has ended meanwhile, and the next one has its number: its counters are read at the start like any other's.
    #[test]
    fn one_that_can_be_held_on_a_second_look_is() {
        let mut table = Namespaces::new(Limits { held: 4096 }, true, &Scan::all());
        let own = super::super::proc::netns_at("/proc/self/ns/net").expect("one's own");
        table.held.remove(&own);
        table.unheld.extend([own, 7]);
        table.settle();
        let census = table.census(false);
        assert!(census.held.iter().any(|held| held.inum == own && held.at_start), "{:?}", census.held);
        assert!(!census.unheld.contains(&own) && !census.unheld.contains(&7), "{:?}", census.unheld);
    }
}
