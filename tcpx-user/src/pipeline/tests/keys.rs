//! What events are joined by, where it is easy to get wrong.

use super::scene::*;
use crate::{
    abilities::Abilities,
    correlate::Limits,
    event::*,
    line::{Line, Outcome},
};

fn ids(told: &Told) -> Vec<(&'static str, Outcome)> {
    told.attempts.iter().map(|attempt| (attempt.verdict.id.as_str(), attempt.outcome)).collect()
}

#[test]
fn the_same_addresses_in_two_namespaces() {
    let one = call("10.0.0.1:40000", "10.0.0.2:80");
    let two = Call { sk: SockPtr(0xf2), isn: 77, netns: 5, ..one.clone() };
    let bound = held_by(vec![holder(0xb, PYTHON, "0.0.0.0:80", false)]);
    let events = [
        one.starts(S),
        two.starts(S + 1),
        one.no_socket(S + 2, held_by(vec![])),
        two.no_socket(S + 2, bound),
        two.gets_reset(S + 3),
        one.gets_reset(S + 4),
        one.fails(S + 5, 111),
        two.fails(S + 6, 111),
    ];
    let told = run(Abilities::ALL, &events);
    let netns_of =
        |id: &str| told.attempts.iter().find(|a| a.verdict.id.as_str() == id).map(|a| a.netns.inum);
    assert_eq!((netns_of("closed-port"), netns_of("bound-not-listening")), (Some(HOST), Some(5)));
    assert_eq!(told.resets.len(), 2);
}

#[test]
fn an_answer_in_one_namespace_leaves_the_silence_of_another() {
    let one = call("192.0.2.1:40001", "10.0.0.1:80");
    let two = Call { netns: 5, ..one.clone() };
    let told = run(
        Abilities::ALL,
        &[two.drops(S, Some("NETFILTER_DROP"), "nft_do_chain"), one.no_socket(S + 1, held_by(vec![]))],
    );
    assert_eq!((told.drop().netns.inum, gist(&told.drop().verdict).0), (5, "netfilter-drop"));
}

#[test]
fn a_server_in_another_namespace_is_joined_by_sequence_number_only() {
    let client = call("10.0.0.1:40000", "10.0.0.2:80");
    let server = Call { netns: 5, ..client.clone() };
    let stranger = Call { isn: 4711, ..server.clone() };
    for (answer, joined) in [(&server, true), (&stranger, false)] {
        let events = [
            client.starts(S),
            answer.no_socket(S + 1, held_by(vec![])),
            client.gets_reset(S + 2),
            client.fails(S + 3, 111),
        ];
        let told = run(Abilities::ALL, &events);
        let by = told.resets.iter().find_map(|reset| reset.joined_by.as_deref());
        let across = "tuple and sequence number, across network namespaces";
        assert_eq!(by, joined.then_some(across));
        assert_eq!(told.attempt().verdict.id.as_str(), if joined { "closed-port" } else { "peer-refused" });
    }
}

#[test]
fn a_port_that_is_used_again() {
    let first = call("127.0.0.1:40000", "127.0.0.1:80");
    let second = Call { sk: SockPtr(0xf2), isn: 5, ..first.clone() };
    let bound = held_by(vec![holder(0xb, PYTHON, "0.0.0.0:80", false)]);
    let told =
        run(Abilities::ALL, &[first.refused(S, held_by(vec![])), second.refused(S + 9, bound)].concat());
    assert_eq!(ids(&told), [("closed-port", Outcome::Refused), ("bound-not-listening", Outcome::Refused)]);
}

#[test]
fn a_socket_address_that_is_used_again() {
    let call = call("127.0.0.1:40000", "127.0.0.1:80");
    let lost_end = [vec![call.starts(S)], call.refused(2 * S, held_by(vec![]))].concat();
    let told = run(Abilities::ALL, &lost_end);
    let mut seen = ids(&told);
    seen.sort_unstable();
    assert_eq!(seen, [("closed-port", Outcome::Refused), ("unknown", Outcome::Pending)]);
    assert_eq!(told.attempts.iter().filter(|attempt| attempt.complete == Some(true)).count(), 1);
}

#[test]
fn an_end_without_a_start_is_an_attempt_that_is_not_complete() {
    let call = call("127.0.0.1:40000", "127.0.0.1:80");
    let told = run(Abilities::ALL, &call.refused(S, held_by(vec![]))[1..]);
    let attempt = told.attempt();
    assert_eq!((attempt.verdict.id.as_str(), attempt.complete), ("closed-port", Some(false)));
    assert!(attempt.process.is_none());
    assert_eq!(attempt.reset, Some(told.reset().id));
}

#[test]
fn no_free_port() {
    let mut call = call("0.0.0.0:0", "10.0.0.2:80");
    call.isn = 0;
    let failed = ConnectFailed {
        requested: call.ends.b,
        sk: Some(call.sk),
        errno: 99,
        denied_by: None,
        uid: 0,
        cgroup: None,
        comm: Comm::from_slice(b"curl"),
    };
    let failed = call.at(S + 2, Hook::Connect, What::ConnectFailed(failed.into()));
    let told = run(Abilities::ALL, &[call.starts(S), call.fails(S + 1, 0), failed]);
    let attempt = told.attempt();
    assert_eq!((attempt.outcome, attempt.errno.as_deref()), (Outcome::Failed, Some("EADDRNOTAVAIL")));
    let told = run(Abilities::ALL, &[call.starts(S), call.fails(S + 1, 0)]);
    assert_eq!((told.attempt().outcome, told.attempt().errno.as_deref()), (Outcome::Failed, None));
}

#[test]
fn connect_that_fails_before_any_packet() {
    let call = call("10.0.0.1:1", "10.0.0.2:80");
    let failed = |errno| ConnectFailed {
        requested: call.ends.b,
        sk: None,
        errno,
        denied_by: None,
        uid: 0,
        cgroup: None,
        comm: Comm::from_slice(b"curl"),
    };
    for (errno, outcome, name) in [(101, Outcome::Unreachable, "ENETUNREACH"), (1, Outcome::Denied, "EPERM")]
    {
        let told =
            run(Abilities::ALL, &[call.at(S, Hook::Connect, What::ConnectFailed(failed(errno).into()))]);
        let attempt = told.attempt();
        assert_eq!((attempt.outcome, attempt.errno.as_deref()), (outcome, Some(name)));
        assert_eq!(attempt.process.as_deref().map(|process| process.pid), Some(41));
    }
}

#[test]
fn loss_marks_what_is_in_flight() {
    let call = call("127.0.0.1:40000", "127.0.0.1:80");
    let mut events = call.refused(S, held_by(vec![]));
    events.insert(1, call.at(S, Hook::Drop, What::Lost { count: 3 }));
    let told = run(Abilities::ALL, &events);
    assert_eq!((told.attempt().complete, told.summary.lost.kernel), (Some(false), 3));
}

#[test]
fn a_stack_gives_its_event_offsets_and_is_not_waited_for_for_ever() {
    let call = call("127.0.0.1:40000", "127.0.0.1:80");
    let mut events = call.refused(S, held_by(vec![]));
    events[2].has_stack = true;
    let without = run(Abilities::ALL, &events);
    assert_eq!(without.attempt().verdict.id.as_str(), "closed-port");
    let stack = Event { has_stack: false, what: What::Stack(vec![1, 2]), ..events[2].clone() };
    events.insert(4, stack);
    assert_eq!(run(Abilities::ALL, &events).attempt().verdict.id.as_str(), "closed-port");
}

#[test]
fn a_refusal_is_told_at_once_and_not_at_the_end() {
    let mut pipeline =
        crate::pipeline::Pipeline::new(Abilities::ALL, Limits::DEFAULT, Box::new(crate::decode::NoSymbols));
    let events = call("127.0.0.1:40000", "127.0.0.1:80").refused(S, held_by(vec![]));
    let lines: Vec<Line> = events.iter().flat_map(|event| pipeline.push(event, &Table)).collect();
    assert!(matches!(lines.as_slice(), [Line::Reset(_), Line::Attempt(_)]), "{lines:?}");
}

#[test]
fn an_attempt_that_ended_unseen_is_told_after_the_grace() {
    let call = call("127.0.0.1:40000", "127.0.0.1:80");
    let mut pipeline =
        crate::pipeline::Pipeline::new(Abilities::ALL, Limits::DEFAULT, Box::new(crate::decode::NoSymbols));
    let tick = call.at(4 * S, Hook::State, What::Tick);
    let events = [vec![call.starts(S)], call.refused(2 * S, held_by(vec![])), vec![tick]].concat();
    let lines: Vec<Line> = events.iter().flat_map(|event| pipeline.push(event, &Table)).collect();
    assert_eq!(lines.iter().filter(|line| matches!(line, Line::Attempt(_))).count(), 2);
    assert_eq!(pipeline.finish(&Table).len(), 0);
}
