//! A TCP segment, and how it came.

use super::{Ends, Name};

/// A TCP segment, from its headers.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// Source and destination.
    pub ends: Ends,
    /// Sequence number.
    pub seq: u32,
    /// Acknowledgement number.
    pub ack: u32,
    /// Bytes of payload.
    pub payload: u32,
    /// Window, unscaled.
    pub window: u16,
    /// IPv4 identification.
    pub ip_id: u16,
    /// `tcpx_common::abi::tcp_flag`.
    pub flags: u8,
    /// Time to live or hop limit.
    pub ttl: u8,
    /// Device that it came in on.
    pub device: Option<Name>,
    /// Its index.
    pub ifindex: Option<u32>,
}

impl Segment {
    /// A first SYN: SYN without ACK and without RST.
    #[must_use]
    pub const fn is_syn(&self) -> bool {
        use tcpx_common::abi::tcp_flag::{ACK, RST, SYN};
        self.flags & (SYN | ACK | RST) == SYN
    }

    /// A SYN or SYN-ACK.
    #[must_use]
    pub const fn has_syn(&self) -> bool {
        self.flags & tcpx_common::abi::tcp_flag::SYN != 0
    }
}

/// How a segment came to this host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Time to live or hop limit.
    pub ttl: u8,
    /// IPv4 identification.
    pub ip_id: u16,
    /// Index of the device that it came in on.
    pub ifindex: Option<u32>,
}
