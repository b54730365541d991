//! The firewall rule that did it, by what the kernel's tables say afterwards.

use super::{Check, Expected};
use crate::{
    lab::RuleFact,
    line::{Line, Verdict},
};

/// Each line about what the rule did names it, as the only one.
pub(super) fn compare(expected: &Expected, lines: &[Line]) -> Vec<String> {
    let Some(rule) = &expected.facts.rule else { return Vec::new() };
    let mut check = Check::new(format!("the rule `{}`", rule.text));
    for verdict in lines.iter().filter_map(|line| by_rule(line, expected)) {
        let said = verdict.evidence.join(" ");
        let wanted = named(rule);
        check.holds(said.contains(&wanted), "verdict.evidence", &wanted, &said);
    }
    check.end_of()
}

fn named(rule: &RuleFact) -> String {
    // What nft lists without a word that it takes.
    let text = rule.text.replace(" icmpx type ", " icmpx ");
    format!("the rule `{text}` (nft {} handle {}), the only one", rule.chain, rule.handle)
}

fn by_rule<'a>(line: &'a Line, expected: &Expected) -> Option<&'a Verdict> {
    let verdict = match line {
        Line::Attempt(attempt) => &attempt.verdict,
        Line::Reset(reset) => &reset.verdict,
        Line::Drop(drop) => &drop.verdict,
        _ => return None,
    };
    let said = match verdict.id.as_str() {
        "netfilter-reject-reset" | "netfilter-drop" | "icmp-refused" => true,
        // Of an ICMPv6 error that was not seen, the errno alone tells, which has several codes.
        "icmp-admin-prohibited" => expected.abilities.icmp || expected.is_ipv4(),
        _ => false,
    };
    said.then_some(verdict)
}
