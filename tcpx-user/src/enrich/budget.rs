//! How much time may go into passes over /proc and /sys.
//!
//! Traffic about sockets that nobody holds any more would otherwise keep tcpx scanning. A few passes in a row are
//! free, so that in quiet times nothing is answered late.

use super::clock::boot_now;

/// One part in so many of one CPU, in the long run.
const SHARE: u64 = 10;
/// Saved up at most, ns.
const MOST: u64 = 500_000_000;

/// Time that is left.
#[derive(Debug)]
pub(crate) struct Budget {
    left: u64,
    as_of: u64,
}

impl Budget {
    /// Full at `now` (boot clock).
    pub(crate) const fn new(now: u64) -> Self {
        Self { left: MOST, as_of: now }
    }

    /// Whether a pass may begin at `now`.
    pub(crate) fn allows(&mut self, now: u64) -> bool {
        let earned = now.saturating_sub(self.as_of) / SHARE;
        self.left = self.left.saturating_add(earned).min(MOST);
        self.as_of = self.as_of.max(now);
        self.left > 0
    }

    /// Makes a pass that costs what it takes; `None` if there is no time for it.
    pub(crate) fn pass<T>(&mut self, look: impl FnOnce() -> T) -> Option<T> {
        let began = boot_now();
        if !self.allows(began) {
            return None;
        }
        let found = look();
        self.spend(boot_now().saturating_sub(began));
        Some(found)
    }

    /// A pass took so long.
    pub(crate) fn spend(&mut self, took: u64) {
        self.left = self.left.saturating_sub(took);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenth_of_the_time_comes_back() {
        let mut budget = Budget::new(1_000);
        assert!(budget.allows(1_000));
        budget.spend(MOST * 2);
        assert!(!budget.allows(1_000));
        assert!(!budget.allows(1_009));
        assert!(budget.allows(1_029));
        assert_eq!(budget.left, 2);
        assert!(budget.allows(u64::MAX));
        assert_eq!(budget.left, MOST);
    }
}
