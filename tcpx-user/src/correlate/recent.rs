//! Facts that may be asked for a while, by key: the newest so many.

use std::{
    collections::{VecDeque, hash_map},
    hash::Hash,
};

use super::index::Table;

/// Entries of one key. In a storm the kernel gives the same few socket addresses again and again: what happened to one
/// of them so many lives ago is not asked for any more.
const OF_ONE_KEY: usize = 32;

/// A bounded multimap; the oldest entry goes first. Entries stand in one queue as they came, and those of one key are
/// chained through it: a table of keys and one look into it for each entry is all that it takes.
#[derive(Debug)]
pub struct Recent<K, V> {
    entries: VecDeque<Entry<K, V>>,
    /// Place of the first of them: places count all that ever came.
    first: u64,
    chains: Table<K, Chain>,
    limit: usize,
}

#[derive(Debug)]
struct Entry<K, V> {
    key: K,
    /// Time and value; none once its own key has pushed it out.
    seen: Option<(u64, V)>,
    /// Place of the one before it in its chain.
    before: u64,
    /// Place of the one after it in its chain.
    after: u64,
}

/// The entries of one key that are still to be asked for.
#[derive(Debug)]
struct Chain {
    oldest: u64,
    newest: u64,
    len: usize,
}

impl<K: Copy + Eq + Hash, V> Recent<K, V> {
    /// At most `limit` entries.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { entries: VecDeque::new(), first: 0, chains: Table::default(), limit }
    }

    /// Adds an entry of `time`. Returns the time of the one that had to go because there were too many of all keys.
    pub fn insert(&mut self, key: K, time: u64, value: V) -> Option<(u64, K)> {
        let Self { entries, first, chains, .. } = self;
        let place = *first + entries.len() as u64;
        let chain = chains.entry(key).or_insert(Chain { oldest: place, newest: place, len: 0 });
        if chain.len == OF_ONE_KEY
            && let Some(oldest) = entries.get_mut(index(chain.oldest, *first))
        {
            oldest.seen = None;
            chain.oldest = oldest.after;
            chain.len -= 1;
        }
        if let Some(newest) = entries.get_mut(index(chain.newest, *first)) {
            newest.after = place;
        }
        let entry = Entry { key, seen: Some((time, value)), before: chain.newest, after: place };
        (chain.newest, chain.len) = (place, chain.len + 1);
        entries.push_back(entry);
        if self.entries.len() > self.limit { self.forget_oldest() } else { None }
    }

    /// The entries of `key`, oldest first, with their times.
    pub fn get(&self, key: K) -> impl DoubleEndedIterator<Item = &(u64, V)> {
        let (oldest, newest, left) =
            self.chains.get(&key).map_or((0, 0, 0), |chain| (chain.oldest, chain.newest, chain.len));
        Walk { recent: self, oldest, newest, left }
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.chains.clear();
    }

    /// How many there are, with those that their own key pushed out not long ago.
    #[must_use]
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    fn forget_oldest(&mut self) -> Option<(u64, K)> {
        let oldest = self.entries.pop_front()?;
        self.first += 1;
        let (time, _) = oldest.seen?;
        if let hash_map::Entry::Occupied(mut chain) = self.chains.entry(oldest.key) {
            if chain.get().len == 1 {
                chain.remove();
            } else {
                let chain = chain.get_mut();
                (chain.oldest, chain.len) = (oldest.after, chain.len - 1);
            }
        }
        Some((time, oldest.key))
    }
}

/// Where in the queue a place is.
const fn index(place: u64, first: u64) -> usize {
    (place - first) as usize
}

/// A walk through a chain from both ends.
struct Walk<'a, K, V> {
    recent: &'a Recent<K, V>,
    oldest: u64,
    newest: u64,
    left: usize,
}

impl<'a, K, V> Walk<'a, K, V> {
    fn step(&mut self, place: u64) -> Option<&'a Entry<K, V>> {
        self.left = self.left.checked_sub(1)?;
        self.recent.entries.get(index(place, self.recent.first))
    }
}

impl<'a, K, V> Iterator for Walk<'a, K, V> {
    type Item = &'a (u64, V);

    fn next(&mut self) -> Option<Self::Item> {
        let entry = self.step(self.oldest)?;
        self.oldest = entry.after;
        entry.seen.as_ref()
    }
}

impl<K, V> DoubleEndedIterator for Walk<'_, K, V> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let entry = self.step(self.newest)?;
        self.newest = entry.before;
        entry.seen.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What it stands for: a list, without those that are too old and those of which there are too many.
    fn insert_in_list(list: &mut VecDeque<Option<(u8, u64)>>, key: u8, time: u64, limit: usize) {
        let of_key = |entry: &&mut Option<(u8, u64)>| entry.is_some_and(|entry| entry.0 == key);
        if list.iter_mut().filter(of_key).count() == OF_ONE_KEY
            && let Some(oldest) = list.iter_mut().find(of_key)
        {
            *oldest = None;
        }
        list.push_back(Some((key, time)));
        if list.len() > limit {
            list.pop_front();
        }
    }

    proptest! {
        #[test]
        fn a_list_of_the_newest(keys in prop::collection::vec(0..5_u8, 0..300), limit in 0..90_usize) {
            let (mut recent, mut list) = (Recent::new(limit), VecDeque::new());
            for (time, key) in (0..).zip(keys) {
                recent.insert(key, time, time);
                insert_in_list(&mut list, key, time, limit);
                let listed: Vec<u64> = list.iter().flatten().filter(|entry| entry.0 == key).map(|entry| entry.1).collect();
                let (there, mut back): (Vec<_>, Vec<_>) = (
                    recent.get(key).map(|entry| entry.1).collect(),
                    recent.get(key).rev().map(|entry| entry.1).collect(),
                );
                back.reverse();
                prop_assert_eq!((&there, &back), (&listed, &listed));
                prop_assert_eq!(recent.len(), list.len());
            }
        }
    }

    #[test]
    fn the_oldest_goes_first() {
        let mut recent = Recent::new(2);
        assert_eq!(recent.insert(1, 10, 'a'), None);
        assert_eq!(recent.insert(1, 11, 'b'), None);
        assert_eq!(recent.insert(2, 12, 'c'), Some((10, 1)));
        assert_eq!(recent.get(1).map(|entry| entry.1).collect::<String>(), "b");
        assert_eq!(recent.len(), 2);
    }

    #[test]
    fn one_key_does_not_fill_it() {
        let mut recent = Recent::new(4 * OF_ONE_KEY);
        recent.insert(0, 0, 0);
        for time in 1..=3 * OF_ONE_KEY as u64 {
            assert_eq!(recent.insert(1, time, time), None);
        }
        assert_eq!(recent.get(1).count(), OF_ONE_KEY);
        assert_eq!(recent.get(1).next(), Some(&(2 * OF_ONE_KEY as u64 + 1, 2 * OF_ONE_KEY as u64 + 1)));
        for time in 100..200 {
            recent.insert(2, time, time);
        }
        assert_eq!(recent.get(0).count(), 0, "the oldest of all has gone");
        assert!(recent.len() <= 4 * OF_ONE_KEY);
    }
}
