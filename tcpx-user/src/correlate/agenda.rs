//! What is due when: a set in the order of time, made for entries that nearly all come in that order.

use std::collections::{BTreeSet, VecDeque};

/// A time, and the id of what waits for it.
pub(super) type Entry = (u64, u64);

/// Entries, each once.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    /// Those that came in order.
    row: VecDeque<Entry>,
    /// Those that came before one that was there, or may have others come before them.
    others: BTreeSet<Entry>,
}

impl Agenda {
    /// Adds one that is likely to be the last of all.
    pub(super) fn append(&mut self, entry: Entry) {
        match self.row.back() {
            Some(last) if *last == entry => {}
            Some(last) if *last > entry => self.insert(entry),
            _ => self.row.push_back(entry),
        }
    }

    /// Adds one of which that is not said.
    pub(super) fn insert(&mut self, entry: Entry) {
        self.others.insert(entry);
    }

    /// Takes out the first, if its time has come.
    pub(super) fn pop_due(&mut self, now: u64) -> Option<Entry> {
        let (row, other) = (self.row.front().copied(), self.others.first().copied());
        let first = row.into_iter().chain(other).min().filter(|entry| entry.0 <= now)?;
        if row == Some(first) {
            self.row.pop_front();
        }
        if other == Some(first) {
            self.others.pop_first();
        }
        Some(first)
    }

    /// Keeps those that are `live`.
    pub(super) fn retain(&mut self, live: impl Fn(u64) -> bool) {
        self.row.retain(|entry| live(entry.1));
        self.others.retain(|entry| live(entry.1));
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        self.row.clear();
        self.others.clear();
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.row.len() + self.others.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_set_in_order(steps in prop::collection::vec((0..3_u8, 0..9_u64, 0..4_u64), 0..60)) {
            let (mut agenda, mut set) = (Agenda::default(), BTreeSet::new());
            for (step, time, id) in steps {
                match step {
                    0 => agenda.append((time, id)),
                    1 => agenda.insert((time, id)),
                    _ => {
                        while let Some(first) = set.first().copied().filter(|first: &Entry| first.0 <= time) {
                            set.pop_first();
                            prop_assert_eq!(agenda.pop_due(time), Some(first));
                        }
                        prop_assert_eq!(agenda.pop_due(time), None);
                        continue;
                    }
                }
                set.insert((time, id));
            }
            agenda.retain(|id| id != 0);
            set.retain(|entry| entry.1 != 0);
            let rest: Vec<_> = std::iter::from_fn(|| agenda.pop_due(u64::MAX)).collect();
            prop_assert_eq!(rest, set.into_iter().collect::<Vec<_>>());
        }
    }
}
