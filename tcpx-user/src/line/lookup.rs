//! What the lookups of a segment gave, and how that is known.

use serde::{Deserialize, Serialize};

/// Result of a lookup.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum LookupResult {
    /// A socket.
    Hit,
    /// None.
    Miss,
    /// There was no such lookup.
    NotRun,
}

/// Seen or concluded.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// Seen.
    Observed,
    /// Concluded.
    Derived,
}

/// One lookup.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub struct LookupStep {
    /// What it gave.
    pub result: LookupResult,
    /// How that is known.
    pub source: Source,
}

/// Both lookups of the segment that led to a RST.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub struct LookupLine {
    /// In the established hash.
    pub established: LookupStep,
    /// In the listener hash.
    pub listener: LookupStep,
}
