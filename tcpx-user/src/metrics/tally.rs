//! Counts by a small key: no text is made for a line that is like one before.

use std::{collections::HashMap, hash::Hash};

use foldhash::fast::RandomState;

use super::family::Labels;

#[derive(Debug)]
pub(super) struct Tally<K>(HashMap<K, u64, RandomState>);

impl<K> Default for Tally<K> {
    fn default() -> Self {
        Self(HashMap::default())
    }
}

impl<K: Eq + Hash> Tally<K> {
    pub(super) fn add(&mut self, key: K, count: u64) {
        *self.0.entry(key).or_default() += count;
    }

    /// With labels, in their order, so that the same counts are the same text.
    pub(super) fn points(&self, labels: impl Fn(&K) -> Labels) -> Vec<(Labels, u64)> {
        let mut points: Vec<_> = self.0.iter().map(|(key, count)| (labels(key), *count)).collect();
        points.sort_unstable();
        points
    }
}
