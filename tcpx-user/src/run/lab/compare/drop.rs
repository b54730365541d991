//! `drop` lines.

use super::{
    Check, Expected,
    check::{is_at, shown},
};
use crate::{
    lab::DropFact,
    line::{DropLine, Endpoint, Line},
};

fn take<'a>(fact: &DropFact, left: &mut Vec<&'a Line>) -> Option<&'a DropLine> {
    super::take(left, |line| match line {
        Line::Drop(drop) => {
            let flow = drop.flow;
            let from = is_at(fact.from, Endpoint { addr: flow.saddr, port: flow.sport });
            let to = is_at(fact.to.into(), Endpoint { addr: flow.daddr, port: flow.dport });
            (from && to).then_some(&**drop)
        }
        _ => None,
    })
}

pub(super) fn compare(expected: &Expected, fact: &DropFact, left: &mut Vec<&Line>) -> Vec<String> {
    let about = format!("drop from {} to {}", fact.from.ip, fact.to);
    let Some(line) = take(fact, left) else { return vec![format!("{about}: expected a line, got none")] };
    let mut check = Check::new(about);
    check.same("netns.inum", fact.netns, line.netns.inum);
    let least = u64::from(fact.count);
    check.holds(line.count >= least, "count", format!("at least {least}"), line.count);
    check.verdict(fact.verdict, expected.confidence_of_drop(fact), &line.verdict);
    check.path(&line.path);
    let own = expected.facts.attempts.iter().any(|attempt| attempt.remote == fact.to);
    let wanted = if own { "a line's id" } else { "null" };
    check.holds(line.attempt.is_some() == own, "attempt", wanted, shown(line.attempt));
    check.holds(line.complete != Some(false), "complete", "true or null", "false");
    check.end_of()
}
