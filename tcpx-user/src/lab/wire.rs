//! TCP segments in IPv4 and IPv6 packets, and the ICMP answer to one, as bytes with right checksums.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    ops::BitOr,
};

const TCP: u8 = 6;
const ICMP: u8 = 1;
const ICMPV6: u8 = 58;

/// The control bits of a TCP header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flags(pub u8);

impl Flags {
    /// FIN.
    pub const FIN: Self = Self(1);
    /// SYN.
    pub const SYN: Self = Self(2);
    /// RST.
    pub const RST: Self = Self(4);
    /// PSH.
    pub const PSH: Self = Self(8);
    /// ACK.
    pub const ACK: Self = Self(16);

    /// Whether all bits of `other` are set.
    #[must_use]
    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl BitOr for Flags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Display for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [
            (Self::SYN, "SYN"),
            (Self::FIN, "FIN"),
            (Self::RST, "RST"),
            (Self::PSH, "PSH"),
            (Self::ACK, "ACK"),
        ];
        let set: Vec<&str> = names.iter().filter(|(bit, _)| self.has(*bit)).map(|(_, name)| *name).collect();
        f.write_str(&set.join(","))
    }
}

/// A TCP segment and the part of its IP header that matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Source.
    pub from: SocketAddr,
    /// Destination, of the same family.
    pub to: SocketAddr,
    /// Control bits.
    pub flags: Flags,
    /// Sequence number.
    pub seq: u32,
    /// Acknowledgement number.
    pub ack: u32,
    /// Window, unscaled.
    pub window: u16,
    /// TTL or hop limit.
    pub ttl: u8,
    /// Maximum segment size option.
    pub mss: Option<u16>,
    /// Timestamps option: value, echo.
    pub timestamps: Option<(u32, u32)>,
    /// Other options, as they go into the header: a multiple of four bytes.
    pub options: Vec<u8>,
    /// Data.
    pub payload: Vec<u8>,
}

impl Segment {
    /// A segment with no data and no options.
    #[must_use]
    pub fn new(from: SocketAddr, to: SocketAddr, flags: Flags, seq: u32, ack: u32) -> Self {
        Self {
            from,
            to,
            flags,
            seq,
            ack,
            window: 65_000,
            ttl: 61,
            mss: None,
            timestamps: None,
            options: Vec::new(),
            payload: Vec::new(),
        }
    }

    /// How far the segment moves the sequence number: its data, and one each for SYN and FIN.
    #[must_use]
    pub fn span(&self) -> u32 {
        let control = u32::from(self.flags.has(Flags::SYN)) + u32::from(self.flags.has(Flags::FIN));
        self.payload.len() as u32 + control
    }

    /// The packet as bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let (from, to) = (self.from.ip(), self.to.ip());
        let tcp = with_checksum(from, to, TCP, self.header_and_data(), 16);
        ip_packet(from, to, TCP, self.ttl, &tcp)
    }

    /// The same with a TCP checksum that does not fit.
    #[must_use]
    pub fn encode_damaged(&self) -> Vec<u8> {
        let mut packet = self.encode();
        let tcp = if self.from.is_ipv4() { 20 } else { 40 };
        packet[tcp + 16] ^= 0x55;
        packet
    }

    fn header_and_data(&self) -> Vec<u8> {
        let options = self.options();
        let mut bytes = Vec::with_capacity(20 + options.len() + self.payload.len());
        bytes.extend(self.from.port().to_be_bytes());
        bytes.extend(self.to.port().to_be_bytes());
        bytes.extend(self.seq.to_be_bytes());
        bytes.extend(self.ack.to_be_bytes());
        bytes.extend([((20 + options.len()) as u8 / 4) << 4, self.flags.0]);
        bytes.extend(self.window.to_be_bytes());
        bytes.extend([0; 4]);
        bytes.extend(options);
        bytes.extend(&self.payload);
        bytes
    }

    fn options(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        if let Some(mss) = self.mss {
            bytes.extend([2, 4]);
            bytes.extend(mss.to_be_bytes());
        }
        if let Some((value, echo)) = self.timestamps {
            bytes.extend([1, 1, 8, 10]);
            bytes.extend(value.to_be_bytes());
            bytes.extend(echo.to_be_bytes());
        }
        bytes.extend(&self.options);
        bytes
    }

    /// Reads a packet; `None` if it is not TCP, is cut short, or its checksum is wrong.
    #[must_use]
    pub fn decode(packet: &[u8]) -> Option<Self> {
        let (from, to, protocol, ttl, tcp) = ip_parts(packet)?;
        if protocol != TCP || tcp.len() < 20 || sum(&pseudo_header(from, to, TCP, tcp.len()), tcp) != 0xffff {
            return None;
        }
        let header = usize::from(tcp[12] >> 4) * 4;
        let (mss, timestamps) = read_options(tcp.get(20..header)?);
        Some(Self {
            from: SocketAddr::new(from, word(tcp, 0)),
            to: SocketAddr::new(to, word(tcp, 2)),
            flags: Flags(tcp[13] & 0x1f),
            seq: long(tcp, 4),
            ack: long(tcp, 8),
            window: word(tcp, 14),
            ttl,
            mss,
            timestamps,
            options: Vec::new(),
            payload: tcp[header..].to_vec(),
        })
    }
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to, flags, seq, ack, .. } = self;
        write!(f, "{from} > {to} [{flags}] seq {seq} ack {ack} len {}", self.payload.len())
    }
}

/// The ICMP or ICMPv6 error of this type and code that the destination of `packet` would send to its source.
#[must_use]
pub fn icmp_error(packet: &[u8], kind: u8, code: u8) -> Option<Vec<u8>> {
    let (from, to, ..) = ip_parts(packet)?;
    let protocol = if from.is_ipv4() { ICMP } else { ICMPV6 };
    let mut message = vec![kind, code, 0, 0, 0, 0, 0, 0];
    message.extend(packet);
    let message = match protocol {
        // ICMP for IPv4 knows no pseudo header.
        ICMP => {
            let check = !sum(&[], &message);
            message[2..4].copy_from_slice(&check.to_be_bytes());
            message
        }
        _ => with_checksum(to, from, ICMPV6, message, 2),
    };
    Some(ip_packet(to, from, protocol, 61, &message))
}

/// The value of the first option of this kind in a packet's TCP header.
#[must_use]
pub fn option(packet: &[u8], kind: u8) -> Option<&[u8]> {
    let (_, _, protocol, _, tcp) = ip_parts(packet)?;
    let header = usize::from(tcp.get(12)? >> 4) * 4;
    let mut bytes = tcp.get(20..header).filter(|_| protocol == TCP)?;
    while let [found, rest @ ..] = bytes {
        let length = match (found, rest.first()) {
            (0, _) => return None,
            (1, _) => 0,
            (_, Some(&length)) => usize::from(length).checked_sub(1)?,
            (_, None) => return None,
        };
        let (value, after) = rest.split_at_checked(length)?;
        if *found == kind && *found > 1 {
            return value.get(1..);
        }
        bytes = after;
    }
    None
}

fn word(bytes: &[u8], at: usize) -> u16 {
    u16::from_be_bytes([bytes[at], bytes[at + 1]])
}

fn long(bytes: &[u8], at: usize) -> u32 {
    u32::from(word(bytes, at)) << 16 | u32::from(word(bytes, at + 2))
}

fn read_options(mut bytes: &[u8]) -> (Option<u16>, Option<(u32, u32)>) {
    let (mut mss, mut timestamps) = (None, None);
    while let [kind, rest @ ..] = bytes {
        match (kind, rest) {
            (0, _) => break,
            (1, _) => bytes = rest,
            (kind, [length, value @ ..]) if *length >= 2 && value.len() >= usize::from(*length) - 2 => {
                let (value, rest) = value.split_at(usize::from(*length) - 2);
                match (kind, value.len()) {
                    (2, 2) => mss = Some(word(value, 0)),
                    (8, 8) => timestamps = Some((long(value, 0), long(value, 4))),
                    _ => {}
                }
                bytes = rest;
            }
            _ => break,
        }
    }
    (mss, timestamps)
}

fn octets(ip: IpAddr) -> Vec<u8> {
    match ip {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    }
}

fn ip_packet(from: IpAddr, to: IpAddr, protocol: u8, ttl: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    if from.is_ipv4() {
        bytes.extend([0x45, 0]);
        bytes.extend((20 + payload.len() as u16).to_be_bytes());
        // No identification, "don't fragment".
        bytes.extend([0, 0, 0x40, 0, ttl, protocol, 0, 0]);
        bytes.extend([octets(from), octets(to)].concat());
        let check = !sum(&[], &bytes);
        bytes[10..12].copy_from_slice(&check.to_be_bytes());
    } else {
        bytes.extend([0x60, 0, 0, 0]);
        bytes.extend((payload.len() as u16).to_be_bytes());
        bytes.extend([protocol, ttl]);
        bytes.extend([octets(from), octets(to)].concat());
    }
    bytes.extend(payload);
    bytes
}

/// Source, destination, protocol, TTL and payload. IPv6 extension headers are not looked through: the kernel sends
/// TCP without any.
fn ip_parts(packet: &[u8]) -> Option<(IpAddr, IpAddr, u8, u8, &[u8])> {
    let v4 = |at: usize| Some(IpAddr::from(<[u8; 4]>::try_from(packet.get(at..at + 4)?).ok()?));
    let v6 = |at: usize| Some(IpAddr::from(<[u8; 16]>::try_from(packet.get(at..at + 16)?).ok()?));
    let word = |at: usize| Some(usize::from(u16::from_be_bytes([*packet.get(at)?, *packet.get(at + 1)?])));
    match packet.first()? >> 4 {
        4 => {
            let payload = packet.get(usize::from(packet[0] & 15) * 4..word(2)?)?;
            Some((v4(12)?, v4(16)?, packet[9], packet[8], payload))
        }
        6 => Some((v6(8)?, v6(24)?, packet[6], packet[7], packet.get(40..40 + word(4)?)?)),
        _ => None,
    }
}

fn pseudo_header(from: IpAddr, to: IpAddr, protocol: u8, length: usize) -> Vec<u8> {
    let tail = [(length as u32).to_be_bytes(), u32::from(protocol).to_be_bytes()].concat();
    [octets(from), octets(to), tail].concat()
}

fn with_checksum(from: IpAddr, to: IpAddr, protocol: u8, mut bytes: Vec<u8>, at: usize) -> Vec<u8> {
    let check = !sum(&pseudo_header(from, to, protocol, bytes.len()), &bytes);
    bytes[at..at + 2].copy_from_slice(&check.to_be_bytes());
    bytes
}

/// RFC 1071, not yet inverted; `head` has an even length.
fn sum(head: &[u8], body: &[u8]) -> u16 {
    let word = |pair: &[u8]| u64::from(pair[0]) << 8 | u64::from(pair.get(1).copied().unwrap_or(0));
    let mut total: u64 = head.chunks(2).chain(body.chunks(2)).map(word).sum();
    while total > 0xffff {
        total = (total & 0xffff) + (total >> 16);
    }
    total as u16
}

#[cfg(test)]
mod tests {
    use super::{Flags, Segment, icmp_error, option};

    fn segment(from: &str, to: &str) -> Segment {
        let (from, to) = (from.parse().expect("an address"), to.parse().expect("an address"));
        Segment {
            mss: Some(1400),
            timestamps: Some((7, 9)),
            payload: b"Hello".to_vec(),
            ..Segment::new(from, to, Flags::PSH | Flags::ACK, 0xdead_beef, 0x0102_0304)
        }
    }

    #[test]
    fn what_is_encoded_is_decoded_again_in_both_families() {
        for (from, to) in [("10.99.0.2:80", "10.99.0.1:40000"), ("[fd99::2]:80", "[fd99::1]:40000")] {
            let segment = segment(from, to);
            assert_eq!(Segment::decode(&segment.encode()), Some(segment));
        }
    }

    #[test]
    fn an_option_is_found_behind_others() {
        let with = Segment { options: vec![30, 4, 7, 9], ..segment("10.99.0.2:80", "10.99.0.1:40000") };
        assert_eq!(option(&with.encode(), 30), Some(&[7, 9][..]));
        assert_eq!(option(&with.encode(), 31), None);
    }

    #[test]
    fn a_damaged_or_cut_packet_is_no_segment() {
        let whole = segment("[fd99::2]:80", "[fd99::1]:40000").encode();
        let mut damaged = whole.clone();
        damaged[50] ^= 1;
        assert_eq!(Segment::decode(&damaged), None);
        for length in 0..whole.len() {
            assert_eq!(Segment::decode(&whole[..length]), None);
        }
    }

    #[test]
    fn the_icmp_answer_goes_back_and_quotes_the_packet() {
        for (from, to, header) in [("10.0.0.1:1", "10.0.0.2:2", 28), ("[fd::1]:1", "[fd::2]:2", 48)] {
            let packet = segment(from, to).encode();
            let answer = icmp_error(&packet, 3, 3).expect("an answer");
            assert_eq!(&answer[header..], &packet[..]);
        }
    }
}
