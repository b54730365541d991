//! Answers of a kernel: see tests/data/nftables.

use proptest::prelude::*;

use super::*;
use crate::{
    event::Ends,
    ruleset::{Deed, Known, Packet, Set},
};

/// Answers to the three questions.
type Answers = [&'static [u8]; 3];

macro_rules! answers {
    ($from:literal) => {
        [
            include_bytes!(concat!("../../../tests/data/nftables/", $from, "/tables.bin")),
            include_bytes!(concat!("../../../tests/data/nftables/", $from, "/chains.bin")),
            include_bytes!(concat!("../../../tests/data/nftables/", $from, "/rules.bin")),
        ]
    };
}

const NFT: Answers = answers!("nft");
const IPTABLES: Answers = answers!("iptables");

fn parse(tables: &[u8], chains: &[u8], rules: &[u8]) -> io::Result<Vec<Chain>> {
    let (mut sleeping, mut found, mut listed) = (Vec::new(), Vec::new(), Vec::new());
    read(tables, |entry| sleeping.extend(dormant(entry)))?;
    read(chains, |entry| found.extend(chain(entry)))?;
    read(rules, |entry| listed.extend(rule(entry)))?;
    Ok(put_together(&sleeping, found, listed))
}

fn shown(answers: Answers) -> Vec<String> {
    let mut lines = Vec::new();
    for chain in parse(answers[0], answers[1], answers[2]).expect("whole answers") {
        lines.push(format!("{} {} {} {:?}", chain.family, chain.table, chain.name, chain.base));
        lines.extend(chain.rules.iter().map(|rule| format!("{} {}", rule.handle, text_of(rule, &chain))));
    }
    lines
}

fn text_of(rule: &Rule, chain: &Chain) -> String {
    rule.text(chain.family, &Known::default())
}

/// What is dormant is left out.
#[test]
fn rules_of_nft() {
    let expected = [
        "1 filter web None",
        "3 ip6 saddr fd00::/9 reject with icmpx admin-prohibited",
        "5 tcp dport vmap { … }",
        "1 filter input Some(Base { hook: 1, priority: 0, drops: true })",
        "6 ct state established,related accept",
        "7 ct state invalid drop",
        "8 iifname \"lo\" accept",
        "9 tcp dport 22 accept",
        "11 tcp dport { … } jump web",
        "12 ip saddr 10.0.0.0/8 tcp dport 8080 reject with tcp reset",
        "13 ip daddr 10.1.128.0/17 tcp dport 8080 reject with tcp reset",
        "14 tcp dport >= 1000 tcp dport <= 2000 [limit] reject",
        "15 meta l4proto udp drop",
    ];
    assert_eq!(shown(NFT), expected);
}

#[test]
fn rules_of_iptables() {
    let expected = [
        "2 filter INPUT Some(Base { hook: 1, priority: 0, drops: false })",
        "2 ip saddr 10.0.0.0/8 tcp dport 8080 reject with tcp reset",
        "3 tcp dport 8080 [comment] [conntrack] reject",
        "2 filter FORWARD Some(Base { hook: 2, priority: 0, drops: false })",
        "5 drop",
        "10 filter INPUT Some(Base { hook: 1, priority: 0, drops: false })",
        "2 meta l4proto tcp [multiport] reject with icmpv6 admin-prohibited",
    ];
    assert_eq!(shown(IPTABLES), expected);
}

const SETS: Answers = answers!("sets");

/// Elements of all sets follow each other; each message names its set.
fn sets_of(sets: &[u8], elements: &[u8]) -> Vec<Set> {
    let mut found = Vec::new();
    read(sets, |entry| found.extend(sets::set(entry))).expect("whole answers");
    for set in &mut found {
        let of_set = |entry: &[u8]| {
            let name = Attributes::first(&entry[HEADER..], 2).map(text);
            if name.as_ref() == Some(&set.name) { sets::list(entry) } else { Vec::new() }
        };
        let mut listed = Vec::new();
        let mut rest = elements;
        // Each dump has its own end.
        while !rest.is_empty() {
            let end = end_of_dump(rest);
            read(&rest[..end], |entry| listed.extend(of_set(entry))).expect("whole answers");
            rest = &rest[end..];
        }
        set.elements = listed.into_iter().collect::<Option<_>>().expect("elements that are understood");
    }
    found
}

/// Behind the message that says so.
fn end_of_dump(bytes: &[u8]) -> usize {
    let mut at = 0;
    for message in Messages(bytes) {
        at += (16 + message.payload.len()).next_multiple_of(4);
        if i32::from(message.kind) == libc::NLMSG_DONE {
            break;
        }
    }
    at
}

/// See tests/data/nftables/sets/rules.nft.
#[test]
fn sets_decide_who_is_a_suspect() {
    let chains = parse(SETS[0], SETS[1], SETS[2]).expect("whole answers");
    let sets = sets_of(
        include_bytes!("../../../tests/data/nftables/sets/sets.bin"),
        include_bytes!("../../../tests/data/nftables/sets/elements.bin"),
    );
    let names: Vec<_> = sets.iter().map(|set| set.name.as_str()).collect();
    assert_eq!(
        names,
        ["blocked", "pairs", "exact", "services", "rest", "__set0"],
        "one has elements that expire"
    );
    let ruleset = Ruleset { chains, sets, legacy: false };
    let drop = Deed::Drop { no_reset: true, no_icmp: true };
    let suspects = |from: &str, port: u16, deed| {
        let ends = Ends {
            a: format!("{from}:4000").parse().expect("an address"),
            b: format!("198.51.100.1:{port}").parse().expect("an address"),
        };
        let found = ruleset.suspects(&Packet::between(ends), deed).expect("not too many");
        found.into_iter().map(|suspect| suspect.text).collect::<Vec<_>>()
    };
    let (not_served, banned) = ("tcp dport != { 22, 8080 } drop", "ip saddr @banned drop");
    for (from, port, expected) in [
        // What is certain to be dropped meets no other rule.
        ("203.0.113.5", 80, vec![not_served]),
        ("192.0.2.7", 443, vec![not_served]),
        ("203.0.113.5", 22, vec![banned]),
        ("192.0.2.8", 8080, vec!["ip saddr . tcp dport @exact drop"]),
        ("203.0.113.5", 8080, vec![banned, "tcp dport vmap @rest"]),
        ("192.0.2.7", 8080, vec![banned]),
    ] {
        assert_eq!(suspects(from, port, drop), expected, "{from} {port}");
    }
    let reset = "meta l4proto tcp ip saddr @blocked reject with tcp reset";
    for (from, port, expected) in [
        ("10.9.9.9", 8080, vec![reset]),
        ("192.0.2.7", 8080, vec![reset]),
        ("192.0.2.6", 8080, vec![]),
        ("10.9.9.9", 22, vec![]),
    ] {
        assert_eq!(suspects(from, port, Deed::Reset(Some(1))), expected, "{from} {port}");
    }
}

#[test]
fn an_answer_that_breaks_off_is_what_came() {
    for answers in [NFT, IPTABLES] {
        let whole = parse(answers[0], answers[1], answers[2]).expect("whole answers");
        for end in 0..answers[2].len() {
            let part = parse(answers[0], answers[1], &answers[2][..end]).expect("no error in it");
            assert!(part.iter().zip(&whole).all(|(part, whole)| whole.rules.starts_with(&part.rules)));
        }
    }
}

#[test]
fn refusals_are_errors() {
    let mut refusal = vec![36, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    refusal.extend((-1_i32).to_ne_bytes());
    refusal.resize(36, 0);
    assert_eq!(parse(&refusal, &[], &[]).expect_err("EPERM").raw_os_error(), Some(1));
    // NLM_F_DUMP_INTR.
    let mut changed = NFT[2].to_vec();
    changed[6] |= 0x10;
    assert!(parse(NFT[0], NFT[1], &changed).is_err());
}

proptest! {
    #[test]
    fn hostile_answers_are_survived(at in 0..NFT[2].len(), bytes: Vec<u8>) {
        for answers in [NFT, IPTABLES] {
            let mut rules = answers[2].to_vec();
            rules.iter_mut().skip(at).zip(&bytes).for_each(|(byte, other)| *byte = *other);
            let chains = parse(answers[0], answers[1], &rules).unwrap_or_default();
            let ends = Ends {
                a: "10.1.2.3:4".parse().expect("an address"),
                b: "10.1.129.3:8080".parse().expect("an address"),
            };
            let deed = Deed::Drop { no_reset: false, no_icmp: false };
            let _ = Ruleset { chains, ..Ruleset::default() }
                .suspects(&Packet::between(ends), deed);
        }
    }
}

/// In a namespace of its own; the whole way, where there is `nft`.
#[test]
fn asked_of_this_kernel() {
    use crate::enrich::testing::{Fresh, skipped};
    let Some(fresh) = Fresh::new() else { return };
    if !is_there() {
        return skipped("this kernel has no nf_tables loaded");
    }
    match fresh.run(ask) {
        Ok(rules) => assert_eq!(rules.chains, []),
        Err(error) => skipped(&format!("nf_tables does not answer here: {error}")),
    }
    fresh.end();
}
