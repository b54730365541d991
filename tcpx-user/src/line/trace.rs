//! The trace itself: what is attached, what was lost, and what it came to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What is traced, and how.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Start {
    /// Number of this format.
    pub schema: u32,
    /// Version of tcpx.
    pub tcpx: String,
    /// Release of the kernel.
    pub kernel: String,
    /// Machine.
    pub arch: String,
    /// What was asked for: `auto` or a backend.
    pub backend: String,
    /// `path` or `lookup`.
    pub probes: String,
    /// What is attached.
    pub hooks: Vec<AttachedHook>,
    /// What is not, and why.
    pub missing: Vec<MissingHook>,
}

/// A hook that works.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct AttachedHook {
    /// Name of the hook.
    pub hook: String,
    /// Backend.
    pub backend: String,
    /// Functions or tracepoints, joined by a comma.
    pub target: String,
}

/// A hook that does not.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct MissingHook {
    /// Name of the hook.
    pub hook: String,
    /// A sentence.
    pub why: String,
}

/// Records that were lost.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Loss {
    /// Of which hook.
    pub hook: String,
    /// `kernel` or `user`.
    pub stage: String,
    /// How many.
    pub count: u64,
}

/// The end.
#[derive(Clone, Debug, Deserialize, Serialize, Default)]
pub struct Summary {
    /// By verdict.
    pub attempts: BTreeMap<String, u64>,
    /// By verdict.
    pub resets: BTreeMap<String, u64>,
    /// By verdict.
    pub drops: BTreeMap<String, u64>,
    /// By verdict.
    pub deaths: BTreeMap<String, u64>,
    /// By verdict.
    pub calls: BTreeMap<String, u64>,
    /// RSTs that left a local socket.
    pub sent: u64,
    /// RSTs that reached one.
    pub received: u64,
    /// RSTs that netfilter made.
    pub netfilter: u64,
    /// The kernel's own counters, as differences over the run, of the traced namespaces.
    pub kernel: BTreeMap<String, u64>,
    /// Resets whose verdict is `unknown`.
    pub unexplained: u64,
    /// Sum over namespaces of |OutRsts - counted|.
    pub unaccounted: Option<u64>,
    /// Why not, if not.
    pub unaccounted_why: Option<String>,
    /// Lost records.
    pub lost: Lost,
    /// Records lost in the kernel, by hook and the kernel's reason for a RST.
    pub untold: BTreeMap<String, u64>,
    /// Those of them that were above `--max-events-per-second`.
    pub shed: u64,
    /// Firings at which the kernel did not run a program, as it was already running on that CPU; null before 5.12,
    /// which does not count them.
    pub missed: Option<u64>,
}

/// Lost records by stage.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, Default, PartialEq, Eq)]
pub struct Lost {
    /// No room in the ring, or above the limit for a second.
    pub kernel: u64,
    /// In tcpx itself.
    pub user: u64,
}
