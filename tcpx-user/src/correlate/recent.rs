//! Facts that may be asked for a while, by key: the newest so many.

use std::{
    collections::{VecDeque, hash_map},
    hash::Hash,
};

use smallvec::SmallVec;

use super::index::Table;

/// Entries of one key. In a storm the kernel gives the same few socket addresses again and again: what happened to one
/// of them so many lives ago is not asked for any more.
const OF_ONE_KEY: usize = 32;

/// A bounded multimap; the oldest entry goes first.
#[derive(Debug)]
pub struct Recent<K, V> {
    entries: Table<K, Own<V>>,
    /// Keys as they came; those of entries that their own key pushed out are still here.
    order: VecDeque<K>,
    limit: usize,
}

/// The entries of one key, with their times.
#[derive(Debug)]
struct Own<V> {
    /// As they came, but once there are [`OF_ONE_KEY`] of them, a new one takes the place of the oldest.
    list: SmallVec<[(u64, V); 1]>,
    /// Where the oldest is.
    oldest: usize,
    /// How many were pushed out that are still in the order of all.
    pushed_out: usize,
}

impl<K: Copy + Eq + Hash, V> Recent<K, V> {
    /// At most `limit` entries.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { entries: Table::default(), order: VecDeque::new(), limit }
    }

    /// Adds an entry of `time`. Returns the time of the one that had to go because there were too many of all keys.
    pub fn insert(&mut self, key: K, time: u64, value: V) -> Option<(u64, K)> {
        self.entries.entry(key).or_default().push((time, value));
        self.order.push_back(key);
        if self.order.len() > self.limit { self.forget_oldest() } else { None }
    }

    /// The entries of `key`, oldest first, with their times.
    pub fn get(&self, key: K) -> impl DoubleEndedIterator<Item = &(u64, V)> {
        self.entries.get(&key).into_iter().flat_map(Own::in_order)
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.order.clear();
    }

    /// How many there are, with those that their own key pushed out not long ago.
    #[must_use]
    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    fn forget_oldest(&mut self) -> Option<(u64, K)> {
        let key = self.order.pop_front()?;
        let hash_map::Entry::Occupied(mut own) = self.entries.entry(key) else { return None };
        let (time, _) = own.get_mut().forget_oldest()?;
        if own.get().list.is_empty() {
            own.remove();
        }
        Some((time, key))
    }
}

impl<V> Default for Own<V> {
    fn default() -> Self {
        Self { list: SmallVec::new(), oldest: 0, pushed_out: 0 }
    }
}

impl<V> Own<V> {
    fn push(&mut self, entry: (u64, V)) {
        if self.list.len() < OF_ONE_KEY {
            // Where some were forgotten, the oldest is the first again.
            self.list.push(entry);
        } else {
            self.list[self.oldest] = entry;
            self.oldest = (self.oldest + 1) % OF_ONE_KEY;
            self.pushed_out += 1;
        }
    }

    /// The oldest of those in the order of all; `None` if it was pushed out before.
    fn forget_oldest(&mut self) -> Option<(u64, V)> {
        if self.pushed_out > 0 {
            self.pushed_out -= 1;
            return None;
        }
        self.list.rotate_left(self.oldest);
        self.oldest = 0;
        (!self.list.is_empty()).then(|| self.list.remove(0))
    }

    fn in_order(&self) -> impl DoubleEndedIterator<Item = &(u64, V)> {
        let (newer, older) = self.list.split_at(self.oldest);
        older.iter().chain(newer)
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
