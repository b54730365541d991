//! A connection attempt, and how it ended.

use std::{borrow::Cow, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{Endpoint, Family, Frame, Nat, Netns, Process, Verdict};
use crate::{packet::Packets, verdict::VerdictId};

/// How an attempt ended.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It stands.
    Established,
    /// ECONNREFUSED.
    Refused,
    /// ECONNRESET and the like.
    Reset,
    /// ETIMEDOUT.
    TimedOut,
    /// EHOSTUNREACH, ENETUNREACH.
    Unreachable,
    /// EPERM, EACCES.
    Denied,
    /// Any other error.
    Failed,
    /// The application closed the socket first.
    Cancelled,
    /// Not yet.
    Pending,
}

/// How a connection came to be, or was tried.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// connect() to a listener.
    ActiveOpen,
    /// A socket connected to itself.
    SelfConnect,
    /// Two SYNs crossed.
    SimultaneousOpen,
}

/// A connection attempt of a local process.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Attempt {
    /// Unique in this run.
    pub id: u64,
    /// RFC 3339.
    pub time: String,
    /// From connect() to its end.
    pub duration_ns: u64,
    /// Where.
    pub netns: Netns,
    /// `ipv4` or `ipv6`.
    pub family: Family,
    /// Own end.
    pub local: Option<Endpoint>,
    /// Other end.
    pub remote: Option<Endpoint>,
    /// What connect() was given.
    pub requested: Option<Endpoint>,
    /// What conntrack made of it.
    pub nat: Option<Nat>,
    /// Who.
    pub process: Option<Arc<Process>>,
    /// How it ended.
    pub outcome: Outcome,
    /// `ECONNREFUSED` and so on.
    pub errno: Option<Cow<'static, str>>,
    /// How it came to be.
    pub how: How,
    /// SYNs sent again.
    pub syn_retransmits: u32,
    /// Initial sequence number of its SYN: what joins it with what the other end tells.
    pub isn: Option<u32>,
    /// Why.
    pub verdict: Verdict,
    /// The kernel's path, outermost last.
    pub path: Vec<Frame>,
    /// The `reset` line that ended it.
    pub reset: Option<u64>,
    /// The verdict that a line with this id told before; absent in a line that is told for the first time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub was: Option<VerdictId>,
    /// Whether something that matters was lost.
    pub complete: Option<bool>,
    /// What `tcpx export` writes of it, where that was asked for. Not published.
    #[serde(skip)]
    pub packets: Option<Box<Packets>>,
}
