//! A handshake segment that vanished.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{FlowLine, Frame, Netns, Process, Reason, Verdict};
use crate::packet::Packets;

/// Queue of a listener.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub struct Backlog {
    /// Connections that wait for accept().
    pub backlog: u32,
    /// How many may.
    pub max_backlog: u32,
}

/// Handshake segments of one flow that the kernel threw away.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct DropLine {
    /// Unique in this run.
    pub id: u64,
    /// RFC 3339, of the first.
    pub time: String,
    /// Where.
    pub netns: Netns,
    /// Addresses of the segment.
    pub flow: FlowLine,
    /// How many segments.
    pub count: u64,
    /// Who owns the socket that lost it, if one does.
    pub process: Option<Arc<Process>>,
    /// The listener's queue.
    pub socket: Option<Backlog>,
    /// Why, in the kernel's word.
    pub reason: Option<Reason>,
    /// The kernel's path, outermost last.
    pub path: Vec<Frame>,
    /// Why.
    pub verdict: Verdict,
    /// The attempt that lost it.
    pub attempt: Option<u64>,
    /// Whether something that matters was lost.
    pub complete: Option<bool>,
    /// As in [`Attempt`](super::Attempt).
    #[serde(skip)]
    pub packets: Option<Box<Packets>>,
}
