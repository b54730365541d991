//! A SYN found no socket, or a rule or a peer refused it.

use std::sync::Arc;

use super::scene::*;
use crate::{
    abilities::Abilities,
    event::*,
    line::{Confidence::*, LookupResult, Origin, Outcome, OwnerHow, ReasonSource, Source},
};

const LOCAL: &str = "127.0.0.1:40000";
const PORT: &str = "127.0.0.1:8888";

#[test]
fn nobody_has_the_port() {
    let told = run(Abilities::ALL, &call(LOCAL, PORT).refused(S, held_by(vec![])));
    let (attempt, reset) = (told.attempt(), told.reset());
    let first = "Nothing listens on 127.0.0.1:8888, and no socket holds port 8888.";
    assert_eq!(gist(&attempt.verdict), ("closed-port", Observed, first));
    assert_eq!(gist(&reset.verdict), gist(&attempt.verdict));
    assert_eq!((attempt.outcome, attempt.errno.as_deref()), (Outcome::Refused, Some("ECONNREFUSED")));
    assert_eq!((attempt.reset, reset.attempt), (Some(reset.id), Some(attempt.id)));
    assert_eq!(reset.joined_by.as_deref(), Some("tuple and sequence number"));
    assert_eq!((told.summary.sent, told.summary.received, told.summary.unexplained), (1, 1, 0));
    let lookup = reset.lookup.expect("both lookups");
    assert_eq!((lookup.listener.result, lookup.listener.source), (LookupResult::Miss, Source::Observed));
}

/// Recordings of before have the end in a record of its own; today it is told twice if the process changes its CPU meanwhile.
#[test]
fn an_end_with_a_record_of_its_own_is_the_same_end() {
    let call = call(LOCAL, PORT);
    let begins =
        || vec![call.starts(S), call.looked_up(S + 1, misses()), call.no_socket(S + 1, held_by(vec![]))];
    let told = |ends: Vec<Event>| run(Abilities::ALL, &[begins(), ends].concat());
    let once = told(vec![call.is_refused(S + 2)]);
    let apart = told(vec![call.gets_reset(S + 2), call.fails(S + 2, 111)]);
    let twice = told(vec![call.is_refused(S + 2), call.fails(S + 900, 111)]);
    for other in [apart, twice] {
        assert_eq!(format!("{:?}", other.attempts), format!("{:?}", once.attempts));
        assert_eq!(format!("{:?}", other.resets), format!("{:?}", once.resets));
    }
}

/// A busy machine: the RST arrives long after it was sent, and other things were seen meanwhile.
#[test]
fn a_rst_that_is_long_under_way_is_one_rst() {
    const MS: u64 = 1_000_000;
    let (call, other) = (call(LOCAL, PORT), call("10.0.0.1:50000", "10.0.0.9:80"));
    let late = |arrives: u64| {
        let way = [call.starts(S), call.looked_up(S + 1, misses()), call.no_socket(S + 2, held_by(vec![]))];
        let meanwhile =
            (1..15).map(|n| Call { sk: SockPtr(0x100 + n), ..other.clone() }.starts(S + 100 * n * MS));
        let last = [call.gets_reset(arrives), call.fails(arrives + 1, 111)];
        let mut events: Vec<Event> = way.into_iter().chain(meanwhile).chain(last).collect();
        events.sort_by_key(|event| event.time);
        run(Abilities::ALL, &events)
    };
    let told = late(S + 750 * MS);
    assert_eq!(told.reset().receiver.as_ref().map(|end| end.addr), Some(addr(LOCAL).ip()));
    assert_eq!(told.reset().joined_by.as_deref(), Some("tuple and sequence number"));
    let told = late(S + 3_000 * MS);
    assert_eq!(told.resets.len(), 1);
    assert!(told.reset().receiver.is_none(), "nobody waits for ever");
}

#[test]
fn a_walk_that_was_not_made_proves_nothing() {
    let told = run(Abilities::ALL, &call(LOCAL, PORT).refused(S, None));
    let verdict = &told.attempt().verdict;
    assert_eq!(gist(verdict), ("closed-port", Derived, "No listener took the SYN to 127.0.0.1:8888."));
    assert!(verdict.evidence.iter().any(|line| line.contains("was not walked")), "{verdict:?}");
}

#[test]
fn bound_and_not_listening() {
    let holders = held_by(vec![holder(0xb, PYTHON, "0.0.0.0:8888", false)]);
    let told = run(Abilities::ALL, &call(LOCAL, PORT).refused(S, holders));
    let first = "python3[3999] holds 0.0.0.0:8888 but is not listening.";
    assert_eq!(gist(&told.attempt().verdict), ("bound-not-listening", Observed, first));
    let owner = told.reset().sender.clone().and_then(|end| end.owner).expect("an owner");
    assert_eq!((owner.pid, owner.how), (3999, OwnerHow::Bound));
    assert_eq!(told.reset().near[0].why, "bound, not listening");
}

fn bound(time: u64, sk: u64) -> Event {
    let bind = Bind {
        requested: addr("0.0.0.0:8888"),
        sk: Some(SockPtr(sk)),
        inode: Some(PYTHON),
        errno: 0,
        port: 8888,
        uid: 0,
        cgroup: None,
        comm: Comm::from_slice(b"python3"),
    };
    event(time, HOST, Hook::Bind, What::Bind(bind.into()))
}

fn listen_state(time: u64, sk: u64, old: u8, new: u8) -> Event {
    let change = change(SockPtr(sk), ends("0.0.0.0:8888", "0.0.0.0:0"), old, new);
    event(time, HOST, Hook::State, What::State(Arc::new(change)))
}

#[test]
fn what_became_of_listen_is_said_only_if_it_was_seen() {
    let loss = event(60, HOST, Hook::Bind, What::Lost { count: 1 });
    let cases: [(&[Event], &str); 4] = [
        (&[bound(10, 0xb)], ": listen() was never called"),
        (
            &[bound(10, 0xb), listen_state(20, 0xb, 7, 10), listen_state(50, 0xb, 10, 7)],
            ": listen() was undone by shutdown()",
        ),
        (&[bound(10, 0xc)], ""),
        (&[bound(10, 0xb), loss], ""),
    ];
    for (before, ending) in cases {
        let holders = held_by(vec![holder(0xb, PYTHON, "0.0.0.0:8888", false)]);
        let events = [before, &call(LOCAL, PORT).refused(S, holders)].concat();
        let told = run(Abilities::ALL, &events);
        let first = format!("python3[3999] holds 0.0.0.0:8888 but is not listening{ending}.");
        assert_eq!(gist(&told.attempt().verdict), ("bound-not-listening", Observed, first.as_str()));
    }
}

#[test]
fn listeners_that_almost_match() {
    let v6only = Holder { v6only: true, ..holder(0xb, NODE, "[::]:8888", true) };
    let v4 = holder(0xb, NODE, "0.0.0.0:8888", true);
    let other = holder(0xb, NODE, "10.0.0.7:8888", true);
    let cases = [
        (
            LOCAL,
            PORT,
            v6only,
            "listener-v6only",
            "node[9] listens on [::]:8888 with IPV6_V6ONLY; the SYN was IPv4 (127.0.0.1:8888).",
        ),
        (
            "[::1]:40000",
            "[::1]:8888",
            v4,
            "listener-v4only",
            "node[9] listens on 0.0.0.0:8888 only; the SYN was IPv6 ([::1]).",
        ),
        (
            LOCAL,
            PORT,
            other,
            "listener-other-address",
            "node[9] listens on 10.0.0.7:8888 only; the SYN was sent to 127.0.0.1.",
        ),
    ];
    for (a, b, holder, id, first) in cases {
        let told = run(Abilities::ALL, &call(a, b).refused(S, held_by(vec![holder.clone()])));
        assert_eq!(gist(&told.attempt().verdict), (id, Observed, first));
        let unsure = Some(Holders { list: vec![holder], complete: false, limits: ListenLimits::default() });
        let told = run(Abilities::ALL, &call(a, b).refused(S, unsure));
        assert_eq!(gist(&told.attempt().verdict), (id, Derived, first));
    }
}

#[test]
fn bound_on_another_address_is_a_closed_port() {
    let holders = held_by(vec![holder(0xb, PYTHON, "10.0.0.7:8888", false)]);
    let told = run(Abilities::ALL, &call(LOCAL, PORT).refused(S, holders));
    let first = "Nothing listens on 127.0.0.1:8888; python3[3999] holds 10.0.0.7:8888 (IPv4).";
    assert_eq!(gist(&told.attempt().verdict), ("closed-port", Observed, first));
}

#[test]
fn a_listener_that_must_have_matched_is_not_explained_away() {
    let holders = held_by(vec![holder(0xb, NODE, "0.0.0.0:8888", true)]);
    let told = run(Abilities::ALL, &call(LOCAL, PORT).refused(S, holders));
    assert_eq!(told.attempt().verdict.id.as_str(), "unknown");
    assert_eq!(told.summary.unexplained, 1);
}

#[test]
fn kernels_that_show_only_the_drop() {
    for (abilities, reason, confidence, source) in [
        (TRACEPOINT_6_1, Some("NO_SOCKET"), Observed, ReasonSource::Kernel),
        (TRACEPOINT_5_10, None, Derived, ReasonSource::Derived),
    ] {
        let call = call(LOCAL, PORT);
        let holders = held_by(vec![holder(0xb, PYTHON, "0.0.0.0:8888", false)]);
        let events = [
            call.starts(S),
            call.no_socket_drop(S + 1, reason, holders),
            call.gets_reset(S + 2),
            call.fails(S + 3, 111),
        ];
        let told = run(abilities, &events);
        let (attempt, reset) = (told.attempt(), told.reset());
        let first = "python3[3999] holds 0.0.0.0:8888 but is not listening.";
        assert_eq!(gist(&attempt.verdict), ("bound-not-listening", confidence, first));
        let said = reset.reason.as_ref().map(|reason| (reason.name.as_ref(), reason.source));
        assert_eq!((reset.origin, said), (Origin::Reply, Some(("NO_SOCKET", source))));
        let lookup = reset.lookup.expect("implied lookups");
        assert_eq!(
            (lookup.established.result, lookup.established.source),
            (LookupResult::Miss, Source::Derived)
        );
        assert!(told.drops.is_empty(), "a RST is no silence: {:?}", told.drops);
    }
}

#[test]
fn where_replies_are_seen_their_drops_do_not_count_twice() {
    let call = call(LOCAL, PORT);
    let mut events = call.refused(S, held_by(vec![]));
    events.insert(3, call.no_socket_drop(S + 1, Some("NO_SOCKET"), None));
    let told = run(Abilities::ALL, &events);
    assert_eq!((told.resets.len(), told.drops.len(), told.summary.sent), (1, 0, 1));
}

#[test]
fn a_reject_rule_on_this_host() {
    let call = call("10.0.0.1:40000", "10.0.0.2:80");
    let seen = [
        call.starts(S),
        call.rejected(S + 1),
        call.drops(S + 2, Some("NETFILTER_DROP"), "nft_do_chain"),
        call.gets_reset(S + 3),
        call.fails(S + 4, 111),
    ];
    let told = run(Abilities::ALL, &seen);
    let first = "A reject rule on this host answered for 10.0.0.2:80, in the input hook of network namespace 4026531840.";
    assert_eq!(gist(&told.attempt().verdict), ("netfilter-reject-reset", Observed, first));
    assert_eq!((told.reset().origin, told.summary.netfilter, told.drops.len()), (Origin::Netfilter, 1, 0));

    let unseen: Vec<Event> = seen.into_iter().filter(|event| event.hook != Some(Hook::Reject)).collect();
    let told = run(TRACEPOINT_6_1, &unseen);
    assert_eq!(told.attempt().verdict.id.as_str(), "netfilter-reject-reset");
    assert_eq!((told.attempt().verdict.confidence, told.drops.len()), (Derived, 0));
}

#[test]
fn an_icmp_port_unreachable() {
    let call = call("10.0.0.1:40000", "10.0.0.2:80");
    let events = [
        call.starts(S),
        call.drops(S + 1, Some("NETFILTER_DROP"), "nft_do_chain"),
        call.icmp(S + 2, "10.0.0.2", 3, 3),
        call.again(2 * S, 1, None),
        call.icmp(2 * S + 1, "10.0.0.2", 3, 3),
        call.gives_up(2 * S + 2, 111, 1),
    ];
    let told = run(Abilities::ALL, &events);
    let first = "10.0.0.2 answered the SYN to 10.0.0.2:80 with ICMP port unreachable (type 3, code 3), received on eth0 (TTL 63).";
    assert_eq!(gist(&told.attempt().verdict), ("icmp-refused", Observed, first));
    assert!(told.drops.is_empty() && told.resets.is_empty(), "{:?}", told.drops);

    let end_only = [call.starts(S), call.fails(S + 2, 111)];
    assert_eq!(run(TRACEPOINT_6_1, &end_only).attempt().verdict.id.as_str(), "icmp-refused");
    assert_eq!(run(Abilities::ALL, &end_only).attempt().verdict.id.as_str(), "unknown");
}

/// What ICMP left in the socket is gone only if the application asked for it.
#[test]
fn an_application_that_closes_after_an_icmp_error_was_refused_if_it_asked() {
    let call = call("10.0.0.1:40000", "10.0.0.2:80");
    for (err_soft, outcome, errno) in
        [(0, Outcome::Refused, Some("ECONNREFUSED")), (111, Outcome::Cancelled, None)]
    {
        let mut end = call.fails(S + 9, 0);
        let What::State(change) = &mut end.what else { unreachable!() };
        let change = Arc::make_mut(change);
        change.err_soft = err_soft;
        let told = run(Abilities::ALL, &[call.starts(S), call.icmp(S + 2, "10.0.0.2", 3, 3), end]);
        let attempt = told.attempt();
        assert_eq!((attempt.outcome, attempt.verdict.id.as_str()), (outcome, "icmp-refused"));
        assert_eq!(attempt.errno.as_deref(), errno);
    }
}

/// Up to Linux 6.9 the application may have its error before the socket comes to CLOSE. Who closes by itself is the process.
#[test]
fn an_error_that_was_fetched_before_the_end_is_the_end() {
    let call = call("10.0.0.1:40000", "10.0.0.2:80");
    let softirq = Task { tgid: 81, tid: 4125 };
    for (task, outcome) in [(softirq, Outcome::Refused), (call.starts(S).task, Outcome::Cancelled)] {
        let mut events = [call.starts(S), call.icmp(S + 2, "10.0.0.2", 3, 3), call.fails(S + 9, 0)];
        let What::State(change) = &mut events[2].what else { unreachable!() };
        Arc::make_mut(change).err_soft = 111;
        events[1].task = softirq;
        events[2].task = task;
        assert_eq!(run(Abilities::ALL, &events).attempt().outcome, outcome);
    }
}

#[test]
fn a_peer_refuses() {
    let call = call("10.0.0.1:40000", "192.0.2.9:443");
    let mut rst = segment(call.ends.flipped(), 0x14, 0, call.isn + 1);
    (rst.device, rst.ttl) = (Some("eth0".into()), 57);
    let sock = SockFacts { snd_una: call.isn, ..sock(call.sk, 2) };
    let events = [call.starts(S), call.gets(S + 30 * MS, sock, Some(rst)), call.fails(S + 30 * MS + 1, 111)];
    let told = run(Abilities::ALL, &events);
    let first = "The RST came in on eth0 (TTL 57): that host, or a firewall or balancer answering for it.";
    assert_eq!(gist(&told.attempt().verdict), ("peer-refused", Observed, first));
    assert_eq!((told.reset().origin, told.reset().sender.is_none()), (Origin::Elsewhere, true));
    assert_eq!(run(TRACEPOINT_6_1, &events).attempt().verdict.id.as_str(), "peer-refused");
    let blind = Abilities { active_resets: false, ..Abilities::ALL };
    assert_eq!(run(blind, &events).attempt().verdict.id.as_str(), "unknown");
}

#[test]
fn an_own_address_is_no_peer() {
    let call = call(LOCAL, PORT);
    let told = run(Abilities::ALL, &[call.starts(S), call.gets_reset(S + 2), call.fails(S + 3, 111)]);
    assert_eq!(told.attempt().verdict.id.as_str(), "unknown");
    assert_eq!(told.attempt().outcome, Outcome::Refused);
}

#[test]
fn a_process_that_is_gone_was_still_the_caller() {
    let call = call(LOCAL, PORT);
    let sock = SockFacts { snd_una: call.isn, ..sock(call.sk, 2) };
    let events = [
        call.starts(S),
        call.no_socket(S + 1, held_by(vec![])),
        call.gets(S + 2, sock, None),
        call.fails(S + 3, 111),
    ];
    let told = run(Abilities::ALL, &events);
    let owner = told.reset().receiver.as_ref().and_then(|end| end.owner.as_ref());
    assert_eq!(owner.map(|owner| (owner.pid, owner.how)), Some((41, OwnerHow::Caller)));
}
