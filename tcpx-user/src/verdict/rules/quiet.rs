//! A RST from elsewhere of which `tcp_reset` does not know: it ended a handshake or a TIME_WAIT, or nothing.

use tcpx_common::abi::state::{FIN_WAIT2, SYN_RECV, TIME_WAIT};

use super::{
    Context, Finding, received,
    words::{self, duration},
};
use crate::{
    correlate::facts::ResetFacts,
    event::{Numbers, Quiet, Reached, SockReset},
    line::Confidence,
    verdict::VerdictId,
};

/// A RST that nobody here sent, with what it met.
fn met<'a>(facts: &'a ResetFacts, context: &Context<'_>) -> Option<(&'a SockReset, Quiet)> {
    let seen = received::unsent(facts, context)?;
    Some((&seen.what, seen.what.quiet?))
}

/// How sure it is. Of a request socket, the free of the RST shows only the listener; what became of it was asked afterwards.
fn confidence(quiet: Quiet, facts: &ResetFacts, context: &Context<'_>) -> Confidence {
    let asked = quiet.freed && matches!(quiet.met, Reached::Request { .. });
    if asked { Confidence::Derived } else { received::confidence(facts, context) }
}

/// The RST ended the small socket that it met.
fn ended(facts: &ResetFacts, quiet: Quiet, context: &Context<'_>) -> bool {
    let left = || {
        let seen = facts.receiver.as_ref();
        seen.and_then(|seen| context.who.is_left(seen.netns, seen.what.ends)) == Some(true)
    };
    match quiet.met {
        Reached::Request { ended } => ended.unwrap_or_else(|| !left()),
        Reached::TimeWait { ended, .. } => ended,
        Reached::Full => false,
    }
}

/// A request socket is gone, or `tcp_reset` met a socket whose handshake was not over.
pub(super) fn handshake(facts: &ResetFacts, context: &Context<'_>) -> Option<Finding> {
    let id = VerdictId::HandshakeResetByPeer;
    let Some((reset, quiet)) = met(facts, context) else { return crossed(facts, context) };
    if !matches!(quiet.met, Reached::Request { .. }) || !ended(facts, quiet, context) {
        return None;
    }
    let (listener, ends, how) = (words::socket(&reset.sock, context), reset.ends, received::arrival(reset));
    let first =
        format!("{listener} listens on {}. {} sent a SYN, got the SYN-ACK, and {how}.", ends.a, ends.b);
    Some(Finding::new(id, confidence(quiet, facts, context), first))
}

/// A full socket was in SYN_RECV: SYNs had crossed, or a listener had made it for a SYN with data (`tcp_try_fastopen`), which alone
/// has no process before it is accepted.
fn crossed(facts: &ResetFacts, context: &Context<'_>) -> Option<Finding> {
    let seen = received::unsent(facts, context).filter(|seen| seen.what.sock.state == SYN_RECV)?;
    let (ends, how) = (seen.what.ends, received::arrival(&seen.what));
    let unaccepted = !seen.what.sock.held && !seen.what.sock.dead;
    let first = if unaccepted {
        format!("{} sent a SYN with data to {} (TCP Fast Open), got the SYN-ACK, and {how}.", ends.b, ends.a)
    } else {
        format!("The handshake between {} and {} was not over when {how}.", ends.a, ends.b)
    };
    Some(Finding::new(VerdictId::HandshakeResetByPeer, received::confidence(facts, context), first))
}

/// A TIME_WAIT record is gone.
pub(super) fn time_wait(facts: &ResetFacts, context: &Context<'_>) -> Option<Finding> {
    let (reset, quiet) = met(facts, context)?;
    let Reached::TimeWait { ended: true, substate, .. } = quiet.met else { return None };
    let (kept, how) = (words::state(substate), received::arrival(reset));
    let first = format!(
        "The connection from {} to {} had been closed here and was kept in {kept}; {how} and ended that early.",
        reset.ends.a, reset.ends.b
    );
    let setting = (substate == TIME_WAIT).then(|| "net.ipv4.tcp_rfc1337 is 0.".to_owned());
    let age = facts.receiver_opened.map(|opened| facts.time().saturating_sub(opened.time));
    let age = age.map(|age| format!("It had been opened {} before.", duration(age)));
    let sure = received::confidence(facts, context);
    Some(Finding::new(VerdictId::TimeWaitAssassinated, sure, first).and(age).and(setting))
}

/// Nothing came of it.
pub(super) fn ignored(facts: &ResetFacts, context: &Context<'_>) -> Option<Finding> {
    let (reset, quiet) = met(facts, context)?;
    let what = match quiet.met {
        Reached::Request { .. } => "a handshake".to_owned(),
        Reached::TimeWait { substate, .. } => {
            format!("a closed connection kept in {}", words::state(substate))
        }
        Reached::Full => format!("a connection in {}", words::state(reset.sock.state)),
    };
    let numbers = quiet.numbers.zip(reset.segment.as_ref()).map(|(known, segment)| (known, segment.seq));
    let why = numbers.map(|(known, seq)| why(known, seq, quiet.met)).unwrap_or_default();
    let first = format!("{} for {what}, and was not obeyed{why}.", received::arrival(reset));
    let first = first.replacen("the RST", "The RST", 1);
    let answer = numbers.filter(|_| quiet.met == Reached::Full).and_then(|(known, seq)| answer(known, seq));
    let sure = confidence(quiet, facts, context);
    Some(Finding::new(VerdictId::ResetIgnored, sure, first).and(answer.map(ToOwned::to_owned)))
}

fn why(numbers: Numbers, seq: u32, met: Reached) -> String {
    let off = seq.wrapping_sub(numbers.next).cast_signed();
    let fits = match met {
        Reached::TimeWait { rfc1337: true, substate, .. } if off == 0 && substate != FIN_WAIT2 => {
            return ": net.ipv4.tcp_rfc1337 is 1".to_owned();
        }
        Reached::TimeWait { substate, .. } if substate != FIN_WAIT2 => off == 0,
        Reached::Request { .. } | Reached::TimeWait { .. } => numbers.take(seq),
        Reached::Full => false,
    };
    if fits {
        // tcp_paws_reject is all that is left in tcp_check_req and tcp_timewait_state_process.
        return ": its sequence number fits, but its timestamp is too old (PAWS)".to_owned();
    }
    let window = if numbers.take(seq) { ", in the window" } else { ", outside of the window" };
    let (side, window) = if off < 0 { ("behind", "") } else { ("ahead of", window) };
    format!(": its sequence number is {} {side} the one expected{window}", off.unsigned_abs())
}

/// What an open connection does instead (RFC 5961, 3.2). The window begins at the last ACK that was sent, so that of what is
/// behind the next number it is not known.
fn answer(numbers: Numbers, seq: u32) -> Option<&'static str> {
    if seq.wrapping_sub(numbers.next).cast_signed() < 0 {
        return None;
    }
    Some(if numbers.take(seq) {
        "The kernel answers it with a challenge ACK: a true sender would repeat the RST with the number of that ACK."
    } else {
        "Outside of the window it is dropped without an answer."
    })
}
