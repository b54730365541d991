//! ICMP errors about TCP segments.

use super::{Ends, Name};

/// An ICMP error about a TCP segment.
#[derive(Clone, Debug, PartialEq)]
pub struct Icmp {
    /// Source and destination of the quoted segment, as it was sent.
    pub ends: Ends,
    /// Its sequence number.
    pub seq: u32,
    /// Type.
    pub icmp_type: u8,
    /// Code.
    pub icmp_code: u8,
    /// Who sent it; `None` when this host sends.
    pub from: Option<std::net::IpAddr>,
    /// TTL of the ICMP packet; `None` when this host sends.
    pub ttl: Option<u8>,
    /// Device that it came in on.
    pub device: Option<Name>,
}
