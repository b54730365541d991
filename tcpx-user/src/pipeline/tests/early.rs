//! Before any packet.

use std::sync::Arc;

use super::scene::*;
use crate::{
    abilities::Abilities,
    event::*,
    line::{Confidence::*, Outcome},
};

const TO: &str = "10.0.0.2:80";

/// `tracepoint`: the system calls, and not who refused them.
const SYSTEM_CALLS: Abilities = Abilities { denials: false, ..Abilities::ALL };

fn failed(to: &str, errno: i32) -> ConnectFailed {
    let requested = addr(to);
    let (sk, comm) = (Some(SockPtr(0xf1)), Comm::from_slice(b"curl"));
    ConnectFailed { requested, sk, errno, denied_by: None, uid: 1000, cgroup: None, comm }
}

fn fails(time: u64, to: &str, errno: i32) -> Event {
    event(time, HOST, Hook::Connect, What::ConnectFailed(failed(to, errno).into()))
}

#[test]
fn no_route() {
    let told = run(Abilities::ALL, &[fails(S, "192.0.2.9:443", 101)]);
    let attempt = told.attempt();
    let first = "The routing tables of network namespace 4026531840 have no route to 192.0.2.9.";
    assert_eq!(gist(&attempt.verdict), ("no-route", Observed, first));
    assert_eq!((attempt.outcome, attempt.errno.as_deref()), (Outcome::Unreachable, Some("ENETUNREACH")));
    assert_eq!((attempt.local, attempt.remote), (None, None), "no socket came to have ends");
    assert_eq!(attempt.verdict.evidence.len(), 1);
    let new = run(Abilities::ALL, &[fails(S, TO, 101)]);
    assert!(new.attempt().verdict.evidence[1].contains("they have one"), "{:?}", new.attempt().verdict);
}

#[test]
fn a_route_that_refuses_is_believed_if_the_tables_say_so() {
    for (to, errno, id) in [
        ("192.0.2.7:443", 113, "no-route"),
        ("192.0.2.8:443", 13, "no-route"),
        ("10.0.0.2:443", 13, "unknown"),
        ("10.0.0.2:443", 22, "unknown"),
    ] {
        let told = run(Abilities::ALL, &[fails(S, to, errno)]);
        assert_eq!(told.attempt().verdict.id.as_str(), id, "{to} {errno}");
    }
}

#[test]
fn who_denied_it_if_that_was_seen() {
    let denied = |by, errno| {
        let failed = ConnectFailed { denied_by: Some(by), ..failed("192.0.2.8:443", errno) };
        run(Abilities::ALL, &[event(S, HOST, Hook::Denied, What::ConnectFailed(failed.into()))])
    };
    let told = denied(DeniedBy::SecurityModule, 13);
    let first = "A security module of this host refused connect() of curl[41] to 192.0.2.8:443.";
    assert_eq!(gist(&told.attempt().verdict), ("connect-denied", Observed, first));
    assert_eq!(told.attempt().path[0].function, "security_socket_connect");
    assert_eq!(told.attempt().outcome, Outcome::Denied);
    let told = denied(DeniedBy::CgroupProgram, 1);
    assert_eq!(gist(&told.attempt().verdict).0, "connect-denied");
}

#[test]
fn a_denial_that_could_not_be_seen_is_derived_and_one_that_was_not_seen_is_none() {
    let told = run(SYSTEM_CALLS, &[fails(S, TO, 1)]);
    assert_eq!(
        (told.attempt().verdict.id.as_str(), told.attempt().verdict.confidence),
        ("connect-denied", Derived)
    );
    let told = run(Abilities::ALL, &[fails(S, TO, 1)]);
    assert_eq!(told.attempt().verdict.id.as_str(), "unknown");
}

/// CLOSE to SYN_SENT and back, inside connect().
fn undone(from: &str, errno: Option<i32>) -> Vec<Event> {
    let ends = ends(from, TO);
    let call = call(from, TO);
    let begin = StateChange { requested: Some(ends.b), caller: true, ..change(call.sk, ends, 7, 2) };
    let back = change(call.sk, ends, 2, 7);
    let mut events = vec![
        call.at(S, Hook::State, What::State(Arc::new(begin))),
        call.at(S + 1, Hook::State, What::State(back.into())),
    ];
    events.extend(errno.map(|errno| fails(S + 2, TO, errno)));
    events
}

#[test]
fn no_port_is_free() {
    let told = run(Abilities::ALL, &undone("0.0.0.0:0", Some(99)));
    let attempt = told.attempt();
    let first = "No port of the local port range 40000-40001 in network namespace 4026531840 is free for 10.0.0.2:80.";
    assert_eq!(gist(&attempt.verdict), ("port-exhausted", Observed, first));
    let users = "Asked afterwards, 2 of its 2 ports have a connection to 10.0.0.2:80, 1 of them in TIME_WAIT; those open \
                 are of curl[41].";
    assert_eq!(attempt.verdict.evidence[1], users);
    assert_eq!((attempt.outcome, attempt.errno.as_deref()), (Outcome::Failed, Some("EADDRNOTAVAIL")));
    let blind = Abilities { calls: false, ..Abilities::ALL };
    let told = run(blind, &undone("0.0.0.0:0", None));
    assert_eq!(
        (told.attempt().verdict.id.as_str(), told.attempt().verdict.confidence),
        ("port-exhausted", Derived)
    );
}

/// Its task may be preempted between the change of state and the return of the call.
#[test]
fn a_connect_that_returns_late_has_failed() {
    const MS: u64 = 1_000_000;
    let mut events = undone("0.0.0.0:0", None);
    events.push(event(S + 300 * MS, HOST, Hook::State, What::Tick));
    events.push(fails(S + 600 * MS, TO, 99));
    let told = run(Abilities::ALL, &events);
    assert_eq!((told.attempts.len(), told.attempt().verdict.id.as_str()), (1, "port-exhausted"));
}

#[test]
fn a_result_that_was_not_seen_or_is_another_proves_nothing() {
    for errno in [None, Some(105)] {
        let told = run(Abilities::ALL, &undone("0.0.0.0:0", errno));
        assert_eq!(told.attempt().verdict.id.as_str(), "unknown", "{errno:?}");
    }
}

#[test]
fn the_connection_exists() {
    let told = run(Abilities::ALL, &undone("10.0.0.1:40000", Some(99)));
    let first =
        "The connection from 10.0.0.1:40000 to 10.0.0.2:80 exists: a socket of curl[41] in ESTABLISHED.";
    assert_eq!(gist(&told.attempt().verdict), ("address-not-available", Observed, first));
    let blind = Abilities { calls: false, ..Abilities::ALL };
    let told = run(blind, &undone("10.0.0.1:40000", None));
    assert_eq!(gist(&told.attempt().verdict), ("address-not-available", Derived, first));
    let told = run(blind, &undone("10.0.0.1:40009", None));
    let first = "No SYN was sent to 10.0.0.2:80: connect() failed, or was put off until there is data (TCP_FASTOPEN_CONNECT). \
                 No hook here sees which; tcpx check says why.";
    assert_eq!(gist(&told.attempt().verdict).2, first, "no such connection is there");
}

#[test]
fn no_source_address() {
    let told = run(Abilities::ALL, &[fails(S, "[::1]:80", 99)]);
    assert_eq!(gist(&told.attempt().verdict).0, "address-not-available");
}

fn call_fails(call: ServerCall, at: &str, errno: i32) -> CallFailed {
    let bind = Bind {
        requested: addr(at),
        sk: Some(SockPtr(0xb)),
        inode: Some(NODE),
        errno,
        port: 0,
        uid: 1000,
        cgroup: None,
        comm: Comm::from_slice(b"nginx"),
    };
    CallFailed { call, bind, denied_by: None, holders: None }
}

fn told_of(abilities: Abilities, failed: CallFailed) -> Told {
    run(abilities, &[event(S, HOST, Hook::Bind, What::CallFailed(Arc::new(failed)))])
}

#[test]
fn the_port_is_taken_by_whom_is_in_the_way() {
    let holders = held_by(vec![
        holder(1, NODE, "10.0.0.9:80", true),
        holder(2, PYTHON, "0.0.0.0:80", false),
        holder(0xb, NODE, "127.0.0.1:80", false),
    ]);
    let told =
        told_of(Abilities::ALL, CallFailed { holders, ..call_fails(ServerCall::Bind, "127.0.0.1:80", 98) });
    let call = told.call();
    let first = "python3[3999] holds 0.0.0.0:80 without listening.";
    assert_eq!(gist(&call.verdict), ("address-in-use", Observed, first));
    assert_eq!(call.holders.len(), 2, "the socket itself is not in its own way");
    assert_eq!((call.call.as_str(), call.errno.as_str()), ("bind", "EADDRINUSE"));
    assert_eq!(told.summary.calls, [("address-in-use".to_owned(), 1)].into());
}

#[test]
fn old_connections_have_the_port() {
    let told = told_of(
        Abilities::ALL,
        CallFailed { holders: held_by(vec![]), ..call_fails(ServerCall::Bind, "127.0.0.1:80", 98) },
    );
    let first =
        "Connections in network namespace 4026531840 still have the port 80; no other socket is bound to it.";
    assert_eq!(gist(&told.call().verdict), ("address-in-use", Observed, first));
}

#[test]
fn no_port_is_left_to_choose() {
    let told = told_of(Abilities::ALL, call_fails(ServerCall::Bind, "0.0.0.0:0", 98));
    assert_eq!(gist(&told.call().verdict).0, "port-exhausted");
    assert_eq!(
        told.call().verdict.evidence[1],
        "Asked afterwards, sockets have 2 of its 2 ports; those open are of curl[41]."
    );
}

#[test]
fn the_address_is_elsewhere() {
    let told = told_of(Abilities::ALL, call_fails(ServerCall::Bind, "192.0.2.1:80", 99));
    let first = "No device in network namespace 4026531840 has the address 192.0.2.1.";
    assert_eq!(gist(&told.call().verdict), ("address-not-available", Observed, first));
}

#[test]
fn privilege_and_policy() {
    for (abilities, at, errno, id, sure) in [
        (Abilities::ALL, "0.0.0.0:80", 13, "permission-denied", Observed),
        (SYSTEM_CALLS, "0.0.0.0:80", 13, "permission-denied", Derived),
        (SYSTEM_CALLS, "0.0.0.0:8080", 13, "permission-denied", Derived),
        (SYSTEM_CALLS, "0.0.0.0:8080", 1, "permission-denied", Derived),
        (Abilities::ALL, "0.0.0.0:8080", 13, "unknown", Unknown),
        (Abilities::ALL, "0.0.0.0:8080", 22, "unknown", Unknown),
    ] {
        let told = told_of(abilities, call_fails(ServerCall::Bind, at, errno));
        let verdict = &told.call().verdict;
        assert_eq!((verdict.id.as_str(), verdict.confidence), (id, sure), "{at} {errno}: {verdict:?}");
    }
    let denied = CallFailed {
        denied_by: Some(DeniedBy::CgroupProgram),
        ..call_fails(ServerCall::Bind, "0.0.0.0:80", 1)
    };
    let told = told_of(Abilities::ALL, denied);
    assert_eq!(gist(&told.call().verdict).1, Observed);
    assert_eq!(told.call().path[0].function, "__cgroup_bpf_run_filter_sock_addr");
}

#[test]
fn a_listen_that_failed_is_no_shutdown() {
    let sk = SockPtr(0xb);
    let at = ends("127.0.0.1:8888", "0.0.0.0:0");
    let failed = call_fails(ServerCall::Listen, "127.0.0.1:8888", 98);
    let mut events = vec![
        event(S, HOST, Hook::State, What::State(change(sk, at, 7, 10).into())),
        event(S + 1, HOST, Hook::State, What::State(change(sk, at, 10, 7).into())),
        event(S + 2, HOST, Hook::Listen, What::CallFailed(Arc::new(failed))),
    ];
    let bound = held_by(vec![holder(0xb, PYTHON, "127.0.0.1:8888", false)]);
    events.extend(call("127.0.0.1:40000", "127.0.0.1:8888").refused(2 * S, bound));
    let told = run(Abilities::ALL, &events);
    assert_eq!(
        told.attempt().verdict.evidence[0],
        "python3[3999] holds 127.0.0.1:8888 but is not listening."
    );
}
