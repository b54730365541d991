//! `attempt` lines.

use super::{
    Check, Expected,
    check::{is_at, shown, word},
};
use crate::{
    lab::{AttemptFact, Family},
    line::{Attempt, Confidence, Endpoint, Line},
};

/// The line about this attempt: the same process went to the same place.
pub(super) fn take<'a>(fact: &AttemptFact, left: &mut Vec<&'a Line>) -> Option<&'a Attempt> {
    super::take(left, |line| match line {
        Line::Attempt(attempt) => {
            let caller = attempt.process.as_ref().is_some_and(|process| process.pid == fact.process.pid);
            let to = attempt.remote.or(attempt.requested.filter(|_| fact.early));
            let there = to.is_some_and(|remote| is_at(fact.remote.into(), remote));
            (caller && there).then_some(&**attempt)
        }
        _ => None,
    })
}

pub(super) fn compare(expected: &Expected, fact: &AttemptFact, left: &mut Vec<&Line>) -> Vec<String> {
    let about = about(fact);
    let Some(line) = take(fact, left) else { return vec![format!("{about}: expected a line, got none")] };
    let mut check = Check::new(about);
    who_and_where(&mut check, fact, line);
    check.same("outcome", fact.outcome, word(&line.outcome));
    check.same("errno", shown(fact.errno), shown(line.errno.as_ref()));
    check.same("how", fact.how, word(&line.how));
    let again = line.syn_retransmits;
    check.holds(
        again >= fact.syn_retransmits,
        "syn_retransmits",
        format!("at least {}", fact.syn_retransmits),
        again,
    );
    nat(&mut check, fact, line);
    // Whether connect() failed is seen where calls are.
    let seen = expected.abilities.calls || !fact.put_off;
    let sure = if fact.sure && seen && !expected.joins_by_number(fact) {
        expected.confidence(fact.verdict)
    } else {
        Confidence::Derived
    };
    check.verdict(fact.verdict, sure, &line.verdict);
    if let Some(holder) = &fact.holder {
        let name = format!("{}[{}]", holder.process.comm, holder.process.pid);
        let said = line.verdict.evidence.first().cloned().unwrap_or_default();
        check.holds(said.contains(&name), "verdict.evidence", format!("a sentence about {name}"), said);
    }
    check.path(&line.path);
    let by_rst = expected
        .facts
        .resets
        .iter()
        .any(|reset| fact.is_answered_from(reset.from) && fact.errno == Some("ECONNREFUSED"));
    check.holds(
        line.reset.is_some() == by_rst,
        "reset",
        if by_rst { "a line's id" } else { "null" },
        shown(line.reset),
    );
    check.holds(line.complete != Some(false), "complete", "true or null", "false");
    check.end_of()
}

fn about(fact: &AttemptFact) -> String {
    format!("attempt of {} to {}", fact.process.comm, fact.remote)
}

/// What an attempt that need not be told was told as, if not as what it was.
pub(super) fn other_verdict(fact: &AttemptFact, line: &Attempt) -> Option<String> {
    let seen = &line.verdict;
    (seen.id.as_str() != fact.verdict).then(|| {
        let (about, wanted) = (about(fact), fact.verdict);
        format!(
            "{about}: verdict: expected {wanted} or no line, got {} ({})",
            seen.id.as_str(),
            seen.evidence.join(" ")
        )
    })
}

fn nat(check: &mut Check, fact: &AttemptFact, line: &Attempt) {
    let (Some(expected), Some(got)) = (fact.nat, line.nat) else {
        return check.same(
            "nat",
            shown(fact.nat.map(|nat| nat.remote)),
            shown(line.nat.map(|nat| nat.remote)),
        );
    };
    check.end("nat.local", expected.local, Some(got.local));
    check.end("nat.remote", expected.remote.into(), Some(got.remote));
}

fn who_and_where(check: &mut Check, fact: &AttemptFact, line: &Attempt) {
    let process = line.process.as_ref();
    check.same("process.comm", &fact.process.comm, shown(process.map(|process| &process.comm)));
    let tid = process.and_then(|process| process.tid);
    check.same("process.tid", fact.process.pid, shown(tid));
    check.same("process.uid", 0, shown(process.and_then(|process| process.uid)));
    check.same("netns.inum", fact.netns, line.netns.inum);
    check.same("family", Family::of(fact.remote.ip()).name(), word(&line.family));
    // The state change comes before the kernel chooses a port: of a socket that has done nothing since, only the
    // address is known.
    let fresh = fact.outcome == "pending" && line.local.is_some_and(|local| local.port == 0);
    let local =
        fact.local.port.filter(|_| fresh).map_or(line.local, |port| Some(Endpoint { port, ..line.local? }));
    if !fact.early {
        check.end("local", fact.local, local);
        check.end("remote", fact.remote.into(), line.remote);
    }
    if line.requested.is_some() {
        check.end("requested", fact.remote.into(), line.requested);
    }
}
