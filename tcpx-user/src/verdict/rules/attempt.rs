//! How an attempt ended, apart from silence.

use tcpx_common::abi::state;

use super::{Context, Finding, nat, words};
use crate::{
    correlate::facts::AttemptFacts,
    event::{Ends, Holder},
    line::Confidence,
    verdict::VerdictId,
};

fn open(facts: &AttemptFacts) -> Option<Ends> {
    facts.ends().filter(|_| facts.is_established())
}

/// The SYN came back to its own socket, which took it for a crossed SYN ("it can be connect to self").
pub(super) fn self_connect(facts: &AttemptFacts, _: &Context<'_>) -> Option<Finding> {
    let ends = open(facts).filter(|ends| ends.a == ends.b)?;
    let why = match facts.start.as_ref().map(|start| start.what.ends.a.port()) {
        Some(0) => ": the kernel gave it the port that it was calling",
        Some(_) => ": it was bound to the port that it was calling",
        None => "",
    };
    let first = format!("The socket {} connected to itself{why}.", ends.a);
    let hit = facts.lookups.iter().any(|seen| hits(facts, seen.what.lookups.established));
    let lookup =
        hit.then(|| "The established lookup of its SYN found the SYN_SENT socket itself.".to_owned());
    Some(Finding::observed(VerdictId::SelfConnect, first).and(lookup).and(states(facts)))
}

fn hits(
    facts: &AttemptFacts,
    found: Option<Result<(crate::event::SockPtr, u8), crate::event::Miss>>,
) -> bool {
    let hit = found.and_then(Result::ok).filter(|&(_, state)| state == state::SYN_SENT);
    hit.is_some() && hit.map(|(sk, _)| sk) == facts.sk()
}

fn states(facts: &AttemptFacts) -> Option<String> {
    let text = "SYN_SENT went to SYN_RECV and to ESTABLISHED: no listener took part.";
    facts.has_crossed().then(|| text.to_owned())
}

/// Both ends called each other.
pub(super) fn simultaneous_open(facts: &AttemptFacts, _: &Context<'_>) -> Option<Finding> {
    let ends = open(facts)?;
    if !facts.has_crossed() && facts.peer.is_none() {
        return None;
    }
    let first = format!(
        "{} and {} sent SYNs to each other: the connection stands without a listener.",
        ends.a, ends.b
    );
    let peer = "The socket at the other end was in SYN_SENT too.".to_owned();
    let peer = facts.peer.is_some().then_some(peer);
    let sure = if facts.has_crossed() { Confidence::Observed } else { Confidence::Derived };
    Some(Finding::new(VerdictId::SimultaneousOpen, sure, first).and(states(facts)).and(peer))
}

/// A SYN-ACK came.
pub(super) fn established(facts: &AttemptFacts, context: &Context<'_>) -> Option<Finding> {
    let ends = open(facts)?;
    let given = facts.lookups.iter().rev().find_map(|seen| seen.what.given_to());
    let first = match (nat::proxy(facts), facts.nat.last()) {
        _ if given.is_some() => given_to(given, ends, context),
        (Some((_, listener)), _) => {
            let (name, at) = (words::holder(listener, context), listener.addr);
            format!("{name} accepted the connection on {at}, to which conntrack redirects {}.", ends.b)
        }
        (None, Some(step)) if step.what.translated.b != ends.b => {
            format!("{} accepted the connection for {}.", step.what.translated.b, ends.b)
        }
        _ => format!("{} accepted the connection.", ends.b),
    };
    let again = facts.syn_retransmits();
    let again = match again {
        0 => None,
        1 => Some("The SYN had to be sent again once.".to_owned()),
        _ => Some(format!("The SYN had to be sent again {again} times.")),
    };
    let finding = Finding::observed(VerdictId::Established, first).and(again);
    let dropped = facts.drop.as_ref().filter(|drop| drop.cause.is_last_ack());
    let Some(why) = dropped.and_then(|drop| super::first(super::DROP, drop, context)) else {
        return Some(finding);
    };
    let half = format!("Yet the application at {} does not see it:", ends.b);
    Some(finding.and(why.evidence.first().map(|evidence| format!("{half} {evidence}"))))
}

/// A transparent proxy: nothing translates the address that the client called.
fn given_to(listener: Option<&Holder>, ends: Ends, context: &Context<'_>) -> String {
    let Some(listener) = listener else { return String::new() };
    let (name, at) = (words::holder(listener, context), listener.addr);
    format!(
        "{name} accepted the connection on {at}: a TPROXY rule or a BPF program gave it the SYN to {}.",
        ends.b
    )
}

/// A RST ended it: its verdict is the RST's.
pub(super) fn reset(facts: &AttemptFacts, context: &Context<'_>) -> Option<Finding> {
    facts.reset.as_ref().map(|reset| super::of_told(reset, context))
}

/// The application closed its socket before anything was sent twice. A SYN that is under way is a number that was not
/// acknowledged: without one, connect() itself failed (`tcp_v4_connect` goes back to CLOSE and leaves no error), or has put
/// the SYN off.
pub(super) fn cancelled(facts: &AttemptFacts, context: &Context<'_>) -> Option<Finding> {
    let end = facts.end.as_ref().filter(|end| end.what.err == 0 && end.what.ends.a.port() != 0)?;
    if facts.failed.is_some() {
        return None;
    }
    if facts.ended_unsent() {
        return put_off(facts, context);
    }
    let (from, until) = facts.span();
    let waited = facts.start.is_some().then(|| format!(" after {}", words::duration(until - from)));
    let first = format!(
        "The application gave up{} without an answer from {}.",
        waited.unwrap_or_default(),
        end.what.ends.b
    );
    Some(Finding::observed(VerdictId::Cancelled, first))
}

/// `tcp_fastopen_defer_connect`: with TCP_FASTOPEN_CONNECT connect() sends nothing, and its socket waits in SYN_SENT for data
/// to go with the SYN. That connect() did not fail is seen, or follows from the port that it got.
fn put_off(facts: &AttemptFacts, context: &Context<'_>) -> Option<Finding> {
    let end = facts.end.as_ref()?;
    let got_port = facts.start.as_ref().is_some_and(|start| start.what.ends.a.port() == 0);
    let sure = match (context.abilities.calls, got_port) {
        (true, _) => Confidence::Observed,
        (false, true) => Confidence::Derived,
        (false, false) => return None,
    };
    let first = format!(
        "The application closed its socket before it sent anything to {}: no SYN was sent, as with TCP_FASTOPEN_CONNECT \
         until there is data.",
        end.what.ends.b
    );
    Some(Finding::new(VerdictId::Cancelled, sure, first))
}

/// It was not over when tcpx ended.
pub(super) fn pending(facts: &AttemptFacts, _: &Context<'_>) -> Option<Finding> {
    let ends = facts.ends().filter(|_| facts.cut_off)?;
    let first = format!("The attempt to reach {} was not over when tcpx ended.", ends.b);
    Some(Finding::observed(VerdictId::Pending, first))
}

/// Everything that is known.
pub(super) fn unknown(facts: &AttemptFacts, context: &Context<'_>) -> Finding {
    let to = facts.ends().map(|ends| ends.b).or_else(|| facts.requested());
    let to = to.map_or_else(|| "an unknown address".to_owned(), |to| to.to_string());
    let failed = facts.failed.as_ref().map(|failed| words::errno(failed.what.errno));
    let sent = facts.start.is_some() || facts.end.is_some() || facts.crossed.is_some();
    let no_port = facts.ends().is_some_and(|ends| ends.a.port() == 0);
    let first = match (&failed, facts.err()) {
        (Some(errno), _) if !sent => {
            format!("connect() to {to} failed with {errno} before any packet was sent.")
        }
        (Some(errno), _) => format!("connect() to {to} failed with {errno}."),
        (None, Some(0)) if no_port => format!("The attempt to reach {to} ended before it had a local port."),
        (None, Some(0)) if !context.abilities.calls && facts.ended_unsent() => format!(
            "No SYN was sent to {to}: connect() failed, or was put off until there is data (TCP_FASTOPEN_CONNECT). No \
             hook here sees which; tcpx check says why."
        ),
        (None, Some(err)) if err != 0 => {
            format!("The attempt to reach {to} ended with {}.", words::errno(err.into()))
        }
        _ => format!("How the attempt to reach {to} ended was not seen."),
    };
    Finding::unknown(first).and(icmp(facts))
}

fn icmp(facts: &AttemptFacts) -> Option<String> {
    let icmp = &facts.icmp.as_ref().or(facts.icmp_sent.as_ref())?.what;
    let from = icmp.from.map_or_else(String::new, |from| format!(" from {from}"));
    Some(format!("An ICMP error{from} about it was seen: type {}, code {}.", icmp.icmp_type, icmp.icmp_code))
}
