//! Connections that stand, with and without a listener.

use tcpx_common::abi::state::SYN_SENT;

use super::scene::*;
use crate::{
    abilities::Abilities,
    event::*,
    line::{Confidence::*, How, Note, Outcome},
};

#[test]
fn a_listener_accepts() {
    let call = call("10.0.0.1:40000", "10.0.0.2:80");
    let told = run(Abilities::ALL, &[call.starts(S), call.establishes(S + 5)]);
    let attempt = told.attempt();
    assert_eq!(gist(&attempt.verdict), ("established", Observed, "10.0.0.2:80 accepted the connection."));
    assert_eq!(
        (attempt.outcome, attempt.how, attempt.duration_ns),
        (Outcome::Established, How::ActiveOpen, 5)
    );
    assert_eq!(attempt.process.as_deref().map(|process| (process.pid, process.tid)), Some((41, Some(42))));
    assert_eq!(attempt.local.map(|local| local.port), Some(40000));
}

#[test]
fn a_socket_connects_to_itself() {
    let own = "127.0.0.1:34567";
    let call = call(own, own);
    let hit = Lookups { established: Some(Ok((call.sk, SYN_SENT))), received: true, ..Lookups::default() };
    let syn_ack = call.drops(S + 4, Some("TCP_OLD_DATA"), "tcp_rcv_state_process");
    let events = [
        call.starts(S),
        call.looked_up(S + 1, hit),
        call.crosses(S + 2, call.isn),
        call.establishes_crossed(S + 3),
        syn_ack,
    ];
    let told = run(Abilities::ALL, &events);
    let attempt = told.attempt();
    let first =
        "The socket 127.0.0.1:34567 connected to itself: the kernel gave it the port that it was calling.";
    assert_eq!(gist(&attempt.verdict), ("self-connect", Observed, first));
    assert_eq!((attempt.how, attempt.outcome), (How::SelfConnect, Outcome::Established));
    let path: Vec<_> = attempt
        .path
        .iter()
        .map(|frame| (frame.function.as_ref(), frame.note.as_ref().map(Note::text)))
        .collect();
    let path: Vec<_> = path.iter().map(|(function, note)| (*function, note.as_deref())).collect();
    assert_eq!(
        path,
        [
            (
                "tcp_rcv_state_process",
                Some("SYN_RECV to ESTABLISHED; observed (tracepoint inet_sock_set_state)")
            ),
            (
                "tcp_rcv_synsent_state_process (inlined in tcp_rcv_state_process)",
                Some("SYN_SENT to SYN_RECV; observed (tracepoint inet_sock_set_state)")
            ),
            ("__inet_lookup_listener", Some("not run: the established lookup hit; derived")),
            ("__inet_lookup_established", Some("hit: this socket itself, in SYN_SENT; observed")),
            ("tcp_v4_rcv", Some("took the SYN; observed")),
            ("tcp_v4_connect", Some("CLOSE to SYN_SENT; observed (tracepoint inet_sock_set_state)")),
        ]
    );
}

#[test]
fn both_sockets_call_each_other() {
    let a = call("10.0.0.1:5000", "10.0.0.2:6000");
    let b = Call { sk: SockPtr(0xf2), ends: a.ends.flipped(), isn: 2000, netns: 8 };
    let crossed = [
        a.starts(S),
        b.starts(S + 1),
        a.crosses(S + 2, b.isn),
        b.crosses(S + 3, a.isn),
        a.establishes_crossed(S + 4),
        b.establishes_crossed(S + 5),
    ];
    let one_lost = [
        a.starts(S),
        b.starts(S + 1),
        a.crosses(S + 2, b.isn),
        b.establishes(S + 3),
        a.establishes_crossed(S + 4),
    ];
    for events in [&crossed[..], &one_lost[..]] {
        let told = run(Abilities::ALL, events);
        assert_eq!(told.attempts.len(), 2);
        for attempt in &told.attempts {
            assert_eq!(
                (attempt.verdict.id.as_str(), attempt.how),
                ("simultaneous-open", How::SimultaneousOpen)
            );
        }
    }
}

/// TPROXY and sk_lookup programs translate nothing: only the listener that gets the SYN shows them.
#[test]
fn a_proxy_that_is_given_the_syn() {
    let call = call("10.0.0.1:40000", "10.0.0.2:80");
    let proxy = |at| Some(holder(7, NODE, at, true));
    let opened = |listener| {
        let lookups = Lookups { listener: Some(Ok(SockPtr(7))), ..misses() };
        let events = [call.starts(S), call.given_to(S + 1, lookups, listener), call.establishes(S + MS)];
        run(Abilities::ALL, &events).attempt().verdict.evidence.to_vec()
    };
    let first = "node[9] accepted the connection on 0.0.0.0:9000: a TPROXY rule or a BPF program gave it the SYN to \
                 10.0.0.2:80.";
    assert_eq!(opened(proxy("0.0.0.0:9000")), [first]);
    for fitting in [proxy("0.0.0.0:80"), proxy("[::]:80"), proxy("10.0.0.2:80"), None] {
        assert_eq!(opened(fitting), ["10.0.0.2:80 accepted the connection."]);
    }
}
