//! The segment found a socket that answers with RST.

use tcpx_common::abi::{
    state::{CLOSE, TIME_WAIT},
    tcp_flag::{ACK, FIN, SYN},
};

use super::{
    Context, Finding,
    handshake::Answer,
    words::{self, flags, socket},
};
use crate::{
    correlate::facts::{Answered, ResetFacts, Sender},
    line::Confidence,
    verdict::VerdictId,
};

fn answered(facts: &ResetFacts) -> Option<Answered<'_>> {
    facts.sender.as_ref().and_then(Sender::answered)
}

fn reason_is(answered: &Answered<'_>, name: &str) -> bool {
    answered.reason.is_none_or(|reason| reason.as_ref() == name)
}

/// R2: `tcp_timewait_state_process` returned TCP_TW_RST, in substate FIN_WAIT2 only.
pub(super) fn time_wait_reset(facts: &ResetFacts, _: &Context<'_>) -> Option<Finding> {
    let answered = answered(facts)?;
    if answered.sk_state != TIME_WAIT || !reason_is(&answered, "TCP_TIMEWAIT_SOCKET") {
        return None;
    }
    let (ends, letters) = (answered.segment.ends, flags(answered.segment.flags));
    let first =
        format!("{} had already closed the connection when {} sent more ([{letters}]).", ends.b, ends.a);
    let second = "The socket was kept in FIN_WAIT2 or TIME_WAIT without a process.".to_owned();
    Some(Finding::observed(VerdictId::TimeWaitReset, first).and(Some(second)))
}

/// R9: `tcp_rcv_state_process` has ended the socket (`tcp_done`), and answers the segment for which it did so.
fn ended(facts: &ResetFacts) -> Option<Answer<'_>> {
    let answer = Answer::of(facts)?;
    let fits = answer.sock.state == CLOSE && !answer.answered.at_request;
    (fits && answer.reason_may_be(&["TCP_ABORT_ON_DATA"])).then_some(answer)
}

/// The segment brings what the socket has not received: data, or a FIN before which data is missing.
fn brings_more(answer: &Answer<'_>) -> bool {
    let segment = answer.answered.segment;
    segment.payload > 0 || (answer.has(FIN) && segment.seq != answer.sock.rcv_nxt)
}

/// R9 in FIN_WAIT1: the FIN of a closed socket is acknowledged, and TCP_LINGER2 is below 0. Nothing else is answered there
/// that brings no data.
pub(super) fn linger2_expired(facts: &ResetFacts, _: &Context<'_>) -> Option<Finding> {
    let answer =
        ended(facts).filter(|answer| !answer.sock.held && answer.has(ACK) && !brings_more(answer))?;
    let (own, other) = (answer.answered.segment.ends.b, answer.answered.segment.ends.a);
    let first = format!(
        "{own} was closed with TCP_LINGER2 below 0, and {other} has acknowledged that but not finished its side: the \
         kernel did not wait in FIN_WAIT2."
    );
    let confidence =
        if answer.answered.reason.is_some() { Confidence::Observed } else { Confidence::Derived };
    Some(Finding::new(VerdictId::Linger2Expired, confidence, first))
}

/// R9: `tcp_rcv_state_process` gave data to a socket that can receive no more, and ended it first (`tcp_done`).
pub(super) fn data_after_close(facts: &ResetFacts, context: &Context<'_>) -> Option<Finding> {
    let answer = ended(facts).filter(brings_more)?;
    let Answer { answered, sock, .. } = answer;
    let segment = answered.segment;
    let (ends, bytes) = (segment.ends, segment.payload);
    let before = match answered.lookups.established {
        Some(Ok((_, state))) => format!(", in {},", words::state(state)),
        _ => String::new(),
    };
    let first = if sock.held {
        format!(
            "{} had shut down {}{before} when {} sent {bytes} bytes more.",
            socket(sock, context),
            ends.b,
            ends.a
        )
    } else {
        format!("{} was already closed{before} when {} sent {bytes} bytes more.", ends.b, ends.a)
    };
    let confidence = if answered.reason.is_some() { Confidence::Observed } else { Confidence::Derived };
    Some(Finding::new(VerdictId::DataAfterClose, confidence, first))
}

/// How long a listener takes ACKs for SYN cookies after it has sent one (`TCP_SYNCOOKIE_VALID`).
const COOKIES_VALID_NS: u64 = 120_000_000_000;

/// R5 where `cookie_v4_check` has looked at the ACK before, and counted SyncookiesFailed: it does so as long as the
/// listener has lately sent cookies (`tcp_synq_no_recent_overflow`).
pub(super) fn bad_syncookie(facts: &ResetFacts, context: &Context<'_>) -> Option<Finding> {
    let answer = Answer::of(facts).filter(|answer| answer.is_stray_ack(context) && !answer.has(SYN))?;
    let age = answer.sock.cookie_age_ns.filter(|&age| age < COOKIES_VALID_NS)?;
    let ends = answer.answered.segment.ends;
    let name = socket(answer.sock, context);
    let first = format!(
        "{name} listens on {} and has answered SYNs with cookies, last within {}; the ACK from {} holds no valid one.",
        ends.b,
        words::duration(age),
        ends.a
    );
    Some(Finding::derived(VerdictId::BadSyncookie, first))
}

/// R5: `tcp_rcv_state_process` in LISTEN with ACK set.
pub(super) fn ack_to_listener(facts: &ResetFacts, context: &Context<'_>) -> Option<Finding> {
    let answer = Answer::of(facts).filter(|answer| answer.is_stray_ack(context))?;
    let answered = answer.answered;
    let (ends, letters) = (answered.segment.ends, flags(answered.segment.flags));
    let name = socket(answer.sock, context);
    let first = format!(
        "{name} listens on {}, and a segment with flags [{letters}] from {} belongs to no connection there.",
        ends.b, ends.a
    );
    let certain = answered.reason.is_some() && answered.lookups.established.is_some();
    let confidence = if certain { Confidence::Observed } else { Confidence::Derived };
    Some(Finding::new(VerdictId::AckToListener, confidence, first))
}
