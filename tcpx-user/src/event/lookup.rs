//! What the lookups of a segment gave.

use super::{Holder, Segment, SockPtr};

/// Hit or miss, as observed; `None` where this backend did not see the lookup.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lookups {
    /// In the established hash: the socket found and its state, or a miss.
    pub established: Option<Result<(SockPtr, u8), Miss>>,
    /// In the listener hash.
    pub listener: Option<Result<SockPtr, Miss>>,
    /// A BPF program that the listener lookup asked was seen to refuse the segment.
    pub denied: bool,
    /// `tcp_v4_rcv` or `tcp_v6_rcv` was seen to take the segment.
    pub received: bool,
    /// The segment brought the socket of `established` there: early demux (`ip_rcv_finish_core`) had looked it up, or TPROXY
    /// or BPF had assigned it.
    pub brought: bool,
}

/// What is special about the place where a SYN found no socket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// A BPF program of type sk_lookup is attached to the network namespace.
    pub sk_lookup: bool,
    /// The device that the SYN came in on is the master of a VRF.
    pub vrf: bool,
}

/// The lookup returned no socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Miss;

/// The lookups of a SYN or SYN-ACK.
#[derive(Clone, Debug, PartialEq)]
pub struct LookedUp {
    /// Which.
    pub segment: Segment,
    /// What they gave.
    pub lookups: Lookups,
    /// The listener that gets a SYN: found, or given to it before by TPROXY or a BPF program.
    pub listener: Option<Holder>,
}

impl LookedUp {
    /// The listener, if it is not one for the address and port to which the SYN was sent.
    #[must_use]
    pub fn given_to(&self) -> Option<&Holder> {
        let wanted = self.segment.ends.b;
        self.listener.as_ref().filter(|found| {
            found.addr.port() != wanted.port()
                || !crate::correlate::sender::takes(found.addr.ip(), found.v6only, wanted.ip())
        })
    }
}
