//! When it happened: counts in equal steps of time, whose width grows with what they have to cover.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Track;

const MS: i64 = 1_000_000;
const S: i64 = 1_000 * MS;
const MIN: i64 = 60 * S;
const HOUR: i64 = 60 * MIN;
/// Widths that people can read off an axis. Each is a multiple of the one before, so that steps can be joined.
const WIDTHS: &[i64] = &[
    MS,
    2 * MS,
    10 * MS,
    20 * MS,
    100 * MS,
    200 * MS,
    S,
    2 * S,
    10 * S,
    30 * S,
    MIN,
    5 * MIN,
    10 * MIN,
    30 * MIN,
    HOUR,
    2 * HOUR,
    6 * HOUR,
    12 * HOUR,
    24 * HOUR,
    7 * 24 * HOUR,
    28 * 24 * HOUR,
    364 * 24 * HOUR,
];
/// So many steps fill the width of a page.
const MOST: i64 = 300;

/// Counts of each track, by step.
type Step = [u64; Track::COUNT];

/// Counts over time.
#[derive(Debug, Default)]
pub struct Timeline {
    /// Index into [`WIDTHS`].
    width: usize,
    steps: BTreeMap<i64, Step>,
}

/// A timeline as the page has it.
#[derive(Debug, Serialize)]
pub struct Steps<'a> {
    /// Names of the counts.
    tracks: [&'static str; Track::COUNT],
    /// Width of a step.
    width_ns: i64,
    /// For each step in which something happened: how many widths it begins after 1970, and the counts.
    #[serde(rename = "steps")]
    filled: Vec<(i64, &'a Step)>,
}

impl Timeline {
    /// Counts one, at a time in nanoseconds since 1970.
    pub fn add(&mut self, time_ns: i64, track: Track) {
        self.steps.entry(time_ns.div_euclid(WIDTHS[self.width])).or_default()[track.index()] += 1;
        while self.span() > MOST && self.width + 1 < WIDTHS.len() {
            self.widen();
        }
    }

    fn span(&self) -> i64 {
        let first = self.steps.first_key_value().map_or(0, |(&at, _)| at);
        let last = self.steps.last_key_value().map_or(0, |(&at, _)| at);
        last - first + 1
    }

    fn widen(&mut self) {
        let factor = WIDTHS[self.width + 1] / WIDTHS[self.width];
        self.width += 1;
        for (at, counts) in std::mem::take(&mut self.steps) {
            let into = self.steps.entry(at.div_euclid(factor)).or_default();
            into.iter_mut().zip(counts).for_each(|(into, count)| *into += count);
        }
    }

    /// All of it.
    #[must_use]
    pub fn steps(&self) -> Steps<'_> {
        Steps {
            tracks: Track::names(),
            width_ns: WIDTHS[self.width],
            filled: self.steps.iter().map(|(&at, counts)| (at, counts)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::Outcome;

    const REFUSED: Track = Track::Attempt(Outcome::Refused);

    #[test]
    fn each_width_is_a_multiple_of_the_one_before() {
        assert!(WIDTHS.windows(2).all(|pair| pair[1] > pair[0] && pair[1] % pair[0] == 0));
    }

    #[test]
    fn steps_are_joined_when_they_become_too_many_and_nothing_is_lost() {
        let mut timeline = Timeline::default();
        // Out of order, as lines are.
        for second in (0..3_600).rev().chain(3_600..86_400) {
            timeline.add(second * S, REFUSED);
        }
        let steps = timeline.steps();
        assert!(steps.width_ns == 5 * MIN && steps.filled.len() == 288, "{}", steps.width_ns);
        assert!(steps.filled.iter().all(|(_, counts)| counts[REFUSED.index()] == 300));
    }

    #[test]
    fn a_clock_that_is_far_off_costs_detail_and_no_memory() {
        let mut timeline = Timeline::default();
        for time in [i64::MIN, 0, i64::MAX] {
            timeline.add(time, Track::Reset);
        }
        let steps = timeline.steps();
        assert_eq!(steps.filled.iter().map(|(_, counts)| counts.iter().sum::<u64>()).sum::<u64>(), 3);
    }
}
