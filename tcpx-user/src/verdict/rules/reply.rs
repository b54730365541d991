//! The segment found a socket that answers with RST.

use tcpx_common::abi::{
    state::{LISTEN, NEW_SYN_RECV, TIME_WAIT},
    tcp_flag::ACK,
};

use super::{
    Context, Finding,
    words::{flags, socket},
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

/// R5: `tcp_rcv_state_process` in LISTEN with ACK set. A handshake's bad last ACK comes here too: the lookup then
/// hit its request socket. Where the kernel gives no reason, a full accept queue with tcp_abort_on_overflow
/// (`tcp_check_req`) looks the same.
pub(super) fn ack_to_listener(facts: &ResetFacts, context: &Context<'_>) -> Option<Finding> {
    let answered = answered(facts)?;
    let listener = answered.sock.filter(|sock| sock.state == LISTEN)?;
    let of_handshake = matches!(answered.lookups.established, Some(Ok((_, NEW_SYN_RECV))));
    let overflow = answered.reason.is_none() && listener.backlog.0 > listener.backlog.1;
    let is_ack = answered.segment.flags & ACK != 0;
    if !is_ack || of_handshake || overflow || !reason_is(&answered, "TCP_FLAGS") {
        return None;
    }
    let (ends, letters) = (answered.segment.ends, flags(answered.segment.flags));
    let name = socket(listener, context);
    let first = format!(
        "{name} listens on {}, and a segment with flags [{letters}] from {} belongs to no connection there.",
        ends.b, ends.a
    );
    let certain = answered.reason.is_some() && answered.lookups.established.is_some();
    let confidence = if certain { Confidence::Observed } else { Confidence::Derived };
    Some(Finding::new(VerdictId::AckToListener, confidence, first))
}
