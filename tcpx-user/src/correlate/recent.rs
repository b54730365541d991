//! Facts that may be asked for a while, by key: the newest so many.

use std::{collections::VecDeque, hash::Hash};

use smallvec::SmallVec;

use super::index::Table;

/// Entries of one key. In a storm the kernel gives the same few socket addresses again and again: what happened to one
/// of them so many lives ago is not asked for any more.
const OF_ONE_KEY: usize = 32;

/// A bounded multimap; the oldest entry goes first.
#[derive(Debug)]
pub struct Recent<K, V> {
    entries: Table<K, SmallVec<[(u64, V); 1]>>,
    /// Times and keys as they came; those of entries that their own key pushed out are still here.
    order: VecDeque<(u64, K)>,
    pushed_out: Table<K, usize>,
    limit: usize,
}

impl<K: Copy + Eq + Hash, V> Recent<K, V> {
    /// At most `limit` entries.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { entries: Table::default(), order: VecDeque::new(), pushed_out: Table::default(), limit }
    }

    /// Adds an entry of `time`. Returns the time of the one that had to go because there were too many of all keys.
    pub fn insert(&mut self, key: K, time: u64, value: V) -> Option<(u64, K)> {
        let list = self.entries.entry(key).or_default();
        if list.len() == OF_ONE_KEY {
            list.remove(0);
            *self.pushed_out.entry(key).or_default() += 1;
        }
        list.push((time, value));
        self.order.push_back((time, key));
        if self.order.len() > self.limit { self.forget_oldest() } else { None }
    }

    /// The entries of `key`, oldest first, with their times.
    pub fn get(&self, key: K) -> impl DoubleEndedIterator<Item = &(u64, V)> {
        self.entries.get(&key).into_iter().flatten()
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.order.clear();
        self.pushed_out.clear();
    }

    /// How many there are, with those that their own key pushed out not long ago.
    #[must_use]
    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    fn forget_oldest(&mut self) -> Option<(u64, K)> {
        let oldest = self.order.pop_front()?;
        if let Some(gone) = self.pushed_out.get_mut(&oldest.1) {
            *gone -= 1;
            if *gone == 0 {
                self.pushed_out.remove(&oldest.1);
            }
            return None;
        }
        if let Some(list) = self.entries.get_mut(&oldest.1) {
            list.remove(0);
            if list.is_empty() {
                self.entries.remove(&oldest.1);
            }
        }
        Some(oldest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
