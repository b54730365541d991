//! The packets that lines carry for `tcpx export`.

use std::sync::Arc;

use tcpx_common::abi::{state::*, tcp_flag::*};

use super::scene::*;
use crate::{
    abilities::Abilities,
    event::*,
    packet::{Headers, LeftOut, Numbers, Packets, Part},
};

const NETNS_B: u32 = HOST + 1;

/// Part, namespace, device, flags, sequence and acknowledgement number.
type Row<'a> = (Part, u32, Option<&'a str>, u8, u32, u32);

/// In the order of time.
fn told(packets: Option<&Packets>) -> Vec<Row<'_>> {
    let mut list: Vec<_> = packets.expect("packets are wanted").list.iter().collect();
    list.sort_by_key(|packet| packet.time);
    let row = |packet: &&crate::packet::Packet| match packet.headers {
        Headers::Tcp(tcp) => (tcp.flags, tcp.seq, tcp.ack),
        Headers::Icmp(icmp) => (0, icmp.seq, 0),
    };
    let rows = list.iter().map(|packet| {
        let (flags, seq, ack) = row(packet);
        (packet.part, packet.netns.inum, packet.device.as_deref(), flags, seq, ack)
    });
    rows.collect()
}

fn left_out(packets: Option<&Packets>) -> LeftOut {
    packets.expect("packets are wanted").left_out
}

fn rst(call: &Call, device: &str) -> Segment {
    let flags = RST | ACK;
    Segment { device: Some(device.into()), ..segment(call.ends.flipped(), flags, 0, call.isn + 1) }
}

fn syn_sent(call: &Call) -> SockFacts {
    SockFacts { snd_una: call.isn, snd_nxt: call.isn + 1, ..sock(call.sk, SYN_SENT) }
}

#[test]
fn within_a_namespace_a_refusal_is_a_syn_and_a_rst() {
    let call = call("127.0.0.1:50000", "127.0.0.1:80");
    for (segment, last) in [
        (None, (Part::RstSent(Numbers::OfAnswered), HOST, None, RST | ACK, 0, 1001)),
        (Some(rst(&call, "lo")), (Part::RstReceived(Numbers::Seen), HOST, Some("lo"), RST | ACK, 0, 1001)),
    ] {
        let story = run(
            Abilities::ALL,
            &[
                call.starts(S),
                call.looked_up(S + 1, misses()),
                call.no_socket(S + 1, None),
                call.gets(S + 2, syn_sent(&call), segment),
                call.fails(S + 3, 111),
            ],
        );
        assert!(told(story.attempt().packets.as_deref()).is_empty(), "the SYN is the reset's");
        let reset = story.reset().packets.as_deref();
        assert_eq!(told(reset), [(Part::Answered, HOST, Some("lo"), SYN, 1000, 0), last]);
        assert_eq!(left_out(reset), LeftOut::default());
    }
}

#[test]
fn between_two_namespaces_each_has_its_own() {
    let call = call("10.0.0.1:50000", "10.0.0.2:80");
    let there = Call { netns: NETNS_B, ..call.clone() };
    let story = run(
        Abilities::ALL,
        &[
            call.starts(S),
            there.no_socket(S + 1, None),
            call.gets(S + 2, syn_sent(&call), None),
            call.fails(S + 3, 111),
        ],
    );
    assert_eq!(told(story.attempt().packets.as_deref()), [(Part::Syn, HOST, None, SYN, 1000, 0)]);
    assert_eq!(
        told(story.reset().packets.as_deref()),
        [
            (Part::Answered, NETNS_B, Some("lo"), SYN, 1000, 0),
            (Part::RstSent(Numbers::OfAnswered), NETNS_B, None, RST | ACK, 0, 1001),
            (Part::RstReceived(Numbers::OfAnswered), HOST, None, RST | ACK, 0, 1001),
        ]
    );
}

#[test]
fn a_rst_has_the_number_that_was_acknowledged_or_acknowledges_all() {
    let call = call("10.0.0.9:4", "10.0.0.1:80");
    let answer = |flags, payload| {
        let segment = Segment { payload, ..segment(call.ends, flags, 5000, 7000) };
        let reply = Reply {
            segment,
            lookups: misses(),
            reason: None,
            sk_state: 0,
            sock: None,
            opened: None,
            holders: None,
            place: Place::default(),
        };
        let story = run(Abilities::ALL, &[call.at(S, Hook::SendReset, What::Reply(Arc::new(reply)))]);
        let (_, _, _, flags, seq, ack) = told(story.reset().packets.as_deref())[1];
        (flags, seq, ack)
    };
    assert_eq!(answer(ACK, 100), (RST, 7000, 0));
    assert_eq!(answer(FIN, 100), (RST | ACK, 0, 5101));
    assert_eq!(answer(SYN | FIN, 0), (RST | ACK, 0, 5002));
}

#[test]
fn a_rst_of_its_own_accord_has_the_numbers_of_its_socket() {
    let call = call("10.0.0.1:80", "10.0.0.9:4");
    let facts = SockFacts { snd_nxt: 500, rcv_nxt: 900, ..sock(call.sk, ESTABLISHED) };
    let story = run(Abilities::ALL, &[call.sends_reset(S, Some("TCP_ABORT_ON_CLOSE"), facts)]);
    let sent = (Part::RstSent(Numbers::OfSocket), HOST, None, RST | ACK, 500, 900);
    assert_eq!(told(story.reset().packets.as_deref()), [sent]);
}

#[test]
fn a_rst_that_only_its_victim_tells_of_is_counted() {
    let call = call("10.0.0.1:50000", "10.0.0.2:80");
    let story = run(Abilities::ALL, &[call.gets(S, sock(call.sk, ESTABLISHED), None)]);
    let packets = story.reset().packets.as_deref();
    assert!(told(packets).is_empty());
    assert_eq!(left_out(packets), LeftOut { resets: 1, ..LeftOut::default() });
    let seen = run(Abilities::ALL, &[call.gets(S, sock(call.sk, ESTABLISHED), Some(rst(&call, "eth0")))]);
    let arrived = (Part::RstReceived(Numbers::Seen), HOST, Some("eth0"), RST | ACK, 0, 1001);
    assert_eq!(told(seen.reset().packets.as_deref()), [arrived]);
}

#[test]
fn of_syns_in_vain_the_first_and_the_last_are_known() {
    let call = call("10.0.0.1:50000", "192.0.2.9:80");
    let story = run(
        Abilities::ALL,
        &[
            call.starts(S),
            call.again(2 * S, 1, None),
            call.again(4 * S, 2, None),
            call.again(8 * S, 3, None),
            call.gives_up(16 * S, 110, 3),
        ],
    );
    let packets = story.attempt().packets.as_deref();
    let syn = |part| (part, HOST, None, SYN, 1000, 0);
    assert_eq!(told(packets), [syn(Part::Syn), syn(Part::SynAgain)]);
    assert_eq!(left_out(packets), LeftOut { syns: 2, ..LeftOut::default() });
}

#[test]
fn what_was_not_sent_is_no_packet_and_what_has_no_number_none_that_is_written() {
    let call = call("10.0.0.1:50000", "192.0.2.9:80");
    let unsent = run(Abilities::ALL, &[call.starts(S), call.fails_unsent(S + 1)]);
    let pending = run(Abilities::ALL, &[call.starts(S)]);
    for (story, syns) in [(&unsent, 0), (&pending, 1)] {
        let packets = story.attempt().packets.as_deref();
        assert!(told(packets).is_empty());
        assert_eq!(left_out(packets), LeftOut { syns, ..LeftOut::default() });
    }
}

#[test]
fn icmp_errors_that_arrived() {
    let call = call("10.0.0.1:50000", "192.0.2.9:80");
    let story = run(
        Abilities::ALL,
        &[call.starts(S), call.icmp(S + MS, "192.0.2.1", 3, 1), call.fails(S + 2 * MS, 113)],
    );
    assert_eq!(
        told(story.attempt().packets.as_deref()),
        [(Part::Syn, HOST, None, SYN, 1000, 0), (Part::Icmp, HOST, Some("eth0"), 0, 1000, 0)]
    );
}

#[test]
fn of_drops_the_first_is_there_and_the_others_are_counted() {
    let call = call("10.0.0.9:4", "10.0.0.1:80");
    let story = run(
        Abilities::ALL,
        &[
            call.drops(S, Some("NETFILTER_DROP"), "nf_hook_slow"),
            call.drops(2 * S, Some("NETFILTER_DROP"), "nf_hook_slow"),
        ],
    );
    let packets = story.drop().packets.as_deref();
    assert_eq!(told(packets), [(Part::Dropped, HOST, Some("lo"), SYN, 1000, 0)]);
    assert_eq!(left_out(packets), LeftOut { drops: 1, ..LeftOut::default() });
}

#[test]
fn a_syn_that_was_dropped_in_its_own_namespace_is_the_drops() {
    let call = call("10.0.0.1:50000", "10.0.0.1:80");
    let story = run(
        Abilities::ALL,
        &[
            call.starts(S),
            call.drops(S + 1, Some("NETFILTER_DROP"), "nf_hook_slow"),
            call.gives_up(2 * S, 110, 0),
        ],
    );
    let packets = story.attempt().packets.as_deref();
    assert!(told(packets).is_empty());
    assert_eq!(left_out(packets), LeftOut::default());
    assert_eq!(told(story.drop().packets.as_deref()).len(), 1);
}
