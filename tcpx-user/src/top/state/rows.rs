//! The rows of a list, in the order that was asked for, and the one that is picked.

use std::{cmp::Ordering, hash::Hash, rc::Rc};

use super::{State, Tab};
use crate::{
    top::model::{Item, Others, Peer, ProcessKey, Ranking, Row},
    verdict::VerdictId,
};

/// What tables are sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// First column.
    Name,
    /// In the last second.
    Second,
    /// In the last ten.
    TenSeconds,
    /// In the last sixty.
    Minute,
    /// Since the start.
    Total,
}

impl Column {
    /// From left to right.
    pub const ALL: [Self; 5] = [Self::Name, Self::Second, Self::TenSeconds, Self::Minute, Self::Total];

    pub(super) fn step(self, by: isize) -> Self {
        let many = Self::ALL.len().cast_signed();
        let at = (self as isize + by).rem_euclid(many);
        Self::ALL[at.cast_unsigned()]
    }
}

/// Order of the tables: numbers from the largest, names from A, unless reversed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    /// By this.
    pub column: Column,
    /// The other way round.
    pub reversed: bool,
}

/// A row, by what it is about, so that it stays picked when rows move.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Pick {
    /// A verdict.
    Verdict(VerdictId),
    /// A process.
    Process(Option<ProcessKey>),
    /// Processes of one name.
    Name(Option<String>),
    /// Another end.
    Peer(Option<Peer>),
    /// A result.
    Item(u64),
}

impl Pick {
    /// Whether the result was counted in this row.
    #[must_use]
    pub fn holds(&self, item: &Item) -> bool {
        match self {
            Self::Verdict(verdict) => item.verdict() == *verdict,
            Self::Process(process) => item.process == *process,
            Self::Name(name) => item.process.as_ref().map(|process| &process.comm) == name.as_ref(),
            Self::Peer(peer) => item.peer == *peer,
            Self::Item(seq) => item.seq == *seq,
        }
    }
}

/// A row of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableRow {
    /// What it is about.
    pub pick: Pick,
    /// In the last second, ten seconds, sixty seconds, and in all.
    pub counts: [u64; 4],
    /// The total may be higher.
    pub at_least: bool,
    /// Verdict of the latest.
    pub latest: VerdictId,
}

impl State {
    /// The rows of the table that is shown, and what was dropped from it; the latest results are no table.
    #[must_use]
    pub fn table(&self) -> (Vec<TableRow>, Others) {
        let (model, _) = self.shown();
        let (mut rows, others) = match (self.tab, self.by_name) {
            (Tab::Verdicts, _) => self.of(&model.verdicts, |key| Pick::Verdict(*key)),
            (Tab::Processes, false) => self.of(&model.processes, |key| Pick::Process(key.clone())),
            (Tab::Processes, true) => self.of(&model.names, |key| Pick::Name(key.clone())),
            (Tab::Peers, _) => self.of(&model.peers, |key| Pick::Peer(*key)),
            (Tab::Latest, _) => (Vec::new(), Others::default()),
        };
        rows.sort_by(|one, other| self.order(one, other));
        (rows, others)
    }

    fn of<K: Clone + Eq + Hash + Ord>(
        &self,
        ranking: &Ranking<K>,
        pick: impl Fn(&K) -> Pick,
    ) -> (Vec<TableRow>, Others) {
        let rows = ranking.rows().map(|(key, row)| TableRow {
            pick: pick(key),
            counts: self.counts(row),
            at_least: row.at_least,
            latest: row.latest,
        });
        (rows.filter(|row| row.counts[3] > 0).collect(), ranking.others())
    }

    fn counts(&self, row: &Row) -> [u64; 4] {
        let now = self.shown().1;
        let worked = |count: u64| if self.all { count } else { 0 };
        let last = |seconds| row.failed.last(seconds, now) + worked(row.worked.last(seconds, now));
        [last(1), last(10), last(60), row.failed.total() + worked(row.worked.total())]
    }

    /// What is equal stands by its total, then by its name.
    fn order(&self, one: &TableRow, other: &TableRow) -> Ordering {
        let Sort { column, reversed } = self.sort;
        let count = |row: &TableRow| row.counts[(column as usize).saturating_sub(1)];
        let asked = match column {
            Column::Name => one.pick.cmp(&other.pick),
            _ => count(other).cmp(&count(one)),
        };
        let asked = if reversed { asked.reverse() } else { asked };
        asked.then(other.counts[3].cmp(&one.counts[3])).then(one.pick.cmp(&other.pick))
    }

    /// The latest results, newest first, within the row that was opened.
    #[must_use]
    pub fn latest(&self) -> Vec<Rc<Item>> {
        let (model, _) = self.shown();
        let wanted = |item: &&Rc<Item>| self.within.as_ref().is_none_or(|within| within.holds(item));
        model.latest.newest(self.all).filter(wanted).map(Rc::clone).collect()
    }

    /// The latest results of one row, newest first.
    #[must_use]
    pub fn latest_of(&self, row: &Pick, most: usize) -> Vec<Rc<Item>> {
        let (model, _) = self.shown();
        let items = model.latest.newest(self.all).filter(|item| row.holds(item));
        items.take(most).map(Rc::clone).collect()
    }

    /// What stands in the rows of the list that is shown.
    #[must_use]
    pub fn picks(&self) -> Vec<Pick> {
        match self.tab {
            Tab::Latest => self.latest().iter().map(|item| Pick::Item(item.seq)).collect(),
            _ => self.table().0.into_iter().map(|row| row.pick).collect(),
        }
    }

    /// The row of `picks` that is picked: the first until another was.
    #[must_use]
    pub fn at(&self, picks: &[Pick]) -> usize {
        let picked = self.picked[self.tab as usize].as_ref();
        picked.and_then(|picked| picks.iter().position(|pick| pick == picked)).unwrap_or(0)
    }

    /// Picks the row that is so many below.
    pub(super) fn step(&mut self, by: isize) {
        let picks = self.picks();
        let at = self.at(&picks).saturating_add_signed(by).min(picks.len().saturating_sub(1));
        // The top stays the top when others take it.
        self.picked[self.tab as usize] = if at == 0 { None } else { picks.get(at).cloned() };
    }
}
