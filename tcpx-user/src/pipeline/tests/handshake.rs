//! Answers to segments of a handshake that is not over, and to what comes after the end.

use std::sync::Arc;

use tcpx_common::abi::{state::*, tcp_flag::*};

use super::scene::*;
use crate::{abilities::Abilities, event::*, line::Confidence, line::Confidence::*, line::LookupResult};

const SYN_ACK: u8 = SYN | ACK;
const REQUEST: Lookups = Lookups {
    established: Some(Ok((SockPtr(0x99), NEW_SYN_RECV))),
    listener: None,
    received: true,
    brought: false,
    denied: false,
};

/// A RST in answer to a segment of `call` that came to the socket `sock`.
struct Answer<'a> {
    call: &'a Call,
    flags: u8,
    ack: u32,
    payload: u32,
    /// tcp_v4_rcv had not yet handed it on.
    device: bool,
    reason: Option<&'a str>,
    lookups: Lookups,
    /// When the connection of the socket was opened.
    opened: Option<u64>,
}

impl<'a> Answer<'a> {
    fn to(call: &'a Call, flags: u8) -> Self {
        let lookups = Lookups::default();
        Self { call, flags, ack: 7000, payload: 0, device: false, reason: None, lookups, opened: None }
    }

    fn event(&self, sock: SockFacts) -> Event {
        let device = self.device.then(|| "tun0".into());
        let segment =
            Segment { device, payload: self.payload, ..segment(self.call.ends, self.flags, 5000, self.ack) };
        let reason = self.reason.map(Name::from);
        let sk_state = sock.state;
        let reply = Reply {
            segment,
            lookups: self.lookups,
            reason,
            sk_state,
            sock: Some(sock),
            opened: self.opened,
            holders: None,
            place: Place::default(),
        };
        self.call.at(S, Hook::SendReset, What::Reply(Arc::new(reply)))
    }

    fn verdict(&self, sock: SockFacts) -> (&'static str, Confidence) {
        let told = run(Abilities::ALL, &[self.event(sock)]);
        (told.reset().verdict.id.as_str(), told.reset().verdict.confidence)
    }
}

fn from_peer() -> Call {
    call("10.0.0.9:4", "10.0.0.1:80")
}

fn listener() -> SockFacts {
    SockFacts { inode: Some(NODE), ..sock(SockPtr(0x77), LISTEN) }
}

/// ISN 1000, SYN sent.
fn calling() -> SockFacts {
    SockFacts { snd_una: 1000, snd_nxt: 1001, inode: Some(CURL), ..sock(SockPtr(0xf1), SYN_SENT) }
}

#[test]
fn an_answer_to_our_syn_that_acknowledges_something_else() {
    let call = from_peer();
    for (ack, id) in [(7000, "syn-sent-bad-ack"), (1000, "syn-sent-bad-ack"), (1001, "syn-sent-paws")] {
        let answer = Answer { ack, ..Answer::to(&call, SYN_ACK) };
        assert_eq!(answer.verdict(calling()), (id, Derived), "{ack}");
    }
    let told = Answer { reason: Some("TCP_INVALID_ACK_SEQUENCE"), ..Answer::to(&call, SYN_ACK) };
    assert_eq!(told.verdict(calling()), ("syn-sent-bad-ack", Observed));
    let told = Answer { ack: 1001, reason: Some("TCP_RFC7323_PAWS"), ..Answer::to(&call, SYN_ACK) };
    assert_eq!(told.verdict(calling()), ("syn-sent-paws", Observed));
    let other = Answer { ack: 1001, reason: Some("TCP_INVALID_ACK_SEQUENCE"), ..Answer::to(&call, SYN_ACK) };
    assert_eq!(other.verdict(calling()), ("unknown", Unknown));
}

#[test]
fn an_attempt_that_got_nothing_but_a_wrong_answer() {
    let client = call("10.0.0.1:80", "10.0.0.9:4");
    let peer = from_peer();
    let wrong = Answer { reason: Some("TCP_INVALID_ACK_SEQUENCE"), ..Answer::to(&peer, SYN_ACK) };
    let before = [client.starts(100), wrong.event(calling())];
    let given_up = run(Abilities::ALL, &[&before[..], &[client.gives_up(4 * S, 0, 1)]].concat());
    let first = "curl[41] sent a SYN to 10.0.0.9:4; the answer ([S.]) acknowledges 7000, where 1001 would have been right.";
    assert_eq!(gist(&given_up.attempt().verdict), ("syn-sent-bad-ack", Observed, first));
    assert_eq!(given_up.attempt().reset, None, "it did not end by a RST");
    let accepted = run(Abilities::ALL, &[&before[..], &[client.establishes(4 * S)]].concat());
    assert_eq!(accepted.attempt().verdict.id.as_str(), "established");
}

#[test]
fn a_wrong_last_ack() {
    let call = from_peer();
    let seen = Answer { lookups: REQUEST, reason: Some("TCP_FLAGS"), ..Answer::to(&call, ACK) };
    assert_eq!(seen.verdict(listener()), ("syn-recv-bad-ack", Observed));
    let told = run(Abilities::ALL, &[seen.event(listener())]);
    assert_eq!(
        functions(&told.reset().path),
        [
            "tcp_v4_send_reset",
            "tcp_rcv_state_process",
            "tcp_v4_do_rcv",
            "tcp_check_req",
            "__inet_lookup_established",
            "tcp_v4_rcv"
        ]
    );
    let half_open = call_of(HALF_OPEN.1, HALF_OPEN.0);
    let asked = Answer { reason: Some("TCP_FLAGS"), ..Answer::to(&half_open, ACK) };
    assert_eq!(asked.verdict(listener()), ("syn-recv-bad-ack", Derived));
    let lookup = run(Abilities::ALL, &[asked.event(listener())]).reset().lookup.expect("implied");
    assert_eq!(
        (lookup.established.result, lookup.listener.result),
        (LookupResult::Hit, LookupResult::NotRun)
    );
    let stray = Answer { lookups: finds_listener(SockPtr(0x77)), ..Answer::to(&half_open, ACK) };
    assert_eq!(stray.verdict(listener()).0, "ack-to-listener", "what was seen goes before what was asked");
}

#[test]
fn a_socket_that_the_segment_brought() {
    let brought = Lookups { brought: true, ..REQUEST };
    let call = from_peer();
    let answer = Answer { lookups: brought, reason: Some("TCP_FLAGS"), ..Answer::to(&call, ACK) };
    let told = run(Abilities::ALL, &[answer.event(listener())]);
    assert_eq!(
        functions(&told.reset().path),
        [
            "tcp_v4_send_reset",
            "tcp_rcv_state_process",
            "tcp_v4_do_rcv",
            "tcp_check_req",
            "skb_steal_sock (inlined)",
            "tcp_v4_rcv",
            "__inet_lookup_established",
            "tcp_v4_early_demux",
        ],
        "looked up before TCP had it"
    );
}

fn call_of(a: &str, b: &str) -> Call {
    call(a, b)
}

#[test]
fn a_wrong_ack_for_crossed_syns() {
    let crossed = SockFacts { snd_una: 1000, snd_nxt: 1001, ..sock(SockPtr(0xf1), SYN_RECV) };
    for reason in [None, Some("TCP_ACK_UNSENT_DATA"), Some("TCP_OLD_ACK")] {
        let call = from_peer();
        let answer = Answer { reason, ..Answer::to(&call, ACK) };
        assert_eq!(answer.verdict(crossed.clone()), ("syn-recv-bad-ack", Derived), "{reason:?}");
    }
}

#[test]
fn a_second_syn() {
    let call = from_peer();
    for (reason, lookups, confidence) in [
        (Some("INVALID_SYN"), Lookups::default(), Observed),
        (None, REQUEST, Observed),
        (None, Lookups::default(), Derived),
    ] {
        let answer = Answer { device: true, reason, lookups, ..Answer::to(&call, SYN) };
        assert_eq!(answer.verdict(listener()), ("syn-in-handshake", confidence));
    }
    // A child of Fast Open, before it is accepted.
    for (reason, confidence) in [(Some("INVALID_SYN"), Observed), (None, Derived)] {
        let answer = Answer { reason, ..Answer::to(&call, SYN) };
        let child = SockFacts { held: false, ..sock(SockPtr(0xc1), SYN_RECV) };
        assert_eq!(answer.verdict(child), ("syn-in-handshake", confidence));
    }
    let not_at_request = Answer { reason: None, ..Answer::to(&call, SYN) };
    assert_eq!(not_at_request.verdict(listener()), ("unknown", Unknown));
}

#[test]
fn a_full_accept_queue_at_the_last_ack() {
    let call = from_peer();
    let full = SockFacts { backlog: (3, 2), ..listener() };
    for (reason, confidence) in [(Some("INVALID_SYN"), Observed), (None, Derived)] {
        let answer = Answer { device: true, reason, ..Answer::to(&call, ACK) };
        assert_eq!(answer.verdict(full.clone()), ("accept-queue-abort", confidence));
        assert_eq!(answer.verdict(listener()), ("unknown", Unknown), "there was room");
    }
}

#[test]
fn a_child_that_refuses_the_ack_that_made_it() {
    let call = from_peer();
    let child = SockFacts { held: false, shutdown: 3, ..sock(SockPtr(0xc1), CLOSE) };
    let answer = Answer { device: true, payload: 5, ..Answer::to(&call, ACK) };
    assert_eq!(answer.verdict(child.clone()), ("child-rejected-ack", Derived));
    let seen = Answer { device: true, payload: 5, lookups: REQUEST, ..Answer::to(&call, ACK) };
    assert_eq!(seen.verdict(child.clone()), ("child-rejected-ack", Observed));
    // From a SYN cookie: the child behind a lookup that found the listener, or the listener with the child's reason.
    let listened = finds_listener(SockPtr(0x77));
    let cookie = Answer { payload: 5, lookups: listened, ..Answer::to(&call, ACK) };
    assert_eq!(cookie.verdict(child.clone()), ("child-rejected-ack", Observed));
    // Where no lookup was seen: what was opened just now and neither held nor closed.
    let data = Answer { payload: 5, opened: Some(S - 1000), ..Answer::to(&call, ACK) };
    assert_eq!(data.verdict(child.clone()), ("child-rejected-ack", Derived));
    let older = Answer { payload: 5, opened: Some(0), ..Answer::to(&call, ACK) };
    assert_eq!(older.verdict(child.clone()), ("data-after-close", Derived));
    let closed = SockFacts { dead: true, ..child };
    assert_eq!(data.verdict(closed), ("data-after-close", Derived));
    let told = Answer { reason: Some("TCP_ABORT_ON_DATA"), ..Answer::to(&call, ACK) };
    assert_eq!(told.verdict(listener()), ("child-rejected-ack", Observed));
}

/// `tcp_v6_do_rcv` answers in the name of the listener; `tcp_reset` had ended the child, and no RST came.
#[test]
fn a_listener_that_answers_for_a_child() {
    let (call, server) = (from_peer(), call("10.0.0.1:80", "10.0.0.9:4"));
    let child = SockFacts {
        held: false,
        shutdown: 3,
        rcv_nxt: 5000,
        snd_una: 7000,
        ..sock(SockPtr(0xc1), FIN_WAIT1)
    };
    let answer = Answer { payload: 5, ..Answer::to(&call, ACK) };
    let told = run(Abilities::ALL, &[server.gets(S - 1000, child.clone(), None), answer.event(listener())]);
    assert_eq!(told.reset().verdict.id.as_str(), "child-rejected-ack");
    // On a busy machine the answer is told long after.
    let tick = server.at(S - 100_000_000, Hook::State, What::Tick);
    let late = [server.gets(S - 600_000_000, child.clone(), None), tick, answer.event(listener())];
    let told = run(Abilities::ALL, &late);
    assert_eq!((told.resets.len(), told.reset().verdict.id.as_str()), (1, "child-rejected-ack"));
    let accepted = SockFacts { held: true, ..child };
    let told = run(Abilities::ALL, &[server.gets(S - 1000, accepted, None), answer.event(listener())]);
    let ids: Vec<_> = told.resets.iter().map(|reset| reset.verdict.id.as_str()).collect();
    assert_eq!(ids, ["peer-reset", "ack-to-listener"]);
}

#[test]
fn an_ack_that_is_no_cookie() {
    let call = from_peer();
    let lately = SockFacts { cookie_age_ns: Some(3 * S), ..listener() };
    let long_ago = SockFacts { cookie_age_ns: Some(130 * S), ..listener() };
    let answer = Answer { reason: Some("TCP_FLAGS"), ..Answer::to(&call, ACK) };
    assert_eq!(answer.verdict(lately.clone()), ("bad-syncookie", Derived));
    assert_eq!(answer.verdict(long_ago).0, "ack-to-listener");
    let of_handshake = Answer { lookups: REQUEST, ..answer };
    assert_eq!(of_handshake.verdict(lately).0, "syn-recv-bad-ack");
}

#[test]
fn a_subflow_that_mptcp_refuses() {
    let call = from_peer();
    let mptcp = SockFacts { mptcp: true, ..listener() };
    let told = Answer { reason: Some("MPTCP_RST_EMPTCP"), ..Answer::to(&call, SYN) };
    assert_eq!(told.verdict(listener()), ("mptcp-reset", Observed));
    assert_eq!(Answer::to(&call, SYN).verdict(mptcp.clone()), ("mptcp-reset", Derived));
    let last_ack = Answer { device: true, ..Answer::to(&call, ACK) };
    assert_eq!(last_ack.verdict(mptcp.clone()), ("mptcp-reset", Derived));
    assert_eq!(Answer::to(&call, ACK).verdict(mptcp.clone()).0, "ack-to-listener");
    let second_syn = Answer { device: true, ..Answer::to(&call, SYN) };
    assert_eq!(second_syn.verdict(mptcp).0, "syn-in-handshake");
}

/// tcp_reset() ends the socket before it answers: that is no RST that came.
#[test]
fn data_for_a_socket_that_can_receive_no_more() {
    let client = call("10.0.0.1:80", "10.0.0.9:4");
    let peer = from_peer();
    let closed = SockFacts { held: false, shutdown: 3, ..sock(SockPtr(0xf1), CLOSE) };
    let answer = Answer { payload: 5, reason: Some("TCP_ABORT_ON_DATA"), ..Answer::to(&peer, ACK) };
    let phantom = client.gets(S - 1, SockFacts { state: FIN_WAIT1, ..closed.clone() }, None);
    for events in [[phantom.clone(), answer.event(closed.clone())], [answer.event(closed.clone()), phantom]] {
        let told = run(Abilities::ALL, &events);
        let first = "10.0.0.1:80 was already closed when 10.0.0.9:4 sent 5 bytes more.";
        assert_eq!(gist(&told.reset().verdict), ("data-after-close", Observed, first));
    }
    let derived = Answer { payload: 5, ..Answer::to(&peer, ACK) };
    assert_eq!(derived.verdict(closed.clone()), ("data-after-close", Derived));
    let no_data = Answer { reason: Some("TCP_ABORT_ON_DATA"), ..Answer::to(&peer, ACK) };
    assert_eq!(no_data.verdict(closed.clone()), ("linger2-expired", Observed));
    assert_eq!(Answer::to(&peer, ACK).verdict(closed.clone()), ("linger2-expired", Derived));
    let held = SockFacts { held: true, ..closed };
    assert_eq!(no_data.verdict(held), ("unknown", Unknown), "TCP_LINGER2 is for what is closed");
}

const FIN_WAIT1: u8 = 4;
