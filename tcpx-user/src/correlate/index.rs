//! Which entries have a key: most keys have one.

use std::{
    collections::{HashMap, hash_map},
    hash::Hash,
};

use foldhash::fast::RandomState;
use smallvec::SmallVec;

/// A table whose keys come from the network: hashed with a seed, so that nobody can choose keys that meet.
pub(super) type Table<K, V> = HashMap<K, V, RandomState>;

/// Numbers of entries by a key that several may have.
#[derive(Debug)]
pub(super) struct Index<K>(Table<K, SmallVec<[u64; 2]>>);

impl<K> Default for Index<K> {
    fn default() -> Self {
        Self(Table::default())
    }
}

impl<K: Eq + Hash> Index<K> {
    /// The entries with this key, in the order in which they were put in.
    #[must_use]
    pub(super) fn of(&self, key: &K) -> &[u64] {
        self.0.get(key).map_or(&[], SmallVec::as_slice)
    }

    /// An entry has the key, if it was not known to have it.
    pub(super) fn insert(&mut self, key: K, id: u64) {
        let ids = self.0.entry(key).or_default();
        if !ids.contains(&id) {
            ids.push(id);
        }
    }

    /// An entry has the key no more.
    pub(super) fn remove(&mut self, key: K, id: u64) {
        if let hash_map::Entry::Occupied(mut ids) = self.0.entry(key) {
            ids.get_mut().retain(|other| *other != id);
            if ids.get().is_empty() {
                ids.remove();
            }
        }
    }
}
