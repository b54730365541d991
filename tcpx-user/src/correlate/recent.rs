//! Facts that may be asked for a while, by key: the newest so many.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// A bounded multimap; the oldest entry goes first.
#[derive(Debug)]
pub struct Recent<K, V> {
    entries: HashMap<K, Vec<(u64, V)>>,
    order: VecDeque<(u64, K)>,
    limit: usize,
}

impl<K: Copy + Eq + Hash, V> Recent<K, V> {
    /// At most `limit` entries.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { entries: HashMap::new(), order: VecDeque::new(), limit }
    }

    /// Adds an entry of `time`. Returns the time of the one that had to go.
    pub fn insert(&mut self, key: K, time: u64, value: V) -> Option<(u64, K)> {
        self.entries.entry(key).or_default().push((time, value));
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
    }

    /// How many there are.
    #[must_use]
    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    fn forget_oldest(&mut self) -> Option<(u64, K)> {
        let oldest = self.order.pop_front()?;
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
}
