//! How many in the last seconds, and in all.

/// Seconds that are remembered: more than the longest window, so that the running second has a place of its own.
const KEPT: u64 = 64;

/// Counts by second. Seconds are passed in; they may come late, and those that come too late count in the total only.
#[derive(Clone, Debug)]
pub struct Windows {
    /// By second, modulo [`KEPT`].
    seconds: [u32; KEPT as usize],
    /// The latest second that something was counted in.
    newest: u64,
    total: u64,
}

impl Default for Windows {
    fn default() -> Self {
        Self { seconds: [0; KEPT as usize], newest: 0, total: 0 }
    }
}

impl Windows {
    /// One more, in this second.
    pub fn add(&mut self, second: u64) {
        self.total += 1;
        self.advance(second);
        if let Some(count) = self.at(second) {
            *count = count.saturating_add(1);
        }
    }

    /// One less: what was counted in this second was something else.
    pub fn take_back(&mut self, second: u64) {
        self.total = self.total.saturating_sub(1);
        if let Some(count) = self.at(second) {
            *count = count.saturating_sub(1);
        }
    }

    /// All that was counted.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// Those of the last `seconds` whole seconds before `now`; 60 at most.
    #[must_use]
    pub fn last(&self, seconds: u64, now: u64) -> u64 {
        let first = now.saturating_sub(seconds).max((self.newest + 1).saturating_sub(KEPT));
        let seconds = first..now.min(self.newest + 1);
        seconds.map(|second| u64::from(self.seconds[index(second)])).sum()
    }

    fn at(&mut self, second: u64) -> Option<&mut u32> {
        let kept = second <= self.newest && self.newest - second < KEPT;
        kept.then(|| &mut self.seconds[index(second)])
    }

    /// Makes room for the seconds up to this one.
    fn advance(&mut self, second: u64) {
        if second <= self.newest {
            return;
        }
        let first = (self.newest + 1).max((second + 1).saturating_sub(KEPT));
        (first..=second).for_each(|second| self.seconds[index(second)] = 0);
        self.newest = second;
    }
}

const fn index(second: u64) -> usize {
    (second % KEPT) as usize
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn whole_seconds_count_and_the_running_one_does_not() {
        let mut windows = Windows::default();
        for second in [100, 100, 101, 103] {
            windows.add(second);
        }
        let last = |seconds, now| windows.last(seconds, now);
        assert_eq!((last(1, 103), last(10, 103), last(1, 104), last(60, 104)), (0, 3, 1, 4));
        assert_eq!((last(60, 160), last(60, 161), last(60, 1_000)), (4, 2, 0));
        assert_eq!(windows.total(), 4);
    }

    #[test]
    fn a_count_is_taken_back_where_it_stands() {
        let mut windows = Windows::default();
        windows.add(100);
        windows.add(101);
        windows.take_back(100);
        assert_eq!((windows.last(60, 102), windows.total()), (1, 1));
    }

    proptest! {
        #[test]
        fn as_a_list_of_seconds_would_say(
            seconds in prop::collection::vec(1_000_u64..1_200, 0..200),
            window in 1_u64..=60,
        ) {
            let mut windows = Windows::default();
            for &second in &seconds { windows.add(second); }
            let now = seconds.iter().max().map_or(0, |newest| newest + 1);
            let expected = seconds.iter().filter(|&&second| second + window >= now).count();
            // Late ones lie within what is kept, or count in the total only.
            prop_assert!(windows.last(window, now) <= expected as u64);
            let in_order = { let mut s = seconds.clone(); s.sort_unstable(); s };
            let mut ordered = Windows::default();
            for &second in &in_order { ordered.add(second); }
            prop_assert_eq!(ordered.last(window, now), expected as u64);
            prop_assert_eq!(windows.total(), seconds.len() as u64);
        }
    }
}
