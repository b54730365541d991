//! What tcpx said against what a scenario provoked: the whole record, not the verdict alone.

mod attempt;
mod call;
mod check;
mod death;
mod drop;
mod reset;
mod rule;
mod summary;

use super::expected::Expected;
use crate::{
    lab::Facts,
    line::{Line, Summary},
};

use check::Check;

/// Every difference, in words.
#[must_use]
pub(super) fn compare(expected: &Expected, lines: &[Line], summary: &Summary) -> Vec<String> {
    let mut left: Vec<&Line> = lines.iter().collect();
    let mut found = Vec::new();
    for fact in &expected.facts.attempts {
        found.extend(attempt::compare(expected, fact, &mut left));
    }
    for fact in &expected.facts.resets {
        found.extend(reset::compare(expected, fact, &mut left));
    }
    for fact in &expected.facts.drops {
        found.extend(drop::compare(expected, fact, &mut left));
    }
    for fact in &expected.facts.deaths {
        found.extend(death::compare(expected, fact, &mut left));
    }

    for fact in &expected.facts.calls {
        found.extend(call::compare(expected, fact, &mut left));
    }
    for fact in &expected.perhaps {
        found.extend(attempt::take(fact, &mut left).and_then(|told| attempt::other_verdict(fact, told)));
    }
    found.extend(left.into_iter().map(unexpected));
    found.extend(rule::compare(expected, lines));
    found.extend(summary::compare(expected, summary));
    found
}

/// The verdict of the line about what must have the verdict `wanted`; if there is no such line, that of a RST or a
/// drop that was told instead.
pub(super) fn verdict_seen(wanted: &str, facts: &Facts, lines: &[Line]) -> Option<&'static str> {
    let mut left: Vec<&Line> = lines.iter().collect();
    let attempt = facts.attempts.iter().find(|fact| fact.verdict == wanted);
    let reset = facts.resets.iter().find(|fact| fact.verdict == wanted);
    let verdict = match (attempt, reset) {
        (Some(fact), _) => attempt::take(fact, &mut left).map(|line| &line.verdict),
        (None, Some(fact)) => reset::take(fact, &mut left).map(|line| &line.verdict),
        (None, None) => facts
            .calls
            .iter()
            .find(|fact| fact.verdict == wanted)
            .and_then(|fact| call::take(fact, &mut left))
            .map(|line| &line.verdict),
    };
    let other = || {
        let mut others = lines.iter().filter(|line| !matches!(line, Line::Attempt(_)));
        others.find_map(Line::verdict)
    };
    verdict.or_else(other).map(|verdict| verdict.id.as_str())
}

fn unexpected(line: &Line) -> String {
    let what = match line {
        Line::Attempt(attempt) => {
            let who = attempt.process.as_ref().map_or("nobody", |process| process.comm.as_str());
            let to = check::shown(attempt.remote.as_ref());
            format!("an attempt of {who} to {to}, {}", attempt.verdict.id.as_str())
        }
        Line::Reset(reset) => {
            let flow = reset.flow;
            let (from, to) = (check::source(flow), check::destination(flow));
            format!("a RST from {from} to {to}, {}", reset.verdict.id.as_str())
        }
        Line::Drop(drop) => {
            let (from, to) = (check::source(drop.flow), check::destination(drop.flow));
            format!("a drop from {from} to {to}, {}", drop.verdict.id.as_str())
        }
        Line::Death(death) => {
            let (from, to) = (check::shown(death.local.as_ref()), check::shown(death.remote.as_ref()));
            format!("the death of {from} to {to}, {}", death.verdict.id.as_str())
        }

        Line::Call(call) => {
            format!("a failed {} of {}, {}", call.call, call.requested, call.verdict.id.as_str())
        }
        Line::Loss(loss) => format!("{} lost records of {}", loss.count, loss.hook),
        Line::Start(_) | Line::Summary(_) => "a start or summary".to_owned(),
    };
    format!("expected nothing more, got {what}")
}

/// Takes the first line out of `left` for which `pick` gives something.
fn take<'a, T>(left: &mut Vec<&'a Line>, pick: impl Fn(&'a Line) -> Option<&'a T>) -> Option<&'a T> {
    let at = left.iter().position(|line| pick(line).is_some())?;
    pick(left.remove(at))
}
