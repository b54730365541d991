//! What tcpx said against what a scenario provoked: the whole record, not the verdict alone.

mod attempt;
mod check;
mod drop;
mod reset;
mod summary;

use crate::{
    abilities::Abilities,
    lab::Facts,
    line::{Confidence, Line, Summary},
};

use check::Check;

/// What must be said, with what this backend lets tcpx see.
#[derive(Clone, Debug)]
pub struct Expected {
    /// What happened.
    pub facts: Facts,
    /// What the attached hooks see.
    pub abilities: Abilities,
    /// How many RSTs may stay without an explanation.
    pub unexplained: u64,
    /// The comparison with the kernel's counters must have been made.
    pub accounted: bool,
}

impl Expected {
    /// All of it.
    #[must_use]
    pub fn of(facts: &Facts, abilities: &Abilities) -> Self {
        let accounted = abilities.replies_without_socket
            && abilities.replies_from_time_wait
            && abilities.replies_from_socket
            && abilities.active_resets;
        Self { facts: facts.clone(), abilities: *abilities, unexplained: 0, accounted }
    }

    /// How sure tcpx must be of a verdict.
    fn confidence(&self, verdict: &str) -> Confidence {
        let no_socket =
            verdict.starts_with("listener-") || ["closed-port", "bound-not-listening"].contains(&verdict);
        let Abilities { replies_without_socket, drop_reasons, rejects, .. } = self.abilities;
        let seen = match verdict {
            "unknown" => return Confidence::Unknown,
            // The kernel's reason for the drop together with the RST that came is as good.
            _ if no_socket => replies_without_socket || drop_reasons,
            "stray-segment" => replies_without_socket,
            "netfilter-reject-reset" => rejects,
            _ => true,
        };
        if seen { Confidence::Observed } else { Confidence::Derived }
    }
}

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
        found.extend(drop::compare(fact, &mut left));
    }
    found.extend(left.into_iter().map(unexpected));
    found.extend(summary::compare(expected, summary));
    found
}

/// The verdict of the first line that is about something with the verdict `wanted`.
pub(super) fn verdict_seen(wanted: &str, facts: &Facts, lines: &[Line]) -> Option<&'static str> {
    let mut left: Vec<&Line> = lines.iter().collect();
    let attempts = facts.attempts.iter().map(|fact| {
        let line = attempt::take(fact, &mut left);
        (fact.verdict, line.map(|line| line.verdict.id))
    });
    let attempts: Vec<_> = attempts.collect();
    let resets = facts.resets.iter().map(|fact| {
        let line = reset::take(fact, &mut left);
        (fact.verdict, line.map(|line| line.verdict.id))
    });
    let mut all = attempts.into_iter().chain(resets);
    all.find(|(verdict, _)| *verdict == wanted).and_then(|(_, seen)| seen).map(crate::verdict::VerdictId::as_str)
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
