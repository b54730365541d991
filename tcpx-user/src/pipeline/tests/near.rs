//! A SYN found no socket, and something was near: before a program, on another device, at another time.

use std::sync::Arc;

use tcpx_common::abi::state::{CLOSE, LISTEN};

use super::scene::*;
use crate::{
    abilities::Abilities,
    event::*,
    line::Confidence::{self, *},
};

const LOCAL: &str = "127.0.0.1:40000";
const PORT: &str = "127.0.0.1:8888";
const ANY: &str = "0.0.0.0:8888";

/// A refusal whose reply is changed.
fn refused(holders: Vec<Holder>, change: impl Fn(&mut Reply)) -> Vec<Event> {
    let mut events = call(LOCAL, PORT).refused(100 * S, held_by(holders));
    for event in &mut events {
        if let What::Reply(reply) = &mut event.what {
            change(Arc::make_mut(reply));
        }
    }
    events
}

fn verdict(abilities: Abilities, events: &[Event]) -> (&'static str, Confidence, String) {
    let told = run(abilities, events);
    let verdict = &told.attempts.last().expect("an attempt").verdict;
    assert_eq!(verdict.id, told.resets.last().expect("a reset").verdict.id);
    (verdict.id.as_str(), verdict.confidence, verdict.evidence[0].clone())
}

fn id(events: &[Event]) -> &'static str {
    verdict(Abilities::ALL, events).0
}

fn sk_lookup(reply: &mut Reply) {
    reply.place.sk_lookup = true;
}

#[test]
fn a_program_that_was_seen_to_refuse() {
    let events = refused(vec![], |reply| {
        sk_lookup(reply);
        reply.lookups.denied = true;
    });
    let first = "A BPF program of type sk_lookup, attached to this network namespace, refused the SYN to 127.0.0.1:8888.";
    assert_eq!(verdict(Abilities::ALL, &events), ("lookup-denied", Observed, first.to_owned()));
}

#[test]
fn a_listener_that_a_program_must_have_passed_over() {
    let plain = holder(0xb, NODE, ANY, true);
    let steered = Holder { reuseport_program: true, ..plain.clone() };
    for (holder, attached, expected) in [
        (plain.clone(), true, ("lookup-denied", Derived)),
        (steered.clone(), false, ("lookup-denied", Derived)),
        (plain, false, ("unknown", Unknown)),
        (Holder { bound_dev: 7, ..steered }, true, ("listener-other-device", Observed)),
    ] {
        let events = refused(vec![holder], |reply| reply.place.sk_lookup = attached);
        let (id, confidence, _) = verdict(Abilities::ALL, &events);
        assert_eq!((id, confidence), expected);
    }
}

#[test]
fn a_program_alone_proves_nothing() {
    let events = refused(vec![], sk_lookup);
    assert_eq!(verdict(Abilities::ALL, &events).1, Observed, "its refusal would have been seen");
    let blind = Abilities { sk_lookup: false, ..Abilities::ALL };
    let (id, confidence, _) = verdict(blind, &events);
    assert_eq!((id, confidence), ("closed-port", Derived));
}

#[test]
fn a_listener_on_another_device() {
    let bound = |bound_dev| Holder { bound_dev, ..holder(0xb, NODE, ANY, true) };
    let first = "node[9] listens on 0.0.0.0:8888 through the device with index 7 only; the SYN to 127.0.0.1:8888 came in on lo.";
    let events = refused(vec![bound(7)], |_| {});
    assert_eq!(verdict(Abilities::ALL, &events), ("listener-other-device", Observed, first.to_owned()));
    assert_eq!(run(Abilities::ALL, &events).reset().near[0].why, "listens on the device with index 7 only");
    // The SYN came in on the device with index 1.
    assert_eq!(id(&refused(vec![bound(1)], |_| {})), "unknown");
    let idle = Holder { listening: false, ..bound(7) };
    assert_eq!(id(&refused(vec![idle], |_| {})), "closed-port", "it would not match if it listened");
}

#[test]
fn a_listener_outside_of_the_vrf() {
    let events = refused(vec![holder(0xb, NODE, ANY, true)], |reply| {
        reply.place.vrf = true;
        reply.segment.device = Some("blue".into());
    });
    let first = "node[9] listens on 0.0.0.0:8888, but in no VRF; the SYN to 127.0.0.1:8888 came in through the VRF blue.";
    assert_eq!(verdict(Abilities::ALL, &events), ("listener-other-device", Observed, first.to_owned()));
}

/// A listener with the address begins (`new` LISTEN) or ends (`new` CLOSE).
fn listener(time: u64, netns: u32, at: &str, new: u8, amend: impl Fn(&mut StateChange)) -> Event {
    let remote = if addr(at).is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let old = if new == LISTEN { CLOSE } else { LISTEN };
    let mut change = StateChange {
        caller: true,
        comm: Comm::from_slice(b"node"),
        ..change(SockPtr(0xb), ends(at, remote), old, new)
    };
    amend(&mut change);
    event(time, netns, Hook::State, What::State(Arc::new(change)))
}

#[test]
fn a_listener_that_was_closed_before() {
    let closed = listener(98 * S, HOST, ANY, CLOSE, |_| {});
    let events = [vec![closed], refused(vec![], |_| {})].concat();
    let first = "node[41] closed its listener on 0.0.0.0:8888 2 s before the SYN to 127.0.0.1:8888 came.";
    assert_eq!(verdict(Abilities::ALL, &events), ("listener-closed", Observed, first.to_owned()));
    assert_eq!(run(Abilities::ALL, &events).reset().near[0].why, "was closed 2 s before the SYN");

    for (what, near_miss) in [
        ("long ago", listener(69 * S, HOST, ANY, CLOSE, |_| {})),
        ("another namespace", listener(98 * S, HOST + 1, ANY, CLOSE, |_| {})),
        ("another port", listener(98 * S, HOST, "0.0.0.0:8889", CLOSE, |_| {})),
        ("another address", listener(98 * S, HOST, "10.0.0.7:8888", CLOSE, |_| {})),
        ("IPv6 only", listener(98 * S, HOST, "[::]:8888", CLOSE, |change| change.v6only = true)),
        ("another device", listener(98 * S, HOST, ANY, CLOSE, |change| change.bound_dev = 7)),
    ] {
        assert_eq!(id(&[vec![near_miss], refused(vec![], |_| {})].concat()), "closed-port", "{what}");
    }
}

#[test]
fn a_listener_that_was_leaving_or_coming() {
    let present = || vec![holder(0xb, NODE, ANY, true)];
    for (new, time, expected) in [
        (CLOSE, 100 * S + 3, "listener-closed"),
        (LISTEN, 100 * S - 3, "listener-not-yet"),
        (CLOSE, 98 * S, "unknown"),
        (LISTEN, 98 * S, "unknown"),
    ] {
        let change = listener(time, HOST, ANY, new, |_| {});
        let mut events = refused(present(), |_| {});
        // On another CPU, whose records come first.
        events.insert(0, change);
        assert_eq!(id(&events), expected, "{new} at {time}");
    }
}

#[test]
fn a_listener_that_came_too_late_changes_what_was_told() {
    let mut events = refused(vec![], |_| {});
    events.push(listener(103 * S, HOST, ANY, LISTEN, |_| {}));
    events.push(listener(104 * S, HOST, "127.0.0.1:8888", LISTEN, |_| {}));
    let told = run(Abilities::ALL, &events);
    let said = |verdict: &crate::line::Verdict| verdict.id.as_str();
    let [first, again] = &told.resets[..] else { panic!("{} lines", told.resets.len()) };
    assert_eq!((said(&first.verdict), first.was), ("closed-port", None));
    assert_eq!((said(&again.verdict), again.was), ("listener-not-yet", Some(first.verdict.id)));
    assert_eq!((again.id, again.attempt), (first.id, first.attempt));
    let [first, again] = &told.attempts[..] else { panic!("{} lines", told.attempts.len()) };
    assert_eq!((first.id, said(&first.verdict)), (again.id, "closed-port"));
    let sentence = "node[41] began to listen on 0.0.0.0:8888 2 s after the SYN to 127.0.0.1:8888 came.";
    assert_eq!(gist(&again.verdict), ("listener-not-yet", Observed, sentence));
    let once = [("listener-not-yet".to_owned(), 1)].into();
    assert_eq!((&told.summary.attempts, &told.summary.resets), (&once, &once));
    assert_eq!((told.summary.sent, told.summary.received, told.summary.unexplained), (1, 1, 0));
}

#[test]
fn what_a_late_listener_does_not_explain_is_not_told_again() {
    let bound = || vec![holder(0xc, PYTHON, ANY, false)];
    for (what, holders, late) in [
        ("much later", vec![], listener(131 * S, HOST, ANY, LISTEN, |_| {})),
        ("another namespace", vec![], listener(103 * S, HOST + 1, ANY, LISTEN, |_| {})),
        ("IPv6 only", vec![], listener(103 * S, HOST, "[::]:8888", LISTEN, |change| change.v6only = true)),
        ("explained already", bound(), listener(103 * S, HOST, ANY, LISTEN, |_| {})),
    ] {
        let mut events = refused(holders, |_| {});
        events.push(late);
        let told = run(Abilities::ALL, &events);
        assert_eq!((told.resets.len(), told.attempts.len()), (1, 1), "{what}");
    }
}

/// Its attempt may be told before the listener appears, or be another host's.
#[test]
fn a_refusal_of_another_host_is_explained_too() {
    let call = call("10.0.0.9:40000", "10.0.0.1:8888");
    let events = [call.no_socket(100 * S, held_by(vec![])), listener(101 * S, HOST, ANY, LISTEN, |_| {})];
    let told = run(Abilities::ALL, &events);
    let ids: Vec<_> = told.resets.iter().map(|reset| reset.verdict.id.as_str()).collect();
    assert_eq!(ids.last(), Some(&"listener-not-yet"));
    assert_eq!(told.summary.resets.values().sum::<u64>(), 1);
}

#[test]
fn a_listener_in_another_namespace() {
    let refused = |a: &str, port: u16| {
        call(a, &addr(a).to_string().replace("40000", &port.to_string())).refused(S, held_by(vec![]))
    };
    let first = "node[9] listens on 0.0.0.0:9001 in network namespace 4026532999; the SYN to 127.0.0.1:9001 was looked up in network namespace 4026531840.";
    let told = run(Abilities::ALL, &refused(LOCAL, LINKED));
    assert_eq!(gist(&told.attempt().verdict), ("listener-other-netns", Derived, first));
    let near = &told.reset().near[0];
    let why = "listens in another network namespace that a veth pair leads to";
    assert_eq!((near.why.as_str(), near.netns.inum), (why, CONTAINER));

    let bridged = run(Abilities::ALL, &refused(LOCAL, BRIDGED));
    assert_eq!(
        bridged.attempt().verdict.evidence.last().map(String::as_str),
        Some("The bridge docker0 links the two.")
    );
    let unlinked = run(Abilities::ALL, &refused(LOCAL, UNLINKED));
    assert_eq!(unlinked.attempt().verdict.id.as_str(), "closed-port");
    assert_eq!(unlinked.reset().near[0].why, "listens in another network namespace");
    assert_eq!(id(&refused("[::1]:40000", LINKED)), "closed-port", "an IPv4 listener takes no IPv6");
}

#[test]
fn the_age_of_a_listener_in_another_namespace_is_what_was_seen() {
    let begins = |time, netns, inode| {
        listener(time, netns, "0.0.0.0:9001", LISTEN, move |change| change.inode = Some(inode))
    };
    let ends = |time| listener(time, CONTAINER, "0.0.0.0:9001", CLOSE, |_| {});
    let lost = |time| Event::of_stream(time, Some(Hook::State), What::Lost { count: 1 });
    for (what, before, age) in [
        ("nothing was seen", vec![], None),
        ("it began", vec![begins(91 * S, CONTAINER, NODE)], Some(9)),
        ("another one began", vec![begins(91 * S, CONTAINER, NODE + 1)], None),
        ("one of this namespace began", vec![begins(91 * S, HOST, NODE)], None),
        ("what began has ended", vec![begins(80 * S, CONTAINER, NODE), ends(90 * S)], None),
        ("something was lost", vec![begins(80 * S, CONTAINER, NODE), lost(90 * S)], None),
    ] {
        let refused = call(LOCAL, "127.0.0.1:9001").refused(100 * S, held_by(vec![]));
        let told = run(Abilities::ALL, &[before, refused].concat());
        let near = told.reset().near.iter().find(|near| near.netns.inum == CONTAINER);
        let age_ns = near.expect("the listener").age_ns;
        assert_eq!(age_ns.map(|age| (age + S / 2) / S), age, "{what}");
    }
}

/// A proxy that listens on the port itself looks for it elsewhere.
#[test]
fn the_clients_own_listener_is_not_what_it_was_looking_for() {
    let client = Call { netns: CONTAINER, ..call("10.0.0.2:40000", "10.0.0.1:9001") };
    let host = Call { netns: HOST, ..client.clone() };
    let events = [
        client.starts(S),
        host.no_socket(S + 1, held_by(vec![])),
        client.gets_reset(S + 2),
        client.fails(S + 3, 111),
    ];
    let told = run(Abilities::ALL, &events);
    assert_eq!((told.attempt().verdict.id.as_str(), told.reset().near.len()), ("closed-port", 0));
}

#[test]
fn where_the_holder_belongs_is_said() {
    for (inode, sentence) in [
        (SYSTEMD, "systemd[1] holds the socket for a socket unit: see systemctl list-sockets."),
        (CONTAINED, "nginx[77] runs in the container 4f3c9b2d8e1a."),
        (UNIT, "nginx[78] belongs to the unit nginx.service."),
    ] {
        let told = run(Abilities::ALL, &refused(vec![holder(0xb, inode, ANY, false)], |_| {}));
        assert_eq!(told.attempt().verdict.evidence[1], sentence);
    }
    let activated = Holder { cgroup: Some(SOCKET_UNIT), ..holder(0xb, SYSTEMD, ANY, false) };
    let told = run(Abilities::ALL, &refused(vec![activated], |_| {}));
    let sentence = "systemd[1] holds the socket for the unit sshd.socket.";
    assert_eq!(told.attempt().verdict.evidence[1], sentence);
}

/// systemd's own unit is not what its socket is for; a service's socket may come from its socket unit.
#[test]
fn the_unit_of_a_near_socket() {
    for (inode, cgroup, unit) in [
        (SYSTEMD, None, None),
        (SYSTEMD, Some(SOCKET_UNIT), Some("sshd.socket")),
        (SYSTEMD, Some(SOCKET_UNIT + 1), None),
        (UNIT, Some(SOCKET_UNIT), Some("nginx.service")),
        (NODE, None, None),
    ] {
        let near = Holder { cgroup, ..holder(0xb, inode, "10.0.0.9:8888", true) };
        let told = run(Abilities::ALL, &refused(vec![near], |_| {}));
        assert_eq!(told.reset().near[0].unit.as_deref(), unit, "{inode} {cgroup:?}");
    }
}

#[test]
fn the_age_of_a_near_socket_is_what_was_seen() {
    const NEAR: &str = "10.0.0.9:8888";
    let bound = |time, sk| {
        let bind = Bind {
            requested: addr(NEAR),
            sk: Some(SockPtr(sk)),
            inode: Some(NODE),
            errno: 0,
            port: 8888,
            uid: 0,
            cgroup: None,
            comm: Comm::from_slice(b"node"),
        };
        event(time, HOST, Hook::Bind, What::Bind(bind.into()))
    };
    let begins = |time| listener(time, HOST, NEAR, LISTEN, |_| {});
    let ends = |time| listener(time, HOST, NEAR, CLOSE, |_| {});
    let lost = |time| Event::of_stream(time, Some(Hook::State), What::Lost { count: 1 });
    for (what, before, listening, age) in [
        ("nothing was seen", vec![], true, None),
        ("it began", vec![bound(90 * S, 0xb), begins(91 * S)], true, Some(9)),
        ("it began twice", vec![begins(80 * S), ends(90 * S), begins(95 * S)], true, Some(5)),
        ("it ended, and another was not seen to begin", vec![begins(80 * S), ends(90 * S)], true, None),
        ("something was lost", vec![begins(80 * S), lost(90 * S)], true, None),
        ("it was bound", vec![bound(90 * S, 0xb)], false, Some(10)),
        ("another one was bound", vec![bound(90 * S, 0xc)], false, None),
        ("listen() was undone", vec![bound(80 * S, 0xb), begins(90 * S), ends(91 * S)], false, None),
    ] {
        let events = [before, refused(vec![holder(0xb, NODE, NEAR, listening)], |_| {})].concat();
        let told = run(Abilities::ALL, &events);
        let seconds = told.reset().near[0].age_ns.map(|age| (age + S / 2) / S);
        assert_eq!(seconds, age, "{what}");
    }
}
