//! tcpx against the kernel: what was reported must be what the kernel's own counters say was sent.
//!
//! For each namespace the rise of `OutRsts` is compared with the resets that the programs counted there, before any
//! filter and whether or not the ring had room. Namespaces are never netted against each other. Where a counter
//! could not be read, or a site cannot be seen, there is no number at all, but the reason.

mod check;
mod counters;

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
};

use tcpx_common::event::{NetnsKey, NetnsResets};

use crate::{
    abilities::Abilities,
    enrich::{Census, Informant, Known},
};

use self::check::{Count, Tally, distance};
pub use self::counters::Counters;

/// Reads the map in which the programs count resets by namespace.
pub type Counted<'a> = &'a dyn Fn() -> Vec<(NetnsKey, NetnsResets)>;

/// Readings of a namespace that is in motion are repeated so often.
const ROUNDS: usize = 5;

/// Which namespaces count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All.
    All,
    /// Those with these inode numbers.
    Only(BTreeSet<u32>),
}

impl Scope {
    fn has(&self, inum: u32) -> bool {
        match self {
            Self::All => true,
            Self::Only(inums) => inums.contains(&inum),
        }
    }
}

/// The result, as `summary` shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Rise of the kernel's counters, summed over the namespaces in scope that could be read.
    pub kernel: BTreeMap<String, u64>,
    /// Sum over namespaces of how far tcpx's count is from the kernel's.
    pub unaccounted: Option<u64>,
    /// Why there is none.
    pub why: Option<String>,
}

/// The kernel's counters of a namespace, and tcpx's count around the moment of reading.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Reading {
    counters: Counters,
    count: Count,
}

/// Counters at the time of attaching.
#[derive(Debug)]
pub struct Audit {
    at_start: BTreeMap<u32, Reading>,
    start_complete: bool,
    /// What the programs had counted: in a longer trace also of namespaces that have ended since.
    counted: Tally,
}

impl Audit {
    /// Reads all namespaces. To be called when the hooks are attached.
    #[must_use]
    pub fn begin(enrich: &dyn Informant, counted: Counted<'_>) -> Self {
        let census = enrich.census(false);
        let earlier = Tally::new(counted());
        let readings = read_quiet(enrich, &census.held, counted, |_, before, now| before == Some(now));
        Self {
            at_start: readings.into_iter().filter_map(readable).collect(),
            start_complete: census.start_complete,
            counted: earlier,
        }
    }

    /// Reads again and compares. To be called before the hooks are detached.
    #[must_use]
    pub fn finish(
        &self,
        enrich: &dyn Informant,
        counted: Counted<'_>,
        scope: &Scope,
        abilities: &Abilities,
    ) -> Outcome {
        let mut census = enrich.census(true);
        census.held.retain(|held| scope.has(held.inum));
        census.unheld.retain(|&inum| scope.has(inum));
        let readings = read_quiet(enrich, &census.held, counted, |held, _, now| {
            // Without a start there is nothing to settle.
            self.start_of(held).map_or(true, |start| off_by(&start, now) == 0)
        });
        let mut outcome = Outcome::default();
        let (mut off, mut why) = (0, blind(abilities));
        for (held, reading) in readings {
            match self.rise(held, reading, &mut outcome.kernel) {
                Ok(distance) => off += distance,
                Err(reason) => why = why.or(Some(reason)),
            }
        }
        outcome.why = why.or_else(|| unheld(&census)).or_else(|| self.ended(&census, &counted(), scope));
        outcome.unaccounted = outcome.why.is_none().then_some(off);
        outcome
    }

    /// Adds the rise of one namespace's counters to `sums`; how far tcpx's count is off, or why that is not known.
    fn rise(
        &self,
        held: &Known,
        reading: io::Result<Reading>,
        sums: &mut BTreeMap<String, u64>,
    ) -> Result<u64, String> {
        let start = self.start_of(held)?;
        let end = reading.map_err(|error| {
            format!("the counters of network namespace {} could not be read: {error}", held.inum)
        })?;
        end.counters.add_rise(&start.counters, sums);
        Ok(off_by(&start, &end))
    }

    /// What a namespace's counters were at the start.
    ///
    /// One that was not there then was made later and began with zeros: a namespace without any task, mount or
    /// descriptor cannot be entered again, and all of those were looked at. (One that lived by an open socket only
    /// could have been; its old counters would then show as unaccounted, not vanish.)
    fn start_of(&self, held: &Known) -> Result<Reading, String> {
        match self.at_start.get(&held.inum) {
            Some(reading) => Ok(reading.clone()),
            None if held.at_start => {
                Err(format!("the counters of network namespace {} could not be read at the start", held.inum))
            }
            None if self.start_complete => Ok(Reading::default()),
            None => Err(format!(
                "network namespace {} may be older than tcpx, and its counters at the start are not known",
                held.inum
            )),
        }
    }

    /// Resets were counted in a namespace that cannot be asked any more, or in one that the hook could not tell.
    fn ended(&self, census: &Census, counted: &[(NetnsKey, NetnsResets)], scope: &Scope) -> Option<String> {
        let asked = |key: &NetnsKey| census.held.iter().any(|held| Tally::is_of(key, held.inum, held.cookie));
        let relevant = |key: &NetnsKey| key.inum == 0 || scope.has(key.inum);
        let mut sent = counted
            .iter()
            .filter(|(key, resets)| resets.replies + resets.active > self.counted.exactly_of(key));
        let (key, _) = sent.find(|(key, _)| relevant(key) && !asked(key))?;
        Some(match key.inum {
            0 => "resets were counted whose network namespace is not known".to_owned(),
            inum => format!("network namespace {inum} ended before tcpx could read its counters"),
        })
    }
}

fn off_by(start: &Reading, end: &Reading) -> u64 {
    distance(end.counters.out_rsts().saturating_sub(start.counters.out_rsts()), end.count.since(start.count))
}

/// Sites that no attached hook reports make the comparison meaningless.
pub(crate) fn blind(abilities: &Abilities) -> Option<String> {
    [
        (abilities.replies_without_socket, "answers to segments that found no socket"),
        (abilities.replies_from_time_wait, "answers from TIME_WAIT"),
        (abilities.replies_from_socket, "answers from sockets"),
        (abilities.active_resets, "resets that sockets send of their own accord"),
    ]
    .into_iter()
    .find(|(seen, _)| !seen)
    .map(|(_, what)| format!("this backend does not see {what}"))
}

fn readable((held, reading): (&Known, io::Result<Reading>)) -> Option<(u32, Reading)> {
    Some((held.inum, reading.ok()?))
}

fn unheld(census: &Census) -> Option<String> {
    let inum = census.unheld.first()?;
    Some(format!("network namespace {inum} could not be opened, or too many are open"))
}

/// Reads counters between two readings of the count, again for those that `settled` does not accept: a reset on
/// its way is in one of the two already and in the other not yet.
///
/// `settled` gets the reading before this one, if there is one.
fn read_quiet<'a>(
    enrich: &dyn Informant,
    held: &'a [Known],
    counted: Counted<'_>,
    settled: impl Fn(&Known, Option<&Reading>, &Reading) -> bool,
) -> Vec<(&'a Known, io::Result<Reading>)> {
    let mut readings: Vec<Option<io::Result<Reading>>> = held.iter().map(|_| None).collect();
    let mut open: Vec<usize> = (0..held.len()).collect();
    for _ in 0..ROUNDS {
        let targets: Vec<Known> = open.iter().map(|&at| held[at]).collect();
        let before = Tally::new(counted());
        let counters = enrich.counters(&targets);
        let after = Tally::new(counted());
        let mut again = Vec::new();
        for ((&at, target), counters) in open.iter().zip(&targets).zip(counters) {
            let count = before.of(target.inum, target.cookie).until(after.of(target.inum, target.cookie));
            let now = counters.map(|counters| Reading { counters, count });
            let last = readings[at].as_ref().and_then(|last| last.as_ref().ok());
            if now.as_ref().is_ok_and(|now| !settled(target, last, now)) {
                again.push(at);
            }
            readings[at] = Some(now);
        }
        open = again;
        if open.is_empty() {
            break;
        }
    }
    let unread = || Err(io::Error::other("not read"));
    held.iter().zip(readings).map(|(held, reading)| (held, reading.unwrap_or_else(unread))).collect()
}

#[cfg(test)]
mod tests;
