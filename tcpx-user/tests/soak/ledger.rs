//! What was told of each connection, to whom, and when nobody could tell.

use std::{
    collections::HashSet,
    ops::Range,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// How often a consumer was told of each connection, and of what others did.
#[derive(Default)]
pub(crate) struct Told {
    attempts: Times,
    resets: Times,
    /// Records that `loss` lines name.
    pub(crate) records: u64,
    /// Lines of others: kind, id and time.
    others: HashSet<(Kind, u64, i128)>,
}

/// Which lines belong to a connection: one of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Attempt,
    Reset,
    Other,
}

/// By number of the connection.
#[derive(Default)]
struct Times {
    each: Vec<u8>,
    once: usize,
    more: usize,
}

impl Times {
    fn note(&mut self, number: u32) {
        let at = number as usize;
        if self.each.len() <= at {
            self.each.resize(at + 1, 0);
        }
        let times = &mut self.each[at];
        *times = times.saturating_add(1);
        self.once += usize::from(*times == 1);
        self.more += usize::from(*times > 1);
    }

    fn has(&self, number: u32) -> bool {
        self.each.get(number as usize).is_some_and(|times| *times > 0)
    }
}

impl Told {
    pub(crate) fn own(&mut self, kind: Kind, number: u32) {
        match kind {
            Kind::Attempt => self.attempts.note(number),
            Kind::Reset => self.resets.note(number),
            Kind::Other => {}
        }
    }

    pub(crate) fn other(&mut self, kind: Kind, id: u64, time: i128) {
        self.others.insert((kind, id, time));
    }

    /// Connections of which an attempt was told.
    pub(crate) fn attempts(&self) -> usize {
        self.attempts.once
    }

    /// Connections of which a RST was told.
    pub(crate) fn resets(&self) -> usize {
        self.resets.once
    }

    fn has(&self, kind: Kind, number: u32) -> bool {
        match kind {
            Kind::Attempt => self.attempts.has(number),
            Kind::Reset => self.resets.has(number),
            Kind::Other => false,
        }
    }

    /// Of which of the first `made` connections this was told what the other was not.
    fn beyond(&self, other: &Self, made: u32) -> Vec<(Kind, u32)> {
        lines(made, |kind, number| self.has(kind, number) && !other.has(kind, number))
    }

    /// Lines that came although their like had come before.
    pub(crate) fn twice(&self) -> usize {
        self.attempts.more + self.resets.more
    }
}

/// Those of the lines about the first `made` connections that are such.
fn lines(made: u32, are_such: impl Fn(Kind, u32) -> bool) -> Vec<(Kind, u32)> {
    let each = [Kind::Attempt, Kind::Reset].into_iter();
    let all = each.flat_map(|kind| (0..made).map(move |number| (kind, number)));
    all.filter(|&(kind, number)| are_such(kind, number)).collect()
}

/// What is shared by those who are told.
#[derive(Default)]
pub(crate) struct Ledger {
    file: Mutex<Told>,
    collector: Mutex<Told>,
    /// Connections that were made while no daemon ran.
    unwatched: Mutex<Vec<Range<u32>>>,
}

/// Missing lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Missing {
    pub(crate) attempts: usize,
    pub(crate) resets: usize,
}

impl Missing {
    pub(crate) const fn lines(self) -> usize {
        self.attempts + self.resets
    }
}

impl Ledger {
    pub(crate) fn file(&self) -> MutexGuard<'_, Told> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn collector(&self) -> MutexGuard<'_, Told> {
        self.collector.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nobody was there for these.
    pub(crate) fn unwatched(&self, numbers: Range<u32>) {
        self.ranges().push(numbers);
    }

    /// Connections made while no daemon ran, of which nothing was told.
    pub(crate) fn unwatched_and_untold(&self) -> Missing {
        let told = self.file();
        let all: Vec<u32> = self.ranges().iter().cloned().flatten().collect();
        Missing {
            attempts: all.iter().filter(|&&number| !told.attempts.has(number)).count(),
            resets: all.iter().filter(|&&number| !told.resets.has(number)).count(),
        }
    }

    /// What the file does not have of the first `made` connections, those apart that were made while no daemon ran.
    pub(crate) fn missing_in_file(&self, made: u32) -> Missing {
        let unwatched = self.unwatched_and_untold();
        let told = self.file();
        let missing = |told: usize, unwatched: usize| (made as usize).saturating_sub(told + unwatched);
        Missing {
            attempts: missing(told.attempts(), unwatched.attempts),
            resets: missing(told.resets(), unwatched.resets),
        }
    }

    /// Lines that nobody got, those apart of connections that were made while no daemon ran.
    pub(crate) fn untold(&self, made: u32) -> Vec<(Kind, u32)> {
        let (file, collector, unwatched) = (self.file(), self.collector(), self.ranges());
        lines(made, |kind, number| {
            let watched = !unwatched.iter().any(|range| range.contains(&number));
            watched && !file.has(kind, number) && !collector.has(kind, number)
        })
    }

    /// Lines that the collector got and the file did not: own, and of others.
    pub(crate) fn only_at_collector(&self, made: u32) -> (usize, usize) {
        let (file, collector) = (self.file(), self.collector());
        (collector.beyond(&file, made).len(), collector.others.difference(&file.others).count())
    }

    /// Lines that the file got and the collector did not: of which connections.
    pub(crate) fn only_in_file(&self, made: u32) -> Vec<(Kind, u32)> {
        self.file().beyond(&self.collector(), made)
    }

    /// Connections that were made while no daemon ran.
    pub(crate) fn ranges(&self) -> MutexGuard<'_, Vec<Range<u32>>> {
        self.unwatched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
