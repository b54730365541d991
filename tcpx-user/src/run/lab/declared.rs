//! What a scenario's file expects, against what tcpx said.

use crate::{
    lab::Expect,
    line::{Attempt, Line, Verdict},
    verdict::VerdictId,
};

/// Every difference, in words.
pub(super) fn differences(expect: &Expect, lines: &[Line]) -> Vec<String> {
    let mut found = Vec::new();
    let wanted = expect.verdict;
    if !lines.iter().filter_map(verdict).any(|verdict| verdict.id == wanted) {
        let seen: Vec<_> = lines.iter().filter_map(verdict).map(|verdict| verdict.id.as_str()).collect();
        let seen = if seen.is_empty() { "nothing".to_owned() } else { seen.join(", ") };
        found.push(format!("expected the verdict {}, got {seen}", wanted.as_str()));
    }
    let last = attempts(expect, lines).last();
    let outcome = last.and_then(|attempt| serde_json::to_value(attempt.outcome).ok());
    let outcome = outcome.as_ref().and_then(|word| word.as_str()).unwrap_or("no attempt");
    if let Some(wanted) = expect.outcome.as_deref().filter(|wanted| *wanted != outcome) {
        found.push(format!("expected the outcome {wanted}, got {outcome}"));
    }
    let errno = last.and_then(|attempt| attempt.errno.as_deref()).unwrap_or("none");
    if let Some(wanted) = expect.errno.as_deref().filter(|wanted| *wanted != errno) {
        found.push(format!("expected the errno {wanted}, got {errno}"));
    }
    found
}

/// The verdict that is expected, if some line has it; else that of the attempt that it is about.
pub(super) fn verdict_seen(expect: &Expect, lines: &[Line]) -> Option<&'static str> {
    let wanted = lines.iter().filter_map(verdict).find(|verdict| verdict.id == expect.verdict);
    let told = wanted.or_else(|| attempts(expect, lines).last().map(|attempt| &attempt.verdict));
    told.or_else(|| lines.iter().find_map(verdict)).map(|verdict| VerdictId::as_str(verdict.id))
}

fn attempts<'a>(expect: &'a Expect, lines: &'a [Line]) -> impl DoubleEndedIterator<Item = &'a Attempt> {
    lines.iter().filter_map(|line| match line {
        Line::Attempt(attempt) => {
            let comm = attempt.process.as_ref().map(|process| process.comm.as_str());
            Some(&**attempt).filter(|_| expect.who.as_deref().is_none_or(|who| comm == Some(who)))
        }
        _ => None,
    })
}

const fn verdict(line: &Line) -> Option<&Verdict> {
    match line {
        Line::Attempt(attempt) => Some(&attempt.verdict),
        Line::Reset(reset) => Some(&reset.verdict),
        Line::Drop(drop) => Some(&drop.verdict),
        Line::Death(death) => Some(&death.verdict),
        Line::Call(call) => Some(&call.verdict),
        Line::Start(_) | Line::Loss(_) | Line::Summary(_) => None,
    }
}
