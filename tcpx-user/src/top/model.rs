//! What is counted: pure, in bounded memory, with time passed in as seconds.

pub mod item;
pub mod latest;
pub mod ranking;
pub mod windows;

use std::{collections::BTreeMap, rc::Rc};

pub use item::{Item, Peer, ProcessKey};
pub use latest::Latest;
pub use ranking::{Others, Ranking, Row};
pub use windows::Windows;

use crate::{line::Loss, verdict::VerdictId};

/// How many failed and how many worked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Told without being asked.
    pub failed: u64,
    /// Told with `--all`.
    pub worked: u64,
}

/// Counts of all results since the start.
#[derive(Clone, Debug)]
pub struct Model {
    /// Second of the first result, or of the start.
    pub since: Option<u64>,
    /// What failed.
    pub failed: Windows,
    /// What worked.
    pub worked: Windows,
    /// By verdict.
    pub verdicts: Ranking<VerdictId>,
    /// By process.
    pub processes: Ranking<Option<ProcessKey>>,
    /// By the name of the process.
    pub names: Ranking<Option<String>>,
    /// By the other end.
    pub peers: Ranking<Option<Peer>>,
    /// The latest.
    pub latest: Latest,
}

impl Default for Model {
    fn default() -> Self {
        Self {
            since: None,
            failed: Windows::default(),
            worked: Windows::default(),
            // There are fewer than that.
            verdicts: Ranking::new(VerdictId::ALL.len()),
            processes: Ranking::new(ranking::MOST),
            names: Ranking::new(ranking::MOST),
            peers: Ranking::new(ranking::MOST),
            latest: Latest::default(),
        }
    }
}

impl Model {
    /// Counts one result. One that was told before moves to its new verdict.
    pub fn take(&mut self, item: &Rc<Item>) {
        match item.was() {
            Some(was) => self.retell(item, was),
            None => self.count(item),
        }
        self.latest.push(Rc::clone(item));
    }

    fn count(&mut self, item: &Item) {
        let &Item { second, worked, peer, .. } = item;
        let verdict = item.verdict();
        self.since.get_or_insert(second);
        if worked { &mut self.worked } else { &mut self.failed }.add(second);
        self.verdicts.add(verdict, worked, verdict, second);
        self.names.add(name(item), worked, verdict, second);
        self.processes.add(item.process.clone(), worked, verdict, second);
        self.peers.add(peer, worked, verdict, second);
    }

    fn retell(&mut self, item: &Item, was: VerdictId) {
        let verdict = item.verdict();
        let before = self.latest.remove(item.id());
        let second = before.as_ref().map_or(0, |before| before.second);
        self.verdicts.take_back(&was, item.worked, second);
        self.verdicts.add(verdict, item.worked, verdict, item.second);
        self.names.retell(&name(item), was, verdict);
        self.processes.retell(&item.process, was, verdict);
        self.peers.retell(&item.peer, was, verdict);
    }

    /// All results since the start.
    #[must_use]
    pub const fn total(&self) -> Tally {
        Tally { failed: self.failed.total(), worked: self.worked.total() }
    }
}

fn name(item: &Item) -> Option<String> {
    item.process.as_ref().map(|process| process.comm.clone())
}

/// What was lost, so that something may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// Records lost in the kernel.
    pub kernel: u64,
    /// Records lost in tcpx.
    pub user: u64,
    /// By hook: hooks are few.
    pub hooks: BTreeMap<String, u64>,
    /// Firings that the kernel passed over, where it counts them.
    pub missed: u64,
}

impl Losses {
    /// Records were lost.
    pub fn add(&mut self, loss: &Loss) {
        *if loss.stage == "kernel" { &mut self.kernel } else { &mut self.user } += loss.count;
        *self.hooks.entry(loss.hook.clone()).or_default() += loss.count;
    }

    /// Nothing was.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests;
