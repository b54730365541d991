//! All that was seen of one RST.

use std::{net::IpAddr, net::SocketAddr, sync::Arc};

use tcpx_common::abi::state;

use super::{Answered, Listened, Opened, Sender, Translation, Upstream};
use crate::correlate::key::Seen;
use crate::event::{Ends, Segment, SockReset, StateChange, Untranslated};

/// By which name of the flow the two sides of a RST were joined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Name {
    /// Both had the same.
    #[default]
    Same,
    /// Conntrack gave it another.
    Conntrack,
    /// It has another, and the sequence numbers alone tell that it is the same.
    Unknown,
}

/// How the two sides of a RST were joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Joined {
    /// By which name.
    pub name: Name,
    /// Sequence numbers agreed.
    pub sequence: bool,
    /// The sides are in different namespaces.
    pub across: bool,
}

/// All that was seen of one RST.
#[derive(Clone, Debug)]
pub struct ResetFacts {
    /// Unique in this run.
    pub id: u64,
    /// Source and destination of the RST.
    pub flow: Ends,
    /// Who made it, if that was seen.
    pub sender: Option<Sender>,
    /// The connection that the sender closed so, if its opening was seen.
    pub sender_opened: Option<Opened>,
    /// A listener sent it for a child that the segment itself had made, and that was ended before (`tcp_reset`).
    pub for_child: bool,
    /// For each holder of the port in the sender's facts.
    pub listened: Vec<Listened>,
    /// Since when each of them listens, or is bound, if that was seen.
    pub held_since: Vec<Option<u64>>,
    /// Listeners with the sender's port, in any namespace, that were seen to begin before.
    pub begun: Vec<Seen<Arc<StateChange>>>,
    /// A listener that would have taken the SYN and was closed not long before.
    pub closed: Option<Box<Seen<Arc<StateChange>>>>,
    /// A listener that would have taken the SYN and appeared soon after.
    pub appeared: Option<Box<Seen<Arc<StateChange>>>>,
    /// The socket that it reached, if it did.
    pub receiver: Option<Seen<Arc<SockReset>>>,
    /// The connection that it ended, if its opening was seen.
    pub receiver_opened: Option<Opened>,
    /// The attempt that it ended, or that opened the connection which it ended.
    pub attempt: Option<u64>,
    /// The start of that attempt, or of the one whose socket sent it: who called connect().
    pub start: Option<Seen<Arc<StateChange>>>,
    /// How both sides were joined.
    pub joined: Option<Joined>,
    /// What conntrack made of the connection, from the caller on.
    pub nat: Vec<Translation>,
    /// The open socket that the answered segment was made for, under another name.
    pub meant_for: Option<Box<Seen<Arc<Untranslated>>>>,
    /// What the process that reset it had just failed to reach itself.
    pub upstream: Option<Upstream>,
    /// The sender's address was seen on this host, in any namespace.
    pub sender_is_local: bool,
    /// Nothing that could matter was lost.
    pub complete: bool,
}

impl ResetFacts {
    /// When it was first seen.
    #[must_use]
    pub fn time(&self) -> u64 {
        let sender = self.sender.as_ref().map(Sender::time);
        let receiver = self.receiver.as_ref().map(|seen| seen.time);
        sender.into_iter().chain(receiver).min().unwrap_or_default()
    }

    /// Whom it came from: where conntrack gave the sender another name, that behind it.
    #[must_use]
    pub fn source(&self) -> SocketAddr {
        let last = self.nat.last().map(|step| step.what.translated.b);
        let to_caller = self.nat.first().is_some_and(|step| step.what.original == self.flow.flipped());
        last.filter(|_| to_caller).unwrap_or(self.flow.a)
    }

    /// It must have come from this host: its source is a loopback address, or the address of its destination.
    #[must_use]
    pub fn came_from_own_address(&self) -> bool {
        is_own(self.source().ip(), self.flow.b.ip())
    }

    /// The SYN that was refused, as it arrived: its sequence number alone tells whose it was.
    #[must_use]
    pub fn renamed_syn(&self) -> Option<&Segment> {
        let segment = self.sender.as_ref().and_then(Sender::segment);
        segment.filter(|segment| self.joined_by_numbers_alone() && segment.is_syn())
    }

    /// Source and destination as the sender put them.
    #[must_use]
    pub fn sent_flow(&self) -> Ends {
        self.sender.as_ref().map_or(self.flow, Sender::flow)
    }

    /// The two sides call the connection differently, and no translation of it was seen.
    #[must_use]
    pub fn joined_by_numbers_alone(&self) -> bool {
        self.joined.is_some_and(|joined| joined.name == Name::Unknown)
    }

    /// The SYN that found no socket, if it answers one.
    #[must_use]
    pub fn refusal(&self) -> Option<Answered<'_>> {
        self.sender.as_ref().and_then(Sender::answered).filter(Answered::is_refusal)
    }

    /// It reached a socket that had only sent its SYN.
    #[must_use]
    pub fn refused_a_syn(&self) -> bool {
        let receiver = self.receiver.as_ref().map(|seen| &seen.what);
        receiver.is_some_and(|reset| reset.sock.state == state::SYN_SENT && reset.quiet.is_none())
    }
}

/// Whether `address` belongs to this host for certain, seen from a socket with the address `own`.
#[must_use]
pub fn is_own(address: IpAddr, own: IpAddr) -> bool {
    address == own || address.is_loopback()
}
