//! Packets that tcpx knows of, as far as records hold their headers: what `tcpx export` writes. They travel with the line that they
//! belong to, where they were asked for, and are not published in it.

use std::net::IpAddr;

use crate::{
    event::{Ends, Name},
    line::Netns,
};

/// A SYN is not sent again sooner (`TCP_TIMEOUT_INIT` is one second).
pub const BEFORE_AGAIN_NS: u64 = 900_000_000;

/// What belongs to one line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Packets {
    /// In no order.
    pub list: Vec<Packet>,
    /// What happened and is not in the list.
    pub left_out: LeftOut,
}

/// A packet at one place of this host.
#[derive(Clone, Debug, PartialEq)]
pub struct Packet {
    /// Boot clock, ns.
    pub time: u64,
    /// Where.
    pub netns: Netns,
    /// Device that it came in on, if that is known.
    pub device: Option<Name>,
    /// What it has to do with the line.
    pub part: Part,
    /// What is known of its headers.
    pub headers: Headers,
}

/// What a packet has to do with its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The SYN of an attempt, known from its socket alone.
    Syn,
    /// The same, sent again.
    SynAgain,
    /// A segment of the handshake, as it arrived.
    Arrived,
    /// What was answered with a RST.
    Answered,
    /// A RST, as it left.
    RstSent(Numbers),
    /// A RST, as it arrived.
    RstReceived(Numbers),
    /// It was dropped.
    Dropped,
    /// An ICMP error, as it arrived.
    Icmp,
}

/// How the numbers of a RST are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbers {
    /// They were seen.
    Seen,
    /// They follow from the segment that it answers (RFC 9293, 3.10.7.1).
    OfAnswered,
    /// They are the next ones of the socket that sent it.
    OfSocket,
}

/// Header fields; `None` is one that was not seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Headers {
    /// IP and TCP.
    Tcp(Tcp),
    /// IP and ICMP or ICMPv6.
    Icmp(Icmp),
}

/// A TCP segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tcp {
    /// Source and destination.
    pub ends: Ends,
    /// Sequence number.
    pub seq: u32,
    /// Acknowledgement number.
    pub ack: u32,
    /// `tcpx_common::abi::tcp_flag`.
    pub flags: u8,
    /// Bytes of payload.
    pub payload: u32,
    /// Window, unscaled.
    pub window: Option<u16>,
    /// IPv4 identification.
    pub ip_id: Option<u16>,
    /// Time to live or hop limit.
    pub ttl: Option<u8>,
}

/// An ICMP error about a TCP segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Icmp {
    /// Who sent it.
    pub from: IpAddr,
    /// Type.
    pub icmp_type: u8,
    /// Code.
    pub icmp_code: u8,
    /// Time to live or hop limit of the ICMP packet.
    pub ttl: Option<u8>,
    /// Source, to which it went, and destination of the segment that it quotes.
    pub quoted: Ends,
    /// Sequence number of that segment.
    pub seq: u32,
}

/// Packets that were there, and of which too little was recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// SYNs whose time or sequence number is not known.
    pub syns: u64,
    /// RSTs of which only the socket was seen that they reached.
    pub resets: u64,
    /// Dropped segments that are only counted.
    pub drops: u64,
    /// ICMP errors that this host sent: from which address is not recorded.
    pub icmp: u64,
}

impl LeftOut {
    /// Both together.
    pub const fn add(&mut self, other: Self) {
        self.syns = self.syns.saturating_add(other.syns);
        self.resets = self.resets.saturating_add(other.resets);
        self.drops = self.drops.saturating_add(other.drops);
        self.icmp = self.icmp.saturating_add(other.icmp);
    }
}
