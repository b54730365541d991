//! An attempt, with the RST that ended it and the segments it lost.

use super::{Look, Meaning, block::Block, names, path};
use crate::line::{Attempt, DropLine, Endpoint, How, Outcome, Reset};

/// Shown without `--all`, and with advice: what failed, and what stands although nobody listened.
pub(super) fn is_noteworthy(attempt: &Attempt) -> bool {
    attempt.outcome != Outcome::Established || attempt.how != How::ActiveOpen
}

pub(super) fn render(block: &mut Block, attempt: &Attempt, resets: &[Reset], drops: &[DropLine]) {
    let (meaning, label) = headline(attempt.outcome);
    block.head(meaning, label, &subject(block.look(), attempt), &attempt.verdict);
    block.evidence(&attempt.verdict);
    rewritten(block, attempt);
    for verdict in resets.iter().map(|reset| &reset.verdict).chain(drops.iter().map(|drop| &drop.verdict)) {
        block.evidence(verdict);
    }
    incomplete(block, attempt, resets, drops);
    place(block, attempt);
    if block.is_verbose() {
        facts(block, attempt, resets);
    }
    let paths = [&attempt.path].into_iter().chain(resets.iter().map(|reset| &reset.path));
    let known = paths.chain(drops.iter().map(|drop| &drop.path)).find(|path| !path.is_empty());
    path::render(block, known.map_or(&[], Vec::as_slice));
    if is_noteworthy(attempt) {
        block.next(&attempt.verdict.advice);
    }
}

pub(super) const fn headline(outcome: Outcome) -> (Meaning, &'static str) {
    match outcome {
        Outcome::Established => (Meaning::Good, "OPEN"),
        Outcome::Refused => (Meaning::Bad, "REFUSED"),
        Outcome::Reset => (Meaning::Bad, "RESET"),
        Outcome::TimedOut => (Meaning::Silent, "TIMEOUT"),
        Outcome::Unreachable => (Meaning::Bad, "UNREACH"),
        Outcome::Denied => (Meaning::Bad, "DENIED"),
        Outcome::Failed => (Meaning::Bad, "FAILED"),
        Outcome::Cancelled => (Meaning::Silent, "GAVE UP"),
        Outcome::Pending => (Meaning::Silent, "PENDING"),
    }
}

/// `curl[41] → [::1]:8080`, as the application asked for it.
pub(super) fn subject(look: Look, attempt: &Attempt) -> String {
    let address = |end: Option<Endpoint>| end.map_or_else(|| "?".to_owned(), |end| end.to_string());
    let who = attempt.process.as_deref().map_or_else(|| address(attempt.local), names::process);
    let sign = match attempt.outcome {
        Outcome::Established => look.between(),
        _ => look.to(),
    };
    format!("{who} {sign} {}", address(attempt.requested.or(attempt.remote)))
}

/// The address that was asked for is not the one that was called.
fn rewritten(block: &mut Block, attempt: &Attempt) {
    let Some(asked) = attempt.requested.or(attempt.remote) else { return };
    let called = attempt.remote.filter(|called| *called != asked);
    if let Some(called) = called {
        block.sentence(&format!("{asked} was rewritten to {called} before the first SYN."));
    }
}

fn incomplete(block: &mut Block, attempt: &Attempt, resets: &[Reset], drops: &[DropLine]) {
    let mut flags = resets.iter().map(|reset| reset.complete).chain(drops.iter().map(|drop| drop.complete));
    if attempt.complete == Some(false) || flags.any(|complete| complete == Some(false)) {
        block.sentence(super::notes::INCOMPLETE);
    }
}

/// A container or a named namespace says where to look; the host's own says nothing.
fn place(block: &mut Block, attempt: &Attempt) {
    let container = attempt.process.as_deref().and_then(|process| process.container.as_deref());
    let name = attempt.netns.name.as_deref();
    let parts = [container.map(|id| format!("container {id}")), name.map(|name| format!("netns {name}"))];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    if !parts.is_empty() {
        block.detail(&format!("in {}", parts.join(", ")));
    }
}

fn facts(block: &mut Block, attempt: &Attempt, resets: &[Reset]) {
    let end = |name: &str, end: Option<Endpoint>| end.map(|end| format!("{name} {end}"));
    let retransmits =
        (attempt.syn_retransmits > 0).then(|| format!("{} SYNs sent again", attempt.syn_retransmits));
    let facts = [
        Some(format!("at {}", attempt.time)),
        Some(format!("took {}", names::span(attempt.duration_ns))),
        attempt.errno.as_deref().map(str::to_owned),
        end("from", attempt.local),
        Some(names::netns(&attempt.netns)),
        retransmits,
    ];
    block.detail(&facts.into_iter().flatten().collect::<Vec<_>>().join(", "));
    if let Some(process) = &attempt.process {
        let uid = process.uid.map(|uid| format!("uid {uid}"));
        let cgroup = process.cgroup.as_ref().map(|path| format!("cgroup {path}"));
        let facts = [process.exe.clone(), names::inner_pid(process), uid, cgroup];
        block.detail(&facts.into_iter().flatten().collect::<Vec<_>>().join(", "));
    }
    for reset in resets {
        super::reset::facts(block, reset);
    }
}
