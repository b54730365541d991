//! Facts from a packet's headers.

use tcpx_common::{
    abi::tcp_flag,
    event::{Arrival, Icmp, Segment, Tuple},
    offsets::{ABSENT, HEADERS_WORDS},
};

use super::{base::Base, field, field_or_zero, read, read_into, read_or_zero, window::Window};
use crate::maps::{OPTIONS, config, offset};

const ETH_P_IP: u16 = 0x0800;
const ETH_P_IPV6: u16 = 0x86dd;
const IPPROTO_TCP: u8 = 6;
/// A header position that was never set.
const UNSET: u16 = u16::MAX;

/// The fixed part of an IPv4 header (RFC 791).
#[derive(Clone, Copy, Default)]
#[repr(C)]
struct Ipv4 {
    version_ihl: u8,
    tos: u8,
    total_len: [u8; 2],
    id: [u8; 2],
    fragment: [u8; 2],
    ttl: u8,
    protocol: u8,
    checksum: [u8; 2],
    source: [u8; 4],
    destination: [u8; 4],
}

/// The fixed part of an IPv6 header (RFC 8200).
#[derive(Clone, Copy)]
#[repr(C)]
struct Ipv6 {
    version: [u8; 4],
    payload_len: [u8; 2],
    next_header: u8,
    hop_limit: u8,
    source: [u8; 16],
    destination: [u8; 16],
}

/// The part of a TCP header (RFC 9293) that tcpx reads.
#[derive(Clone, Copy, Default)]
#[repr(C)]
struct Tcp {
    source: [u8; 2],
    destination: [u8; 2],
    seq: [u8; 4],
    ack: [u8; 4],
    offset: u8,
    flags: u8,
    window: [u8; 2],
}

impl Tcp {
    /// For [`flags_and_port_word`].
    #[inline(always)]
    fn flags_and_port(&self) -> u32 {
        u32::from(self.flags) | u32::from(u16::from_ne_bytes(self.destination)) << 16
    }
}

/// Where a packet's headers are: the part of `struct sk_buff` that tells it, read in one piece where it is one.
struct Headers {
    /// Where its buffer begins.
    head: u64,
    /// Where its network header is.
    ip: u64,
    /// Where its transport header is, from `head`.
    transport: u16,
    /// Family of the network header: 4 or 6, or 0.
    family: u16,
}

impl Headers {
    #[inline(always)]
    fn of<B: Base>(skb: B) -> Self {
        if B::DIRECT || config!(headers_together) == 0 {
            return Self::new(
                skb.member(offset!(skb_head)),
                skb.member(offset!(skb_protocol)),
                skb.member(offset!(skb_network_header)),
                skb.member(offset!(skb_transport_header)),
            );
        }
        let skb = skb.address();
        let first = offset!(skb_protocol);
        let mut window = Window::<HEADERS_WORDS>::unread();
        let window = window.read(skb, first);
        Self::new(
            window.inside(first, offset!(skb_head)),
            window.inside(first, first),
            window.inside(first, offset!(skb_network_header)),
            window.inside(first, offset!(skb_transport_header)),
        )
    }

    #[inline(always)]
    fn new(head: u64, protocol: u16, network: u16, transport: u16) -> Self {
        let family = match u16::from_be(protocol) {
            ETH_P_IP => 4,
            ETH_P_IPV6 => 6,
            _ => 0,
        };
        Self { head, ip: head + u64::from(network), transport, family }
    }

    /// Where the TCP header is. Before `ip_rcv_core` has set it, it follows the network header.
    #[inline(always)]
    fn tcp(&self, after_network: u64) -> u64 {
        let place = self.head + u64::from(self.transport);
        if self.transport != UNSET && place >= after_network { place } else { after_network }
    }
}

/// What decides how much is asked about a segment.
#[derive(Clone, Copy)]
pub struct FlagsAndPort {
    /// TCP flags.
    pub flags: u8,
    /// Destination port.
    pub port: u16,
}

/// Of a packet of any protocol; zeros if it is not TCP. Cheap enough for every dropped packet.
#[inline(always)]
pub fn flags_and_port(skb: impl Base) -> FlagsAndPort {
    let word = flags_and_port_word(skb);
    FlagsAndPort { flags: word as u8, port: u16::from_be((word >> 16) as u16) }
}

/// TCP flags of a packet of any protocol; 0 if it is not TCP.
#[inline(always)]
pub fn tcp_flags(skb: u64) -> u8 {
    flags_and_port(skb).flags
}

/// The same as one number, the port as the header has it: a function of its own gives no more.
#[inline(never)]
fn flags_and_port_word(skb: impl Base) -> u32 {
    let headers = Headers::of(skb);
    let ip = headers.ip;
    let (protocol, after) = match headers.family {
        4 => {
            let both: Ipv4Tcp = read_or_zero(ip);
            let place = headers.tcp(ip + u64::from(both.ip.version_ihl & 0xf) * 4);
            if both.ip.protocol == IPPROTO_TCP && place == ip + size_of::<Ipv4>() as u64 {
                return both.tcp.flags_and_port();
            }
            (both.ip.protocol, place)
        }
        6 => (read_or_zero(ip + 6), headers.tcp(ip + size_of::<Ipv6>() as u64)),
        _ => return 0,
    };
    if protocol == IPPROTO_TCP { read_or_zero::<Tcp>(after).flags_and_port() } else { 0 }
}

/// Both headers of IPv4 without options, which most segments have.
#[derive(Clone, Copy, Default)]
#[repr(C)]
struct Ipv4Tcp {
    ip: Ipv4,
    tcp: Tcp,
}

/// Fills in a segment from a packet's headers.
#[inline(never)]
pub fn segment<B: Base>(skb: B, out: &mut Segment) -> bool {
    let headers = Headers::of(skb);
    let ip = headers.ip;
    let mut both = Ipv4Tcp::default();
    let (after, ip_len) = match headers.family {
        4 if read_into(&mut both, ip) => (ipv4(&both.ip, ip, out), u16::from_be_bytes(both.ip.total_len)),
        6 => match ipv6(ip, out) {
            Some(payload_len) => (ip + size_of::<Ipv6>() as u64, payload_len + size_of::<Ipv6>() as u16),
            None => return false,
        },
        _ => return false,
    };
    let place = headers.tcp(after);
    if place != ip + size_of::<Ipv4>() as u64 && !read_into(&mut both.tcp, place) {
        return false;
    }
    let tcp = &both.tcp;
    out.tuple.family = headers.family;
    out.tuple.a_port = u16::from_be_bytes(tcp.source);
    out.tuple.b_port = u16::from_be_bytes(tcp.destination);
    out.seq = u32::from_be_bytes(tcp.seq);
    out.ack = u32::from_be_bytes(tcp.ack);
    out.window = u16::from_be_bytes(tcp.window);
    out.flags = tcp.flags;
    let length = (place - ip) as u32 + u32::from(tcp.offset >> 4) * 4;
    out.payload = u32::from(ip_len).saturating_sub(length);
    out.present = 1;
    device(skb, &mut out.ifindex, &mut out.device);
    true
}

#[inline(always)]
fn ipv4(header: &Ipv4, ip: u64, out: &mut Segment) -> u64 {
    addresses4(header, &mut out.tuple);
    out.ttl = header.ttl;
    out.ip_id = u16::from_be_bytes(header.id);
    ip + u64::from(header.version_ihl & 0xf) * 4
}

/// Gives the length behind the header.
#[inline(always)]
fn ipv6(ip: u64, out: &mut Segment) -> Option<u16> {
    let [_, lengths]: [u32; 2] = read(ip)?;
    let [high, low, _, hop_limit] = lengths.to_ne_bytes();
    out.ttl = hop_limit;
    addresses6(ip, &mut out.tuple);
    Some(u16::from_be_bytes([high, low]))
}

/// Straight into the record, over zeros: both would take 32 bytes of the stack.
#[inline(always)]
fn addresses6(ip: u64, tuple: &mut Tuple) {
    let _ = read_into(&mut tuple.a, ip + 8) && read_into(&mut tuple.b, ip + 24);
}

#[inline(always)]
fn addresses4(header: &Ipv4, tuple: &mut Tuple) {
    put4(&mut tuple.a, header.source);
    put4(&mut tuple.b, header.destination);
}

/// Byte by byte: a slice copy would bring a panic with it.
#[inline(always)]
pub fn put4(target: &mut [u8; 16], address: [u8; 4]) {
    target[0] = address[0];
    target[1] = address[1];
    target[2] = address[2];
    target[3] = address[3];
}

/// Index of the device that a packet came in on. TCP takes the device from the packet before it queues it
/// (`skb->dev = NULL`); its index stays in `skb_iif`.
#[inline(always)]
fn ifindex<B: Base>(skb: B, device: B) -> u32 {
    if device.is_null() { skb.member(offset!(skb_iif)) } else { device.member(offset!(dev_ifindex)) }
}

/// Device that a packet came in on; its name only where the packet still has it.
#[inline(always)]
pub fn device<B: Base>(skb: B, index: &mut u32, name: &mut [u8; 16]) {
    let device = skb.follow(offset!(skb_dev));
    *index = ifindex(skb, device);
    let place = offset!(dev_name);
    if !device.is_null() && place != ABSENT {
        // A name that cannot be read is zeroed by the helper (`bpf_probe_read_kernel_common`).
        let _ = read_into(name, device.address() + u64::from(place));
    }
}

/// How a packet came.
#[inline(always)]
pub fn arrival(skb: u64) -> Arrival {
    let Headers { ip, family, .. } = Headers::of(skb);
    let ifindex = ifindex(skb, field_or_zero(skb, offset!(skb_dev)));
    // IPv6 has no identification.
    let (ttl, ip_id) = match family {
        4 => (read_or_zero(ip + 8), u16::from_be(read_or_zero(ip + 4))),
        _ => (read_or_zero(ip + 7), 0),
    };
    Arrival { ifindex, ip_id, ttl, present: 1 }
}

/// Destination port of a TCP packet; 0 if it cannot be read.
#[inline(always)]
pub fn destination_port(skb: u64) -> u16 {
    u16::from_be_bytes(read(place(skb) + 2).unwrap_or_default())
}

/// Sequence number of a TCP packet; 0 if it cannot be read.
#[inline(always)]
pub fn sequence(skb: u64) -> u32 {
    u32::from_be_bytes(read(place(skb) + 4).unwrap_or_default())
}

/// Acknowledgement number of a TCP packet; 0 if it cannot be read.
#[inline(always)]
pub fn acknowledgement(skb: u64) -> u32 {
    u32::from_be_bytes(read(place(skb) + 8).unwrap_or_default())
}

/// Addresses, ports and sequence number alone.
#[inline(always)]
pub fn tuple_and_seq(skb: u64, tuple: &mut Tuple, seq: &mut u32) {
    let headers = Headers::of(skb);
    let ip = headers.ip;
    let after = if headers.family == 4 {
        let Some(header) = read::<Ipv4>(ip) else { return };
        addresses4(&header, tuple);
        ip + u64::from(header.version_ihl & 0xf) * 4
    } else {
        addresses6(ip, tuple);
        ip + size_of::<Ipv6>() as u64
    };
    tuple.family = headers.family;
    ports_and_seq(headers.tcp(after), tuple, seq);
}

/// Where the TCP header of an IPv4 or IPv6 packet is.
#[inline(always)]
fn place(skb: u64) -> u64 {
    let headers = Headers::of(skb);
    let length = if headers.family == 4 {
        u64::from(read::<u8>(headers.ip).unwrap_or(0x45) & 0xf) * 4
    } else {
        size_of::<Ipv6>() as u64
    };
    headers.tcp(headers.ip + length)
}

/// Type and code of a received ICMPv4 packet: its transport header is the ICMP header.
#[inline(always)]
pub fn icmp_header(skb: u64) -> Option<(u8, u8)> {
    let head: u64 = field(skb, offset!(skb_head))?;
    let place: u16 = field(skb, offset!(skb_transport_header))?;
    let header: [u8; 2] = read(head + u64::from(place))?;
    Some((header[0], header[1]))
}

/// Source and TTL of the packet itself, when its data stands at what it quotes.
#[inline(always)]
pub fn outer_header(skb: u64, family: u16, from: &mut [u8; 16], ttl: &mut u8) {
    let ip = Headers::of(skb).ip;
    if family == 4 {
        let Some(header) = read::<Ipv4>(ip) else { return };
        put4(from, header.source);
        *ttl = header.ttl;
    } else {
        let Some(header) = read::<Ipv6>(ip) else { return };
        *from = header.source;
        *ttl = header.hop_limit;
    }
}

/// An ICMP error in a socket's error queue.
pub struct QueuedIcmp {
    /// A copy of the packet, whose `data` stands behind the quoted network header.
    pub skb: u64,
    /// Type.
    pub icmp_type: u8,
    /// Code.
    pub icmp_code: u8,
}

/// The newest, if it came by ICMP for IPv4 (`struct sock_extended_err`). The queue is a ring through its own head.
#[inline(always)]
pub fn queued_icmp(sk: u64) -> Option<QueuedIcmp> {
    const SO_EE_ORIGIN_ICMP: u8 = 2;
    let place = offset!(sk_error_queue);
    let (cb, within) = (offset!(skb_cb), offset!(exterr_ee));
    if place == ABSENT || cb == ABSENT || within == ABSENT {
        return None;
    }
    let queue = sk + u64::from(place);
    let skb: u64 = read(queue + 8)?;
    if skb == 0 || skb == queue {
        return None;
    }
    let error: [u8; 8] = read(skb + u64::from(cb) + u64::from(within))?;
    if error[4] != SO_EE_ORIGIN_ICMP {
        return None;
    }
    Some(QueuedIcmp { skb, icmp_type: error[5], icmp_code: error[6] })
}

/// Sender and quoted segment of an ICMP packet for IPv4, from its network header on.
#[inline(always)]
pub fn quoting_packet(skb: u64, out: &mut Icmp) {
    const ICMP_HEADER: u64 = 8;
    let ip = Headers::of(skb).ip;
    let Some(header) = read::<Ipv4>(ip) else { return };
    put4(&mut out.from, header.source);
    out.ttl = header.ttl;
    out.ifindex = field_or_zero(skb, offset!(skb_iif));
    let quoted = ip + u64::from(header.version_ihl & 0xf) * 4 + ICMP_HEADER;
    let Some(header) = read::<Ipv4>(quoted) else { return };
    addresses4(&header, &mut out.tuple);
    out.tuple.family = 4;
    ports_and_seq(quoted + u64::from(header.version_ihl & 0xf) * 4, &mut out.tuple, &mut out.seq);
}

/// The segment that an ICMP error quotes: `data` of the packet stands at the quoted network header.
/// `transport_offset` is where the quoted TCP header begins, 0 to compute it.
#[inline(always)]
pub fn quoted_segment(
    skb: u64,
    family: u16,
    transport_offset: u32,
    tuple: &mut Tuple,
    seq: &mut u32,
) -> bool {
    let ip: u64 = field_or_zero(skb, offset!(skb_data));
    let place = if family == 4 {
        let Some(header) = read::<Ipv4>(ip) else { return false };
        addresses4(&header, tuple);
        ip + u64::from(header.version_ihl & 0xf) * 4
    } else {
        addresses6(ip, tuple);
        ip + u64::from(transport_offset)
    };
    tuple.family = family;
    ports_and_seq(place, tuple, seq)
}

/// The first eight bytes of a TCP header: as much as an ICMP error is sure to quote (RFC 792).
#[inline(always)]
fn ports_and_seq(place: u64, tuple: &mut Tuple, seq: &mut u32) -> bool {
    let Some(header) = read::<[[u8; 2]; 4]>(place) else { return false };
    tuple.a_port = u16::from_be_bytes(header[0]);
    tuple.b_port = u16::from_be_bytes(header[1]);
    *seq = u32::from_be_bytes([header[2][0], header[2][1], header[3][0], header[3][1]]);
    true
}

/// Whether a segment carries an MD5 (19) or TCP-AO (29) option: the kernel answers such a segment with RST only if
/// it knows the key, which it looks for at a full socket.
#[inline(never)]
pub fn has_auth_option(skb: u64) -> bool {
    const MAX_OPTIONS: usize = 20;
    const END: u8 = 0;
    const NOP: u8 = 1;
    const MD5: u8 = 19;
    const AO: u8 = 29;
    let place = place(skb);
    let Some(header) = read::<Tcp>(place) else { return false };
    let length = (u32::from(header.offset >> 4) * 4).saturating_sub(20);
    if length == 0 {
        return false;
    }
    let Some(options) = options() else { return false };
    if !read_into(options, place + 20) {
        return false;
    }
    let mut at = 0u8;
    for _ in 0..MAX_OPTIONS {
        if u32::from(at) >= length {
            return false;
        }
        let kind = options[usize::from(at & 63)];
        if kind == MD5 || kind == AO || kind == END {
            return kind != END;
        }
        let len = if kind == NOP { 1 } else { options[usize::from((at + 1) & 63)].max(2) };
        at = forget(options, at.wrapping_add(len) & 63);
    }
    false
}

/// Passes the cursor through memory, so that the verifier knows nothing of it: else it would follow each way through
/// the options on its own, a million of them.
#[inline(always)]
fn forget(options: &mut [u8; 64], at: u8) -> u8 {
    let place = &raw mut options[63];
    // SAFETY: within the array; options fill its first 40 bytes at most.
    unsafe {
        place.write_volatile(at);
        place.read_volatile()
    }
}

#[inline(always)]
fn options() -> Option<&'static mut [u8; 64]> {
    // SAFETY: a per-CPU map value, filled and read within one run of one program.
    OPTIONS.get_ptr_mut(0).map(|options| unsafe { &mut *options })
}

/// `tcp_flag::SYN` alone: a first SYN.
#[inline(always)]
pub fn is_syn(flags: u8) -> bool {
    flags & (tcp_flag::SYN | tcp_flag::ACK | tcp_flag::RST) == tcp_flag::SYN
}
