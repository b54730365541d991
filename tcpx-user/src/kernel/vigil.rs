//! When the programs may not have written a record, so that their counts must be looked at: the counts of all hooks are as many
//! system calls, which is most of what a reading costs at low rates.

/// What is read decides. A record is lost only where the ring is full, and shed only where a hook has written as many as the
/// limit for a second (`admit`): both have been read by then, or stand in the ring.
#[derive(Debug)]
pub(super) struct Vigil {
    ring_bytes: u64,
    most_per_second: u64,
    /// When the present span began, ns.
    begun: u64,
    /// Records of the present span and of the one before.
    records: [u64; 2],
}

/// Longer than the second of the limit, and than a record waits for its reader.
const SPAN_NS: u64 = 2_000_000_000;

impl Vigil {
    pub(super) const fn new(ring_bytes: u64, most_per_second: u64) -> Self {
        Self { ring_bytes, most_per_second, begun: 0, records: [0; 2] }
    }

    /// Whether something may have been lost or shed until `now`: `records` were read since the last time, and the ring has held
    /// up to `bytes` meanwhile.
    pub(super) fn may_lack(&mut self, now: u64, records: u64, bytes: u64) -> bool {
        let spans = now.saturating_sub(self.begun) / SPAN_NS;
        if spans > 0 {
            self.records = [0, if spans == 1 { self.records[0] } else { 0 }];
            self.begun = now;
        }
        self.records[0] += records;
        bytes >= self.ring_bytes / 2 || self.records.iter().sum::<u64>() >= self.most_per_second
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: u64 = 1_000_000_000;

    #[test]
    fn a_ring_that_is_far_from_full_has_lost_nothing() {
        let mut vigil = Vigil::new(4096, 1000);
        assert!(!vigil.may_lack(S, 10, 2047));
        assert!(vigil.may_lack(S, 10, 2048));
        assert!(vigil.may_lack(S, 0, 4096));
    }

    #[test]
    fn records_of_more_than_a_second_are_below_the_limit() {
        let mut vigil = Vigil::new(1 << 20, 100);
        assert!(!vigil.may_lack(10 * S, 50, 0));
        assert!(!vigil.may_lack(11 * S, 49, 0));
        assert!(vigil.may_lack(11 * S, 1, 0), "of the same span");
        assert!(vigil.may_lack(12 * S, 0, 0), "of the span before");
        assert!(!vigil.may_lack(16 * S, 99, 0), "long ago");
    }

    #[test]
    fn a_limit_of_one_is_always_looked_at_where_something_came() {
        let mut vigil = Vigil::new(1 << 20, 1);
        assert!(!vigil.may_lack(S, 0, 0));
        assert!(vigil.may_lack(S, 1, 0));
    }
}
