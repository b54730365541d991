//! How often each of many names occurred, in bounded memory.

use std::{borrow::Borrow, cmp::Reverse, hash::Hash};

use foldhash::{HashMap, HashMapExt as _};
use serde::Serialize;

/// Exact counts for the names that came first, one count for all others.
///
/// A name that has a count keeps an exact one: what has no room is counted as `others` and never estimated.
#[derive(Debug)]
pub struct Tally<K> {
    counts: HashMap<K, u64>,
    most: usize,
    others: u64,
}

/// The most frequent names, and what is left of the rest.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Top<K> {
    /// The most frequent first.
    pub names: Vec<(K, u64)>,
    /// How many other names have a count.
    pub more_names: u64,
    /// The sum of these counts.
    pub more: u64,
    /// What was counted without a name, as there was no room for more names.
    pub others: u64,
}

impl<K: Eq + Hash + Ord + Clone> Tally<K> {
    /// Counts up to `most` names.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { counts: HashMap::new(), most, others: 0 }
    }

    /// One more. A key is made only for a name that is new.
    pub fn add<Q>(&mut self, name: &Q)
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ToOwned<Owned = K> + ?Sized,
    {
        if let Some(count) = self.counts.get_mut(name) {
            *count += 1;
        } else if self.counts.len() < self.most {
            self.counts.insert(name.to_owned(), 1);
        } else {
            self.others += 1;
        }
    }

    /// One less, of a name that was added before.
    pub fn remove<Q>(&mut self, name: &Q)
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        match self.counts.get_mut(name) {
            Some(1) => drop(self.counts.remove(name)),
            Some(count) => *count -= 1,
            None => self.others = self.others.saturating_sub(1),
        }
    }

    /// The `most` most frequent; names in their order where counts are equal.
    #[must_use]
    pub fn top(&self, most: usize) -> Top<K> {
        let mut all: Vec<_> = self.counts.iter().map(|(name, &count)| (name, count)).collect();
        all.sort_by_key(|&(name, count)| (Reverse(count), name));
        let rest = all.split_off(most.min(all.len()));
        Top {
            names: all.into_iter().map(|(name, count)| (name.clone(), count)).collect(),
            more_names: rest.len() as u64,
            more: rest.iter().map(|&(_, count)| count).sum(),
            others: self.others,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(most: usize, names: &[&str]) -> Tally<String> {
        let mut tally = Tally::new(most);
        for name in names {
            tally.add(*name);
        }
        tally
    }

    #[test]
    fn the_most_frequent_come_first_and_the_rest_is_summed() {
        let top = tally(9, &["a", "c", "b", "c", "d"]).top(2);
        let names = vec![("c".to_owned(), 2), ("a".to_owned(), 1)];
        assert_eq!(top, Top { names, more_names: 2, more: 2, others: 0 });
    }

    #[test]
    fn counts_stay_exact_when_there_is_no_room_for_more_names() {
        let top = tally(2, &["a", "b", "c", "a", "d", "c", "b", "a"]).top(9);
        let names = vec![("a".to_owned(), 3), ("b".to_owned(), 2)];
        assert_eq!(top, Top { names, more_names: 0, more: 0, others: 3 });
    }

    #[test]
    fn what_was_added_can_be_removed() {
        let mut tally = tally(1, &["a", "a", "b"]);
        tally.remove("a");
        tally.remove("b");
        assert_eq!(tally.top(9).names, [("a".to_owned(), 1)]);
        assert_eq!(tally.top(9).others, 0);
        tally.remove("a");
        tally.add("b");
        assert_eq!(tally.top(9).names, [("b".to_owned(), 1)], "its room is free again");
    }
}
