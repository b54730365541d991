//! Who is behind a number: the questions that verdicts and lines ask of enrichment.
//!
//! `correlate` and `verdict` know this trait only; `enrich` answers it live, a recording answers it in replay, a
//! table answers it in tests.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    event::{Ends, Netns, Task},
    line,
};

/// What a namespace's own counters say at the time of asking.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tellings {
    /// By how much each counter of drops rose since tcpx began; one that this kernel does not have is absent.
    pub rises: BTreeMap<&'static str, u64>,
    /// Connections that conntrack knows, and how many it may.
    pub conntrack: Option<(u64, u64)>,
}

impl Tellings {
    /// By how much one counter rose; 0 if there is none of that name.
    #[must_use]
    pub fn rise(&self, counter: &str) -> u64 {
        self.rises.get(counter).copied().unwrap_or(0)
    }
}

/// Answers are cached by the implementation; `None` is "not known", never a guess.
pub trait Who {
    /// The process that holds the socket with this inode number (the lowest pid if several do).
    fn holder(&self, inode: u64) -> Option<line::Process>;

    /// Adds what is known of a task beyond the name that the kernel gave: program, cgroup, container.
    fn process(&self, task: Task, comm: &[u8], uid: Option<u32>, cgroup: Option<u64>) -> line::Process;

    /// The namespace with its name, if it has one.
    fn netns(&self, netns: Netns) -> line::Netns;

    /// Name of a device in a namespace.
    fn device(&self, netns: Netns, ifindex: u32) -> Option<String>;

    /// What the counters of a namespace say now; `None` if they cannot be read, or could not be at the start.
    fn tellings(&self, netns: Netns) -> Option<Arc<Tellings>>;

    /// Whether a listener of a namespace keeps a handshake that is half done, with these ends (local and remote). Asked
    /// for a segment whose lookup was not seen.
    fn is_half_open(&self, netns: Netns, ends: Ends) -> Option<bool>;

    /// Wall clock of a boot clock time, RFC 3339 UTC with nanoseconds.
    fn time(&self, boot_ns: u64) -> String;
}
