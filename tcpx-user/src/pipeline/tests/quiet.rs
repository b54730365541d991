//! RSTs that `tcp_reset` never got.

use tcpx_common::abi::{state::*, tcp_flag::*};

use super::scene::*;
use crate::{
    abilities::Abilities,
    event::*,
    line::{Confidence::*, Origin, SocketKind},
};

const NEXT: u32 = 5_000;

/// A RST with this number meets what expects [`NEXT`].
fn met(call: &Call, time: u64, seq: u32, facts: SockFacts, quiet: Quiet) -> Event {
    let rst = segment(call.ends.flipped(), RST, seq, 0);
    let Event { what: What::ReceiveReset(reset), .. } = call.gets(time, facts, Some(rst)) else {
        unreachable!()
    };
    let mut reset = (*reset).clone();
    reset.sock.rcv_nxt = NEXT;
    reset.quiet = Some(quiet);
    call.at(time, Hook::QuietReset, What::ReceiveReset(reset.into()))
}

const NUMBERS: Numbers = Numbers { next: NEXT, until: NEXT + 1_000 };

fn quiet(met: Reached) -> Quiet {
    Quiet { numbers: Some(NUMBERS), met, freed: false }
}

fn request(ended: bool) -> Quiet {
    quiet(Reached::Request { ended: Some(ended) })
}

/// What is left of a connection, and whether the RST ended that.
fn kept(ended: bool) -> Reached {
    Reached::TimeWait { ended, substate: TIME_WAIT, rfc1337: false }
}

fn server() -> Call {
    call("10.0.0.1:80", "192.0.2.9:4")
}

#[test]
fn a_handshake_that_the_client_resets() {
    let call = server();
    let listener = || SockFacts { inode: Some(NODE), ..sock(SockPtr(0x11), LISTEN) };
    let told = run(Abilities::ALL, &[met(&call, S, NEXT + 9, listener(), request(true))]);
    let first = "node[9] listens on 10.0.0.1:80. 192.0.2.9:4 sent a SYN, got the SYN-ACK, and the RST came in on lo (TTL 64).";
    assert_eq!(gist(&told.reset().verdict), ("handshake-reset-by-peer", Observed, first));
    let receiver =
        told.reset().receiver.as_ref().and_then(|end| end.socket.clone()).map(|socket| socket.kind);
    assert_eq!((told.reset().origin, receiver), (Origin::Elsewhere, Some(SocketKind::Listener)));
    assert_eq!(told.summary.received, 1);
}

#[test]
fn a_request_socket_that_survives() {
    let call = server();
    let listener = || sock(SockPtr(0x11), LISTEN);
    for (seq, word) in [(NEXT - 1, "1 behind"), (NEXT + 2_000, "outside of the window"), (NEXT, "PAWS")] {
        let told = run(Abilities::ALL, &[met(&call, S, seq, listener(), request(false))]);
        let (id, _, first) = gist(&told.reset().verdict);
        assert_eq!(id, "reset-ignored");
        assert!(first.contains(word), "{first}");
    }
}

/// Only the free of the RST for the listener was seen.
#[test]
fn what_became_of_a_request_socket_may_be_unknown() {
    let call = server();
    let freed = Quiet { numbers: None, met: Reached::Request { ended: None }, freed: true };
    let told = run(Abilities::ALL, &[met(&call, S, NEXT - 1, sock(SockPtr(0x11), LISTEN), freed)]);
    assert_eq!(gist(&told.reset().verdict).0, "handshake-reset-by-peer");
    assert_eq!(told.reset().verdict.confidence, Derived);
    assert_eq!(functions(&told.reset().path)[..2], ["sk_skb_reason_drop", "tcp_check_req"]);
}

/// The kernel still has it when asked.
#[test]
fn what_survived_unseen() {
    let freed = Quiet { numbers: None, met: Reached::Request { ended: None }, freed: true };
    let asked = call(HALF_OPEN.0, HALF_OPEN.1);
    let told = run(Abilities::ALL, &[met(&asked, S, 7, sock(SockPtr(0x11), LISTEN), freed)]);
    assert_eq!(gist(&told.reset().verdict).0, "reset-ignored");
    assert_eq!(told.reset().verdict.confidence, Derived);
}

/// SYNs had crossed: a full socket, which `tcp_reset` ends.
#[test]
fn a_crossed_handshake_that_is_reset() {
    let call = server();
    let told = run(Abilities::ALL, &[call.gets(S, sock(SockPtr(0x11), SYN_RECV), None)]);
    assert_eq!(gist(&told.reset().verdict).0, "handshake-reset-by-peer");
}

/// The child that a listener has made for a SYN with data, and that nobody has accepted.
#[test]
fn a_fast_open_handshake_that_is_reset() {
    let child = SockFacts { held: false, ..sock(SockPtr(0x11), SYN_RECV) };
    let told = run(Abilities::ALL, &[server().gets(S, child, None)]);
    let (id, _, first) = gist(&told.reset().verdict);
    assert_eq!(id, "handshake-reset-by-peer");
    assert!(first.starts_with("192.0.2.9:4 sent a SYN with data to 10.0.0.1:80 (TCP Fast Open)"), "{first}");
}

#[test]
fn an_open_connection_obeys_only_the_exact_number() {
    let call = server();
    for (seq, word) in [(NEXT + 7, "7 ahead of"), (NEXT.wrapping_sub(9_000), "9000 behind")] {
        let told = run(
            Abilities::ALL,
            &[met(&call, S, seq, sock(SockPtr(0x11), ESTABLISHED), quiet(Reached::Full))],
        );
        let (id, confidence, first) = gist(&told.reset().verdict);
        assert_eq!((id, confidence), ("reset-ignored", Observed));
        assert!(first.contains(word), "{first}");
        let challenged = told.reset().verdict.evidence.iter().any(|text| text.contains("challenge ACK"));
        assert_eq!(challenged, word.contains("ahead"));
    }
}

/// As when the number is that of the last block of SACK: `tcp_reset` follows in the same call.
#[test]
fn what_is_obeyed_after_all_is_told_once() {
    let call = server();
    let open = || sock(SockPtr(0x11), ESTABLISHED);
    let told = run(
        Abilities::ALL,
        &[met(&call, S, NEXT + 7, open(), quiet(Reached::Full)), call.gets(S + 2_000, open(), None)],
    );
    assert_eq!((told.resets.len(), gist(&told.reset().verdict).0), (1, "peer-reset"));
}

#[test]
fn time_wait_ends_or_does_not() {
    let call = server();
    let tw = || sock(SockPtr(0x11), TIME_WAIT);
    let fin_wait2 = |ended| Reached::TimeWait { ended, substate: FIN_WAIT2, rfc1337: false };
    let rfc1337 = Reached::TimeWait { ended: false, substate: TIME_WAIT, rfc1337: true };
    for (seq, kept, id, word) in [
        (NEXT, kept(true), "time-wait-assassinated", "kept in TIME_WAIT"),
        (NEXT + 1, kept(false), "reset-ignored", "1 ahead of"),
        (NEXT, kept(false), "reset-ignored", "PAWS"),
        (NEXT, rfc1337, "reset-ignored", "tcp_rfc1337 is 1"),
        (NEXT + 1, fin_wait2(true), "time-wait-assassinated", "kept in FIN_WAIT2"),
        (NEXT - 1, fin_wait2(false), "reset-ignored", "1 behind"),
    ] {
        let told = run(Abilities::ALL, &[met(&call, S, seq, tw(), quiet(kept))]);
        let (told_id, _, first) = gist(&told.reset().verdict);
        assert_eq!(told_id, id, "{seq} {kept:?}");
        assert!(first.contains(word), "{first}");
        let receiver = told.reset().receiver.as_ref().and_then(|end| end.socket.clone());
        assert_eq!(receiver.map(|socket| socket.kind), Some(SocketKind::TimeWait));
    }
}

/// The connection is found by its ends: TIME_WAIT is another structure than the socket.
#[test]
fn a_time_wait_belongs_to_the_attempt_that_opened_it() {
    let call = server();
    let events = [
        call.starts(S),
        call.establishes(S + MS),
        met(&call, 3 * S, NEXT, sock(SockPtr(0x99), TIME_WAIT), quiet(kept(true))),
    ];
    let told = run(Abilities::ALL, &events);
    assert_eq!(told.reset().attempt, Some(told.attempt().id));
}

/// A socket here sent it: its verdict says why, and what it met is the receiver.
#[test]
fn one_that_was_sent_here_has_its_senders_verdict() {
    let call = server();
    let other = Call { ends: call.ends.flipped(), sk: SockPtr(0x22), ..call.clone() };
    let sender = SockFacts { snd_nxt: NEXT, linger: Some(0), ..sock(SockPtr(0x22), CLOSE) };
    let events = [
        other.sends_reset(S, Some("TCP_STATE"), sender),
        met(&call, S + 1, NEXT, sock(SockPtr(0x11), TIME_WAIT), quiet(kept(true))),
    ];
    let told = run(Abilities::ALL, &events);
    assert_eq!((told.resets.len(), told.reset().origin), (1, Origin::Active));
    assert!(told.reset().receiver.is_some());
}

/// A SYN that was sent keeps waiting: the RST that it does not obey refuses nothing.
#[test]
fn an_attempt_is_not_refused_by_a_rst_that_it_ignores() {
    let call = call("10.0.0.1:40000", "192.0.2.9:80");
    let events = [
        call.starts(S),
        met(&call, S + 1, 7, sock(call.sk, SYN_SENT), quiet(Reached::Full)),
        call.establishes(S + MS),
    ];
    let told = run(Abilities::ALL, &events);
    assert_eq!(gist(&told.attempt().verdict).0, "established");
    assert_eq!((gist(&told.reset().verdict).0, told.attempt().reset), ("reset-ignored", None));
}

/// What a connection does not obey does not end it either: its death is told as such.
#[test]
fn an_ignored_rst_is_not_what_ends_the_connection() {
    let call = server();
    let open = SockFacts { err: 110, ..sock(SockPtr(0x11), ESTABLISHED) };
    let dead = SockReset {
        timers: Timers { retransmits: 15, ..Timers::default() },
        ..sock_reset(call.ends, open.clone())
    };
    let events = [met(&call, S, NEXT + 7, open, quiet(Reached::Full)), call.dies(S + MS, dead)];
    let told = run(Abilities::ALL, &events);
    assert_eq!((gist(&told.reset().verdict).0, told.deaths.len()), ("reset-ignored", 1));
}
