//! `death` lines.

use super::{
    Check, Expected,
    check::{is_at, shown, word},
};
use crate::{
    lab::DeathFact,
    line::{Death, Line},
};

fn take<'a>(fact: &DeathFact, left: &mut Vec<&'a Line>) -> Option<&'a Death> {
    super::take(left, |line| match line {
        Line::Death(death) => {
            let local = death.local.is_some_and(|local| is_at(fact.local, local));
            let remote = death.remote.is_some_and(|remote| is_at(fact.remote.into(), remote));
            (local && remote).then_some(&**death)
        }
        _ => None,
    })
}

pub(super) fn compare(expected: &Expected, fact: &DeathFact, left: &mut Vec<&Line>) -> Vec<String> {
    let about = format!("death of {} to {}", fact.local.ip, fact.remote);
    let Some(line) = take(fact, left) else { return vec![format!("{about}: expected a line, got none")] };
    let mut check = Check::new(about);
    check.same("netns.inum", fact.netns, line.netns.inum);
    let owner = |process: Option<(&String, u32)>| shown(process.map(|(comm, pid)| format!("{comm}[{pid}]")));
    check.same(
        "process",
        owner(fact.process.as_ref().map(|process| (&process.comm, process.pid))),
        owner(line.process.as_ref().map(|process| (&process.comm, process.pid))),
    );
    check.same("outcome", fact.outcome, word(&line.outcome));
    check.same("errno", fact.errno, shown(line.errno.as_ref()));
    check.same("state", fact.state, &line.state);
    check.verdict(fact.verdict, expected.confidence(fact.verdict), &line.verdict);
    check.path(&line.path);
    check.holds(line.age_ns.is_some(), "age_ns", "a number", "null");
    check.same("bytes_sent", fact.bytes_sent, line.bytes_sent);
    check.holds(line.complete != Some(false), "complete", "true or null", "false");
    check.end_of()
}
