//! How long attempts took.

use super::family::Distribution;

/// Upper bounds in nanoseconds. Below a second in the steps that Prometheus' own libraries take; above, each power of two
/// holds the attempts that ended after the same number of SYNs, as these are sent again after 1, 3, 7, 15, 31, 63 and 127 s.
const BOUNDS_NS: [u64; 20] = [
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    1_000_000_000,
    2_000_000_000,
    4_000_000_000,
    8_000_000_000,
    16_000_000_000,
    32_000_000_000,
    64_000_000_000,
    128_000_000_000,
];
const NS: f64 = 1e9;

/// Observations by bound; what is above the last has a place of its own.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Durations {
    counts: [u64; BOUNDS_NS.len() + 1],
    sum_ns: u128,
}

impl Durations {
    /// One more.
    pub(super) fn add(&mut self, ns: u64) {
        self.counts[BOUNDS_NS.partition_point(|&bound| bound < ns)] += 1;
        self.sum_ns += u128::from(ns);
    }

    /// In seconds.
    #[expect(clippy::cast_precision_loss, reason = "a sum of times is not read to the nanosecond")]
    pub(super) fn distribution(&self) -> Distribution {
        let bounds = BOUNDS_NS.iter().map(|&bound| bound as f64 / NS).chain([f64::INFINITY]);
        Distribution { buckets: bounds.zip(self.counts).collect(), sum: self.sum_ns as f64 / NS }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_belongs_to_its_bucket_and_nothing_is_too_long() {
        let mut seen = Durations::default();
        for ns in [0, 100_000, 100_001, 128_000_000_000, u64::MAX] {
            seen.add(ns);
        }
        let buckets = seen.distribution().buckets;
        let of = |bound: f64| buckets.iter().find(|(at, _)| *at >= bound).map(|(_, count)| *count);
        assert_eq!(
            (of(0.0001), of(0.00025), of(128.0), of(f64::INFINITY)),
            (Some(2), Some(1), Some(1), Some(1))
        );
        assert_eq!(seen.distribution().count(), 5);
    }
}
