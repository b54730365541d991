//! Who made a RST, and whether a socket was reached by it.

use tcpx_common::abi::tcp_flag;

use super::key::{Agreement, Seen};
use crate::event::{
    Drop, Ends, Holders, HookNumber, Lookups, Name, Netns, Reply, Segment, SockFacts, SockReset,
};

/// Who made a RST, on this host.
#[derive(Clone, Debug, PartialEq)]
pub enum Sender {
    /// TCP, in answer to a segment.
    Reply(Seen<Box<Reply>>),
    /// TCP again, where only the drop of the segment shows it.
    NoSocketDrop(Seen<Box<Drop>>),
    /// A socket of its own accord.
    Active(Seen<Box<SockReset>>),
    /// Netfilter.
    Reject(Seen<(Segment, HookNumber)>),
    /// Netfilter again, where only the drop of the segment shows it.
    RejectDrop(Seen<Box<Drop>>),
}

/// The segment that a RST answers, and what is known of its way.
#[derive(Clone, Copy, Debug)]
pub struct Answered<'a> {
    /// The segment.
    pub segment: &'a Segment,
    /// Its lookups.
    pub lookups: Lookups,
    /// The kernel's word.
    pub reason: Option<&'a Name>,
    /// State of the socket that answered; 0 for none.
    pub sk_state: u8,
    /// That socket.
    pub sock: Option<&'a SockFacts>,
    /// Who holds the port.
    pub holders: Option<&'a Holders>,
    /// A full socket answered before the segment came to `tcp_v4_do_rcv`: for a request socket (`tcp_check_req`), or for
    /// the child that was just made of it. `tcp_v4_rcv` takes the device away from what it hands on (`skb->dev = NULL`).
    pub at_request: bool,
}

impl Sender {
    /// When.
    #[must_use]
    pub const fn time(&self) -> u64 {
        match self {
            Self::Reply(seen) => seen.time,
            Self::NoSocketDrop(seen) | Self::RejectDrop(seen) => seen.time,
            Self::Active(seen) => seen.time,
            Self::Reject(seen) => seen.time,
        }
    }

    /// Where.
    #[must_use]
    pub const fn netns(&self) -> Netns {
        match self {
            Self::Reply(seen) => seen.netns,
            Self::NoSocketDrop(seen) | Self::RejectDrop(seen) => seen.netns,
            Self::Active(seen) => seen.netns,
            Self::Reject(seen) => seen.netns,
        }
    }

    /// The segment that provoked it, if one did.
    #[must_use]
    pub const fn segment(&self) -> Option<&Segment> {
        match self {
            Self::Reply(seen) => Some(&seen.what.segment),
            Self::NoSocketDrop(seen) | Self::RejectDrop(seen) => Some(&seen.what.segment),
            Self::Active(_) => None,
            Self::Reject(seen) => Some(&seen.what.0),
        }
    }

    /// Source and destination of the RST.
    #[must_use]
    pub fn flow(&self) -> Ends {
        match self {
            Self::Active(seen) => seen.what.ends,
            Self::Reply(seen) => seen.what.segment.ends.flipped(),
            Self::NoSocketDrop(seen) | Self::RejectDrop(seen) => seen.what.segment.ends.flipped(),
            Self::Reject(seen) => seen.what.0.ends.flipped(),
        }
    }

    /// What TCP answered, if it was TCP and an answer.
    #[must_use]
    pub fn answered(&self) -> Option<Answered<'_>> {
        match self {
            Self::Reply(seen) => Some(Answered {
                segment: &seen.what.segment,
                lookups: seen.what.lookups,
                reason: seen.what.reason.as_ref(),
                sk_state: seen.what.sk_state,
                sock: seen.what.sock.as_ref(),
                holders: seen.what.holders.as_ref(),
                at_request: seen.what.sock.is_some() && seen.what.segment.device.is_some(),
            }),
            Self::NoSocketDrop(seen) => Some(Answered {
                segment: &seen.what.segment,
                lookups: seen.what.lookups,
                reason: seen.what.reason.as_ref(),
                sk_state: 0,
                sock: None,
                holders: seen.what.holders.as_ref(),
                at_request: false,
            }),
            _ => None,
        }
    }

    /// Whether `receiver` was reached by this RST. RFC 9293 3.10.7.1: a RST in answer to a segment without ACK has
    /// sequence number 0 and acknowledges all of the segment; else its sequence number is the segment's
    /// acknowledgement. One sent of a socket's own accord has the next number to send (`tcp_acceptable_seq`).
    #[must_use]
    pub fn reaches(&self, receiver: &SockReset) -> Agreement {
        let sock = &receiver.sock;
        match (self, self.segment()) {
            (Self::Active(sender), _) => Agreement::near(sender.what.sock.snd_nxt, sock.rcv_nxt),
            (_, Some(segment)) if segment.flags & tcp_flag::ACK == 0 => {
                Agreement::exact(segment.seq, sock.snd_una)
            }
            (_, Some(segment)) => match &receiver.segment {
                Some(rst) => Agreement::exact(segment.ack, rst.seq),
                None => Agreement::near(segment.ack, sock.rcv_nxt),
            },
            (_, None) => Agreement::Unknown,
        }
    }
}
