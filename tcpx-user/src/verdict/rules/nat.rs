//! What else there is to say where addresses are not what they seem: conntrack's translations, and proxies that pass the
//! failure of their own upstream on.

use std::sync::Arc;

use super::{
    Context, Finding, active, no_socket,
    words::{self, duration},
};
use crate::{
    correlate::facts::{AttemptFacts, Name, ResetFacts, Sender, Translation, Upstream},
    event::Holder,
    line::Confidence,
};

const ECONNREFUSED: u16 = 111;

/// A RST: by which name of the connection the other side knows it.
pub(super) fn reset(finding: Finding, facts: &ResetFacts, context: &Context<'_>) -> Finding {
    // A segment that came without its translation was not translated.
    let steps = if facts.meant_for.is_none() { facts.nat.as_slice() } else { &[] };
    let finding = with(finding, steps, context).and(across(facts, context));
    if !facts.joined_by_numbers_alone() {
        return finding;
    }
    finding.at_most(Confidence::Derived).and(renamed(facts))
}

/// Whoever reads an address must know where to look for it.
fn across(facts: &ResetFacts, context: &Context<'_>) -> Option<String> {
    facts.joined.filter(|joined| joined.across && joined.name != Name::Same)?;
    let sender = facts.sender.as_ref()?;
    let place = words::netns(sender.netns(), context);
    Some(format!("{} is on this host, in {place}.", sender.flow().a))
}

fn renamed(facts: &ResetFacts) -> Option<String> {
    let (sender, receiver) = (facts.sender.as_ref()?.flow(), facts.receiver.as_ref()?.what.ends);
    Some(format!(
        "Its two ends are joined by their sequence numbers: {} called {}, and that arrived as {} calling {}, so the \
         addresses were rewritten on the way.",
        receiver.a, receiver.b, sender.b, sender.a
    ))
}

/// An attempt: one that a RST ended has the sentences of the RST.
pub(super) fn attempt(finding: Finding, facts: &AttemptFacts, context: &Context<'_>) -> Finding {
    with(finding, &facts.nat, context)
}

/// Adds each translation once, behind the sentence that is read first.
fn with(mut finding: Finding, nat: &[Translation], context: &Context<'_>) -> Finding {
    let sentences = nat.iter().map(|step| sentence(step, context));
    let new: Vec<String> = sentences.filter(|sentence| !finding.evidence.contains(sentence)).collect();
    if !new.is_empty() {
        let place = finding.evidence.len().min(1);
        Arc::make_mut(&mut finding.evidence).splice(place..place, new);
    }
    finding
}

fn sentence(step: &Translation, context: &Context<'_>) -> String {
    let (from, to) = (step.what.original, step.what.translated);
    let changed = |name: &str, from, to| (from != to).then(|| format!("{name} {from} became {to}"));
    let parts = [changed("destination", from.b, to.b), changed("source", from.a, to.a)];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    format!("Conntrack translated it in {}: {}.", words::netns(step.netns, context), parts.join(", "))
}

/// The listener in the namespace that redirected the connection to itself.
pub(super) fn proxy(facts: &AttemptFacts) -> Option<(&Translation, &Holder)> {
    let step = facts.nat.last()?;
    let wanted = step.what.translated.b;
    let list = &step.what.holders.as_ref()?.list;
    let found = list.iter().find(|holder| holder.listening && no_socket::takes(holder, wanted))?;
    Some((step, found))
}

/// A stray segment: the connection that it was made for, under a name that it did not get.
pub(super) fn meant_for(facts: &ResetFacts, context: &Context<'_>) -> Option<String> {
    let seen = facts.meant_for.as_ref()?;
    let (own, from) = (seen.what.ends, facts.sender.as_ref()?.segment()?.ends.a);
    let name = words::socket(&seen.what.sock, context);
    Some(format!(
        "Its numbers are those of {name}'s connection from {} to {}: it came from {from} instead, untranslated, so NAT \
         held it invalid or had forgotten the connection.",
        own.a, own.b
    ))
}

/// A process that resets a connection right after its own attempt failed passes that on, most likely.
pub(super) fn upstream(facts: &ResetFacts) -> Option<String> {
    let Some(Sender::Active(seen)) = &facts.sender else { return None };
    // A connection that its listener takes with it was nobody's yet, and nothing was tried for it.
    let failed = facts.upstream.as_ref().filter(|_| active::from_close(&seen.what))?;
    let Upstream { time, remote, err, comm } = failed;
    let who = format!("{}[{}]", String::from_utf8_lossy(comm), seen.task.tgid);
    let before = duration(seen.time.saturating_sub(*time));
    let what = if *err == ECONNREFUSED {
        format!("{who} had just been refused by {remote}")
    } else {
        format!("{who} had just failed to reach {remote} ({})", words::errno((*err).into()))
    };
    Some(format!("{what}, {before} before: the same process, so most likely the cause (derived)."))
}
