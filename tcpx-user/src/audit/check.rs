//! The arithmetic of the comparison.

use std::collections::HashMap;

use tcpx_common::event::{NetnsKey, NetnsResets};

/// tcpx's count of resets at some moment between two readings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    low: u64,
    high: u64,
}

impl Count {
    pub(crate) const fn exactly(count: u64) -> Self {
        Self { low: count, high: count }
    }

    /// From this reading to a later one.
    pub(crate) fn until(self, later: Self) -> Self {
        Self { low: self.low.min(later.low), high: self.high.max(later.high) }
    }

    /// How far it rose since `start`, at least and at most.
    pub(crate) fn since(self, start: Self) -> Self {
        Self { low: self.low.saturating_sub(start.high), high: self.high.saturating_sub(start.low) }
    }
}

/// How far the kernel's number is from what tcpx counted; 0 if it may be equal.
pub(crate) const fn distance(kernel: u64, counted: Count) -> u64 {
    if kernel < counted.low { counted.low - kernel } else { kernel.saturating_sub(counted.high) }
}

/// Counts of all namespaces at one moment.
#[derive(Debug)]
pub(crate) struct Tally(HashMap<u32, Vec<(NetnsKey, u64)>>);

impl Tally {
    pub(crate) fn new(counted: Vec<(NetnsKey, NetnsResets)>) -> Self {
        let mut tally = HashMap::<u32, Vec<_>>::new();
        for (key, resets) in counted {
            tally.entry(key.inum).or_default().push((key, resets.replies + resets.active));
        }
        Self(tally)
    }

    /// Whether `key` is that namespace. Without a cookie on either side the inode number has to do.
    pub(crate) fn is_of(key: &NetnsKey, inum: u32, cookie: Option<u64>) -> bool {
        key.inum == inum && (key.cookie == 0 || cookie.is_none_or(|cookie| cookie == key.cookie))
    }

    /// What was counted under this very key.
    pub(crate) fn exactly_of(&self, key: &NetnsKey) -> u64 {
        let keys = self.0.get(&key.inum).into_iter().flatten();
        keys.filter(|(known, _)| known == key).map(|(_, count)| count).sum()
    }

    pub(crate) fn of(&self, inum: u32, cookie: Option<u64>) -> Count {
        let keys = self.0.get(&inum).into_iter().flatten();
        Count::exactly(keys.filter(|(key, _)| Self::is_of(key, inum, cookie)).map(|(_, count)| count).sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_is_to_the_nearer_end() {
        let counted = Count::exactly(3).until(Count::exactly(5));
        for (kernel, expected) in [(1, 2), (3, 0), (4, 0), (5, 0), (7, 2)] {
            assert_eq!(distance(kernel, counted), expected, "{kernel}");
        }
    }

    #[test]
    fn doubt_at_the_start_and_at_the_end_adds_up() {
        let start = Count { low: 2, high: 3 };
        let end = Count { low: 10, high: 11 };
        assert_eq!(end.since(start), Count { low: 7, high: 9 });
    }

    #[test]
    fn a_namespace_is_told_from_its_predecessor_by_its_cookie() {
        let entry = |cookie, replies, active| {
            (NetnsKey { cookie, inum: 7, reserved: 0 }, NetnsResets { replies, active })
        };
        let tally = Tally::new(vec![entry(1, 5, 0), entry(2, 1, 2), entry(0, 0, 1)]);
        assert_eq!(tally.of(7, Some(2)), Count::exactly(4));
        assert_eq!(tally.of(7, None), Count::exactly(9));
        assert_eq!(tally.of(8, None), Count::default());
    }
}
