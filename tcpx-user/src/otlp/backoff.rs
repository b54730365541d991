//! How long to wait before a request is sent again.

use std::{
    hash::{BuildHasher as _, RandomState},
    time::Duration,
};

/// Not longer, whatever the collector or the number of failures says.
const MOST: Duration = Duration::from_mins(1);

/// Pauses that double.
#[derive(Debug)]
pub(super) struct Backoff {
    first: Duration,
    next: Duration,
}

impl Backoff {
    /// Begins with this pause.
    pub(super) const fn new(first: Duration) -> Self {
        Self { first, next: first }
    }

    /// It went well.
    pub(super) const fn reset(&mut self) {
        self.next = self.first;
    }

    /// The next pause: what the collector asked for, or between half of and all of twice the one before, so that a
    /// thousand hosts do not come back at the same moment.
    pub(super) fn pause(&mut self, asked: Option<Duration>) -> Duration {
        let most = self.next;
        self.next = (most * 2).min(MOST);
        asked.unwrap_or_else(|| most / 2 + most.mul_f64(chance() / 2.0)).min(MOST)
    }
}

/// From 0 to 1. The keys of a new hasher are random enough for this.
fn chance() -> f64 {
    let [a, b, ..] = RandomState::new().hash_one(0).to_le_bytes();
    f64::from(u16::from_le_bytes([a, b])) / f64::from(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_minute_and_the_collector_is_heard() {
        let mut backoff = Backoff::new(Duration::from_secs(1));
        for most in [1, 2, 4, 8, 16, 32, 60, 60] {
            let (pause, most) = (backoff.pause(None), Duration::from_secs(most));
            assert!(pause >= most / 2 && pause <= most, "{pause:?} of {most:?}");
        }
        assert_eq!(backoff.pause(Some(Duration::from_secs(7))), Duration::from_secs(7));
        assert_eq!(backoff.pause(Some(Duration::from_hours(1))), MOST);
        backoff.reset();
        assert!(backoff.pause(None) <= Duration::from_secs(1));
    }
}
