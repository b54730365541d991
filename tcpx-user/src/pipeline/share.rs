//! Who tells what, while two watch the same host: one that ends, and one that takes over from it.
//!
//! Both see all; what began before a time between them is told by the one, the rest by the other. A time is that of the
//! line: of an attempt's start, of a RST.

use crate::correlate::facts::Settled;

/// How long an attempt may be under way: `tcp_syn_retries` (6) gives up after 127 s.
const LONGEST_NS: u64 = 130_000_000_000;

/// What a pipeline tells. It may have taken over from one, and hand over to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// What began at this time (boot clock, ns) or later,
    pub from: u64,
    /// and before this one.
    pub before: u64,
    /// Nothing now: it is kept until it is known who tells it.
    pub later: bool,
}

impl Default for Share {
    /// All.
    fn default() -> Self {
        Self { from: 0, before: u64::MAX, later: false }
    }
}

impl Share {
    /// Whether it is told here.
    #[must_use]
    pub fn has(self, settled: &Settled) -> bool {
        match settled {
            Settled::Attempt(facts) | Settled::AttemptAgain(facts) => {
                let (begun, _) = facts.span();
                let seen = facts.start.is_some() || facts.end.is_none();
                self.has_time(begun) && (seen || self.has_unseen(begun))
            }
            Settled::Reset(facts) | Settled::ResetAgain(facts) => self.has_time(facts.time()),
            Settled::Drop(facts) => self.has_time(facts.cause.time()),
            Settled::Death(facts) => self.has_time(facts.seen.time),
            Settled::Call(facts) => self.has_time(facts.seen.time),
            Settled::Loss { .. } => true,
        }
    }

    /// Another one tells the rest, or is about to.
    #[must_use]
    pub const fn is_handed_over(self) -> bool {
        self.later || self.before != u64::MAX
    }

    /// What was seen at this time is told here.
    #[must_use]
    pub const fn has_time(self, time: u64) -> bool {
        self.from <= time && time < self.before
    }

    /// An attempt of which only the end was seen, at this time: it may have begun before whoever takes over had looked.
    const fn has_unseen(self, end: u64) -> bool {
        self.from == 0 || end >= self.from.saturating_add(LONGEST_NS)
    }
}
