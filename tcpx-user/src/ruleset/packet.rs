//! What is known of a segment that a rule met.

use std::net::IpAddr;

use super::{family, meta, payload};
use crate::event::{Ends, Name, Segment};

const TCP: u8 = 6;
/// `IFNAMSIZ`.
const NAME: usize = 16;

/// Known bytes of a value; what is not known is `None`.
pub(super) type Bytes = Vec<Option<u8>>;

/// A TCP segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    ends: Ends,
    flags: Option<u8>,
    device: Option<Name>,
    ifindex: Option<u32>,
}

impl Packet {
    /// One that was seen itself.
    #[must_use]
    pub fn of(segment: &Segment) -> Self {
        Self {
            ends: segment.ends,
            flags: Some(segment.flags),
            device: segment.device.clone(),
            ifindex: segment.ifindex,
        }
    }

    /// One of which only the addresses are known.
    #[must_use]
    pub const fn between(ends: Ends) -> Self {
        Self { ends, flags: None, device: None, ifindex: None }
    }

    pub(super) fn is_ipv4(&self) -> bool {
        self.ends.a.is_ipv4()
    }

    /// What a rule that is evaluated where the packet's device is the one that it came in on reads as `key`; elsewhere
    /// (`inbound` is false) the device is not known.
    pub(super) fn meta(&self, key: u32, inbound: bool) -> Bytes {
        let device = self.device.as_deref().filter(|_| inbound);
        match key {
            meta::PROTOCOL if self.is_ipv4() => known(&[0x08, 0x00]),
            meta::PROTOCOL => known(&[0x86, 0xdd]),
            meta::NFPROTO if self.is_ipv4() => known(&[family::IPV4]),
            meta::NFPROTO => known(&[family::IPV6]),
            meta::L4PROTO => known(&[TCP]),
            meta::IIF => {
                let index = self.ifindex.filter(|&index| inbound && index != 0);
                index.map(|index| known(&index.to_ne_bytes())).unwrap_or_default()
            }
            meta::IIFNAME => device.map(padded).unwrap_or_default(),
            _ => Bytes::new(),
        }
    }

    /// Bytes of one of its headers.
    pub(super) fn payload(&self, base: u32, offset: u32, length: u32) -> Bytes {
        let header = match base {
            payload::NETWORK => self.network(),
            payload::TRANSPORT => self.transport(),
            _ => Bytes::new(),
        };
        let at = |index: u32| header.get(usize::try_from(index).ok()?).copied().flatten();
        // No expression reads more than all registers hold.
        (0..length.min(64)).map(|index| at(offset.saturating_add(index))).collect()
    }

    /// IPv6 extension headers are not known.
    fn network(&self) -> Bytes {
        let mut header = vec![None; 40];
        let (at, length) = if self.is_ipv4() { (12, 4) } else { (8, 16) };
        if self.is_ipv4() {
            header[9] = Some(TCP);
        }
        header.splice(at..at + length, octets(self.ends.a.ip()));
        header.splice(at + length..at + 2 * length, octets(self.ends.b.ip()));
        header
    }

    fn transport(&self) -> Bytes {
        let ports = [self.ends.a.port(), self.ends.b.port()];
        let mut header: Bytes = ports.iter().flat_map(|port| port.to_be_bytes()).map(Some).collect();
        header.resize(13, None);
        header.push(self.flags);
        header
    }

    pub(super) const fn ports(&self) -> (u16, u16) {
        (self.ends.a.port(), self.ends.b.port())
    }

    pub(super) const fn flags(&self) -> Option<u8> {
        self.flags
    }
}

fn known(bytes: &[u8]) -> Bytes {
    bytes.iter().copied().map(Some).collect()
}

fn padded(name: &str) -> Bytes {
    let mut bytes = known(name.as_bytes());
    bytes.resize(NAME, Some(0));
    bytes
}

fn octets(ip: IpAddr) -> Bytes {
    match ip {
        IpAddr::V4(ip) => known(&ip.octets()),
        IpAddr::V6(ip) => known(&ip.octets()),
    }
}
