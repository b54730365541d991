//! From header fields to the bytes of headers. What no record holds is 0: TCP's checksum (it covers what was not recorded), DSCP,
//! fragment bits; TCP options and payload are not there. IP and ICMP checksums are those of the bytes that are written.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::packet::{Headers, Icmp, Tcp};

/// No headers that are written are longer.
pub(super) const SNAPLEN: u32 = 128;
const TCP: u8 = 6;
const ICMP: u8 = 1;
const ICMPV6: u8 = 58;
const TCP_HEADER: u32 = 20;
/// What an ICMP error must quote of TCP (RFC 792): ports and sequence number.
const QUOTED: usize = 8;

/// Source and destination, of one family.
#[derive(Clone, Copy)]
enum Route {
    V4(Ipv4Addr, Ipv4Addr),
    V6(Ipv6Addr, Ipv6Addr),
}

/// What an IP header says beside its addresses.
struct Ip {
    protocol: u8,
    ttl: u8,
    id: u16,
    /// Bytes that follow it.
    payload: u32,
}

/// Headers, and the length of the packet that had them.
pub(super) struct Rebuilt {
    pub(super) bytes: Vec<u8>,
    pub(super) length: u32,
}

/// The headers; `None` if their addresses are not of one family.
pub(super) fn rebuilt(headers: &Headers) -> Option<Rebuilt> {
    match headers {
        Headers::Tcp(tcp) => {
            let route = Route::of(tcp.ends.a.ip(), tcp.ends.b.ip())?;
            let payload = TCP_HEADER.saturating_add(tcp.payload);
            let ip = Ip { protocol: TCP, ttl: tcp.ttl.unwrap_or(0), id: tcp.ip_id.unwrap_or(0), payload };
            let mut bytes = route.header(&ip);
            let length = payload.saturating_add(bytes.len() as u32);
            bytes.extend(tcp_header(tcp));
            Some(Rebuilt { bytes, length })
        }
        Headers::Icmp(icmp) => icmp_error(icmp),
    }
}

/// Fields that are written as 0 because they were not seen.
pub(super) fn unseen(headers: &Headers) -> Vec<&'static str> {
    let (ttl, v4, window, id) = match headers {
        Headers::Tcp(tcp) => (tcp.ttl, tcp.ends.a.ip().to_canonical().is_ipv4(), tcp.window, tcp.ip_id),
        Headers::Icmp(icmp) => (icmp.ttl, icmp.from.to_canonical().is_ipv4(), Some(0), Some(0)),
    };
    let ttl = (ttl.is_none(), if v4 { "TTL" } else { "hop limit" });
    let fields = [(window.is_none(), "window"), ttl, (id.is_none() && v4, "IP identification")];
    fields.into_iter().filter(|field| field.0).map(|field| field.1).collect()
}

impl Route {
    /// Sockets of IPv6 have IPv4 addresses in IPv6's clothes; packets do not.
    fn of(from: IpAddr, to: IpAddr) -> Option<Self> {
        match (from.to_canonical(), to.to_canonical()) {
            (IpAddr::V4(from), IpAddr::V4(to)) => Some(Self::V4(from, to)),
            (IpAddr::V6(from), IpAddr::V6(to)) => Some(Self::V6(from, to)),
            _ => None,
        }
    }

    fn header(self, ip: &Ip) -> Vec<u8> {
        match self {
            Self::V4(from, to) => ipv4_header(from, to, ip),
            Self::V6(from, to) => ipv6_header(from, to, ip),
        }
    }

    /// Sum of ICMPv6's pseudo header (RFC 8200, 8.1); ICMP has none.
    fn pseudo(self, length: usize) -> u32 {
        match self {
            Self::V4(..) => 0,
            Self::V6(from, to) => sum(&from.octets()) + sum(&to.octets()) + length as u32 + u32::from(ICMPV6),
        }
    }
}

fn ipv4_header(from: Ipv4Addr, to: Ipv4Addr, ip: &Ip) -> Vec<u8> {
    const LENGTH: u32 = 20;
    let mut bytes = vec![0x45, 0];
    bytes.extend(length_field(ip.payload.saturating_add(LENGTH)));
    bytes.extend(ip.id.to_be_bytes());
    bytes.extend([0, 0, ip.ttl, ip.protocol, 0, 0]);
    bytes.extend(from.octets());
    bytes.extend(to.octets());
    let checksum = checksum(sum(&bytes));
    bytes[10..12].copy_from_slice(&checksum);
    bytes
}

fn ipv6_header(from: Ipv6Addr, to: Ipv6Addr, ip: &Ip) -> Vec<u8> {
    let mut bytes = vec![0x60, 0, 0, 0];
    bytes.extend(length_field(ip.payload));
    bytes.extend([ip.protocol, ip.ttl]);
    bytes.extend(from.octets());
    bytes.extend(to.octets());
    bytes
}

/// What the kernel has put together of several packets may be longer than a header can say: 0 then, as the kernel has it.
fn length_field(length: u32) -> [u8; 2] {
    u16::try_from(length).unwrap_or(0).to_be_bytes()
}

fn tcp_header(tcp: &Tcp) -> [u8; TCP_HEADER as usize] {
    let mut bytes = [0; TCP_HEADER as usize];
    bytes[0..2].copy_from_slice(&tcp.ends.a.port().to_be_bytes());
    bytes[2..4].copy_from_slice(&tcp.ends.b.port().to_be_bytes());
    bytes[4..8].copy_from_slice(&tcp.seq.to_be_bytes());
    bytes[8..12].copy_from_slice(&tcp.ack.to_be_bytes());
    bytes[12] = 5 << 4;
    bytes[13] = tcp.flags;
    bytes[14..16].copy_from_slice(&tcp.window.unwrap_or(0).to_be_bytes());
    bytes
}

/// With what it must quote. Of the quoted segment's own headers only addresses, ports and number are known.
fn icmp_error(icmp: &Icmp) -> Option<Rebuilt> {
    let route = Route::of(icmp.from, icmp.quoted.a.ip())?;
    let quoted = Route::of(icmp.quoted.a.ip(), icmp.quoted.b.ip())?;
    let segment = Tcp {
        ends: icmp.quoted,
        seq: icmp.seq,
        ack: 0,
        flags: 0,
        payload: 0,
        window: None,
        ip_id: None,
        ttl: None,
    };
    let mut error = vec![icmp.icmp_type, icmp.icmp_code, 0, 0, 0, 0, 0, 0];
    error.extend(quoted.header(&Ip { protocol: TCP, ttl: 0, id: 0, payload: TCP_HEADER }));
    error.extend(&tcp_header(&segment)[..QUOTED]);
    let checksum = checksum(sum(&error) + route.pseudo(error.len()));
    error[2..4].copy_from_slice(&checksum);
    let protocol = if matches!(route, Route::V4(..)) { ICMP } else { ICMPV6 };
    let ip = Ip { protocol, ttl: icmp.ttl.unwrap_or(0), id: 0, payload: error.len() as u32 };
    let mut bytes = route.header(&ip);
    bytes.extend(error);
    Some(Rebuilt { length: bytes.len() as u32, bytes })
}

/// RFC 1071, over an even number of bytes.
fn sum(bytes: &[u8]) -> u32 {
    bytes.as_chunks::<2>().0.iter().map(|&word| u32::from(u16::from_be_bytes(word))).sum()
}

const fn checksum(mut sum: u32) -> [u8; 2] {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    (!(sum as u16)).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Ends;

    fn ends(a: &str, b: &str) -> Ends {
        Ends { a: a.parse().expect(a), b: b.parse().expect(b) }
    }

    fn segment(a: &str, b: &str) -> Tcp {
        Tcp {
            ends: ends(a, b),
            seq: 0x0102_0304,
            ack: 0x0506_0708,
            flags: 0x18,
            payload: 100,
            window: Some(0x1234),
            ip_id: Some(0xabcd),
            ttl: Some(63),
        }
    }

    fn icmp(from: &str, quoted: Ends) -> Icmp {
        let from = from.parse().expect(from);
        Icmp { from, icmp_type: 3, icmp_code: 3, ttl: Some(61), quoted, seq: 7 }
    }

    fn bytes(headers: Headers) -> (Vec<u8>, u32) {
        let rebuilt = rebuilt(&headers).expect("one family");
        assert!(rebuilt.bytes.len() as u32 <= SNAPLEN);
        (rebuilt.bytes, rebuilt.length)
    }

    #[test]
    fn every_field_of_a_segment_has_its_place() {
        let (bytes, length) = bytes(Headers::Tcp(segment("10.0.0.1:258", "10.0.0.2:80")));
        assert_eq!(length, 140);
        assert_eq!(
            bytes,
            [
                0x45, 0, 0, 140, 0xab, 0xcd, 0, 0, 63, 6, 0xbb, 0x9c, 10, 0, 0, 1, 10, 0, 0, 2, // IPv4
                1, 2, 0, 80, 1, 2, 3, 4, 5, 6, 7, 8, 0x50, 0x18, 0x12, 0x34, 0, 0, 0, 0, // TCP
            ]
        );
        assert_eq!(checksum(sum(&bytes[..20])), [0, 0], "with its checksum it sums up to nothing");
    }

    #[test]
    fn ipv6_and_ipv4_in_its_clothes() {
        let (six, length) = bytes(Headers::Tcp(segment("[2001:db8::1]:1", "[2001:db8::2]:2")));
        assert_eq!((six.len(), length), (60, 160));
        assert_eq!(six[..8], [0x60, 0, 0, 0, 0, 120, 6, 63]);
        let (mapped, _) = bytes(Headers::Tcp(segment("[::ffff:10.0.0.1]:1", "[::ffff:10.0.0.2]:2")));
        assert_eq!((mapped[0], &mapped[12..16]), (0x45, &[10, 0, 0, 1][..]));
        assert!(rebuilt(&Headers::Tcp(segment("10.0.0.1:1", "[2001:db8::2]:2"))).is_none());
    }

    #[test]
    fn a_packet_longer_than_a_header_can_say() {
        let tcp = Tcp { payload: 70_000, ..segment("10.0.0.1:1", "10.0.0.2:2") };
        let (bytes, length) = bytes(Headers::Tcp(tcp));
        assert_eq!((length, &bytes[2..4]), (70_040, &[0, 0][..]));
    }

    #[test]
    fn an_icmp_error_goes_to_whom_it_quotes() {
        let (bytes, length) = bytes(Headers::Icmp(icmp("10.0.0.9", ends("10.0.0.1:258", "10.0.0.2:80"))));
        assert_eq!((bytes.len(), length), (56, 56));
        assert_eq!((bytes[8], bytes[9], &bytes[12..20]), (61, ICMP, &[10, 0, 0, 9, 10, 0, 0, 1][..]));
        assert_eq!(bytes[20..22], [3, 3]);
        assert_eq!(checksum(sum(&bytes[20..])), [0, 0]);
        assert_eq!(bytes[48..], [1, 2, 0, 80, 0, 0, 0, 7]);
    }

    #[test]
    fn icmpv6_counts_its_pseudo_header() {
        let quoted = ends("[2001:db8::1]:1", "[2001:db8::2]:2");
        let (bytes, _) = bytes(Headers::Icmp(icmp("2001:db8::9", quoted)));
        assert_eq!((bytes.len(), bytes[6]), (96, ICMPV6));
        let pseudo = sum(&bytes[8..40]) + (bytes.len() as u32 - 40) + u32::from(ICMPV6);
        assert_eq!(checksum(pseudo + sum(&bytes[40..])), [0, 0]);
    }

    #[test]
    fn what_was_not_seen_is_named() {
        let blank = Tcp { window: None, ip_id: None, ttl: None, ..segment("10.0.0.1:1", "10.0.0.2:2") };
        assert_eq!(unseen(&Headers::Tcp(blank)), ["window", "TTL", "IP identification"]);
        let six = Tcp { ends: ends("[::1]:1", "[::1]:2"), ..blank };
        assert_eq!(unseen(&Headers::Tcp(six)), ["window", "hop limit"]);
        assert!(unseen(&Headers::Tcp(segment("10.0.0.1:1", "10.0.0.2:2"))).is_empty());
    }
}
