//! A map that forgets what it learned first: nothing that traffic can fill grows without bound.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
};

use foldhash::fast::RandomState;

/// A bounded map. First in, first out: recency would cost a write on each read, and what is still needed is
/// learned again.
#[derive(Debug)]
pub(crate) struct Cache<K, V> {
    /// Hashed with a seed: some keys come from the network.
    map: HashMap<K, V, RandomState>,
    order: VecDeque<K>,
    capacity: usize,
}

impl<K: Clone + Eq + Hash, V> Cache<K, V> {
    /// Room for `capacity` entries.
    pub(crate) fn new(capacity: usize) -> Self {
        Self { map: HashMap::default(), order: VecDeque::new(), capacity: capacity.max(1) }
    }

    /// What is known of `key`.
    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.map.get(key)
    }

    /// The entry of `key`, made if it is new; the oldest entry goes when there is no room.
    pub(crate) fn entry(&mut self, key: K, new: impl FnOnce() -> V) -> &mut V {
        if !self.map.contains_key(&key) {
            if self.order.len() == self.capacity
                && let Some(oldest) = self.order.pop_front()
            {
                self.map.remove(&oldest);
            }
            self.order.push_back(key.clone());
        }
        self.map.entry(key).or_insert_with(new)
    }

    /// Sets the entry of `key`.
    pub(crate) fn insert(&mut self, key: K, value: V) {
        let mut value = Some(value);
        let slot = self.entry(key, || value.take().expect("the entry is made once"));
        if let Some(value) = value {
            *slot = value;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_goes_first_and_a_second_insert_takes_no_room() {
        let mut cache = Cache::new(2);
        cache.insert(1, 'a');
        cache.insert(1, 'b');
        cache.insert(2, 'c');
        assert_eq!(cache.get(&1), Some(&'b'));
        cache.insert(3, 'd');
        assert_eq!((cache.get(&1), cache.get(&2), cache.get(&3)), (None, Some(&'c'), Some(&'d')));
        assert_eq!(cache.map.len(), cache.order.len());
    }
}
