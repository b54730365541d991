//! A connection that ended without a RST.

use std::{borrow::Cow, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{Endpoint, Family, Frame, How, Nat, Netns, Outcome, Process, Verdict};
use crate::packet::Packets;

/// A connection that ended because of an error, without any RST: as [`Attempt`](super::Attempt), with age, idle time and what moved.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Death {
    /// Unique in this run.
    pub id: u64,
    /// RFC 3339, of its end.
    pub time: String,
    /// From its opening to its end, if the opening was seen.
    pub duration_ns: Option<u64>,
    /// Where.
    pub netns: Netns,
    /// `ipv4` or `ipv6`.
    pub family: Family,
    /// Own end.
    pub local: Option<Endpoint>,
    /// Other end.
    pub remote: Option<Endpoint>,
    /// Null: it is in the attempt.
    pub requested: Option<Endpoint>,
    /// What conntrack made of it.
    pub nat: Option<Nat>,
    /// Who holds the socket; null once the application has closed it.
    pub process: Option<Arc<Process>>,
    /// How it ended.
    pub outcome: Outcome,
    /// What the application gets.
    pub errno: Option<Cow<'static, str>>,
    /// Null: it is in the attempt.
    pub how: Option<How>,
    /// Null: it is in the attempt.
    pub syn_retransmits: Option<u32>,
    /// TCP state before the end.
    pub state: Cow<'static, str>,
    /// Since it was opened.
    pub age_ns: Option<u64>,
    /// Since data last moved.
    pub idle_ns: u64,
    /// Acknowledged by the peer.
    pub bytes_sent: u64,
    /// Received.
    pub bytes_received: u64,
    /// How often its first unacknowledged data was sent again in vain.
    pub retransmits: u32,
    /// Keepalive or window probes without an answer.
    pub probes: u32,
    /// Why.
    pub verdict: Verdict,
    /// The kernel's path, outermost last.
    pub path: Vec<Frame>,
    /// Null: there was none.
    pub reset: Option<u64>,
    /// The attempt that opened it.
    pub attempt: Option<u64>,
    /// Whether something that matters was lost.
    pub complete: Option<bool>,
    /// As in [`Attempt`](super::Attempt).
    #[serde(skip)]
    pub packets: Option<Box<Packets>>,
}
