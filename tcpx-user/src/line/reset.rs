//! A RST, with its ends on this host.

use std::{borrow::Cow, net::IpAddr, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{FlowLine, Frame, LookupLine, Netns, Owner, Process, Reason, Verdict};
use crate::{event::Name, packet::Packets, verdict::VerdictId};

/// Who made a RST.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq, Hash)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// TCP, in answer to a segment.
    Reply,
    /// A socket of its own accord.
    Active,
    /// Netfilter of this host.
    Netfilter,
    /// No traced namespace sent it.
    Elsewhere,
}

/// What kind of socket an end has.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum SocketKind {
    /// None.
    None,
    /// A listener.
    Listener,
    /// Kept after the end.
    TimeWait,
    /// A connection.
    Full,
}

/// One end's socket.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Socket {
    /// What kind.
    pub kind: SocketKind,
    /// TCP state.
    pub state: Option<Cow<'static, str>>,
    /// Since it was opened.
    pub age_ns: Option<u64>,
    /// Since data last moved.
    pub idle_ns: Option<u64>,
    /// Acknowledged by the peer.
    pub bytes_sent: Option<u64>,
    /// Received.
    pub bytes_received: Option<u64>,
}

/// One end of a RST on this host.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct End {
    /// Address.
    pub addr: IpAddr,
    /// Port.
    pub port: u16,
    /// Where.
    pub netns: Netns,
    /// Its socket.
    pub socket: Option<Socket>,
    /// Who.
    pub owner: Option<Owner>,
}

/// A segment.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct SegmentLine {
    /// Letters as in tcpdump: `S`, `S.`, `R`, `R.`, `.`, `P.`, `F.`.
    pub flags: Cow<'static, str>,
    /// Sequence number.
    pub seq: u32,
    /// Acknowledgement number.
    pub ack: u32,
    /// Bytes of payload.
    pub len: u32,
    /// TTL or hop limit.
    pub ttl: Option<u8>,
    /// Device that it came in on.
    pub device: Option<Name>,
}

/// A socket that almost matched.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Near {
    /// Why it did not.
    pub why: String,
    /// Its address.
    pub addr: IpAddr,
    /// Its port.
    pub port: u16,
    /// Where.
    pub netns: Netns,
    /// Whose.
    pub process: Option<Arc<Process>>,
    /// Unit of systemd that the process belongs to; of a socket that systemd itself holds, the unit that it was made for.
    pub unit: Option<String>,
    /// For how long it had been as it was when the RST was sent, if its beginning was seen.
    pub age_ns: Option<u64>,
}

/// A RST.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Reset {
    /// Unique in this run, among attempts, resets and drops.
    pub id: u64,
    /// RFC 3339.
    pub time: String,
    /// Who made it.
    pub origin: Origin,
    /// Its sender, if on this host.
    pub sender: Option<End>,
    /// Its receiver, if on this host.
    pub receiver: Option<End>,
    /// Its addresses.
    pub flow: FlowLine,
    /// What provoked it, or itself when received.
    pub segment: Option<SegmentLine>,
    /// Why, in the kernel's word.
    pub reason: Option<Reason>,
    /// The lookups that led to it.
    pub lookup: Option<LookupLine>,
    /// Sockets that almost matched.
    pub near: Vec<Near>,
    /// The kernel's path, outermost last.
    pub path: Vec<Frame>,
    /// Why.
    pub verdict: Verdict,
    /// The attempt that it ended.
    pub attempt: Option<u64>,
    /// How the two sides were joined.
    pub joined_by: Option<Cow<'static, str>>,
    /// As in [`Attempt`](super::Attempt).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub was: Option<VerdictId>,
    /// Whether something that matters was lost.
    pub complete: Option<bool>,
    /// As in [`Attempt`](super::Attempt).
    #[serde(skip)]
    pub packets: Option<Box<Packets>>,
}
