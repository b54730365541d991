//! What the kernel's counters say of a namespace: the proof of a drop, or all that there is to go by.

use std::{collections::BTreeMap, fs, io, os::fd::AsFd as _, sync::Arc};

use crate::{audit::Counters, event::Netns, who::Tellings};

use super::{
    cache::Cache,
    clock::boot_now,
    inside::{inside, inside_each},
    netns::Held,
};

/// A reading serves so long: a storm of drops is no storm of readings.
const FRESH_NS: u64 = 100_000_000;
const CAPACITY: usize = 1_024;

/// Counters at the start, and the last readings.
pub(crate) struct Rises {
    at_start: BTreeMap<u32, Counters>,
    start_complete: bool,
    read: Cache<Netns, (u64, Option<Arc<Tellings>>)>,
}

impl Rises {
    /// Reads all that there are.
    pub(crate) fn new(held: &[Held], start_complete: bool) -> Self {
        let readings = inside_each(held, |_| Counters::read_with_drops());
        let known = held.iter().zip(readings);
        Self {
            at_start: known.filter_map(|(held, reading)| Some((held.inum, reading.ok()?))).collect(),
            start_complete,
            read: Cache::new(CAPACITY),
        }
    }

    /// What the namespace that `open` opens says now.
    pub(crate) fn of(&mut self, netns: Netns, open: impl FnOnce() -> Option<Held>) -> Option<Arc<Tellings>> {
        let now = boot_now();
        if let Some((read, tellings)) = self.read.get(&netns)
            && now.saturating_sub(*read) < FRESH_NS
        {
            return tellings.clone();
        }
        let tellings = open().and_then(|held| self.ask(&held)).map(Arc::new);
        self.read.insert(netns, (now, tellings.clone()));
        tellings
    }

    /// A namespace that is younger than tcpx began with zeros.
    fn ask(&self, held: &Held) -> Option<Tellings> {
        let zero = Counters::default();
        let start = match self.at_start.get(&held.inum) {
            Some(start) => start,
            None if held.at_start || !self.start_complete => return None,
            None => &zero,
        };
        let (now, conntrack) = inside(held.as_fd(), read).ok()?;
        let rises = now.rises(start).into_iter().map(|(name, rise)| (name.into(), rise)).collect();
        Some(Tellings { rises, conntrack })
    }
}

fn read() -> io::Result<(Counters, Option<(u64, u64)>)> {
    // The files of sysctl(2) show the namespace of the thread that opens them.
    let number = |name: &str| {
        let text = fs::read_to_string(format!("/proc/sys/net/netfilter/nf_conntrack_{name}")).ok()?;
        text.trim().parse().ok()
    };
    Ok((Counters::read_with_drops()?, number("count").zip(number("max"))))
}
