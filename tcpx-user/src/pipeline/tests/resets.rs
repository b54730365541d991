//! Resets apart from refusals.

use std::sync::Arc;

use tcpx_common::abi::state::*;

use super::scene::*;
use crate::{
    abilities::Abilities,
    event::*,
    line::{Confidence::*, LookupResult, Origin, OwnerHow, SocketKind},
};

const ACK: u8 = 0x10;

fn reply(
    call: &Call,
    time: u64,
    flags: u8,
    reason: Option<&str>,
    sk_state: u8,
    sock: Option<SockFacts>,
) -> Event {
    // tcp_v4_rcv has taken the device away where a socket answers.
    let device = sock.as_ref().map_or_else(|| Some("lo".into()), |_| None);
    let reply = Reply {
        segment: Segment { device, ..segment(call.ends, flags, 5000, 7000) },
        lookups: Lookups::default(),
        reason: reason.map(Name::from),
        sk_state,
        sock,
        opened: None,
        holders: None,
        place: Place::default(),
    };
    call.at(time, Hook::SendReset, What::Reply(Arc::new(reply)))
}

#[test]
fn a_segment_of_an_unknown_connection() {
    let told =
        run(Abilities::ALL, &[reply(&call("10.0.0.9:4", "10.0.0.1:80"), S, ACK, Some("NO_SOCKET"), 0, None)]);
    let first = "A segment with flags [.] from 10.0.0.9:4 to 10.0.0.1:80 belongs to no connection in its network namespace.";
    assert_eq!(gist(&told.reset().verdict), ("stray-segment", Observed, first));
    assert!(told.reset().receiver.is_none());
}

#[test]
fn data_for_a_connection_in_time_wait() {
    for reason in [Some("TCP_TIMEWAIT_SOCKET"), None] {
        let told = run(
            Abilities::ALL,
            &[reply(&call("10.0.0.9:4", "10.0.0.1:80"), S, ACK, reason, TIME_WAIT, None)],
        );
        let reset = told.reset();
        assert_eq!(reset.verdict.id.as_str(), "time-wait-reset");
        assert_eq!(
            reset.sender.as_ref().and_then(|end| end.socket.as_ref()).map(|s| s.kind),
            Some(SocketKind::TimeWait)
        );
        let lookup = reset.lookup.expect("implied");
        assert_eq!(
            (lookup.established.result, lookup.listener.result),
            (LookupResult::Hit, LookupResult::NotRun)
        );
    }
}

#[test]
fn an_ack_for_a_listener() {
    let listener = SockFacts { inode: Some(NODE), ..sock(SockPtr(0x77), LISTEN) };
    let call = call("10.0.0.9:4", "10.0.0.1:80");
    let told =
        run(Abilities::ALL, &[reply(&call, S, ACK, Some("TCP_FLAGS"), LISTEN, Some(listener.clone()))]);
    let first = "node[9] listens on 10.0.0.1:80, and a segment with flags [.] from 10.0.0.9:4 belongs to no connection there.";
    assert_eq!(gist(&told.reset().verdict), ("ack-to-listener", Derived, first));
    assert_eq!(
        functions(&told.reset().path),
        [
            "tcp_v4_send_reset",
            "tcp_rcv_state_process",
            "tcp_v4_do_rcv",
            "__inet_lookup_listener",
            "__inet_lookup_established",
            "tcp_v4_rcv"
        ]
    );
    let invalid =
        run(Abilities::ALL, &[reply(&call, S, ACK, Some("INVALID_SYN"), LISTEN, Some(listener.clone()))]);
    assert_eq!(invalid.reset().verdict.id.as_str(), "unknown");
    // A full accept queue alone makes no accept-queue-abort of it: tcp_check_req would have answered.
    let full = SockFacts { backlog: (3, 2), ..listener };
    let stray = run(FENTRY_6_1, &[reply(&call, S, ACK, None, LISTEN, Some(full))]);
    assert_eq!(stray.reset().verdict.id.as_str(), "ack-to-listener");
}

fn closing(sk: SockPtr) -> SockFacts {
    SockFacts { shutdown: 3, held: true, snd_nxt: 900, rcv_nxt: 500, copied_seq: 500, ..sock(sk, CLOSE) }
}

#[test]
fn closed_with_data_unread() {
    let call = call("127.0.0.1:80", "127.0.0.1:5");
    for (abilities, reason, confidence) in
        [(Abilities::ALL, Some("TCP_ABORT_ON_CLOSE"), Observed), (FENTRY_6_1, None, Derived)]
    {
        let sock = SockFacts { copied_seq: 400, linger: Some(0), ..closing(call.sk) };
        let told = run(abilities, &[call.sends_reset(S, reason, sock)]);
        let first = "curl[41] closed 127.0.0.1:80 with data from 127.0.0.1:5 unread.";
        assert_eq!(gist(&told.reset().verdict), ("close-unread-data", confidence, first));
        let owner = told.reset().sender.as_ref().and_then(|end| end.owner.as_ref());
        assert_eq!(owner.map(|owner| owner.how), Some(OwnerHow::Caller));
    }
}

#[test]
fn closed_with_linger_zero() {
    let call = call("127.0.0.1:80", "127.0.0.1:5");
    for (abilities, reason, confidence) in
        [(Abilities::ALL, Some("TCP_STATE"), Observed), (FENTRY_6_1, None, Derived)]
    {
        let sock = SockFacts { linger: Some(0), ..closing(call.sk) };
        let told = run(abilities, &[call.sends_reset(S, reason, sock.clone())]);
        let first = "curl[41] closed 127.0.0.1:80 with SO_LINGER on and 0 s.";
        assert_eq!(gist(&told.reset().verdict), ("linger-zero", confidence, first));
        let not_closing = SockFacts { shutdown: 0, ..sock };
        let told = run(abilities, &[call.sends_reset(S, reason, not_closing)]);
        assert_eq!(told.reset().verdict.id.as_str(), "disconnect");
    }
}

/// As in a rolling restart.
#[test]
fn closed_with_its_listener_while_another_listens() {
    let call = call(&format!("127.0.0.1:{SUCCEEDED}"), "127.0.0.1:5");
    let child = SockFacts { held: false, inode: None, shutdown: 0, ..closing(call.sk) };
    let told = run(Abilities::ALL, &[call.sends_reset(S, Some("TCP_STATE"), child)]);
    let second = &told.reset().verdict.evidence[1];
    assert!(second.starts_with("node[9] listens on 0.0.0.0:9004 (asked afterwards): "), "{second}");
}

/// A child that nobody accepted has no file and no side that an application shut down.
#[test]
fn closed_with_its_listener() {
    let call = call("127.0.0.1:80", "127.0.0.1:5");
    for (abilities, reason) in [(Abilities::ALL, Some("TCP_STATE")), (FENTRY_6_1, None)] {
        let child = SockFacts { held: false, inode: None, shutdown: 0, ..closing(call.sk) };
        let told = run(abilities, &[call.sends_reset(S, reason, child.clone())]);
        let first = "curl[41] closed the listener of 127.0.0.1:80 before it accepted 127.0.0.1:5.";
        assert_eq!(gist(&told.reset().verdict), ("listener-closed-unaccepted", Derived, first));
        assert_eq!(told.reset().verdict.evidence.len(), 1, "nobody else listens there");
        let orphan = SockFacts { shutdown: 3, ..child };
        let told = run(abilities, &[call.sends_reset(S, reason, orphan)]);
        let alike = if reason.is_some() { "unknown" } else { "memory-pressure" };
        assert_eq!(told.reset().verdict.id.as_str(), alike);
    }
}

/// On loopback the receiver's event precedes the sender's.
#[test]
fn both_ends_of_an_active_reset_are_one_line_in_either_order() {
    let client = call("127.0.0.1:5000", "127.0.0.1:80");
    let server = Call { sk: SockPtr(0x99), ends: client.ends.flipped(), ..client.clone() };
    let sent =
        server.sends_reset(S + 2, Some("TCP_STATE"), SockFacts { linger: Some(0), ..closing(server.sk) });
    let open = SockFacts { rcv_nxt: 900, inode: Some(CURL), ..sock(client.sk, ESTABLISHED) };
    let received = client.gets(S + 1, open, None);
    let before = [client.starts(100), client.establishes(200)];
    for pair in [[received.clone(), sent.clone()], [sent, received]] {
        let told = run(Abilities::ALL, &[&before[..], &pair].concat());
        let (attempt, reset) = (told.attempt(), told.reset());
        assert_eq!((reset.origin, reset.verdict.id.as_str()), (Origin::Active, "linger-zero"));
        assert_eq!((attempt.verdict.id.as_str(), reset.attempt), ("established", Some(attempt.id)));
        let reached = reset.receiver.as_ref().and_then(|end| end.socket.as_ref()).expect("a socket");
        assert_eq!(reached.age_ns, Some(S + 1 - 200));
    }
}

#[test]
fn a_peer_resets_an_open_connection() {
    let call = call("10.0.0.1:5000", "10.2.0.5:5432");
    let open = SockFacts { idle_ns: 351 * S, inode: Some(CURL), ..sock(call.sk, ESTABLISHED) };
    let events = [call.starts(S), call.establishes(2 * S), call.gets(914 * S, open, None)];
    for abilities in [Abilities::ALL, TRACEPOINT_6_1] {
        let told = run(abilities, &events);
        let first = "The connection was open 912 s, idle 351 s when the RST came in from 10.2.0.5:5432.";
        assert_eq!((gist(&told.reset().verdict).0, gist(&told.reset().verdict).2), ("peer-reset", first));
        assert_eq!(told.attempt().verdict.id.as_str(), "established");
    }
}

/// What another sends in the peer's name seldom has its TTL.
#[test]
fn a_reset_is_compared_with_the_handshake() {
    let call = call("10.0.0.1:5000", "10.2.0.5:5432");
    let of = |ttl, ifindex, handshake| {
        let mut reset = sock_reset(call.ends, sock(call.sk, ESTABLISHED));
        let back = segment(call.ends.flipped(), ACK, 5000, 7000);
        reset.segment = Some(Segment { ttl, ifindex: Some(ifindex), ..back });
        reset.handshake = handshake;
        let received = call.at(3 * S, Hook::ReceiveReset, What::ReceiveReset(Arc::new(reset)));
        let told = run(Abilities::ALL, &[call.starts(S), call.establishes(2 * S), received]);
        told.reset().verdict.evidence[1..].join(" ")
    };
    let handshake = Some(Arrival { ttl: 61, ip_id: 0, ifindex: Some(2) });
    assert_eq!(of(61, 2, handshake), "Its TTL and device are those of the handshake.");
    assert_eq!(
        of(254, 3, handshake),
        "It did not come as the handshake did: its TTL is 254 and not 61, and it came in by device 3 and not 2. Something \
         between the hosts may have sent it in the peer's name."
    );
    assert_eq!(of(254, 2, None), "");
}

/// A TIME_WAIT socket of this host may have sent it, and this backend does not show that.
#[test]
fn a_reset_from_an_address_of_this_host_is_no_peer_where_time_wait_is_not_seen() {
    let call = call("10.0.0.1:5000", "10.0.0.2:80");
    let server = change(SockPtr(0x99), call.ends.flipped(), SYN_RECV, ESTABLISHED);
    let open = sock(call.sk, ESTABLISHED);
    let events = [event(S, 7, Hook::State, What::State(Arc::new(server))), call.gets(2 * S, open, None)];
    assert_eq!(run(TRACEPOINT_6_1, &events).reset().verdict.id.as_str(), "unknown");
    assert_eq!(run(Abilities::ALL, &events).reset().verdict.id.as_str(), "peer-reset");
}

#[test]
fn a_long_way_between_both_ends_tells_the_receiver_why() {
    let call = call("10.0.0.1:40000", "10.0.0.2:80");
    let tick = call.at(S + 100 * MS, Hook::State, What::Tick);
    let events = [
        call.starts(S),
        call.no_socket(S + 1, held_by(vec![])),
        tick,
        call.gets_reset(S + 200 * MS),
        call.fails(S + 200 * MS + 1, 111),
    ];
    let told = run(Abilities::ALL, &events);
    assert_eq!(
        (told.attempt().verdict.id.as_str(), told.attempt().reset),
        ("closed-port", Some(told.reset().id))
    );
}
