//! Who is a suspect, and who is not.

use super::*;
use crate::event::{Ends, Segment};

fn meta(key: u32) -> Expression {
    Expression::Meta { key, to: 1 }
}

fn load(base: u32, offset: u32, length: u32) -> Expression {
    Expression::Payload { base, offset, length, to: 1 }
}

fn is(value: &[u8]) -> Expression {
    Expression::Compare { from: 1, op: 0, value: value.to_vec() }
}

fn dport(port: u16) -> [Expression; 2] {
    [load(2, 2, 2), is(&port.to_be_bytes())]
}

fn lookup(set: &str, verdicts: bool) -> Expression {
    Expression::Lookup { from: 1, set: set.to_owned(), verdicts, inverted: false }
}

fn verdict(code: i32) -> Expression {
    Expression::Verdict(Verdict { code, chain: None })
}

fn to(code: i32, chain: &str) -> Expression {
    Expression::Verdict(Verdict { code, chain: Some(chain.to_owned()) })
}

const DROP: i32 = 0;
const ACCEPT: i32 = 1;

/// Handles are the places, from 1 on.
fn chain(name: &str, base: Option<Base>, rules: Vec<Vec<Expression>>) -> Chain {
    let rules = (1..).zip(rules).map(|(handle, expressions)| Rule { handle, expressions }).collect();
    Chain { family: family::INET, table: "t".to_owned(), name: name.to_owned(), base, rules }
}

const INPUT: Option<Base> = Some(Base { hook: 1, priority: 0, drops: false });
const STRICT: Option<Base> = Some(Base { hook: 1, priority: 0, drops: true });

fn syn(from: &str, at: &str, device: &str) -> Packet {
    let ends = Ends { a: from.parse().expect("an address"), b: at.parse().expect("an address") };
    Packet::of(&Segment {
        ends,
        seq: 1,
        ack: 0,
        payload: 0,
        window: 0,
        ip_id: 0,
        flags: 2,
        ttl: 64,
        device: Some(device.into()),
        ifindex: Some(2),
    })
}

fn to_8080() -> Packet {
    syn("10.0.0.9:4000", "10.0.0.1:8080", "eth0")
}

const DROPPED: Deed = Deed::Drop { no_reset: true, no_icmp: true };

/// `CHAIN/HANDLE`; the policy is 0.
fn suspects(chains: Vec<Chain>, packet: &Packet, deed: Deed) -> Vec<String> {
    let ruleset = Ruleset { chains, ..Ruleset::default() };
    let found = ruleset.suspects(packet, deed).expect("not too many");
    let name = |suspect: Suspect| {
        let chain = suspect.chain.rsplit(' ').next().unwrap_or_default().to_owned();
        format!("{chain}/{}", suspect.rule.unwrap_or(0))
    };
    found.into_iter().map(name).collect()
}

fn of_one(rules: Vec<Vec<Expression>>, packet: &Packet, deed: Deed) -> Vec<String> {
    suspects(vec![chain("in", INPUT, rules)], packet, deed)
}

fn with(matches: impl IntoIterator<Item = Expression>, last: Expression) -> Vec<Expression> {
    matches.into_iter().chain([last]).collect()
}

#[test]
fn what_cannot_match_is_no_suspect() {
    let name = |name: &str| {
        let mut bytes = name.as_bytes().to_vec();
        bytes.resize(16, 0);
        bytes
    };
    let masked = |address: [u8; 4]| {
        let mask = Expression::Bitwise { from: 1, to: 1, mask: vec![255, 255, 128, 0], xor: vec![0; 4] };
        vec![load(1, 12, 4), mask, is(&address)]
    };
    let in_range = |not, low: u16, high: u16| {
        let (low, high) = (low.to_be_bytes().to_vec(), high.to_be_bytes().to_vec());
        vec![load(2, 2, 2), Expression::Range { from: 1, not, low, high }]
    };
    let xt = |from: u16, to: u16, invert: u8| {
        let mut info: Vec<u8> =
            [0, 65_535, from, to].iter().flat_map(|port: &u16| port.to_ne_bytes()).collect();
        info.extend([0, 0, 0, invert]);
        vec![Expression::Match { name: "tcp".to_owned(), info }]
    };
    let cases: [(&str, Vec<Expression>, bool); 19] = [
        ("all", vec![], true),
        ("the port", dport(8080).to_vec(), true),
        ("another port", dport(8081).to_vec(), false),
        ("UDP", vec![meta(16), is(&[17])], false),
        ("TCP", vec![meta(16), is(&[6])], true),
        ("IPv6", vec![meta(15), is(&[10])], false),
        ("the device", vec![meta(6), is(&name("eth0"))], true),
        ("another device", vec![meta(6), is(&name("lo"))], false),
        ("devices that begin so", vec![meta(6), is(b"eth")], true),
        ("the source's network", masked([10, 0, 0, 0]), true),
        ("another network", masked([10, 0, 128, 0]), false),
        ("a whole prefix", vec![load(1, 12, 1), is(&[10])], true),
        ("a range", in_range(false, 8000, 9000), true),
        ("not in that range", in_range(true, 8000, 9000), false),
        ("another range", in_range(false, 1, 1024), false),
        ("iptables, the port", xt(8080, 8080, 0), true),
        ("iptables, other ports", xt(1, 1024, 0), false),
        ("iptables, not that port", xt(8080, 8080, 2), false),
        ("TCP flags", vec![load(2, 13, 1), is(&[16])], false),
    ];
    for (what, matches, expected) in cases {
        let found = of_one(vec![with(matches, verdict(DROP))], &to_8080(), DROPPED);
        assert_eq!(found.is_empty(), !expected, "{what}");
    }
}

#[test]
fn what_is_not_understood_may_match() {
    let unknown = [
        vec![Expression::Unknown("limit".to_owned())],
        vec![Expression::Ct { key: 0, to: 1 }, is(&[1, 0, 0, 0])],
        vec![load(2, 2, 2), lookup("__set0", false)],
        vec![Expression::Match { name: "conntrack".to_owned(), info: vec![] }],
        vec![Expression::Match { name: "tcp".to_owned(), info: vec![1, 2] }],
        vec![load(1, 8, 1), is(&[64])],
        vec![load(2, u32::MAX, u32::MAX), is(&[64])],
        vec![Expression::Compare { from: 99, op: 0, value: vec![0; 100] }],
        vec![load(2, 2, 2), Expression::Compare { from: 1, op: 9, value: vec![0; 2] }],
        // It may have put something else there.
        vec![load(2, 2, 2), Expression::Unknown("hash".to_owned()), is(&[0, 1])],
        // The device at output is the one to leave by.
        vec![meta(7), is(b"eth1")],
    ];
    for matches in unknown {
        let found = of_one(vec![with(matches.clone(), verdict(DROP))], &to_8080(), DROPPED);
        assert_eq!(found, ["in/1"], "{matches:?}");
    }
    let output = Some(Base { hook: 3, priority: 0, drops: false });
    let rule = with([meta(6), is(b"lo")], verdict(DROP));
    assert_eq!(suspects(vec![chain("out", output, vec![rule])], &to_8080(), DROPPED), ["out/1"]);
}

/// What is certain to match ends the way through a chain; what only may, does not.
#[test]
fn rules_behind_a_certain_verdict_are_not_reached() {
    let maybe = || vec![Expression::Unknown("fib".to_owned())];
    let all = || with([], verdict(DROP));
    for (first, expected) in [
        (with(dport(8080), verdict(ACCEPT)), vec![]),
        (with(dport(22), verdict(ACCEPT)), vec!["in/2"]),
        (with(maybe(), verdict(ACCEPT)), vec!["in/2"]),
        (with(maybe(), verdict(DROP)), vec!["in/1", "in/2"]),
        (with(dport(8080), verdict(DROP)), vec!["in/1"]),
        (with([Expression::Neutral("counter".to_owned())], verdict(-5)), vec![]),
    ] {
        assert_eq!(of_one(vec![first.clone(), all()], &to_8080(), DROPPED), expected, "{first:?}");
    }
    // Another chain at the same hook is entered after an accept, and may see the packet as it was before.
    let chains = vec![chain("one", INPUT, vec![with([], verdict(ACCEPT))]), chain("two", INPUT, vec![all()])];
    assert_eq!(suspects(chains, &to_8080(), DROPPED), ["two/1"]);
}

#[test]
fn a_policy_is_a_suspect_if_it_is_reached() {
    let policy = |rules| suspects(vec![chain("in", STRICT, rules)], &to_8080(), DROPPED);
    assert_eq!(policy(vec![with(dport(22), verdict(ACCEPT))]), ["in/0"]);
    assert_eq!(policy(vec![with(dport(8080), verdict(ACCEPT))]), Vec::<String>::new());
    // It rejects nothing.
    let reset = suspects(vec![chain("in", STRICT, vec![])], &to_8080(), Deed::Reset(Some(1)));
    assert_eq!(reset, Vec::<String>::new());
}

#[test]
fn jumps_lead_to_other_chains_and_back() {
    let all = || with([], verdict(DROP));
    let aside = |rule| chain("aside", None, vec![rule]);
    let main = |rules| chain("in", STRICT, rules);
    for (first, there, expected) in [
        (to(-3, "aside"), all(), vec!["aside/1"]),
        (to(-3, "aside"), with([], verdict(ACCEPT)), vec![]),
        (to(-3, "aside"), with(dport(22), verdict(DROP)), vec!["in/2"]),
        (to(-3, "aside"), with([], verdict(-5)), vec!["in/2"]),
        (to(-4, "aside"), with(dport(22), verdict(DROP)), vec!["in/0"]),
        (to(-3, "nowhere"), all(), vec!["in/2"]),
        // No kernel has such a loop.
        (to(-3, "aside"), with([], to(-3, "in")), vec!["in/2"]),
    ] {
        let chains = vec![main(vec![vec![first.clone()], all()]), aside(there.clone())];
        assert_eq!(suspects(chains, &to_8080(), DROPPED), expected, "{first:?} {there:?}");
    }
    let ssh = with(dport(22), to(-3, "aside"));
    assert_eq!(suspects(vec![main(vec![ssh]), aside(all())], &to_8080(), DROPPED), ["in/0"]);
}

/// Its elements are not known: it may drop, and lead to any chain of its table.
#[test]
fn a_map_of_verdicts_leads_anywhere() {
    let map = vec![load(2, 2, 2), lookup("m", true)];
    let chains = || {
        let elsewhere =
            Chain { table: "other".to_owned(), ..chain("x", None, vec![with([], verdict(DROP))]) };
        let aside = chain("aside", None, vec![with([], Expression::Reject(Answer::Reset))]);
        vec![chain("in", INPUT, vec![map.clone()]), aside, elsewhere]
    };
    assert_eq!(suspects(chains(), &to_8080(), DROPPED), ["in/1"]);
    assert_eq!(suspects(chains(), &to_8080(), Deed::Reset(Some(1))), ["aside/1"]);
}

#[test]
fn a_rule_must_have_answered_so_and_there() {
    let rejects = |answer| vec![with([], Expression::Reject(answer))];
    let v6 = syn("[::1]:1", "[::1]:8080", "lo");
    let drop = |no_reset, no_icmp| Deed::Drop { no_reset, no_icmp };
    for (answer, packet, deed, expected) in [
        (Answer::Reset, to_8080(), Deed::Reset(Some(1)), true),
        (Answer::Reset, to_8080(), Deed::Reset(None), true),
        (Answer::Reset, to_8080(), Deed::Reset(Some(3)), false),
        (Answer::Reset, to_8080(), Deed::Icmp(3), false),
        (Answer::Icmp(3), to_8080(), Deed::Icmp(3), true),
        (Answer::Icmp(1), to_8080(), Deed::Icmp(3), false),
        (Answer::Icmpx(1), to_8080(), Deed::Icmp(3), true),
        (Answer::Icmpx(1), v6.clone(), Deed::Icmp(4), true),
        (Answer::Icmpx(3), to_8080(), Deed::Icmp(13), true),
        (Answer::Icmpx(3), v6, Deed::Icmp(1), true),
        (Answer::Reset, to_8080(), drop(true, false), false),
        (Answer::Reset, to_8080(), drop(false, true), true),
        (Answer::Icmp(3), to_8080(), drop(true, false), true),
        (Answer::Icmp(3), to_8080(), drop(true, true), false),
    ] {
        assert_eq!(of_one(rejects(answer), &packet, deed).is_empty(), !expected, "{answer:?} {deed:?}");
    }
    // With a route from the start, prerouting looks like input.
    let early = Some(Base { hook: 0, priority: 0, drops: false });
    let chains = vec![chain("pre", early, rejects(Answer::Reset))];
    assert_eq!(suspects(chains, &to_8080(), Deed::Reset(Some(1))), ["pre/1"]);
}

#[test]
fn chains_of_the_other_family_are_not_met() {
    let of = |family, deed| {
        let chain = Chain { family, ..chain("in", INPUT, vec![with([], verdict(DROP))]) };
        suspects(vec![chain], &to_8080(), deed).len()
    };
    let all = [family::INET, family::IPV4, family::IPV6, family::NETDEV, family::BRIDGE, 3, 12];
    assert_eq!(all.map(|family| of(family, DROPPED)), [1, 1, 0, 1, 1, 0, 0]);
}

#[test]
fn too_many_rules_are_not_gone_through() {
    let rules = vec![with(dport(22), verdict(DROP)); 210_000];
    let ruleset = Ruleset { chains: vec![chain("in", INPUT, rules)], ..Ruleset::default() };
    assert_eq!(ruleset.suspects(&to_8080(), DROPPED), None);
}
