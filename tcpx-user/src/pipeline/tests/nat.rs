//! Connections with several names: conntrack tells them, or the sequence number of the SYN does.

use std::sync::Arc;

use tcpx_common::abi::state::*;

use super::scene::*;
use crate::{
    abilities::Abilities,
    event::*,
    line::{Confidence::*, Endpoint, Outcome},
};

const POD: u32 = 5;

/// A client that calls a service, and what arrives at the pod behind it.
fn service() -> (Call, Call) {
    let client = call("10.0.0.1:40000", "10.96.0.10:80");
    let pod = Call { netns: POD, ends: ends("10.0.0.1:40000", "10.1.0.2:8080"), ..client.clone() };
    (client, pod)
}

fn translates(time: u64, netns: u32, (one, other): (&Call, &Call), holders: Option<Holders>) -> Event {
    let nat = Nat { original: one.ends, translated: other.ends, isn: Some(one.isn), holders };
    event(time, netns, Hook::Nat, What::Nat(Arc::new(nat)))
}

fn endpoint(text: &str) -> Endpoint {
    addr(text).into()
}

const SENTENCE: &str = "Conntrack translated it in network namespace 4026531840: destination 10.96.0.10:80 became \
                        10.1.0.2:8080.";

#[test]
fn a_refusal_behind_a_service_address_is_one_record_with_both_ends() {
    let (client, pod) = service();
    let bound = held_by(vec![holder(0xb, PYTHON, "0.0.0.0:8080", false)]);
    let told = run(
        Abilities::ALL,
        &[
            client.starts(S),
            translates(S + 1, HOST, (&client, &pod), None),
            pod.no_socket(S + 2, bound),
            client.gets_reset(S + 3),
            client.fails(S + 4, 111),
        ],
    );
    let (attempt, reset) = (told.attempt(), told.reset());
    let first = "python3[3999] holds 0.0.0.0:8080 but is not listening.";
    assert_eq!(gist(&attempt.verdict), ("bound-not-listening", Observed, first));
    assert_eq!(attempt.verdict.evidence[1], SENTENCE);
    assert_eq!(attempt.verdict.evidence.iter().filter(|text| **text == SENTENCE).count(), 1);
    assert_eq!(attempt.nat.map(|nat| nat.remote), Some(endpoint("10.1.0.2:8080")));
    assert_eq!((attempt.outcome, attempt.reset), (Outcome::Refused, Some(reset.id)));
    assert_eq!(reset.joined_by.as_deref(), Some("conntrack"));
    assert_eq!(attempt.verdict.evidence[3], "10.1.0.2:8080 is on this host, in network namespace 5.");
    let (sender, receiver) = (reset.sender.as_ref().expect("here"), reset.receiver.as_ref().expect("here"));
    assert_eq!((sender.port, sender.netns.inum), (8080, POD));
    assert_eq!((receiver.port, receiver.netns.inum), (40_000, HOST));
}

#[test]
fn where_conntrack_is_not_seen_the_number_of_the_syn_tells_and_it_is_derived() {
    let (client, pod) = service();
    let stranger = Call { isn: 4711, ..pod.clone() };
    for (answer, id, joined) in
        [(&pod, "closed-port", Some("sequence number")), (&stranger, "peer-refused", None)]
    {
        let told = run(
            Abilities { nat: false, ..Abilities::ALL },
            &[
                client.starts(S),
                answer.no_socket(S + 2, held_by(vec![])),
                client.gets_reset(S + 3),
                client.fails(S + 4, 111),
            ],
        );
        let attempt = told.attempt();
        assert_eq!(attempt.verdict.id.as_str(), id);
        assert_eq!(told.resets.iter().find_map(|reset| reset.joined_by.as_deref()), joined);
        assert_eq!(attempt.nat.map(|nat| nat.remote), joined.map(|_| endpoint("10.1.0.2:8080")));
        assert_eq!(attempt.verdict.confidence == Derived, joined.is_some());
        assert_eq!(told.resets.len(), if joined.is_some() { 1 } else { 2 });
    }
}

#[test]
fn numbers_alone_join_nothing_of_which_no_name_is_left() {
    let (client, pod) = service();
    let other = Call { ends: ends("10.9.0.1:7", "10.1.0.2:8080"), ..pod };
    let told = run(
        Abilities::ALL,
        &[
            client.starts(S),
            other.no_socket(S + 2, held_by(vec![])),
            client.gets_reset(S + 3),
            client.fails(S + 4, 111),
        ],
    );
    assert_eq!(told.attempt().verdict.id.as_str(), "peer-refused");
}

#[test]
fn two_translations_on_one_way() {
    let (client, pod) = service();
    let between = Call { netns: 6, ends: ends("10.9.0.1:7", "10.1.0.2:8080"), ..pod.clone() };
    let inside = Call { ends: ends("10.9.0.1:7", "10.1.0.2:15006"), ..pod };
    let told = run(
        Abilities::ALL,
        &[
            client.starts(S),
            translates(S + 1, HOST, (&client, &between), None),
            translates(S + 2, POD, (&between, &inside), None),
            inside.no_socket(S + 3, held_by(vec![])),
            client.gets_reset(S + 4),
            client.fails(S + 5, 111),
        ],
    );
    let nat = told.attempt().nat.expect("translated");
    assert_eq!((nat.local, nat.remote), (endpoint("10.9.0.1:7"), endpoint("10.1.0.2:15006")));
    assert_eq!(told.reset().joined_by.as_deref(), Some("conntrack"));
    let text = told.attempt().verdict.evidence.join(" ");
    assert!(text.contains("source 10.0.0.1:40000 became 10.9.0.1:7"), "{text}");
    assert!(text.contains("destination 10.1.0.2:8080 became 10.1.0.2:15006"), "{text}");
}

#[test]
fn an_open_connection_is_reset_under_another_name_and_the_receiver_is_seen_first() {
    let (client, pod) = service();
    let server = Call { sk: SockPtr(0xe1), ends: pod.ends.flipped(), ..pod.clone() };
    let numbers = |state| SockFacts { snd_nxt: 70, rcv_nxt: 70, snd_una: 70, ..sock(SockPtr(0xe1), state) };
    let told = run(
        Abilities::ALL,
        &[
            client.starts(S),
            translates(S + 1, HOST, (&client, &pod), None),
            client.establishes(S + 2),
            client.gets(2 * S, SockFacts { sk: client.sk, ..numbers(ESTABLISHED) }, None),
            server.sends_reset(2 * S + 1, None, SockFacts { copied_seq: 60, ..numbers(CLOSE) }),
        ],
    );
    let reset = told.reset();
    assert_eq!(reset.joined_by.as_deref(), Some("conntrack"));
    assert!(reset.sender.is_some() && reset.receiver.is_some() && reset.attempt.is_some());
}

#[test]
fn a_redirected_connection_is_accepted_by_the_proxy_that_took_it() {
    let client = call("10.0.0.1:40000", "10.96.0.10:80");
    let proxy = Call { ends: ends("10.0.0.1:40000", "127.0.0.1:15001"), ..client.clone() };
    let listens = held_by(vec![holder(0xb, NODE, "0.0.0.0:15001", true)]);
    let told = run(
        Abilities::ALL,
        &[client.starts(S), translates(S + 1, HOST, (&client, &proxy), listens), client.establishes(S + 2)],
    );
    let first =
        "node[9] accepted the connection on 0.0.0.0:15001, to which conntrack redirects 10.96.0.10:80.";
    assert_eq!(gist(&told.attempt().verdict), ("established", Observed, first));
    assert_eq!(told.attempt().nat.map(|nat| nat.remote), Some(endpoint("127.0.0.1:15001")));
}

#[test]
fn a_translation_of_an_older_connection_is_not_this_ones() {
    let (client, pod) = service();
    let older = Call { isn: 3, ..client.clone() };
    let told = run(
        Abilities::ALL,
        &[translates(1, HOST, (&older, &pod), None), client.starts(S), client.establishes(S + 2)],
    );
    assert_eq!(told.attempt().nat, None);
    let first = "10.96.0.10:80 accepted the connection.";
    assert_eq!(gist(&told.attempt().verdict), ("established", Observed, first));
}

#[test]
fn a_syn_dropped_under_its_new_name_is_the_attempts() {
    let (client, pod) = service();
    let told = run(
        Abilities::ALL,
        &[
            client.starts(S),
            translates(S + 1, HOST, (&client, &pod), None),
            pod.drops(S + 2, Some("NETFILTER_DROP"), "nf_hook_slow"),
            client.again(2 * S, 1, None),
            pod.drops(2 * S + 1, Some("NETFILTER_DROP"), "nf_hook_slow"),
            client.gives_up(6 * S, 0, 1),
        ],
    );
    assert_eq!(told.attempt().verdict.id.as_str(), "netfilter-drop");
    assert_eq!((told.drop().count, told.drop().attempt), (2, Some(told.attempt().id)));
}

#[test]
fn a_reject_rule_behind_dnat_is_joined_whether_it_is_seen_or_only_its_drop() {
    let (client, pod) = service();
    let rejected = || vec![pod.rejected(S + 2)];
    let dropped = || vec![pod.drops(S + 2, Some("NETFILTER_DROP"), "nf_hook_slow")];
    for (can, seen) in
        [(Abilities::ALL, rejected()), (Abilities { rejects: false, ..Abilities::ALL }, dropped())]
    {
        let events = [
            vec![client.starts(S), translates(S + 1, HOST, (&client, &pod), None)],
            seen,
            vec![client.gets_reset(S + 3), client.fails(S + 4, 111)],
        ];
        let told = run(can, &events.concat());
        assert_eq!(told.attempt().verdict.id.as_str(), "netfilter-reject-reset");
        assert_eq!(told.reset().joined_by.as_deref(), Some("conntrack"));
    }
}

#[test]
fn a_refusal_from_behind_an_address_of_this_host_comes_from_there() {
    let client = call("10.0.0.1:40000", "10.0.0.1:80");
    let peer = Call { ends: ends("10.0.0.1:40000", "192.0.2.9:80"), ..client.clone() };
    let refused = |nat: Vec<Event>| {
        let rest = vec![client.gets_reset(S + 2), client.fails(S + 3, 111)];
        run(Abilities::ALL, &[vec![client.starts(S)], nat, rest].concat())
    };
    let told = refused(vec![translates(S + 1, HOST, (&client, &peer), None)]);
    assert_eq!(told.attempt().verdict.id.as_str(), "peer-refused");
    assert_eq!(refused(vec![]).attempt().verdict.id.as_str(), "unknown");
}

/// A proxy that is refused by its upstream, and then closes the connection of its own client with data unread.
fn passed_on(pause: u64, other: bool, opened: Option<u64>) -> String {
    let upstream = call("172.17.0.1:50000", "172.17.0.2:80");
    let client = Call { sk: SockPtr(0xc1), ..call("10.0.0.1:8080", "10.0.0.9:40000") };
    let unread = SockFacts { rcv_nxt: 10, copied_seq: 5, shutdown: 3, ..sock(client.sk, CLOSE) };
    let mut closes = client.sends_reset(2 * S + pause, Some("TCP_ABORT_ON_CLOSE"), unread);
    if other {
        closes.task.tgid = 77;
    }
    let What::ActiveReset(reset) = &mut closes.what else { panic!("it sends a RST") };
    Arc::make_mut(reset).opened = opened;
    let told = run(Abilities::ALL, &[upstream.refused(2 * S, held_by(vec![])), vec![closes]].concat());
    let own = told.resets.iter().find(|reset| reset.flow.sport == 8080).expect("told");
    assert_eq!(own.verdict.id.as_str(), "close-unread-data");
    own.verdict.evidence.join(" ")
}

#[test]
fn a_proxy_that_was_just_refused_says_why_it_resets() {
    for opened in [None, Some(S)] {
        let text = passed_on(5 * MS, false, opened);
        assert!(text.contains("curl[41] had just been refused by 172.17.0.2:80, 4 ms before"), "{text}");
    }
    let later = passed_on(5 * MS, false, Some(2 * S + 3 * MS));
    for text in [passed_on(3 * S, false, None), passed_on(5 * MS, true, None), later] {
        assert!(!text.contains("had just been refused"), "{text}");
    }
}

#[test]
fn a_stray_segment_is_of_the_connection_whose_numbers_it_has() {
    let (client, pod) = service();
    let stray = segment(pod.ends.flipped(), 0x10, 500, 1001);
    let meant = |seq, netns| {
        let sock = SockFacts { inode: Some(CURL), ..sock(client.sk, ESTABLISHED) };
        let found = Untranslated { segment: stray.ends, seq, ends: client.ends, sock };
        event(S, netns, Hook::SendReset, What::Untranslated(Arc::new(found)))
    };
    let answer = Reply {
        segment: stray.clone(),
        lookups: misses(),
        reason: Some("NO_SOCKET".into()),
        sk_state: 0,
        sock: None,
        holders: None,
        ..reply_of(&client)
    };
    let answer = client.at(S + 1, Hook::SendReset, What::Reply(Arc::new(answer)));
    for (found, near) in [(meant(500, HOST), true), (meant(501, HOST), false), (meant(500, POD), false)] {
        let told = run(Abilities::ALL, &[found, answer.clone()]);
        let reset = told.reset();
        assert_eq!(reset.verdict.id.as_str(), "stray-segment");
        assert_eq!(reset.near.len(), usize::from(near));
        let said = reset.verdict.evidence.join(" ").contains("curl[41]'s connection from 10.0.0.1:40000");
        assert_eq!(said, near);
    }
}

fn reply_of(call: &Call) -> Reply {
    match call.no_socket(S, None).what {
        What::Reply(reply) => (*reply).clone(),
        other => panic!("{other:?}"),
    }
}
