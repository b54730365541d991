//! Packets as a class reads them: flags by name, addresses, all numbers, and how those are known.

use std::fmt::Write as _;

use tcpx_common::abi::tcp_flag::{ACK, FIN, RST, SYN};

use super::{CAME, Fact, WENT};
use crate::{
    line::Line,
    packet::{Headers, Icmp, Numbers, Packet, Packets, Part, Tcp},
    run::lab::tracer::Played,
};

/// The kernel's bit, of which no verdict depends.
const PSH: u8 = 8;

/// Of all lines, with the times at which they passed, on the script's clock.
pub(super) fn all(played: &Played) -> Vec<Fact> {
    let packets = played.lines.iter().filter_map(of);
    let all = packets.flat_map(|packets| &packets.list);
    all.map(|packet| fact(packet, packet.time.saturating_sub(played.suspended))).collect()
}

fn of(line: &Line) -> Option<&Packets> {
    match line {
        Line::Attempt(attempt) => attempt.packets.as_deref(),
        Line::Reset(reset) => reset.packets.as_deref(),
        Line::Drop(drop) => drop.packets.as_deref(),
        Line::Death(death) => death.packets.as_deref(),
        Line::Call(_) | Line::Start(_) | Line::Loss(_) | Line::Summary(_) => None,
    }
}

fn fact(packet: &Packet, at_ns: u64) -> Fact {
    let what = match &packet.headers {
        Headers::Tcp(tcp) => segment(tcp),
        Headers::Icmp(icmp) => error(icmp),
    };
    let (how, known) = how(packet.part);
    Fact {
        who: "kernel".to_owned(),
        what: format!("{what}; {how}"),
        known: Some(known),
        at_ns,
        rank: rank(packet.part),
    }
}

const fn rank(part: Part) -> u8 {
    match part {
        Part::Syn | Part::SynAgain | Part::RstSent(_) => WENT,
        Part::Arrived | Part::Answered | Part::Dropped | Part::Icmp | Part::RstReceived(_) => CAME,
    }
}

fn segment(tcp: &Tcp) -> String {
    let ends = tcp.ends;
    let mut text = format!("{} {} → {} seq {} ", flags(tcp.flags), ends.a, ends.b, tcp.seq);
    // Writing to a String cannot fail.
    let _ = match tcp.flags & ACK {
        0 => write!(text, "len {}", tcp.payload),
        _ => write!(text, "ack {} len {}", tcp.ack, tcp.payload),
    };
    text
}

fn error(icmp: &Icmp) -> String {
    let Icmp { from, icmp_type, icmp_code, quoted, seq, .. } = icmp;
    format!("ICMP type {icmp_type} code {icmp_code} {from} → {} about seq {seq}", quoted.a.ip())
}

fn flags(set: u8) -> String {
    let names = [(SYN, "SYN"), (FIN, "FIN"), (RST, "RST"), (PSH, "PSH"), (ACK, "ACK")];
    let names: Vec<&str> = names.iter().filter(|(bit, _)| set & bit != 0).map(|(_, name)| *name).collect();
    names.join(",")
}

/// What it has to do with what is told, and whether the packet itself was seen.
const fn how(part: Part) -> (&'static str, &'static str) {
    match part {
        Part::Syn => ("sent, as its socket says", "derived"),
        Part::SynAgain => ("sent again, as its socket says", "derived"),
        Part::Arrived | Part::Icmp => ("as it arrived", "observed"),
        Part::Answered => ("arrived, and was answered with a RST", "observed"),
        Part::Dropped => ("arrived, and was dropped", "observed"),
        Part::RstSent(numbers) => match numbers {
            Numbers::Seen => ("sent", "observed"),
            Numbers::OfAnswered => ("sent; its numbers are those that answer the segment before", "derived"),
            Numbers::OfSocket => ("sent; its numbers are the next ones of its socket", "derived"),
        },
        Part::RstReceived(numbers) => match numbers {
            Numbers::Seen => ("as it arrived", "observed"),
            Numbers::OfAnswered => ("arrived; its numbers are those that it was sent with", "derived"),
            Numbers::OfSocket => ("arrived; its numbers are the next ones of the other socket", "derived"),
        },
    }
}
