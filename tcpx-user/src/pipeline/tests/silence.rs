//! No answer.

use std::sync::Arc;

use super::scene::*;
use crate::{
    abilities::Abilities,
    event::*,
    line::{Confidence::*, Outcome},
};

fn remote() -> Call {
    call("10.0.0.1:40000", "10.0.0.2:80")
}

#[test]
fn a_full_accept_queue_seen_at_the_syn() {
    let call = remote();
    for (end, outcome) in
        [(call.gives_up(9 * S, 110, 2), Outcome::TimedOut), (call.gives_up(9 * S, 0, 2), Outcome::Cancelled)]
    {
        let events = [
            call.starts(S),
            call.queue_full(S + 1, 3, 2),
            call.again(2 * S, 1, None),
            call.queue_full(2 * S + 1, 3, 2),
            end,
        ];
        let told = run(Abilities::ALL, &events);
        let first = "node[9] listens on 10.0.0.2:80, but its accept queue is full: 3 waiting, limit 2.";
        assert_eq!(gist(&told.attempt().verdict), ("accept-queue-full", Observed, first));
        assert_eq!((told.attempt().outcome, told.attempt().syn_retransmits), (outcome, 2));
        let drop = told.drop();
        assert_eq!((drop.count, drop.attempt), (2, Some(told.attempt().id)));
        assert_eq!(drop.socket.map(|queue| (queue.backlog, queue.max_backlog)), Some((3, 2)));
    }
}

#[test]
fn a_full_accept_queue_seen_beside_a_retransmission() {
    let full = Holder { backlog: (3, 2), ..holder(0xb, NODE, "0.0.0.0:80", true) };
    for (to, id) in [("10.0.0.1:80", "accept-queue-full"), ("192.0.2.9:80", "no-answer")] {
        let call = call("10.0.0.1:40000", to);
        let events =
            [call.starts(S), call.again(2 * S, 1, held_by(vec![full.clone()])), call.gives_up(3 * S, 0, 1)];
        let told = run(TRACEPOINT_6_1, &events);
        assert_eq!((told.attempt().verdict.id.as_str(), told.attempt().verdict.confidence), (id, Derived));
    }
}

#[test]
fn netfilter_drops_the_syn() {
    let call = remote();
    for (abilities, reason, confidence) in
        [(Abilities::ALL, Some("NETFILTER_DROP"), Observed), (TRACEPOINT_5_10, None, Derived)]
    {
        let drop = |time| call.drops(time, reason, "nf_hook_slow");
        let events = [
            call.starts(S),
            drop(S + 1),
            call.again(2 * S, 1, None),
            drop(2 * S + 1),
            call.gives_up(3 * S, 0, 1),
        ];
        let told = run(abilities, &events);
        let first = "Netfilter dropped the SYN from 10.0.0.1:40000 to 10.0.0.2:80 in network namespace 4026531840 (nf_hook_slow).";
        assert_eq!(gist(&told.attempt().verdict), ("netfilter-drop", confidence, first));
        assert_eq!((told.drop().count, gist(&told.drop().verdict).0), (2, "netfilter-drop"));
    }
}

#[test]
fn netfilter_drops_the_syn_ack() {
    let call = remote();
    let syn_ack = segment(call.ends.flipped(), 0x12, 9, call.isn + 1);
    let What::Drop(drop) = call.drops(0, Some("NETFILTER_DROP"), "nft_do_chain").what else { unreachable!() };
    let drop = Arc::new(Drop { segment: syn_ack, ..(*drop).clone() });
    let events = [call.starts(S), call.at(S + 2, Hook::Drop, What::Drop(drop)), call.gives_up(3 * S, 0, 1)];
    assert_eq!(run(Abilities::ALL, &events).attempt().verdict.id.as_str(), "netfilter-drop");
}

#[test]
fn drops_of_others_are_told_when_their_flow_is_quiet() {
    let call = call("192.0.2.1:4", "10.0.0.1:80");
    let drop = |time| call.drops(time, Some("NETFILTER_DROP"), "nft_do_chain");
    let told = run(Abilities::ALL, &[drop(S), drop(2 * S), drop(4 * S), drop(8 * S)]);
    assert_eq!((told.drop().count, told.drop().attempt, told.drop().process.is_none()), (4, None, true));
}

#[test]
fn nobody_answers() {
    let call = remote();
    let told =
        run(Abilities::ALL, &[call.starts(S), call.again(2 * S, 1, None), call.gives_up(130 * S, 110, 6)]);
    let first = "Nothing answered the SYN to 10.0.0.2:80, sent 7 times.";
    assert_eq!(gist(&told.attempt().verdict), ("no-answer", Observed, first));
    assert_eq!(
        (told.attempt().outcome, told.attempt().errno.as_deref()),
        (Outcome::TimedOut, Some("ETIMEDOUT"))
    );
    let gave_up = run(Abilities::ALL, &[call.starts(S), call.gives_up(3 * S, 0, 1)]);
    assert_eq!(
        (gave_up.attempt().outcome, gist(&gave_up.attempt().verdict).0),
        (Outcome::Cancelled, "no-answer")
    );
}

#[test]
fn given_up_at_once_or_not_over() {
    let call = remote();
    let told = run(Abilities::ALL, &[call.starts(S), call.fails(S + 20 * MS, 0)]);
    let first = "The application gave up after 20 ms without an answer from 10.0.0.2:80.";
    assert_eq!(gist(&told.attempt().verdict), ("cancelled", Observed, first));
    let told = run(Abilities::ALL, &[call.starts(S)]);
    assert_eq!((told.attempt().outcome, gist(&told.attempt().verdict).0), (Outcome::Pending, "pending"));
    let told = run(Abilities::ALL, &[call.starts(S), call.again(2 * S, 1, None)]);
    assert_eq!((told.attempt().outcome, gist(&told.attempt().verdict).0), (Outcome::Pending, "no-answer"));
}

/// TCP_FASTOPEN_CONNECT: connect() gave it a port and no SYN, and did not fail.
#[test]
fn given_up_before_anything_was_sent() {
    let call = remote();
    for (abilities, confidence) in
        [(Abilities::ALL, Observed), (Abilities { calls: false, ..Abilities::ALL }, Derived)]
    {
        let told = run(abilities, &[call.starts(S), call.fails_unsent(S + MS)]);
        let first = "The application closed its socket before it sent anything to 10.0.0.2:80: no SYN was sent, as \
                     with TCP_FASTOPEN_CONNECT until there is data.";
        assert_eq!(gist(&told.attempt().verdict), ("cancelled", confidence, first));
    }
    let unseen = Abilities { calls: false, ..Abilities::ALL };
    let told = run(unseen, &[call.fails_unsent(S + MS)]);
    assert_eq!(gist(&told.attempt().verdict).0, "unknown", "connect() may have failed");
}

#[test]
fn a_full_syn_queue_with_syncookies_is_no_drop() {
    let call = call("192.0.2.1:4", "10.0.0.1:80");
    let once = [call.queue_full(S, 0, 2)];
    assert!(run(Abilities::ALL, &once).drops.is_empty());
    let again = [call.queue_full(S, 0, 2), call.queue_full(2 * S, 0, 2)];
    assert_eq!(gist(&run(Abilities::ALL, &again).drop().verdict).0, "unknown");
}

#[test]
fn what_netfilter_rejects_with_icmp_is_not_dropped_in_silence() {
    let call = remote();
    let drop = |time| call.drops(time, Some("NETFILTER_DROP"), "nft_do_chain");
    let events = [
        call.starts(S),
        drop(S + 1),
        call.again(2 * S, 1, None),
        drop(2 * S + 1),
        call.gives_up(2 * S + 2, 111, 1),
    ];
    let told = run(TRACEPOINT_6_1, &events);
    assert_eq!((gist(&told.attempt().verdict).0, told.drops.len()), ("icmp-refused", 0));
}

/// A SYN for an open connection is challenged, SYN and FIN together begin nothing, and a SYN-ACK that `tcp_v4_rcv` itself
/// frees met a TIME_WAIT record. What completes a simultaneous open is old data afterwards, and data of a SYN that nobody has read goes
/// with its socket.
#[test]
fn what_begins_nothing_is_no_handshake_that_vanished() {
    const FIN: u8 = 1;
    const SYN: u8 = 2;
    const SYN_ACK: u8 = 0x12;
    for (flags, reason, function, told) in [
        (SYN, "TCP_INVALID_SYN", "tcp_validate_incoming", false),
        (SYN | FIN, "TCP_FLAGS", "tcp_rcv_state_process", false),
        (SYN_ACK, "NOT_SPECIFIED", "tcp_v4_rcv", false),
        (SYN_ACK, "TCP_OLD_DATA", "tcp_rcv_state_process", false),
        (SYN, "QUEUE_PURGE", "tcp_disconnect", false),
        (SYN, "QUEUE_PURGE", "neigh_destroy", true),
        (SYN_ACK, "NETFILTER_DROP", "nft_do_chain", true),
        (SYN, "NETFILTER_DROP", "nft_do_chain", true),
    ] {
        let mut dropped = remote().drops(S, Some(reason), function);
        if let What::Drop(drop) = &mut dropped.what {
            Arc::make_mut(drop).segment.flags = flags;
        }
        assert_eq!(run(Abilities::ALL, &[dropped]).drops.len(), usize::from(told), "{flags} {reason}");
    }
}

/// A busy machine: the second SYN is dropped long after the caller has given up.
#[test]
fn a_drop_that_is_told_late_is_counted_with_the_others() {
    const MS: u64 = 1_000_000;
    let call = call("10.0.0.1:40000", "10.0.0.2:80");
    let other = Call { ends: ends("10.0.0.1:50000", "10.0.0.9:80"), ..call.clone() };
    let dropped = |time| call.drops(time, Some("NETFILTER_DROP"), "nft_do_chain");
    let mut events =
        vec![call.starts(S), dropped(S + 1), call.again(2 * S, 1, None), call.gives_up(3 * S, 0, 1)];
    events.extend(
        (1..8).map(|n| Call { sk: SockPtr(0x100 + n), ..other.clone() }.starts(3 * S + 100 * n * MS)),
    );
    events.push(dropped(3 * S + 750 * MS));
    let told = run(Abilities::ALL, &events);
    assert_eq!((told.drop().count, told.drop().attempt), (2, Some(1)));
    assert_eq!(gist(&told.attempts[0].verdict).0, "netfilter-drop");
}
