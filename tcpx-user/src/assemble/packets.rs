//! The packets of each line, from the records behind it. What no record holds is not made up: it is counted.

use std::sync::Arc;

use tcpx_common::abi::tcp_flag::{ACK, FIN, RST, SYN};

use super::Names;
use crate::{
    correlate::{
        facts::{AttemptFacts, DeathFacts, DropFacts, ResetFacts, Sender},
        key::{ONE_SEGMENT_NS, Seen, may_be_same},
    },
    event::{self, Ends, Name, Netns, Segment, SockReset},
    packet::{BEFORE_AGAIN_NS, Headers, Icmp, Numbers, Packet, Packets, Part, Tcp},
};

/// A segment where and when it was seen.
#[derive(Clone, Copy)]
struct Sighting<'a> {
    time: u64,
    netns: Netns,
    segment: &'a Segment,
}

/// Of an attempt: its SYNs, what arrived of its handshake, ICMP errors. What its RST and its drop tell is theirs.
pub(super) fn attempt(facts: &AttemptFacts, names: &Names<'_>) -> Packets {
    let mut packets = Packets::default();
    let told = told_elsewhere(facts);
    let arrived = facts.lookups.iter().map(|seen| sighting(seen, &seen.what.segment));
    for seen in arrived.filter(|seen| !told.iter().any(|other| is_same(seen, other))) {
        packets.list.push(whole(seen, Part::Arrived, names));
    }
    if let Some(seen) = &facts.neighbor {
        packets.list.push(whole(sighting(seen, &seen.what.segment), Part::Dropped, names));
    }
    own_syns(facts, names, &mut packets);
    match (&facts.icmp, &facts.icmp_sent) {
        (Some(seen), _) => icmp(seen, names, &mut packets),
        (None, Some(_)) => packets.left_out.icmp += 1,
        (None, None) => {}
    }
    packets
}

/// Of a RST: what it answers, itself where it left and where it arrived. Within a namespace that is one packet.
pub(super) fn reset(facts: &ResetFacts, names: &Names<'_>) -> Packets {
    let mut packets = Packets::default();
    let answered = facts.sender.as_ref().and_then(|sender| Some((sender, sender.segment()?)));
    if let Some((sender, segment)) = answered {
        let seen = Sighting { time: sender.time(), netns: sender.netns(), segment };
        packets.list.push(whole(seen, Part::Answered, names));
    }
    let sent = facts.sender.as_ref().and_then(|sender| Some((sender, answer(sender)?)));
    let received = facts.receiver.as_ref();
    let at_once = |(sender, _): &(&Sender, (Tcp, Numbers))| {
        received.is_some_and(|seen| {
            may_be_same(seen.netns, sender.netns()) && seen.what.ends.flipped() == sender.flow()
        })
    };
    let seen = received.is_some_and(|seen| seen.what.segment.is_some());
    if let Some((sender, (tcp, numbers))) = sent.filter(|sent| !(seen && at_once(sent))) {
        packets.list.push(packet(
            sender.time(),
            sender.netns(),
            None,
            Part::RstSent(numbers),
            Headers::Tcp(tcp),
            names,
        ));
    }
    if let Some(receiver) = received.filter(|_| seen || !sent.as_ref().is_some_and(at_once)) {
        arrival(receiver, sent.map(|(_, known)| known), names, &mut packets);
    }
    packets
}

/// Of segments that vanished: the first.
pub(super) fn drop(facts: &DropFacts, names: &Names<'_>) -> Packets {
    let cause = &facts.cause;
    let seen = Sighting { time: cause.time(), netns: cause.netns(), segment: cause.segment() };
    let mut packets = Packets { list: vec![whole(seen, Part::Dropped, names)], ..Packets::default() };
    packets.left_out.drops = facts.count.saturating_sub(1);
    packets
}

/// Of a connection that died: what ICMP said.
pub(super) fn death(facts: &DeathFacts, names: &Names<'_>) -> Packets {
    let mut packets = Packets::default();
    if let Some(seen) = &facts.icmp {
        icmp(seen, names, &mut packets);
    }
    packets
}

/// What the lines of its RST and its drop have.
fn told_elsewhere(facts: &AttemptFacts) -> Vec<Sighting<'_>> {
    let drop = facts.drop.as_ref().map(|drop| &drop.cause);
    let dropped =
        drop.map(|cause| Sighting { time: cause.time(), netns: cause.netns(), segment: cause.segment() });
    let resets = [&facts.reset, &facts.wrong_answer].into_iter().flatten();
    let answered = resets.filter_map(|reset| {
        let sender = reset.sender.as_ref()?;
        Some(Sighting { time: sender.time(), netns: sender.netns(), segment: sender.segment()? })
    });
    dropped.into_iter().chain(answered).collect()
}

/// The SYNs that only the socket tells of: those that nobody saw in its own namespace.
fn own_syns(facts: &AttemptFacts, names: &Names<'_>, packets: &mut Packets) {
    let (Some(ends), Some(isn)) = (facts.ends(), facts.isn()) else {
        // A socket that has come to its end without a number had not sent a SYN.
        let may_have_sent = facts.end.is_none() && facts.start.is_some();
        packets.left_out.syns += u64::from(may_have_sent);
        return;
    };
    let seen = seen_here(facts, ends, isn);
    let first = facts.start.as_ref().map(|start| (start.time, Part::Syn));
    let again = facts.retransmit.as_ref().map(|again| (again.time, Part::SynAgain));
    let mut told = seen.len() as u64;
    for (time, part) in first.into_iter().chain(again) {
        if seen.iter().any(|&seen| is_sending_of(time, seen)) {
            continue;
        }
        let tcp =
            Tcp { ends, seq: isn, ack: 0, flags: SYN, payload: 0, window: None, ip_id: None, ttl: None };
        packets.list.push(packet(time, facts.netns(), None, part, Headers::Tcp(tcp), names));
        told += 1;
    }
    packets.left_out.syns += (1 + u64::from(facts.syn_retransmits())).saturating_sub(told);
}

/// Times at which its SYNs were seen in its own namespace.
fn seen_here(facts: &AttemptFacts, ends: Ends, isn: u32) -> Vec<u64> {
    let lookups = facts.lookups.iter().map(|seen| sighting(seen, &seen.what.segment));
    let neighbor = facts.neighbor.iter().map(|seen| sighting(seen, &seen.what.segment));
    let is_own = |seen: &Sighting<'_>| {
        let segment = seen.segment;
        let same = segment.is_syn() && segment.seq == isn && segment.ends == ends;
        same && may_be_same(seen.netns, facts.netns())
    };
    let mut times = Vec::new();
    for seen in told_elsewhere(facts).into_iter().chain(lookups).chain(neighbor).filter(is_own) {
        if !times.iter().any(|time: &u64| time.abs_diff(seen.time) <= ONE_SEGMENT_NS) {
            times.push(seen.time);
        }
    }
    times
}

/// What was seen at `seen` is what left at `sent`. Within a host the arrival may be told first.
const fn is_sending_of(sent: u64, seen: u64) -> bool {
    seen.saturating_add(ONE_SEGMENT_NS) >= sent && seen < sent.saturating_add(BEFORE_AGAIN_NS)
}

/// The RST that somebody sent, with the numbers that the kernel gives it (`tcp_v4_send_reset`, `nf_reject_ip_tcphdr_put`,
/// `tcp_send_active_reset`). Where only a drop suggests that netfilter sent one, there is none to be told of.
fn answer(sender: &Sender) -> Option<(Tcp, Numbers)> {
    let blank = Tcp {
        ends: sender.flow(),
        seq: 0,
        ack: 0,
        flags: RST,
        payload: 0,
        window: Some(0),
        ip_id: None,
        ttl: None,
    };
    match (sender, sender.segment()) {
        (Sender::Active(seen), _) => {
            let sock = &seen.what.sock;
            let tcp = Tcp { seq: sock.snd_nxt, ack: sock.rcv_nxt, flags: RST | ACK, window: None, ..blank };
            Some((tcp, Numbers::OfSocket))
        }
        (Sender::RejectDrop(_), _) | (_, None) => None,
        (_, Some(segment)) if segment.flags & ACK != 0 => {
            Some((Tcp { seq: segment.ack, ..blank }, Numbers::OfAnswered))
        }
        (_, Some(segment)) => {
            let counted = u32::from(segment.flags & SYN != 0) + u32::from(segment.flags & FIN != 0);
            let ack = segment.seq.wrapping_add(segment.payload).wrapping_add(counted);
            Some((Tcp { ack, flags: RST | ACK, ..blank }, Numbers::OfAnswered))
        }
    }
}

/// A RST that reached a socket: as it was seen, or as the sender sent it.
fn arrival(
    receiver: &Seen<Arc<SockReset>>,
    sent: Option<(Tcp, Numbers)>,
    names: &Names<'_>,
    packets: &mut Packets,
) {
    if let Some(segment) = &receiver.what.segment {
        let part = Part::RstReceived(Numbers::Seen);
        packets.list.push(whole(sighting(receiver, segment), part, names));
    } else if let Some((tcp, numbers)) = sent {
        let headers = Headers::Tcp(Tcp { ends: receiver.what.ends.flipped(), ..tcp });
        let part = Part::RstReceived(numbers);
        packets.list.push(packet(receiver.time, receiver.netns, None, part, headers, names));
    } else {
        packets.left_out.resets += 1;
    }
}

fn icmp(seen: &Seen<Arc<event::Icmp>>, names: &Names<'_>, packets: &mut Packets) {
    let what = &seen.what;
    let Some(from) = what.from else {
        packets.left_out.icmp += 1;
        return;
    };
    let headers = Headers::Icmp(Icmp {
        from,
        icmp_type: what.icmp_type,
        icmp_code: what.icmp_code,
        ttl: what.ttl.filter(|&ttl| ttl != 0),
        quoted: what.ends,
        seq: what.seq,
    });
    packets.list.push(packet(seen.time, seen.netns, what.device.clone(), Part::Icmp, headers, names));
}

const fn sighting<'a, T>(seen: &Seen<T>, segment: &'a Segment) -> Sighting<'a> {
    Sighting { time: seen.time, netns: seen.netns, segment }
}

fn is_same(one: &Sighting<'_>, other: &Sighting<'_>) -> bool {
    let id = |segment: &Segment| -> (Ends, u32, u8) { (segment.ends, segment.seq, segment.flags) };
    id(one.segment) == id(other.segment)
        && one.time.abs_diff(other.time) <= ONE_SEGMENT_NS
        && may_be_same(one.netns, other.netns)
}

/// A segment all of whose headers were seen.
fn whole(seen: Sighting<'_>, part: Part, names: &Names<'_>) -> Packet {
    let segment = seen.segment;
    let tcp = Tcp {
        ends: segment.ends,
        seq: segment.seq,
        ack: segment.ack,
        flags: segment.flags,
        payload: segment.payload,
        window: Some(segment.window),
        ip_id: Some(segment.ip_id),
        ttl: (segment.ttl != 0).then_some(segment.ttl),
    };
    packet(seen.time, seen.netns, segment.device.clone(), part, Headers::Tcp(tcp), names)
}

fn packet(
    time: u64,
    netns: Netns,
    device: Option<Name>,
    part: Part,
    headers: Headers,
    names: &Names<'_>,
) -> Packet {
    Packet { time, netns: names.who.netns(netns), device, part, headers }
}
