//! The attempt was not answered: what swallowed its SYN, if this host did.

use super::{Context, Finding, drop, listener::Queues, no_socket};
use crate::{correlate::facts::AttemptFacts, event::Holder, line::Confidence, verdict::VerdictId};

const ETIMEDOUT: u16 = 110;

/// Neither connected nor refused: given up by the application (no error), by retries, or not over.
fn applies(facts: &AttemptFacts) -> bool {
    let silent = facts.err().is_none_or(|err| matches!(err, 0 | ETIMEDOUT));
    let sent = facts.ends().is_some_and(|ends| ends.a.port() != 0) || facts.retransmit.is_some();
    silent && sent && facts.failed.is_none() && facts.reset.is_none()
}

/// A queue of a listener was full, as seen beside a retransmission.
pub(super) fn full_listener(facts: &AttemptFacts, context: &Context<'_>) -> Option<Finding> {
    let again = facts.retransmit.as_ref().filter(|_| applies(facts))?;
    let wanted = again.what.ends.b;
    let local = |holder: &&Holder| !holder.addr.ip().is_unspecified() || facts.remote_is_local;
    let takes = |holder: &&Holder| holder.listening && no_socket::takes(holder, wanted);
    let holders = again.what.holders.as_ref()?;
    let listeners = holders.list.iter().filter(local).filter(takes);
    let to_the_brim = !context.abilities.drop_reasons;
    let when = "That was seen when the SYN was sent again.".to_owned();
    listeners.map(|holder| Queues::of_holder(holder, holders.limits, context)).find_map(|queues| {
        let (id, first) = match () {
            () if queues.syns_are_full(false) => (VerdictId::SynQueueFull, queues.syn_sentence()),
            () if queues.accept_is_full() => (VerdictId::AcceptQueueFull, queues.accept_sentence()),
            // Kernels without drop reasons, such as 5.10, compare with `>=`.
            () if queues.syns_are_full(to_the_brim) => (VerdictId::SynQueueFull, queues.syn_sentence()),
            () => return None,
        };
        Some(Finding::derived(id, first).and(queues.backlog()).and(Some(when.clone())))
    })
}

/// Something on this host swallowed the SYN, and is known.
pub(super) fn dropped_here(facts: &AttemptFacts, context: &Context<'_>) -> Option<Finding> {
    let drop = facts.drop.as_ref().filter(|drop| applies(facts) && drop.is_certain())?;
    super::first(super::DROP, drop, context)
}

/// This host dropped it, for a reason that has no rule yet.
pub(super) fn other_drop(facts: &AttemptFacts, _: &Context<'_>) -> Option<Finding> {
    let drop = facts.drop.as_ref().filter(|drop| applies(facts) && drop.is_certain())?;
    Some(drop::unknown(drop))
}

/// All that came in answer was refused by the socket itself, with RST: its verdict is that RST's.
pub(super) fn answered_wrongly(facts: &AttemptFacts, context: &Context<'_>) -> Option<Finding> {
    let answer = facts.wrong_answer.as_ref().filter(|_| applies(facts))?;
    Some(super::of_told(answer, context))
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
