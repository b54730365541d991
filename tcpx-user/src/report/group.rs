//! All lines of one kind with one verdict.

use foldhash::{HashMap, HashMapExt as _};
use serde::Serialize;

use super::{
    Kind, Sample, StratumId, Told,
    tally::{Tally, Top},
    told::Peer,
};
use crate::{line::Confidence, verdict::VerdictId};

/// Names that are counted exactly; comm has 16 bytes.
const PROCESSES: usize = 512;
/// The same, of peers.
const PEERS: usize = 2_048;
/// Names that the page shows.
const SHOWN: usize = 8;

/// What they have in common.
#[derive(Debug)]
pub(super) struct Group {
    count: u64,
    /// Unknown, derived, observed: as [`Confidence`] has them.
    confidence: [u64; 3],
    first: String,
    last: String,
    processes: Tally<String>,
    /// Lines of which no process is known.
    nobody: u64,
    peers: Tally<Peer>,
    strata: HashMap<String, StratumId>,
    /// Of those that have none of their own.
    stratum: Option<StratumId>,
}

/// A group as the page has it.
#[derive(Debug, Serialize)]
pub(super) struct Row<'a> {
    kind: Kind,
    verdict: VerdictId,
    count: u64,
    unknown: u64,
    derived: u64,
    observed: u64,
    first: &'a str,
    last: &'a str,
    processes: Top<String>,
    nobody: u64,
    peers: Top<Peer>,
}

impl Default for Group {
    fn default() -> Self {
        Self {
            count: 0,
            confidence: [0; 3],
            first: String::new(),
            last: String::new(),
            processes: Tally::new(PROCESSES),
            nobody: 0,
            peers: Tally::new(PEERS),
            strata: HashMap::new(),
            stratum: None,
        }
    }
}

impl Group {
    pub(super) const fn count(&self) -> u64 {
        self.count
    }

    pub(super) fn add(&mut self, told: &Told<'_>) {
        self.count += 1;
        self.confidence[rank(told.confidence)] += 1;
        if self.first.is_empty() || told.time < self.first.as_str() {
            told.time.clone_into(&mut self.first);
        }
        if told.time > self.last.as_str() {
            told.time.clone_into(&mut self.last);
        }
        match told.process {
            Some(comm) => self.processes.add(comm),
            None => self.nobody += 1,
        }
        if let Some(peer) = told.peer {
            self.peers.add(&peer);
        }
    }

    /// Takes one back that is told again with another verdict. Its confidence then is not told any more: what can be told again
    /// (a closed port) was as sure as what it is told as now.
    pub(super) fn remove(&mut self, told: &Told<'_>) {
        self.count = self.count.saturating_sub(1);
        let sure = &mut self.confidence[rank(told.confidence)];
        *sure = sure.saturating_sub(1);
        match told.process {
            Some(comm) => self.processes.remove(comm),
            None => self.nobody = self.nobody.saturating_sub(1),
        }
        if let Some(peer) = told.peer {
            self.peers.remove(&peer);
        }
    }

    /// The stratum of a process of this group; those that come when there are `most` share one.
    pub(super) fn stratum(&mut self, process: Option<&str>, sample: &mut Sample, most: usize) -> StratumId {
        let process = process.unwrap_or_default();
        if let Some(&own) = self.strata.get(process) {
            return own;
        }
        if sample.strata() < most {
            let own = sample.stratum();
            self.strata.insert(process.to_owned(), own);
            return own;
        }
        *self.stratum.get_or_insert_with(|| sample.stratum())
    }

    pub(super) fn row(&self, kind: Kind, verdict: VerdictId) -> Row<'_> {
        let [unknown, derived, observed] = self.confidence;
        Row {
            kind,
            verdict,
            count: self.count,
            unknown,
            derived,
            observed,
            first: &self.first,
            last: &self.last,
            processes: self.processes.top(SHOWN),
            nobody: self.nobody,
            peers: self.peers.top(SHOWN),
        }
    }
}

const fn rank(confidence: Confidence) -> usize {
    confidence as usize
}
