//! Answers of a kernel: see tests/data/nftables.

use proptest::prelude::*;

use super::*;

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
        lines.extend(chain.rules.iter().map(|rule| format!("{} {}", rule.handle, rule.text(chain.family))));
    }
    lines
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
            let ends = crate::event::Ends {
                a: "10.1.2.3:4".parse().expect("an address"),
                b: "10.1.129.3:8080".parse().expect("an address"),
            };
            let deed = crate::ruleset::Deed::Drop { no_reset: false, no_icmp: false };
            let _ = Ruleset { chains, legacy: false }
                .suspects(&crate::ruleset::Packet::between(ends), deed);
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
