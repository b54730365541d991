//! A recording in which a bit of everything happens, as the kernel would have written it.

use std::path::Path;

use tcpx_common::{
    abi::{Hook, Kind, lookup, state, tcp_flag},
    event as raw,
};
use tcpx_user::{
    abilities::Abilities,
    decode::{Decoder, NoSymbols},
    record::{
        Destination, Facts, Item, Recorder, Rotation, Summed,
        facts::{KernelNames, ScopeSaid},
        format,
    },
};
use zerocopy::{FromZeros as _, IntoBytes as _};

const MS: u64 = 1_000_000;
const NETFILTER_DROP: u32 = 7;

/// Writes it.
pub(crate) fn record(path: &Path) {
    let to = Destination { path: path.to_owned(), rotation: Rotation::default() };
    let recorder = Recorder::create(to).expect("a file");
    let facts = facts();
    let mut decoder = Decoder::new(facts.names.names(), Box::new(NoSymbols), facts.names.tick_ns);
    recorder.begin(facts);
    for record in story() {
        let event = decoder.decode(&record).expect("a record");
        recorder.read(&Item::Record(&record));
        recorder.advance(&event);
        recorder.dealt_with(true);
    }
    recorder.finish();
    recorder.close(&Summed::default());
    assert!(recorder.failure().is_none());
}

fn facts() -> Facts {
    Facts {
        recording: 1,
        file: 1,
        records: format::RECORDS,
        tcpx: "0.1.0".to_owned(),
        kernel: "6.12.0-test".to_owned(),
        arch: "x86_64".to_owned(),
        backend: "auto".to_owned(),
        probes: "path".to_owned(),
        abilities: Abilities::ALL,
        names: KernelNames {
            reset_reasons: vec![(1, "NO_SOCKET".into())],
            drop_reasons: vec![(NETFILTER_DROP, "NETFILTER_DROP".into())],
            tick_ns: 4 * MS,
        },
        clock: (0, 1_700_000_000_000_000_000),
        scope: ScopeSaid::Host,
        ..Facts::default()
    }
}

/// In the order of time.
fn story() -> Vec<Vec<u8>> {
    let refused = Flow::new("127.0.0.1:40000", "127.0.0.1:80", 1_000);
    let silent = Flow::new("10.0.0.1:40001", "192.0.2.9:81", 2_000);
    let stray = Flow::new("[2001:db8::9]:5000", "[2001:db8::1]:443", 3_000);
    let vanishing = Flow::new("10.0.0.9:5001", "10.0.0.1:22", 4_000);
    let unreachable = Flow::new("10.0.0.1:40002", "10.9.9.9:82", 5_000);
    let unreachable6 = Flow::new("[2001:db8::1]:40003", "[2001:db8::99]:83", 6_000);
    let reset = Flow::new("10.0.0.1:40004", "10.2.0.5:5432", 7_000);
    let rst = refused.segment("lo", tcp_flag::RST | tcp_flag::ACK, 0);
    let rst = raw::Segment { tuple: flip(rst.tuple), seq: 0, ack: 1_001, window: 0, ip_id: 0, ..rst };
    let ack = stray.segment("eth0", tcp_flag::ACK | 8, 100);
    vec![
        refused.starts(10),
        refused.answered(11, refused.segment("lo", tcp_flag::SYN, 0)),
        refused.receives(12, state::SYN_SENT, rst),
        refused.ends(13, 111, 0),
        silent.starts(20),
        stray.answered(30, raw::Segment { ack: 3_900, ..ack }),
        vanishing.dropped(40),
        vanishing.dropped(1_040),
        unreachable.starts(50),
        unreachable.icmp(51, "10.0.0.254", 3, 1),
        unreachable.ends(52, 113, 0),
        unreachable6.starts(60),
        unreachable6.icmp(61, "2001:db8::fe", 1, 3),
        unreachable6.ends(62, 113, 0),
        reset.receives(70, state::ESTABLISHED, raw::Segment::new_zeroed()),
        silent.again(3_020, 2),
        silent.ends(7_020, 110, 2),
    ]
}

struct Flow {
    tuple: raw::Tuple,
    isn: u32,
}

impl Flow {
    fn new(a: &str, b: &str, isn: u32) -> Self {
        let (a, b): (std::net::SocketAddr, std::net::SocketAddr) = (a.parse().expect(a), b.parse().expect(b));
        let family = if a.is_ipv4() { 4 } else { 6 };
        let (a_port, b_port) = (a.port(), b.port());
        Self {
            tuple: raw::Tuple { a: bytes(a.ip()), b: bytes(b.ip()), a_port, b_port, family, reserved: 0 },
            isn,
        }
    }

    fn header(&self, ms: u64, kind: Kind, hook: Hook) -> raw::Header {
        let _ = self;
        raw::Header {
            time_ns: ms * MS,
            netns_cookie: 7,
            netns: 4_026_531_840,
            tgid: 41,
            tid: 41,
            hook: hook as u8,
            kind: kind as u8,
            ..raw::Header::new_zeroed()
        }
    }

    fn segment(&self, device: &str, flags: u8, payload: u32) -> raw::Segment {
        let mut segment = raw::Segment {
            tuple: self.tuple,
            seq: self.isn,
            payload,
            window: 64_240,
            ip_id: if self.tuple.family == 4 { 0x1234 } else { 0 },
            flags,
            ttl: 63,
            present: 1,
            ifindex: 1,
            ..raw::Segment::new_zeroed()
        };
        segment.device[..device.len()].copy_from_slice(device.as_bytes());
        segment
    }

    fn change(&self, ms: u64, old: u8, new: u8) -> raw::State {
        let mut change = raw::State::new_zeroed();
        change.header = self.header(ms, Kind::State, Hook::State);
        (change.tuple, change.sk, change.old, change.new) =
            (self.tuple, 0x1000 + u64::from(self.isn), old, new);
        (change.uid, change.caller) = (1000, u8::from(new == state::SYN_SENT));
        change.comm[..4].copy_from_slice(b"curl");
        change
    }

    fn starts(&self, ms: u64) -> Vec<u8> {
        self.change(ms, state::CLOSE, state::SYN_SENT).as_bytes().to_vec()
    }

    fn ends(&self, ms: u64, err: u16, again: u32) -> Vec<u8> {
        let mut change = self.change(ms, state::SYN_SENT, state::CLOSE);
        (change.err, change.total_retrans) = (err, again);
        (change.snd_una, change.snd_nxt) = (self.isn, self.isn + 1);
        change.as_bytes().to_vec()
    }

    /// By a RST, as it found no socket.
    fn answered(&self, ms: u64, segment: raw::Segment) -> Vec<u8> {
        let mut reply = raw::Reply::new_zeroed();
        reply.header = self.header(ms, Kind::Reply, Hook::SendReset);
        (reply.segment, reply.has_reason, reply.reason, reply.port_free) = (segment, 1, 1, 1);
        (reply.lookup.established, reply.lookup.listener) = (lookup::MISS, lookup::MISS);
        reply.as_bytes().to_vec()
    }

    fn receives(&self, ms: u64, state: u8, segment: raw::Segment) -> Vec<u8> {
        let mut reset = raw::SockReset::new_zeroed();
        reset.header = self.header(ms, Kind::ReceiveReset, Hook::ReceiveReset);
        (reset.tuple, reset.segment) = (self.tuple, segment);
        reset.sock = raw::SockFacts {
            sk: 0x1000 + u64::from(self.isn),
            snd_una: self.isn,
            snd_nxt: self.isn + 1,
            state,
            present: 1,
            ..raw::SockFacts::new_zeroed()
        };
        reset.as_bytes().to_vec()
    }

    fn dropped(&self, ms: u64) -> Vec<u8> {
        let mut drop = raw::Drop::new_zeroed();
        drop.header = self.header(ms, Kind::Drop, Hook::Drop);
        drop.segment = self.segment("eth0", tcp_flag::SYN, 0);
        (drop.has_reason, drop.reason) = (1, NETFILTER_DROP);
        drop.as_bytes().to_vec()
    }

    fn again(&self, ms: u64, count: u32) -> Vec<u8> {
        let mut again = raw::Retransmit::new_zeroed();
        again.header = self.header(ms, Kind::Retransmit, Hook::Retransmit);
        (again.tuple, again.sk) = (self.tuple, 0x1000 + u64::from(self.isn));
        (again.total_retrans, again.isn) = (count, self.isn);
        again.as_bytes().to_vec()
    }

    fn icmp(&self, ms: u64, from: &str, icmp_type: u8, icmp_code: u8) -> Vec<u8> {
        let mut icmp = raw::Icmp::new_zeroed();
        icmp.header = self.header(ms, Kind::Icmp, Hook::Icmp);
        (icmp.tuple, icmp.seq, icmp.from) = (self.tuple, self.isn, bytes(from.parse().expect(from)));
        (icmp.icmp_type, icmp.icmp_code, icmp.ttl, icmp.ifindex) = (icmp_type, icmp_code, 62, 1);
        icmp.device[..4].copy_from_slice(b"eth0");
        icmp.as_bytes().to_vec()
    }
}

fn flip(tuple: raw::Tuple) -> raw::Tuple {
    raw::Tuple { a: tuple.b, b: tuple.a, a_port: tuple.b_port, b_port: tuple.a_port, ..tuple }
}

fn bytes(address: std::net::IpAddr) -> [u8; 16] {
    let mut bytes = [0; 16];
    match address {
        std::net::IpAddr::V4(address) => bytes[..4].copy_from_slice(&address.octets()),
        std::net::IpAddr::V6(address) => bytes = address.octets(),
    }
    bytes
}
