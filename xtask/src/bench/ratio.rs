//! Ratios of a load untraced to the same load traced.

use std::fmt;
use std::time::Duration;

use anyhow::Result;

/// The rates of traced runs, each as a part of the rate of the untraced run beside it.
pub(super) struct Ratios {
    sorted: Vec<f64>,
    /// The fastest traced run.
    fastest: Duration,
}

impl Ratios {
    /// Lets both take turns, each first as often as the other: whatever drifts, drifts for both.
    pub(super) fn of(
        rounds: usize,
        mut untraced: impl FnMut() -> Result<Duration>,
        mut traced: impl FnMut() -> Result<Duration>,
    ) -> Result<Self> {
        untraced()?;
        let (mut sorted, mut fastest) = (Vec::new(), Duration::MAX);
        for round in 0..rounds {
            let (off, on) = if round % 2 == 0 {
                (untraced()?, traced()?)
            } else {
                let on = traced()?;
                (untraced()?, on)
            };
            fastest = fastest.min(on);
            sorted.push(off.as_secs_f64() / on.as_secs_f64());
        }
        sorted.sort_by(f64::total_cmp);
        Ok(Self { sorted, fastest })
    }

    pub(super) fn median(&self) -> f64 {
        self.at(0.5)
    }

    /// How many of `count` there were in a second of the fastest traced run.
    pub(super) fn at_most_a_second(&self, count: f64) -> f64 {
        count / self.fastest.as_secs_f64()
    }

    fn at(&self, part: f64) -> f64 {
        self.sorted[((self.sorted.len() - 1) as f64 * part).round() as usize]
    }
}

impl fmt::Display for Ratios {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3} ({:.3} to {:.3})", self.median(), self.at(0.25), self.at(0.75))
    }
}
