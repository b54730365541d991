//! Who made a RST, and whether a socket was reached by it.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tcpx_common::abi::tcp_flag;

use super::key::{Agreement, Seen};
use crate::event::{
    Drop, Ends, Holders, HookNumber, Lookups, Name, Netns, Place, Reply, Segment, SockFacts, SockReset,
};

/// Who made a RST, on this host.
#[derive(Clone, Debug, PartialEq)]
pub enum Sender {
    /// TCP, in answer to a segment.
    Reply(Seen<Arc<Reply>>),
    /// TCP again, where only the drop of the segment shows it.
    NoSocketDrop(Seen<Arc<Drop>>),
    /// A socket of its own accord.
    Active(Seen<Arc<SockReset>>),
    /// Netfilter.
    Reject(Seen<(Arc<Segment>, HookNumber)>),
    /// Netfilter again, where only the drop of the segment shows it.
    RejectDrop(Seen<Arc<Drop>>),
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
    /// When its connection was opened, if that was seen.
    pub opened: Option<u64>,
    /// Who holds the port.
    pub holders: Option<&'a Holders>,
    /// A full socket answered before the segment came to `tcp_v4_do_rcv`: for a request socket (`tcp_check_req`), or for
    /// the child that was just made of it. `tcp_v4_rcv` takes the device away from what it hands on (`skb->dev = NULL`).
    pub at_request: bool,
    /// Where it found no socket.
    pub place: Place,
}

/// Whether the listener lookup for `wanted` considers a socket with this address.
#[must_use]
pub const fn takes(own: IpAddr, v6only: bool, wanted: IpAddr) -> bool {
    match (own, wanted) {
        (IpAddr::V6(own), IpAddr::V4(_)) => own.is_unspecified() && !v6only,
        (IpAddr::V4(_), IpAddr::V6(_)) => false,
        (IpAddr::V4(own), IpAddr::V4(wanted)) => own.is_unspecified() || own.to_bits() == wanted.to_bits(),
        (IpAddr::V6(own), IpAddr::V6(wanted)) => own.is_unspecified() || own.to_bits() == wanted.to_bits(),
    }
}

impl Answered<'_> {
    /// It was a SYN that found no socket.
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        self.sk_state == 0 && self.sock.is_none() && self.segment.is_syn()
    }

    /// Whether the listener lookup would have taken a socket that listens at `addr`, bound to the device with the
    /// index `bound_dev` (`compute_score`, `inet_bound_dev_eq`).
    #[must_use]
    pub fn would_take(&self, addr: SocketAddr, v6only: bool, bound_dev: u32) -> bool {
        self.fits_address(addr, v6only) && self.fits_device(bound_dev)
    }

    /// Family, address and port of the listener are right.
    #[must_use]
    pub fn fits_address(&self, addr: SocketAddr, v6only: bool) -> bool {
        let wanted = self.segment.ends.b;
        addr.port() == wanted.port() && takes(addr.ip(), v6only, wanted.ip())
    }

    /// Its device is right. In a VRF a socket that is bound to no device is passed over unless tcp_l3mdev_accept is set.
    #[must_use]
    pub fn fits_device(&self, bound_dev: u32) -> bool {
        if bound_dev == 0 { !self.place.vrf } else { self.segment.ifindex == Some(bound_dev) }
    }
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
    pub fn segment(&self) -> Option<&Segment> {
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
                opened: seen.what.opened,
                holders: seen.what.holders.as_ref(),
                at_request: seen.what.sock.is_some() && seen.what.segment.device.is_some(),
                place: seen.what.place,
            }),
            Self::NoSocketDrop(seen) => Some(Answered {
                segment: &seen.what.segment,
                lookups: seen.what.lookups,
                reason: seen.what.reason.as_ref(),
                sk_state: 0,
                sock: None,
                opened: None,
                holders: seen.what.holders.as_ref(),
                at_request: false,
                place: seen.what.place,
            }),
            _ => None,
        }
    }

    /// The sequence number by which the receiver knows this RST under any name of the flow: see [`Self::reaches`].
    #[must_use]
    pub fn number(&self) -> Option<u32> {
        match (self, self.segment()) {
            (Self::Active(seen), _) => Some(seen.what.sock.snd_nxt),
            (_, Some(segment)) if segment.flags & tcp_flag::ACK == 0 => Some(segment.seq),
            (_, Some(segment)) => Some(segment.ack),
            (_, None) => None,
        }
    }

    /// Whether `receiver` was reached by this RST. RFC 9293 3.10.7.1: a RST in answer to a segment without ACK has
    /// sequence number 0 and acknowledges all of the segment; else its sequence number is the segment's
    /// acknowledgement. One sent of a socket's own accord has the next number to send (`tcp_acceptable_seq`).
    #[must_use]
    pub fn reaches(&self, receiver: &SockReset) -> Agreement {
        let sock = &receiver.sock;
        match (self, self.segment()) {
            (Self::Active(sender), _) if receiver.quiet.is_some() => {
                Agreement::near(sender.what.sock.snd_nxt, receiver.number())
            }
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
