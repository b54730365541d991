//! What is not yet known to hold. Only what was seen on the tree as it is now is judged strictly: in guests on all of
//! their kernels with every backend, on this machine's own kernel with its tracepoints. Any other trial that fails is told
//! as open, with what went wrong, and counts as skipped.
//!
//! A verdict moves into a list when its trials pass there; when all have, this file goes.

use anyhow::Result;

use crate::report::Outcome;

/// Verdicts that must come out in guests.
const SETTLED_IN_GUESTS: &[&str] = &["closed-port"];

/// Verdicts that must come out on this machine's own kernel.
const SETTLED: &[&str] = &[
    "bound-not-listening",
    "listener-v6only",
    "listener-v4only",
    "listener-other-address",
    "closed-port",
    "stray-segment",
    "time-wait-reset",
    "ack-to-listener",
    "close-unread-data",
    "linger-zero",
    "listener-closed-unaccepted",
    "netfilter-reject-reset",
    "peer-refused",
    "peer-reset",
    "accept-queue-full",
    "netfilter-drop",
    "no-answer",
    "established",
    "self-connect",
    "simultaneous-open",
    "cancelled",
    "pending",
];

/// The outcome of a trial that shows this verdict.
pub(crate) fn judged(verdict: &str, outcome: Result<Outcome>) -> Result<Outcome> {
    let guest = std::env::var_os(crate::trials::EXPECTED_RELEASE).is_some();
    let settled = if guest { SETTLED_IN_GUESTS } else { SETTLED };
    match outcome {
        Err(error) if !settled.contains(&verdict) => {
            let text = format!("{error:#}");
            let first = text.lines().next().unwrap_or_default();
            Ok(Outcome::Skipped(format!("OPEN, not yet known to hold here: {first}")))
        }
        outcome => outcome,
    }
}
