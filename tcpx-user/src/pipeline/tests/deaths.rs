//! Connections that die without a RST.

use tcpx_common::abi::state::*;

use super::scene::*;
use crate::{
    abilities::Abilities,
    event::*,
    line::{Confidence::*, Outcome},
};

const ETIMEDOUT: u16 = 110;

fn here() -> Call {
    call("10.0.0.1:5000", "10.2.0.5:5432")
}

/// Sent again three times.
fn unanswered(err: u16, state: u8) -> SockReset {
    let sock = SockFacts {
        inode: Some(CURL),
        err,
        snd_una: 900,
        snd_nxt: 905,
        idle_ns: 3 * S,
        bytes_acked: 7,
        ..sock(here().sk, state)
    };
    let timers = Timers { retransmits: 3, ..Timers::default() };
    SockReset { timers, ..sock_reset(here().ends, sock) }
}

#[test]
fn given_up_after_retransmissions() {
    let call = here();
    let before = [call.starts(S), call.establishes(2 * S)];
    let death = call.dies(9 * S, unanswered(ETIMEDOUT, ESTABLISHED));
    let stack = ["tcp_done", "tcp_write_timeout"];
    let told = run(Abilities::ALL, &[&before[..], &walked(death.clone(), &stack)].concat());
    let line = told.death();
    let first = "10.2.0.5:5432 did not answer 3 retransmissions of curl[41]; the kernel gave the connection up without a RST.";
    assert_eq!(gist(&line.verdict), ("retransmit-timeout", Observed, first));
    assert_eq!((line.outcome, line.errno.as_deref()), (Outcome::TimedOut, Some("ETIMEDOUT")));
    assert_eq!((line.age_ns, line.idle_ns, line.bytes_sent), (Some(7 * S), 3 * S, 7));
    assert_eq!(line.attempt, Some(told.attempt().id));
    assert_eq!(told.summary.deaths, [("retransmit-timeout".to_owned(), 1)].into());
    let told = run(Abilities::ALL, &[death]);
    assert_eq!(gist(&told.death().verdict), ("retransmit-timeout", Derived, first));
    assert_eq!((told.death().age_ns, told.death().attempt), (None, None));
}

#[test]
fn the_errno_is_what_icmp_said() {
    let mut dead = unanswered(113, ESTABLISHED);
    dead.sock.err_soft = 113;
    let icmp = Icmp { ends: here().ends, ..icmp_of(&here()) };
    let icmp = here().at(8 * S, Hook::Icmp, What::Icmp(icmp.into()));
    let told = run(Abilities::ALL, &[icmp, here().dies(9 * S, dead)]);
    let line = told.death();
    assert_eq!((line.outcome, line.errno.as_deref()), (Outcome::Unreachable, Some("EHOSTUNREACH")));
    let last = line.verdict.evidence.last().map(String::as_str);
    assert_eq!(last, Some("ICMP type 3, code 1 had come from 10.2.0.1: the application gets EHOSTUNREACH."));
}

fn icmp_of(call: &Call) -> Icmp {
    match call.icmp(0, "10.2.0.1", 3, 1).what {
        What::Icmp(icmp) => (*icmp).clone(),
        other => panic!("{other:?}"),
    }
}

/// Keepalive and SOCK_DESTROY send a RST first: that line tells the end, in whichever order the two are heard of.
#[test]
fn a_death_with_a_reset_is_the_resets() {
    let call = here();
    let open = unanswered(0, ESTABLISHED).sock;
    let sent = call.sends_reset(9 * S, Some("TCP_KEEPALIVE_TIMEOUT"), open.clone());
    let got = call.gets(9 * S, open, None);
    let death = call.dies(9 * S + 5_000, unanswered(ETIMEDOUT, ESTABLISHED));
    for pair in [[sent.clone(), death.clone()], [death.clone(), sent], [got, death.clone()]] {
        let told = run(Abilities::ALL, &pair);
        assert_eq!((told.resets.len(), told.deaths.len()), (1, 0));
    }
    // A RST of an earlier life of the same address is no reason.
    let earlier = call.sends_reset(S, Some("TCP_KEEPALIVE_TIMEOUT"), unanswered(0, ESTABLISHED).sock);
    let told = run(Abilities::ALL, &[earlier, death.clone(), death]);
    assert_eq!((told.resets.len(), told.deaths.len()), (1, 1), "and a repeated record is not told twice");
}

#[test]
fn destroyed_where_no_reset_is_needed() {
    let death = here().dies(9 * S, unanswered(103, LAST_ACK));
    let told = run(Abilities::ALL, &walked(death, &["tcp_done", "tcp_abort"]));
    assert_eq!(
        (told.death().verdict.id.as_str(), told.death().verdict.confidence),
        ("socket-destroyed", Observed)
    );
}

/// An error that the application has not read does not end a connection: it ends later, in peace.
#[test]
fn an_unread_error_is_no_cause() {
    let mut dead = unanswered(113, LAST_ACK);
    dead.timers = Timers::default();
    let told = run(Abilities::ALL, &walked(here().dies(9 * S, dead.clone()), &["tcp_done"]));
    assert_eq!(told.death().verdict.id.as_str(), "unknown");
    let told = run(Abilities::ALL, &[here().dies(9 * S, dead)]);
    assert_eq!(told.death().verdict.id.as_str(), "unknown");
}

#[test]
fn what_was_lost_marks_it() {
    let death = here().dies(9 * S, unanswered(ETIMEDOUT, ESTABLISHED));
    let lost = event(9 * S + 1, HOST, Hook::ActiveReset, What::Lost { count: 1 });
    assert_eq!(run(Abilities::ALL, &[death, lost]).death().complete, Some(false));
}
