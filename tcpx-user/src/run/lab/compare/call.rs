//! `call` lines.

use super::{
    Check, Expected,
    check::{is_at, shown},
};
use crate::{
    lab::CallFact,
    line::{CallLine, Confidence, Line},
};

/// The line about this call: the same process made the same call.
pub(super) fn take<'a>(fact: &CallFact, left: &mut Vec<&'a Line>) -> Option<&'a CallLine> {
    super::take(left, |line| match line {
        Line::Call(call) => {
            let caller = call.process.as_ref().is_some_and(|process| process.pid == fact.process.pid);
            let same = call.call == fact.call && is_at(fact.requested.into(), call.requested);
            (caller && same).then_some(&**call)
        }
        _ => None,
    })
}

pub(super) fn compare(expected: &Expected, fact: &CallFact, left: &mut Vec<&Line>) -> Vec<String> {
    let about = format!("{} of {} by {}", fact.call, fact.requested, fact.process.comm);
    let Some(line) = take(fact, left) else { return vec![format!("{about}: expected a line, got none")] };
    let mut check = Check::new(about);
    check.same("process.comm", &fact.process.comm, shown(line.process.as_ref().map(|process| &process.comm)));
    check.same("netns.inum", fact.netns, line.netns.inum);
    check.same("errno", fact.errno, &line.errno);
    let sure = if fact.sure { expected.confidence(fact.verdict) } else { Confidence::Derived };
    check.verdict(fact.verdict, sure, &line.verdict);
    if let Some(holder) = &fact.holder {
        let holds = |found: &&crate::line::PortHolder| {
            let owner = found.process.as_ref().map(|process| process.pid);
            is_at(holder.at.into(), crate::line::Endpoint { addr: found.addr, port: found.port })
                && owner == Some(holder.process.pid)
        };
        let found = line.holders.iter().find(holds).is_some();
        check.holds(found, "holders", format!("{}[{}]", holder.process.comm, holder.process.pid), "others");
        let name = format!("{}[{}]", holder.process.comm, holder.process.pid);
        let said = line.verdict.evidence.first().cloned().unwrap_or_default();
        check.holds(said.contains(&name), "verdict.evidence", format!("a sentence about {name}"), said);
    }
    check.path(&line.path);
    check.holds(line.complete != Some(false), "complete", "true or null", "false");
    check.end_of()
}
