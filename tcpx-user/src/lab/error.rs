//! What can go wrong in the lab: this machine cannot, a call failed, or the kernel did something else.

use std::io;

/// Why a scenario did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// This kernel or machine lacks something: not a failure of the scenario (exit status 77).
    #[error("{what} is not available here: {why}; {advice}")]
    Unavailable {
        /// What is missing.
        what: String,
        /// How that showed.
        why: String,
        /// What to do about it.
        advice: &'static str,
    },
    /// An operation of the lab's own machinery failed.
    #[error("{what}: {source}")]
    Io {
        /// The operation.
        what: String,
        /// What the kernel said.
        source: io::Error,
    },
    /// Nothing observable happened in time.
    #[error("waited in vain for {what}")]
    Deadline {
        /// What was waited for.
        what: String,
    },
    /// The kernel did something else than the scenario exists to show.
    #[error("{what}: expected {expected}, got {got}")]
    Unexpected {
        /// The step.
        what: String,
        /// What should have come.
        expected: String,
        /// What came.
        got: String,
    },
    /// An actor or a namespace's worker is gone.
    #[error("{who} ended before its time")]
    Gone {
        /// Who.
        who: String,
    },
}

impl LabError {
    /// For `map_err`: names the operation that failed.
    pub(crate) fn io<E: Into<io::Error>>(what: impl Into<String>) -> impl FnOnce(E) -> Self {
        move |source| Self::Io { what: what.into(), source: source.into() }
    }

    /// Whether this machine cannot, as opposed to: something went wrong.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}
