//! What a guest is to do: written into its first file system, read there.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Where it stands in the guest.
pub(super) const PLACE: &str = "/guest/job.json";

/// One command, and what it finds around it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Arguments of tcpx.
    pub arguments: Vec<String>,
    /// The current directory, which is the one on the host.
    pub directory: String,
    /// All of its environment.
    pub environment: BTreeMap<String, String>,
    /// The host's files are there, read-only; what is written stays in the guest's memory.
    pub shares: bool,
}

/// A file of the host that the command reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Where it is, absolute.
    pub path: String,
    /// What is in it.
    pub content: Vec<u8>,
}
