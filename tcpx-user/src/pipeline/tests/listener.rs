//! What a listener passes over, and what only looks like it.

use std::sync::Arc;

use tcpx_common::abi::state::{ESTABLISHED, LISTEN, SYN_RECV, TIME_WAIT};

use super::scene::*;
use crate::{abilities::Abilities, event::*, line::Confidence::*};

fn remote() -> Call {
    call("10.0.0.1:40000", "10.0.0.2:80")
}

fn limits(syncookies: u8) -> ListenLimits {
    ListenLimits { somaxconn: 128, max_syn_backlog: 256, syncookies }
}

fn listener(backlog: (u32, u32)) -> SockFacts {
    SockFacts { inode: Some(NODE), backlog, ..sock(SockPtr(0x11), LISTEN) }
}

fn asks(call: &Call, time: u64, syn_backlog: u32, syncookies: u8, refused: Refused) -> Event {
    let (segment, sock, limits) = (call.syn(), listener((0, 2)), limits(syncookies));
    let request = ConnRequest { segment, sock, syn_backlog, limits, refused };
    call.at(time, Hook::ConnRequest, What::ConnRequest(Arc::new(request)))
}

fn last_ack(call: &Call, payload: u32) -> Segment {
    Segment { payload, ..segment(call.ends, 0x10, call.isn + 1, 7) }
}

fn small(call: &Call, time: u64, segment: Segment, met: Met) -> Event {
    call.at(time, Hook::MiniSocket, What::MiniSocket(Arc::new(MiniSocket { segment, met })))
}

fn request(backlog: (u32, u32), acked: bool, defer_accept: u8) -> Met {
    let (sock, limits) = (Box::new(listener(backlog)), limits(1));
    Met::Request { sock, syn_backlog: 1, limits, acked, defer_accept, timeouts: 0 }
}

/// `tcp_v4_rcv` frees what it has done with.
fn freed(call: &Call, time: u64, segment: Segment, reason: Option<&str>) -> Drop {
    let What::Drop(drop) = call.drops(time, reason, "tcp_v4_rcv").what else { unreachable!() };
    Drop { segment, ..(*drop).clone() }
}

fn drops(call: &Call, time: u64, drop: Drop) -> Event {
    call.at(time, Hook::Drop, What::Drop(Arc::new(drop)))
}

#[test]
fn a_full_syn_queue_without_syncookies() {
    let told = run(Abilities::ALL, &[asks(&remote(), S, 3, 0, Refused::Queues)]);
    let first = "node[9] listens on 10.0.0.2:80, but its SYN queue is full: 3 unfinished handshakes, limit 2; \
                 net.ipv4.tcp_syncookies is 0.";
    assert_eq!(gist(&told.drop().verdict), ("syn-queue-full", Observed, first));
    let backlog = "listen() asked for a backlog of 2; net.core.somaxconn would allow 128.";
    assert_eq!(told.drop().verdict.evidence[1], backlog);
}

#[test]
fn a_syn_queue_that_is_full_to_the_brim_is_full_if_the_syn_comes_again() {
    let asks = |time| asks(&remote(), time, 2, 0, Refused::Queues);
    assert!(run(Abilities::ALL, &[asks(S)]).drops.is_empty());
    let told = run(Abilities::ALL, &[asks(S), asks(2 * S)]);
    assert_eq!((gist(&told.drop().verdict).0, told.drop().verdict.confidence), ("syn-queue-full", Derived));
}

#[test]
fn a_full_syn_queue_seen_beside_a_retransmission() {
    let full = Holder { backlog: (0, 2), syn_backlog: 3, ..holder(0xb, NODE, "0.0.0.0:80", true) };
    for (syncookies, id) in [(0, "syn-queue-full"), (1, "no-answer")] {
        let call = call("10.0.0.1:40000", "10.0.0.1:80");
        let holders = Holders { list: vec![full.clone()], complete: true, limits: limits(syncookies) };
        let events = [call.starts(S), call.again(2 * S, 1, Some(holders)), call.gives_up(3 * S, 0, 1)];
        let told = run(TRACEPOINT_6_1, &events);
        assert_eq!((gist(&told.attempt().verdict).0, told.attempt().verdict.confidence), (id, Derived));
    }
}

#[test]
fn there_is_no_route_back() {
    let told = run(Abilities::ALL, &[asks(&remote(), S, 0, 1, Refused::NoRoute)]);
    let first = "node[9] listens on 10.0.0.2:80, but this host has no route back to 10.0.0.1, so the SYN was dropped.";
    assert_eq!(gist(&told.drop().verdict), ("no-return-route", Observed, first));
}

#[test]
fn the_last_ack_finds_the_accept_queue_full() {
    let call = call("10.0.0.1:40000", "10.0.0.1:80");
    let ack = |time, payload| small(&call, time, last_ack(&call, payload), request((3, 2), true, 0));
    let told = run(Abilities::ALL, &[call.starts(S), call.establishes(S + 2), ack(S + 3, 0), ack(2 * S, 5)]);
    let first = "node[9] listens on 10.0.0.1:80, but its accept queue is full: 3 waiting, limit 2.";
    assert_eq!(gist(&told.drop().verdict), ("handshake-ack-dropped", Observed, first));
    assert_eq!((told.drops.len(), told.drop().attempt), (1, Some(told.attempt().id)));
    let attempt = &told.attempt().verdict;
    assert_eq!(attempt.id.as_str(), "established");
    assert!(attempt.evidence[1].ends_with(first), "{attempt:?}");
}

#[test]
fn an_attempt_that_was_told_is_known_to_the_drop() {
    let call = remote();
    let ack = small(&call, 9 * S, last_ack(&call, 0), request((3, 2), true, 0));
    let told = run(Abilities::ALL, &[call.starts(S), call.establishes(S + 2), ack]);
    assert_eq!((told.drop().attempt, told.attempt().verdict.evidence.len()), (Some(told.attempt().id), 1));
}

#[test]
fn the_last_ack_by_its_drop_alone() {
    let call = remote();
    for (backlog, defer_accept, reason, id) in [
        ((3, 2), 0, Some("TCP_LISTEN_OVERFLOW"), Some("handshake-ack-dropped")),
        ((3, 2), 0, None, Some("handshake-ack-dropped")),
        ((0, 2), 3, Some("NOT_SPECIFIED"), Some("defer-accept")),
        ((0, 2), 0, Some("NOT_SPECIFIED"), None),
        ((3, 2), 0, Some("TCP_CSUM"), Some("bad-checksum")),
    ] {
        let listener = Holder { backlog, defer_accept, ..holder(0xb, NODE, "0.0.0.0:80", true) };
        let drop = Drop { holders: held_by(vec![listener]), ..freed(&call, S, last_ack(&call, 0), reason) };
        let told = run(TRACEPOINT_6_1, &[drops(&call, S, drop)]);
        let known = told.drops.first().map(|drop| drop.verdict.id.as_str()).filter(|&id| id != "unknown");
        assert_eq!(known, id, "{backlog:?} {defer_accept} {reason:?}");
    }
}

#[test]
fn a_deferred_connection_is_dropped_only_if_no_data_comes() {
    let call = remote();
    let ack = small(&call, S + 3, last_ack(&call, 0), request((0, 2), true, 3));
    let child = change(SockPtr(0xc), call.ends.flipped(), SYN_RECV, ESTABLISHED);
    let data = call.at(2 * S, Hook::State, What::State(Arc::new(child)));
    assert!(run(Abilities::ALL, &[ack.clone(), data]).drops.is_empty());
    let told = run(Abilities::ALL, &[ack]);
    assert_eq!(gist(&told.drop().verdict).0, "defer-accept");
}

#[test]
fn a_syn_that_comes_again_is_not_lost() {
    let call = remote();
    let again = freed(&call, S, call.syn(), Some("NOT_SPECIFIED"));
    let known = small(&call, S, call.syn(), request((0, 2), false, 0));
    assert!(run(Abilities::ALL, &[known, drops(&call, S + 1, again.clone())]).drops.is_empty());
    let named = Drop { for_state: Some(LISTEN), ..again };
    assert!(run(TRACEPOINT_6_1, &[drops(&call, S, named)]).drops.is_empty());
}

#[test]
fn a_syn_meets_time_wait() {
    let call = remote();
    let met = Met::TimeWait { rcv_nxt: 2000, substate: TIME_WAIT, answered: true };
    let drop = freed(&call, S, call.syn(), Some("NOT_SPECIFIED"));
    let told = run(Abilities::ALL, &[small(&call, S, call.syn(), met), drops(&call, S + 1, drop.clone())]);
    let first = "10.0.0.2:80 still keeps its last connection with 10.0.0.1:40000 in TIME_WAIT, which answered the SYN \
                 with an ACK.";
    assert_eq!(gist(&told.drop().verdict), ("time-wait-ack", Observed, first));
    assert_eq!(told.drop().count, 1);
    let named = Drop { for_state: Some(TIME_WAIT), ..drop.clone() };
    let told = run(TRACEPOINT_6_1, &[drops(&call, S, named)]);
    assert_eq!((gist(&told.drop().verdict).0, told.drop().verdict.confidence), ("time-wait-ack", Derived));
    let told = run(TRACEPOINT_6_1, &[drops(&call, S, drop)]);
    assert_eq!(gist(&told.drop().verdict).0, "unknown");
}

#[test]
fn a_drop_without_a_reason_is_no_refusal_where_a_listener_was() {
    let call = remote();
    let listener = holder(0xb, NODE, "0.0.0.0:80", true);
    let dropped = |holder| call.no_socket_drop(S, None, held_by(vec![holder]));
    let told = run(TRACEPOINT_5_10, &[dropped(listener.clone())]);
    assert_eq!((told.resets.len(), gist(&told.drop().verdict).0), (0, "unknown"));
    let elsewhere = Holder { bound_dev: 3, ..listener };
    assert_eq!(run(TRACEPOINT_5_10, &[dropped(elsewhere)]).drops.len(), 0);
}
