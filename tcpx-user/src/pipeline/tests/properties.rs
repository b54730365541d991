//! Whatever is lost, repeated or out of order: no attempt is lost or told twice, and no verdict says more than the
//! events that were left.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::scene::*;
use crate::{
    abilities::Abilities, correlate::Limits, decode::NoSymbols, event::*, pipeline::Pipeline,
    verdict::VerdictId,
};

/// One of the ways in which a call ends; `number` gives it a socket and a remote port of its own.
fn story(number: u16, kind: u8) -> Vec<Event> {
    let remote = format!("10.0.0.2:{}", 1000 + number);
    let mut call = call("10.0.0.1:40000", &remote);
    call.sk = SockPtr(0x1000 + u64::from(number));
    call.isn = 1 + u32::from(number) * 7919;
    let at = S + u64::from(number) * 100;
    let bound = held_by(vec![holder(0xb, PYTHON, &format!("0.0.0.0:{}", 1000 + number), false)]);
    match kind {
        0 => call.refused(at, held_by(vec![])),
        1 => call.refused(at, bound),
        2 => vec![call.starts(at), call.establishes(at + 5)],
        3 => vec![call.starts(at), call.crosses(at + 1, 9), call.establishes_crossed(at + 2)],
        4 => vec![call.starts(at), call.gets_reset(at + 2), call.fails(at + 3, 111)],
        5 => vec![
            call.starts(at),
            call.queue_full(at + 1, 3, 2),
            call.again(at + S, 1, None),
            call.gives_up(at + 2 * S, 0, 1),
        ],
        6 => vec![
            call.starts(at),
            call.drops(at + 1, Some("NETFILTER_DROP"), "nft_do_chain"),
            call.gives_up(at + 9, 0, 0),
        ],
        7 => vec![call.starts(at), call.icmp(at + 1, "10.0.0.2", 3, 3), call.fails(at + 2, 111)],
        8 => vec![call.starts(at), call.rejected(at + 1), call.gets_reset(at + 2), call.fails(at + 3, 111)],
        9 => vec![call.starts(at), call.fails(at + 9, 0)],
        _ => vec![call.starts(at), call.again(at + S, 1, None), call.gives_up(at + 2 * S, 110, 1)],
    }
}

/// The number of the story that an event belongs to.
fn remote_port(event: &Event) -> Option<u16> {
    let ends = match &event.what {
        What::State(change) => change.ends,
        What::Lookup(found) => found.segment.ends,
        What::Reject(segment, _) => segment.ends,
        What::Reply(reply) => reply.segment.ends,
        What::ReceiveReset(reset) => reset.ends,
        What::Icmp(icmp) => icmp.ends,
        What::ConnRequest(request) => request.segment.ends,
        What::Drop(drop) => drop.segment.ends,
        What::Retransmit(again) => again.ends,
        _ => return None,
    };
    Some(ends.b.port())
}

/// An event that begins or ends an attempt for sure: the way from SYN_RECV is that of accepted connections too.
fn makes_attempt(event: &Event) -> bool {
    match &event.what {
        What::State(change) => change.new == 2 || change.old == 2,
        What::ReceiveReset(reset) => reset.refuses,
        _ => false,
    }
}

/// Whether the events of a story allow a verdict, with everything visible.
fn supports(id: VerdictId, events: &[&Event]) -> bool {
    let any = |test: &dyn Fn(&What) -> bool| events.iter().any(|event| test(&event.what));
    let state = |test: &dyn Fn(&StateChange) -> bool| {
        any(&|what| matches!(what, What::State(change) if test(change)))
    };
    match id {
        VerdictId::ClosedPort => any(&|what| matches!(what, What::Reply(_))),
        VerdictId::BoundNotListening => any(&|what| {
            matches!(what, What::Reply(reply)
                if reply.holders.as_ref().is_some_and(|holders| holders.list.iter().any(|holder| !holder.listening)))
        }),
        VerdictId::PeerRefused => any(&|what| matches!(what, What::ReceiveReset(_))),
        VerdictId::NetfilterRejectReset => any(&|what| matches!(what, What::Reject(..))),
        VerdictId::IcmpRefused | VerdictId::IcmpAdminProhibited | VerdictId::IcmpUnreachable => {
            any(&|what| matches!(what, What::Icmp(_)))
        }
        VerdictId::AcceptQueueFull => any(&|what| matches!(what, What::ConnRequest(_))),
        VerdictId::NetfilterDrop => any(&|what| matches!(what, What::Drop(_))),
        VerdictId::NoAnswer => {
            any(&|what| matches!(what, What::Retransmit(_)))
                || state(&|change| change.total_retrans > 0 || change.err == 110)
        }
        VerdictId::Established => state(&|change| change.new == 1),
        VerdictId::SimultaneousOpen => state(&|change| change.new == 1 && change.old == 3),
        VerdictId::Cancelled => state(&|change| change.new == 7 && change.err == 0),
        VerdictId::Pending | VerdictId::Unknown => true,
        _ => false,
    }
}

fn check(events: &[Event]) -> Result<(), TestCaseError> {
    let told = run(Abilities::ALL, events);
    let mut by_port: BTreeMap<u16, Vec<&Event>> = BTreeMap::new();
    for event in events {
        by_port.entry(remote_port(event).unwrap_or_default()).or_default().push(event);
    }
    for (&port, events) in &by_port {
        let told =
            told.attempts.iter().filter(|attempt| attempt.remote.is_some_and(|remote| remote.port == port));
        let verdicts: Vec<VerdictId> = told.map(|attempt| attempt.verdict.id).collect();
        let expected = usize::from(events.iter().any(|event| makes_attempt(event)));
        prop_assert_eq!(verdicts.len(), expected, "{:?} of {:#?}", verdicts, events);
        for id in verdicts {
            prop_assert!(supports(id, events), "{} from {:#?}", id, events);
        }
    }
    Ok(())
}

pub(super) fn stories() -> impl Strategy<Value = Vec<Event>> {
    let kinds = prop::collection::vec(0..11_u8, 1..8);
    kinds.prop_map(|kinds| (0_u16..).zip(kinds).flat_map(|(number, kind)| story(number, kind)).collect())
}

/// Some events less, some twice, in any order.
pub(super) fn mangled() -> impl Strategy<Value = Vec<Event>> {
    let fates = stories().prop_flat_map(|events| {
        let fates = prop::collection::vec(0..4_usize, events.len());
        (Just(events), fates)
    });
    let survivors = fates.prop_map(|(events, fates)| {
        let copies = events
            .into_iter()
            .zip(fates)
            .map(|(event, fate)| vec![event; if fate == 3 { 2 } else { fate.min(1) }]);
        copies.flatten().collect::<Vec<_>>()
    });
    survivors.prop_shuffle()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn each_attempt_once_and_no_more_than_was_seen(events in mangled()) {
        check(&events)?;
    }

    /// In order, a socket's address may come again: each life is an attempt, whether its start or its end is lost.
    #[test]
    fn a_reused_socket_address_loses_no_attempt(
        lost in prop::collection::vec(any::<bool>(), 1..9),
        start in any::<bool>(),
    ) {
        let call = call("127.0.0.1:40000", "127.0.0.1:80");
        let mut events = Vec::new();
        for (life, &lost) in (1..).zip(&lost) {
            let call = Call { isn: 1_000 * life as u32, ..call.clone() };
            let mut refused = call.refused(S * life, held_by(vec![]));
            if lost {
                refused.remove(if start { 0 } else { refused.len() - 1 });
            }
            events.extend(refused);
        }
        prop_assert_eq!(run(Abilities::ALL, &events).attempts.len(), lost.len());
    }

    /// What a backend cannot see never becomes evidence of absence on another's strength.
    #[test]
    fn fewer_abilities_never_panic(events in mangled(), bits in any::<u16>()) {
        let bit = |place: u16| bits & (1 << place) != 0;
        let abilities = Abilities {
            replies_without_socket: bit(0),
            replies_from_time_wait: bit(1),
            no_socket_drops: bit(2),
            active_resets: bit(3),
            received_resets: bit(4),
            icmp: bit(5),
            rejects: bit(6),
            conn_request: bit(7),
            drops: bit(8),
            lookups: bit(9),
            ..Abilities::ALL
        };
        run(abilities, &events);
    }
}

#[test]
fn tables_stay_bounded() {
    const TINY: Limits = Limits { attempts: 64, resets: 32, drops: 32, remembered: 128, ..Limits::DEFAULT };
    let mut pipeline = Pipeline::new(Abilities::ALL, TINY, Box::new(NoSymbols));
    let mut seed = 1_u64;
    let mut told = 0;
    for round in 0..25_000_u64 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let mut events = story((seed >> 33) as u16 % 60_000, (seed >> 50) as u8 % 11);
        let (len, skip) = (events.len(), (seed >> 20) as usize);
        events.remove(skip % len);
        for mut event in events {
            event.time = S + round * 1_000;
            told += pipeline.push(&event, &Table).len();
        }
        assert!(pipeline.correlator().len() < 2_000, "{} after {round}", pipeline.correlator().len());
    }
    assert!(told > 25_000 && pipeline.correlator().evicted() > 0);
}
