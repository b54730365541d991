//! Which rule of the firewall it may have been.

use super::scene::*;
use crate::{
    abilities::Abilities,
    event::Event,
    ruleset::{Answer, Expression, Verdict as Decided},
};

fn remote() -> Call {
    call("10.0.0.1:40000", "10.0.0.2:80")
}

fn rejected() -> Vec<Event> {
    let call = remote();
    vec![
        call.starts(S),
        call.rejected(S + 1),
        call.drops(S + 2, Some("NETFILTER_DROP"), "nft_do_chain"),
        call.gets_reset(S + 3),
        call.fails(S + 4, 111),
    ]
}

fn said(abilities: Abilities, events: &[Event]) -> Vec<String> {
    let rule = |sentence: &String| sentence.contains("nft inet") || sentence.contains("rules there");
    run(abilities, events).attempt().verdict.evidence.iter().filter(|one| rule(one)).cloned().collect()
}

const RESET: Expression = Expression::Reject(Answer::Reset);
const DROP: Expression = Expression::Verdict(Decided { code: 0, chain: None });
const PORT_UNREACHABLE: Expression = Expression::Reject(Answer::Icmpx(1));

fn maybe() -> Expression {
    Expression::Unknown("fib".to_owned())
}

#[test]
fn the_only_rule_that_rejects_is_named() {
    rules_are(&[maybe(), RESET], false);
    let only = "It may be the rule `reject with tcp reset` (nft inet filter input handle 5), the only one there that can have rejected it.";
    assert_eq!(said(Abilities::ALL, &rejected()), [only]);
    let lead = Expression::Unknown("limit".to_owned());
    // Each of these may be passed by: none is certain to match.
    rules_with(&lead, &[RESET, RESET], false);
    let two = "2 rules there may have rejected it: the rule `[limit] reject with tcp reset` (nft inet filter input handle 4), the rule `[limit] reject with tcp reset` (nft inet filter input handle 5).";
    assert_eq!(said(Abilities::ALL, &rejected()), [two]);
    rules_with(&lead, &[RESET, RESET, RESET, RESET], false);
    assert!(
        said(Abilities::ALL, &rejected())[0]
            .starts_with("4 rules there may have rejected it; the first are the rule ")
    );
    rules_are(&[RESET], true);
    let legacy = " Rules of iptables-legacy, which there are too, were not looked at.";
    assert!(said(Abilities::ALL, &rejected())[0].ends_with(legacy));
}

/// They may have been removed since, or be what tcpx does not list.
#[test]
fn without_a_suspect_nothing_is_said() {
    assert_eq!(said(Abilities::ALL, &rejected()), Vec::<String>::new());
    rules_are(&[DROP], false);
    assert_eq!(said(Abilities::ALL, &rejected()), Vec::<String>::new());
}

#[test]
fn a_drop_may_be_a_reset_where_that_is_not_seen() {
    let call = remote();
    let events = [
        call.starts(S),
        call.drops(S + 1, Some("NETFILTER_DROP"), "nft_do_chain"),
        call.again(2 * S, 1, None),
        call.drops(2 * S + 1, Some("NETFILTER_DROP"), "nft_do_chain"),
        call.gives_up(3 * S, 0, 1),
    ];
    rules_are(&[DROP], false);
    let only = "It may be the rule `drop` (nft inet filter input handle 4), the only one there that can have dropped it.";
    assert_eq!(said(Abilities::ALL, &events), [only]);
    rules_are(&[RESET], false);
    assert_eq!(said(Abilities::ALL, &events), Vec::<String>::new());
    assert_eq!(said(TRACEPOINT_6_1, &events).len(), 1);
}

#[test]
fn an_icmp_error_of_this_host_is_a_rule_s_and_no_other() {
    let call = remote();
    rules_are(&[PORT_UNREACHABLE], false);
    for (from, code, errno, named) in
        [("10.0.0.1", 3, 111, true), ("10.0.0.1", 13, 113, false), ("10.0.0.2", 3, 111, false)]
    {
        let events = [call.starts(S), call.icmp(S + 1, from, 3, code), call.fails(S + 2, errno)];
        assert_eq!(!said(Abilities::ALL, &events).is_empty(), named, "{from} {code}");
    }
}
