//! The boot clock, in which the kernel reports, and the wall clock, in which people read.

use std::{cell::RefCell, fmt::Write as _, time::Duration};

use jiff::Timestamp;
use rustix::time::{ClockId, Timespec, clock_gettime};

/// Now, on the clock of the events (`bpf_ktime_get_boot_ns`), ns.
#[must_use]
pub fn boot_now() -> u64 {
    nanoseconds(clock_gettime(ClockId::Boottime)).try_into().unwrap_or(0)
}

/// Wall clock minus boot clock.
///
/// Taken once: with an offset that followed the wall clock, a clock step in the middle of a run would show effects
/// before their causes.
#[derive(Clone, Copy, Debug)]
pub struct WallClock {
    offset: i128,
}

impl WallClock {
    /// Reads both clocks.
    ///
    /// The reader may lose its CPU between the two, so the closest of a few readings is taken.
    #[must_use]
    pub fn sample() -> Self {
        let reading = |_| {
            let before = nanoseconds(clock_gettime(ClockId::Boottime));
            let wall = nanoseconds(clock_gettime(ClockId::Realtime));
            let after = nanoseconds(clock_gettime(ClockId::Boottime));
            (after - before, wall - i128::midpoint(before, after))
        };
        let (_, offset) = (0..5).map(reading).min().unwrap_or_default();
        Self { offset }
    }

    /// A reading of both clocks, for a recording.
    #[must_use]
    pub fn pair(self) -> (u64, i64) {
        let boot = boot_now();
        (boot, i64::try_from(i128::from(boot) + self.offset).unwrap_or_default())
    }

    /// As of such a reading.
    #[must_use]
    pub fn of_pair(boot_ns: u64, wall_ns: i64) -> Self {
        Self { offset: i128::from(wall_ns) - i128::from(boot_ns) }
    }

    /// Time since 1970 began; none for a clock that stood before.
    #[must_use]
    pub fn since_1970(self, boot_ns: u64) -> Duration {
        Duration::from_nanos(u64::try_from(i128::from(boot_ns) + self.offset).unwrap_or_default())
    }

    /// RFC 3339 in UTC, always with nine digits so that lines sort as text.
    #[must_use]
    pub fn rfc3339(self, boot_ns: u64) -> String {
        let time = i128::from(boot_ns) + self.offset;
        let (second, rest) = (time.div_euclid(SECOND_NS), time.rem_euclid(SECOND_NS));
        WRITTEN.with_borrow_mut(|written| {
            if written.second != Some(second) {
                *written = Written::of(second);
            }
            let mut text = String::with_capacity(LENGTH);
            text.push_str(&written.text);
            // Writing into a string does not fail.
            let _ = write!(text, ".{rest:09}Z");
            text
        })
    }
}

const SECOND_NS: i128 = 1_000_000_000;
/// Of `2023-11-14T22:13:20.000000005Z`.
const LENGTH: usize = 30;

thread_local! {
    /// The last second that was asked for: in a storm thousands of times are of the same one.
    static WRITTEN: RefCell<Written> = const { RefCell::new(Written { second: None, text: String::new() }) };
}

/// A second since 1970, and how it is written.
struct Written {
    second: Option<i128>,
    text: String,
}

impl Written {
    fn of(second: i128) -> Self {
        let time = Timestamp::from_nanosecond(second * SECOND_NS).unwrap_or_default();
        let text = format!("{time:.0}").trim_end_matches('Z').to_owned();
        Self { second: Some(second), text }
    }
}

fn nanoseconds(time: Timespec) -> i128 {
    i128::from(time.tv_sec) * 1_000_000_000 + i128::from(time.tv_nsec)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rfc_3339_with_nine_digits() {
        let clock = WallClock { offset: 1_700_000_000_000_000_000 };
        assert_eq!(clock.rfc3339(5), "2023-11-14T22:13:20.000000005Z");
        assert_eq!(clock.rfc3339(60_000_000_000), "2023-11-14T22:14:20.000000000Z");
    }

    #[test]
    fn a_time_is_written_as_jiff_writes_it() {
        let at = |wall: i128| WallClock { offset: wall }.rfc3339(0);
        for wall in [-1, 0, 999_999_999, 1_000_000_000, 951_782_400_000_000_001, 4_102_444_799_999_999_999] {
            let time = Timestamp::from_nanosecond(wall).expect("a time");
            assert_eq!(at(wall), format!("{time:.9}"));
        }
    }

    #[test]
    fn times_since_1970_do_not_go_below_it() {
        let clock = WallClock { offset: -10 };
        assert_eq!([5, 10, 12].map(|boot| clock.since_1970(boot).as_nanos()), [0, 0, 2]);
    }

    #[test]
    fn now_is_now() {
        let said: Timestamp = WallClock::sample().rfc3339(boot_now()).parse().expect("RFC 3339");
        let off = (said.as_nanosecond() - Timestamp::now().as_nanosecond()).abs();
        assert!(off < 1_000_000_000, "{off} ns off");
    }
}
