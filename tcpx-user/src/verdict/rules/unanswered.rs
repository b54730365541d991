//! The attempt was not answered: what swallowed its SYN, if this host did.

use super::{Context, Finding, drop, no_socket, words};
use crate::{correlate::facts::AttemptFacts, event::Holder, line::Confidence, verdict::VerdictId};

const ETIMEDOUT: u16 = 110;

/// Neither connected nor refused: given up by the application (no error), by retries, or not over.
fn applies(facts: &AttemptFacts) -> bool {
    let silent = facts.err().is_none_or(|err| matches!(err, 0 | ETIMEDOUT));
    let sent = facts.ends().is_some_and(|ends| ends.a.port() != 0) || facts.retransmit.is_some();
    silent && sent && facts.failed.is_none() && facts.reset.is_none()
}

/// A listener's accept queue was full: seen at the SYN, or beside a retransmission.
pub(super) fn accept_queue_full(facts: &AttemptFacts, context: &Context<'_>) -> Option<Finding> {
    if !applies(facts) {
        return None;
    }
    let at_syn = facts.drop.as_ref().and_then(|drop| drop::accept_queue_full(drop, context));
    at_syn.or_else(|| full_listener(facts, context))
}

fn full_listener(facts: &AttemptFacts, context: &Context<'_>) -> Option<Finding> {
    let again = facts.retransmit.as_ref()?;
    let wanted = again.what.ends.b;
    let local = |holder: &&Holder| !holder.addr.ip().is_unspecified() || facts.remote_is_local;
    let full = |holder: &&Holder| holder.listening && holder.backlog.0 > holder.backlog.1;
    let takes = |holder: &&Holder| no_socket::takes(holder, wanted);
    let holders = again.what.holders.as_ref()?;
    let found = holders.list.iter().filter(local).filter(takes).find(full)?;
    let (name, (waiting, limit)) = (words::holder(found, context), found.backlog);
    let addr = found.addr;
    let first =
        format!("{name} listens on {addr}, but its accept queue is full: {waiting} waiting, limit {limit}.");
    let when = "That was seen when the SYN was sent again.".to_owned();
    Some(Finding::derived(VerdictId::AcceptQueueFull, first).and(Some(when)))
}

/// A rule of this host dropped the SYN, or the SYN-ACK.
pub(super) fn netfilter_drop(facts: &AttemptFacts, context: &Context<'_>) -> Option<Finding> {
    let drop = facts.drop.as_ref().filter(|_| applies(facts))?;
    drop::netfilter_drop(drop, context)
}

/// This host dropped it, for a reason that has no rule yet.
pub(super) fn other_drop(facts: &AttemptFacts, _: &Context<'_>) -> Option<Finding> {
    let drop = facts.drop.as_ref().filter(|drop| applies(facts) && drop.is_certain())?;
    Some(drop::unknown(drop))
}

/// All that came in answer was refused by the socket itself, with RST: its verdict is that RST's.
pub(super) fn answered_wrongly(facts: &AttemptFacts, context: &Context<'_>) -> Option<Finding> {
    let answer = facts.wrong_answer.as_ref().filter(|_| applies(facts))?;
    Some(super::reset(answer, context))
}

/// SYNs went unanswered, and nothing that was seen here explains it.
pub(super) fn no_answer(facts: &AttemptFacts, context: &Context<'_>) -> Option<Finding> {
    let again = facts.syn_retransmits();
    let timed_out = facts.err() == Some(ETIMEDOUT);
    if !applies(facts) || (again == 0 && !timed_out) {
        return None;
    }
    let to = facts.ends()?.b;
    let first = match again {
        0 => format!("Nothing answered the SYN to {to}."),
        1 => format!("Nothing answered the SYN to {to}, sent twice."),
        again => format!("Nothing answered the SYN to {to}, sent {} times.", again + 1),
    };
    let can = context.abilities;
    let blind = !(can.drops && can.conn_request);
    let note = blind.then(|| "Silent drops on this host are not all visible with these hooks.".to_owned());
    let confidence = if blind || !facts.complete { Confidence::Derived } else { Confidence::Observed };
    Some(Finding::new(VerdictId::NoAnswer, confidence, first).and(note))
}
