//! Counts by process, by peer: of so many that come, a bounded number is kept one by one.
//!
//! Where the table is full, a quarter of its rows goes: those with the fewest results, of these the ones longest without any.
//! What they counted stays in [`Others`], so that the sum over all is exact. A row that comes after that may have been there
//! before: its total is a lower bound, and it says so.

use std::{
    cmp::Reverse,
    collections::{HashMap, hash_map::Entry},
    hash::Hash,
};

use super::{Tally, Windows};
use crate::verdict::VerdictId;

/// Rows that are kept one by one.
pub const MOST: usize = 1000;

/// What is counted of one process, peer or verdict.
#[derive(Clone, Debug)]
pub struct Row {
    /// What failed.
    pub failed: Windows,
    /// What worked.
    pub worked: Windows,
    /// Verdict of the latest result.
    pub latest: VerdictId,
    /// Its second.
    pub seen: u64,
    /// The total may be higher: others were dropped before this row began.
    pub at_least: bool,
}

impl Row {
    fn total(&self) -> u64 {
        self.failed.total() + self.worked.total()
    }
}

/// Rows that were dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Others {
    /// How often a row was dropped; the same one may have been more than once.
    pub rows: u64,
    /// What they had counted.
    pub results: Tally,
}

/// A bounded table of rows.
#[derive(Clone, Debug)]
pub struct Ranking<K> {
    rows: HashMap<K, Row>,
    others: Others,
    most: usize,
}

impl<K: Clone + Eq + Hash + Ord> Ranking<K> {
    /// An empty one that keeps `most` rows.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { rows: HashMap::new(), others: Others::default(), most }
    }

    /// Counts one result.
    pub fn add(&mut self, key: K, worked: bool, verdict: VerdictId, second: u64) {
        if self.rows.len() >= self.most && !self.rows.contains_key(&key) {
            self.shrink();
        }
        let at_least = self.others.rows > 0;
        let row = match self.rows.entry(key) {
            Entry::Occupied(row) => row.into_mut(),
            Entry::Vacant(free) => free.insert(Row {
                failed: Windows::default(),
                worked: Windows::default(),
                latest: verdict,
                seen: second,
                at_least,
            }),
        };
        if worked { &mut row.worked } else { &mut row.failed }.add(second);
        (row.latest, row.seen) = (verdict, row.seen.max(second));
    }

    /// The latest result of this row got another verdict.
    pub fn retell(&mut self, key: &K, was: VerdictId, verdict: VerdictId) {
        if let Some(row) = self.rows.get_mut(key).filter(|row| row.latest == was) {
            row.latest = verdict;
        }
    }

    /// A result of this row was counted in this second and belongs to another.
    pub fn take_back(&mut self, key: &K, worked: bool, second: u64) {
        let Some(row) = self.rows.get_mut(key) else { return };
        if worked { &mut row.worked } else { &mut row.failed }.take_back(second);
        if row.total() == 0 {
            self.rows.remove(key);
        }
    }

    /// The rows, in no order.
    pub fn rows(&self) -> impl Iterator<Item = (&K, &Row)> {
        self.rows.iter()
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Nothing was counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// What was dropped.
    #[must_use]
    pub const fn others(&self) -> Others {
        self.others
    }

    fn shrink(&mut self) {
        let drop = (self.most / 4).max(1).min(self.rows.len());
        let mut keys: Vec<_> =
            self.rows.iter().map(|(key, row)| (row.total(), row.seen, Reverse(key.clone()))).collect();
        if drop < keys.len() {
            keys.select_nth_unstable(drop);
        }
        for (_, _, Reverse(key)) in keys.into_iter().take(drop) {
            let Some(row) = self.rows.remove(&key) else { continue };
            self.others.rows += 1;
            self.others.results.failed += row.failed.total();
            self.others.results.worked += row.worked.total();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(ranking: &mut Ranking<u32>, key: u32, second: u64) {
        ranking.add(key, false, VerdictId::ClosedPort, second);
    }

    #[test]
    fn a_flood_of_new_ones_neither_grows_it_nor_drives_out_what_counts() {
        let mut ranking = Ranking::new(100);
        for _ in 0..50 {
            add(&mut ranking, 7, 1);
        }
        for key in 1_000..101_000 {
            add(&mut ranking, key, 2);
            assert!(ranking.len() <= 100);
        }
        let (_, row) = ranking.rows().find(|(key, _)| **key == 7).expect("kept");
        assert_eq!((row.failed.total(), row.at_least), (50, false));
        let kept: u64 = ranking.rows().map(|(_, row)| row.failed.total()).sum();
        assert_eq!(kept + ranking.others().results.failed, 100_050, "the sum is exact");
    }

    #[test]
    fn who_comes_back_says_at_least() {
        let mut ranking = Ranking::new(4);
        (1..=5).for_each(|key| add(&mut ranking, key, u64::from(key)));
        assert_eq!(ranking.others(), Others { rows: 1, results: Tally { failed: 1, worked: 0 } });
        add(&mut ranking, 1, 9);
        let (_, row) = ranking.rows().find(|(key, _)| **key == 1).expect("back");
        assert!(row.at_least);
        assert!(ranking.rows().find(|(key, _)| **key == 4).is_some_and(|(_, row)| !row.at_least));
    }
}
