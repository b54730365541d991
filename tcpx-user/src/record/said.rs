//! Questions of [`Who`](crate::who::Who) and their answers, as recordings keep them (JSON).

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use serde::{Deserialize, Serialize};

use crate::{
    event::Netns,
    line,
    ruleset::Ruleset,
    who::{CgroupHook, Connection, Elsewhere, PortHolders, Tellings, Whose},
};

/// What was asked: the questions of `Who`, one variant each.
#[expect(missing_docs, reason = "each is a question of `Who`, where it is explained")]
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Question {
    Holder(u64),
    Process { tgid: u32, tid: u32, comm: Vec<u8>, uid: Option<u32>, cgroup: Option<u64> },
    Cgroup(u64),
    Netns(Netns),
    Device(Netns, u32),
    Elsewhere(Netns, u16),
    Tellings(Netns),
    Route(Netns, IpAddr),
    Sysctl(Netns, String),
    Connections(Netns),
    Ruleset(Netns),
    CgroupPrograms(u64, CgroupHook),
    IsHalfOpen(Netns, SocketAddr, SocketAddr),
    IsLeft(Netns, SocketAddr, SocketAddr),
    PortHolders(Netns, u16),
}

/// What was answered.
#[expect(missing_docs, reason = "each holds what a question of `Who` returns")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Answer {
    /// Nothing is known.
    Nothing,
    Process(#[serde(with = "recorded")] Arc<line::Process>),
    Text(String),
    /// Name of a network namespace, and whose it is.
    Netns(Option<String>, Whose),
    Elsewhere(Vec<Elsewhere>),
    Tellings(Arc<Tellings>),
    Route(Result<(), i32>),
    Connections(Arc<Vec<Connection>>),
    Ruleset(Arc<Ruleset>),
    Count(usize),
    Flag(bool),
    PortHolders(PortHolders),
}

/// [`line::Process`]: that one is for publishing only.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Process {
    pid: u32,
    tid: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ns_pid: Option<u32>,
    comm: String,
    exe: Option<String>,
    uid: Option<u32>,
    cgroup: Option<String>,
    container: Option<String>,
}

impl From<line::Process> for Process {
    fn from(process: line::Process) -> Self {
        let line::Process { pid, tid, ns_pid, comm, exe, uid, cgroup, container } = process;
        Self { pid, tid, ns_pid, comm, exe, uid, cgroup, container }
    }
}

impl From<Process> for line::Process {
    fn from(process: Process) -> Self {
        let Process { pid, tid, ns_pid, comm, exe, uid, cgroup, container } = process;
        Self { pid, tid, ns_pid, comm, exe, uid, cgroup, container }
    }
}

mod recorded {
    //! [`line::Process`] as [`Process`].

    use std::sync::Arc;

    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    use super::Process;
    use crate::line;

    pub(super) fn serialize<S: Serializer>(process: &Arc<line::Process>, to: S) -> Result<S::Ok, S::Error> {
        Process::from((**process).clone()).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Arc<line::Process>, D::Error> {
        Process::deserialize(from).map(|process| Arc::new(process.into()))
    }
}

/// What the recording host added to the summary.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Summed {
    /// Rise of the kernel's counters.
    pub kernel: BTreeMap<String, u64>,
    /// What they count and tcpx did not see, or the other way round.
    pub unaccounted: Option<u64>,
    /// Why that is not known.
    pub unaccounted_why: Option<String>,
    /// Firings that the kernel passed over.
    pub missed: Option<u64>,
    /// Records that the programs did not write, by cause.
    pub untold: BTreeMap<String, u64>,
    /// Those of them that were above the limit.
    pub shed: u64,
}

impl Summed {
    /// What a summary has of it.
    #[must_use]
    pub fn of(summary: &line::Summary) -> Self {
        let line::Summary { kernel, unaccounted, unaccounted_why, missed, untold, shed, .. } =
            summary.clone();
        Self { kernel, unaccounted, unaccounted_why, missed, untold, shed }
    }

    /// Nobody could sum up.
    #[must_use]
    pub fn not_known(why: &str) -> Self {
        Self { unaccounted_why: Some(why.to_owned()), ..Self::default() }
    }

    /// Puts it into a summary.
    #[must_use]
    pub fn add_to(self, summary: line::Summary) -> line::Summary {
        let Self { kernel, unaccounted, unaccounted_why, missed, untold, shed } = self;
        line::Summary { kernel, unaccounted, unaccounted_why, untold, shed, missed, ..summary }
    }
}
