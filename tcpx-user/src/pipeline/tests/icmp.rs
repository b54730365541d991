//! ICMP errors and neighbours that do not answer.

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

fn remote6() -> Call {
    call("[fd00::1]:40000", "[fd00::2]:80")
}

#[test]
fn each_type_and_code_has_its_verdict_and_errno() {
    let (v4, v6) = (remote(), remote6());
    for (call, from, kind, code, id, errno, outcome) in [
        (&v4, "10.0.0.9", 3, 1, "icmp-unreachable", 113, Outcome::Unreachable),
        (&v4, "10.0.0.9", 3, 7, "icmp-unreachable", 112, Outcome::Unreachable),
        (&v4, "10.0.0.9", 3, 9, "icmp-admin-prohibited", 101, Outcome::Unreachable),
        (&v4, "10.0.0.9", 3, 13, "icmp-admin-prohibited", 113, Outcome::Unreachable),
        (&v4, "10.0.0.9", 11, 0, "icmp-unreachable", 113, Outcome::Unreachable),
        (&v4, "10.0.0.9", 12, 2, "icmp-unreachable", 71, Outcome::Failed),
        (&v6, "fd00::9", 1, 0, "icmp-unreachable", 101, Outcome::Unreachable),
        (&v6, "fd00::9", 1, 1, "icmp-admin-prohibited", 13, Outcome::Denied),
        (&v6, "fd00::9", 1, 6, "icmp-admin-prohibited", 13, Outcome::Denied),
        (&v6, "fd00::9", 3, 0, "icmp-unreachable", 113, Outcome::Unreachable),
    ] {
        let events = [call.starts(S), call.icmp(S + 1, from, kind, code), call.fails(S + 2, errno)];
        let told = run(Abilities::ALL, &events);
        let attempt = told.attempt();
        assert_eq!((gist(&attempt.verdict).0, attempt.verdict.confidence), (id, Observed), "{kind}/{code}");
        assert_eq!(attempt.outcome, outcome, "{kind}/{code}");
    }
}

#[test]
fn who_sent_it_is_said() {
    let call = remote();
    for (from, word) in [
        ("10.0.0.2", "the address that was called"),
        ("10.0.0.254", "a router or firewall"),
        ("10.0.0.1", "an address of this host"),
    ] {
        let events = [call.starts(S), call.icmp(S + 1, from, 3, 1), call.fails(S + 2, 113)];
        let told = run(Abilities::ALL, &events);
        let said = &told.attempt().verdict.evidence;
        assert!(said.iter().any(|sentence| sentence.contains(word)), "{from}: {said:?}");
    }
}

/// An error that does not fit the socket's own is not why it ended, and what TCP does not heed is none.
#[test]
fn another_error_is_not_the_reason() {
    let call = remote();
    let seen = |kind, code| call.icmp(S + 1, "10.0.0.2", kind, code);
    let told = run(Abilities::ALL, &[call.starts(S), seen(3, 1), call.fails(S + 2, 101)]);
    assert_eq!(gist(&told.attempt().verdict).0, "unknown");
    let told = run(Abilities::ALL, &[call.starts(S), seen(4, 0), call.gives_up(3 * S, 0, 1)]);
    assert_eq!(gist(&told.attempt().verdict).0, "no-answer");
}

/// What only IPv6's errno shows. The same errno at the end of all retransmissions may come from a route.
#[test]
fn an_errno_alone_tells_only_what_nothing_else_gives() {
    let call = remote6();
    let told = run(TRACEPOINT_6_1, &[call.starts(S), call.fails(S + 2, 13)]);
    assert_eq!(
        (gist(&told.attempt().verdict).0, told.attempt().verdict.confidence),
        ("icmp-admin-prohibited", Derived)
    );
    let soft = |time, again| {
        let mut end = call.gives_up(time, 113, again);
        let What::State(change) = &mut end.what else { unreachable!() };
        let change = Arc::make_mut(change);
        change.err_soft = 113;
        end
    };
    let answered = [call.starts(S), call.again(2 * S, 1, None), soft(2 * S + MS, 1)];
    assert_eq!(gist(&run(TRACEPOINT_6_1, &answered).attempt().verdict).0, "icmp-unreachable");
    let worn_out = [call.starts(S), call.again(64 * S, 6, None), soft(128 * S, 6)];
    assert_eq!(gist(&run(TRACEPOINT_6_1, &worn_out).attempt().verdict).0, "unknown");
    // Over IPv4 a firewall and a router give the same.
    let v4 = remote();
    let told = run(TRACEPOINT_6_1, &[v4.starts(S), v4.fails(S + 2, 113)]);
    assert_eq!(gist(&told.attempt().verdict).0, "unknown");
}

#[test]
fn a_neighbour_that_does_not_answer() {
    let (v4, v6) = (remote(), remote6());
    for (abilities, call, reason, function) in [
        (Abilities::ALL, &v4, Some("NEIGH_FAILED"), "arp_error_report"),
        (TRACEPOINT_5_10, &v4, None, "arp_error_report"),
        (TRACEPOINT_5_10, &v6, None, "ndisc_error_report"),
        (TRACEPOINT_6_1, &v6, Some("NOT_SPECIFIED"), "neigh_invalidate"),
    ] {
        let events = [call.starts(S), call.drops(S + 9, reason, function), call.fails(S + 10, 113)];
        let told = run(abilities, &events);
        assert_eq!(
            (gist(&told.attempt().verdict).0, told.attempt().verdict.confidence),
            ("neighbor-failed", Observed)
        );
        assert!(told.drops.is_empty(), "the source of the SYN gets an error");
    }
}

/// A router of this host without a neighbour: to the client it is an error that came in.
#[test]
fn a_neighbour_that_fails_elsewhere_is_the_routers() {
    let call = remote();
    let mut failed = call.drops(S + 9, Some("NEIGH_FAILED"), "arp_error_report");
    failed.netns = Netns { inum: 77, cookie: 77 };
    let events = [call.starts(S), call.icmp(S + 9, "10.0.0.254", 3, 1), failed, call.fails(S + 10, 113)];
    let told = run(Abilities::ALL, &events);
    assert_eq!(gist(&told.attempt().verdict).0, "icmp-unreachable");
    let said = &told.attempt().verdict.evidence;
    assert!(said.iter().any(|sentence| sentence.contains("network namespace 77")), "{said:?}");
}

/// The SYN was sent again and answered, whatever an earlier one met.
#[test]
fn a_neighbour_that_answers_later_is_no_failure() {
    let call = remote();
    let events = [
        call.starts(S),
        call.drops(S + 9, Some("NEIGH_FAILED"), "arp_error_report"),
        call.again(2 * S, 1, None),
        call.establishes(2 * S + 5),
    ];
    assert_eq!(gist(&run(Abilities::ALL, &events).attempt().verdict).0, "established");
}
