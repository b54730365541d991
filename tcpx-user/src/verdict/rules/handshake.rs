//! A segment of a handshake that is not over was answered with RST: for a request socket of a listener, for the child
//! that was just made of it, or by a socket that has sent its SYN.

use std::borrow::Cow;

use tcpx_common::abi::{
    state::{CLOSE, LISTEN, NEW_SYN_RECV, SYN_RECV, SYN_SENT},
    tcp_flag::{ACK, SYN},
};

use super::{
    Context, Finding,
    words::{self, flags, socket},
};
use crate::{
    correlate::{
        facts::{Answered, ResetFacts, Sender},
        key::ONE_SEGMENT_NS,
    },
    event::{Netns, SockFacts},
    line::Confidence,
    verdict::VerdictId,
};

/// An answer of a full socket.
#[derive(Clone, Copy)]
pub(super) struct Answer<'a> {
    pub(super) answered: Answered<'a>,
    pub(super) sock: &'a SockFacts,
    netns: Netns,
}

impl<'a> Answer<'a> {
    pub(super) fn of(facts: &'a ResetFacts) -> Option<Self> {
        let sender = facts.sender.as_ref()?;
        let answered = sender.answered()?;
        Some(Self { answered, sock: answered.sock?, netns: sender.netns() })
    }

    pub(super) fn has(&self, flag: u8) -> bool {
        self.answered.segment.flags & flag != 0
    }

    /// The kernel gave this reason, or gives none.
    pub(super) fn reason_may_be(&self, names: &[&str]) -> bool {
        self.answered.reason.is_none_or(|reason| names.contains(&reason.as_ref()))
    }

    /// The established lookup was seen to find a request socket.
    fn hit_request(&self) -> bool {
        matches!(self.answered.lookups.established, Some(Ok((_, NEW_SYN_RECV))))
    }

    /// The segment belongs to a handshake that the listener still keeps. Where the lookup was not seen, the kernel was
    /// asked at once: a request socket outlives a wrong ACK.
    fn of_handshake(&self, context: &Context<'_>) -> bool {
        match self.answered.lookups.established {
            Some(_) => self.hit_request(),
            None => context.who.is_half_open(self.netns, self.answered.segment.ends.flipped()) == Some(true),
        }
    }

    /// `tcp_rcv_state_process` in LISTEN: the segment has ACK and belongs to no handshake.
    pub(super) fn is_stray_ack(&self, context: &Context<'_>) -> bool {
        let listens = self.sock.state == LISTEN && !self.answered.at_request;
        listens && self.has(ACK) && self.reason_may_be(&["TCP_FLAGS"]) && !self.of_handshake(context)
    }

    fn backlog_is_full(&self) -> bool {
        self.sock.backlog.0 > self.sock.backlog.1
    }

    fn letters(&self) -> Cow<'static, str> {
        flags(self.answered.segment.flags)
    }
}

const fn sure_if(seen: bool) -> Confidence {
    if seen { Confidence::Observed } else { Confidence::Derived }
}

/// What `tcp_ack` says of an ACK that it refuses (`sk_rst_convert_drop_reason`).
const BAD_ACK: &[&str] = &["TCP_OLD_ACK", "TCP_TOO_OLD_ACK", "TCP_ACK_UNSENT_DATA"];

/// R3, R4: `tcp_child_process` failed for the socket that the segment had just made. R3 shows the child and a segment
/// that still has its device; R4, from a SYN cookie, shows the child on IPv4 up to 6.18, and later, as always on IPv6,
/// the listener with the child's reason.
pub(super) fn child_rejected_ack(facts: &ResetFacts, _: &Context<'_>) -> Option<Finding> {
    let answer = Answer::of(facts)?;
    let Answer { answered, sock, .. } = answer;
    let listens = sock.state == LISTEN;
    let of_request = answered.at_request && !listens;
    let of_cookie =
        matches!((answered.lookups.established, answered.lookups.listener), (Some(Err(_)), Some(Ok(_))));
    // It was made and ended within the work on this segment, and never accepted.
    let opened = answered.opened.map(|opened| facts.time().saturating_sub(opened));
    let fresh = opened.is_some_and(|age| age <= ONE_SEGMENT_NS) && !sock.held && !sock.dead;
    let told = BAD_ACK.iter().chain(&["TCP_ABORT_ON_DATA"]).any(|name| reason_is(&answered, name));
    if !answer.has(ACK)
        || !(of_request || ((of_cookie || fresh) && !listens) || (listens && (told || facts.for_child)))
    {
        return None;
    }
    let (ends, letters) = (answered.segment.ends, answer.letters());
    let first = format!(
        "The last ACK of the handshake ([{letters}]) from {} had made a new connection at {}, which then refused it.",
        ends.a, ends.b
    );
    let data = answered.segment.payload;
    let second = if (sock.state == CLOSE || facts.for_child) && data > 0 {
        Some(format!(
            "It came with {data} bytes, and the new socket could receive nothing: its listener had been shut down before listen()."
        ))
    } else {
        (!listens).then(|| numbers(sock, &answered))
    };
    let sure = sure_if(answer.hit_request() || of_cookie || (listens && told));
    Some(Finding::new(VerdictId::ChildRejectedAck, sure, first).and(second))
}

fn reason_is(answered: &Answered<'_>, name: &str) -> bool {
    answered.reason.is_some_and(|reason| reason.as_ref() == name)
}

fn numbers(sock: &SockFacts, answered: &Answered<'_>) -> String {
    format!("It acknowledged {}, where {} would have been right.", answered.segment.ack, sock.snd_nxt)
}

/// R6: `tcp_rcv_synsent_state_process` takes an ACK only of what it has sent: `snd_una < ack <= snd_nxt`.
pub(super) fn syn_sent_bad_ack(facts: &ResetFacts, context: &Context<'_>) -> Option<Finding> {
    let answer = Answer::of(facts)?;
    let Answer { answered, sock, .. } = answer;
    if sock.state != SYN_SENT
        || !answer.reason_may_be(&["TCP_INVALID_ACK_SEQUENCE"])
        || acknowledges_syn(&answer)
    {
        return None;
    }
    let (ends, ack) = (answered.segment.ends, answered.segment.ack);
    let first = format!(
        "{} sent a SYN to {}; the answer ([{}]) acknowledges {ack}, where {} would have been right.",
        caller(facts, sock, context),
        ends.a,
        answer.letters(),
        sock.snd_una.wrapping_add(1),
    );
    let second = "It belongs to another connection. The kernel goes on sending its SYN.".to_owned();
    let sure = sure_if(answered.reason.is_some());
    Some(Finding::new(VerdictId::SynSentBadAck, sure, first).and(Some(second)))
}

/// Whoever called connect(), as the kernel named it then; else whoever holds the socket now.
fn caller(facts: &ResetFacts, sock: &SockFacts, context: &Context<'_>) -> String {
    let Some(start) = facts.start.as_ref().filter(|start| start.what.caller) else {
        return socket(sock, context);
    };
    words::process(&context.who.process(
        start.task,
        &start.what.comm,
        Some(start.what.uid),
        start.what.cgroup,
    ))
}

/// `after(ack, snd_una) && !after(ack, snd_nxt)`.
fn acknowledges_syn(answer: &Answer<'_>) -> bool {
    let beyond = answer.answered.segment.ack.wrapping_sub(answer.sock.snd_una);
    beyond != 0 && beyond <= answer.sock.snd_nxt.wrapping_sub(answer.sock.snd_una)
}

/// R7: with the right ACK, only an echoed timestamp from outside the attempt's life is left that is answered with RST
/// in SYN_SENT.
pub(super) fn syn_sent_paws(facts: &ResetFacts, context: &Context<'_>) -> Option<Finding> {
    let answer = Answer::of(facts)?;
    let Answer { answered, sock, .. } = answer;
    let right = sock.state == SYN_SENT && answer.has(ACK) && acknowledges_syn(&answer);
    if !right || !answer.reason_may_be(&["TCP_RFC7323_PAWS"]) {
        return None;
    }
    let ends = answered.segment.ends;
    let first = format!(
        "{} sent a SYN to {}; the answer ([{}]) acknowledges it, but echoes a timestamp that was not sent with it.",
        caller(facts, sock, context),
        ends.a,
        answer.letters(),
    );
    let second = "The kernel goes on sending its SYN.".to_owned();
    let sure = sure_if(answered.reason.is_some());
    Some(Finding::new(VerdictId::SynSentPaws, sure, first).and(Some(second)))
}

/// R8, or R5 behind a request socket: `tcp_check_req` hands a wrong ACK to the listener, which answers it like a stray
/// one.
pub(super) fn syn_recv_bad_ack(facts: &ResetFacts, context: &Context<'_>) -> Option<Finding> {
    let answer = Answer::of(facts)?;
    let Answer { answered, sock, .. } = answer;
    if !answer.has(ACK) || answered.at_request {
        return None;
    }
    let own = sock.state == SYN_RECV && answer.reason_may_be(BAD_ACK);
    let listens = sock.state == LISTEN && answer.reason_may_be(&["TCP_FLAGS"]);
    if !(own || listens && answer.of_handshake(context)) {
        return None;
    }
    let (ends, ack) = (answered.segment.ends, answered.segment.ack);
    let first = format!(
        "The handshake of {} with {} was half done when a segment with flags [{}] acknowledged {ack}, which is not its SYN-ACK.",
        ends.a,
        ends.b,
        answer.letters(),
    );
    let second = match (own, answered.lookups.established.is_some()) {
        (true, _) => Some(numbers(sock, &answered)),
        (false, true) => None,
        (false, false) => Some("The handshake was still there when tcpx asked for it.".to_owned()),
    };
    let sure = sure_if(answered.lookups.established.is_some());
    Some(Finding::new(VerdictId::SynRecvBadAck, sure, first).and(second))
}

/// R10: `tcp_check_req`, label `embryonic_reset`: a SYN within the window that is not the first one again. The kernel
/// gives the same reason to a full accept queue.
pub(super) fn syn_in_handshake(facts: &ResetFacts, _: &Context<'_>) -> Option<Finding> {
    let answer = Answer::of(facts)?;
    let Answer { answered, sock, .. } = answer;
    let of_request = sock.state == LISTEN && answered.at_request;
    // A child of TCP fast open is checked like a request, and nothing else answers a SYN in SYN_RECV with RST.
    let unnamed = answered.reason.is_none() && !answer.has(ACK);
    let of_fast_open = sock.state == SYN_RECV && (reason_is(&answered, "INVALID_SYN") || unnamed);
    if !answer.has(SYN) || !(of_request || of_fast_open) || !answer.reason_may_be(&["INVALID_SYN"]) {
        return None;
    }
    let (ends, letters) = (answered.segment.ends, answer.letters());
    let first = format!(
        "The handshake of {} with {} was half done when another SYN ([{letters}]) came, with sequence number {}.",
        ends.a, ends.b, answered.segment.seq
    );
    let second = "The kernel gave up that handshake.".to_owned();
    let found = if of_fast_open { answered.lookups.established.is_some() } else { answer.hit_request() };
    let sure = sure_if(answered.reason.is_some() || found);
    Some(Finding::new(VerdictId::SynInHandshake, sure, first).and(Some(second)))
}

/// R10 again: `tcp_v4_syn_recv_sock` found the accept queue full, and net.ipv4.tcp_abort_on_overflow is 1.
pub(super) fn accept_queue_abort(facts: &ResetFacts, context: &Context<'_>) -> Option<Finding> {
    let answer = Answer::of(facts)?;
    let Answer { answered, sock, .. } = answer;
    let of_request = sock.state == LISTEN && answered.at_request && answer.has(ACK) && !answer.has(SYN);
    if !of_request || !answer.backlog_is_full() || !answer.reason_may_be(&["INVALID_SYN"]) {
        return None;
    }
    let (ends, (waiting, limit)) = (answered.segment.ends, sock.backlog);
    let first = format!(
        "{} listens on {}, but its accept queue is full: {waiting} waiting, limit {limit}.",
        socket(sock, context),
        ends.b
    );
    let second = format!(
        "So the last ACK of the handshake with {} was answered with RST: net.ipv4.tcp_abort_on_overflow is 1.",
        ends.a
    );
    let sure = sure_if(answered.reason.is_some() || answer.hit_request());
    Some(Finding::new(VerdictId::AcceptQueueAbort, sure, first).and(Some(second)))
}

/// R11, R12, and what MPTCP resets of its own accord. Without the kernel's reason only MPTCP answers a first SYN for a
/// listener (`subflow_v4_route_req`), or an ACK for a request socket while the accept queue has room
/// (`subflow_syn_recv_sock`).
pub(super) fn mptcp_reset(facts: &ResetFacts, context: &Context<'_>) -> Option<Finding> {
    let sender = facts.sender.as_ref()?;
    let reason = match sender {
        Sender::Reply(seen) => seen.what.reason.as_ref(),
        Sender::Active(seen) => seen.what.reason.as_ref(),
        _ => return None,
    };
    let told = reason.filter(|reason| reason.starts_with("MPTCP_RST_"));
    let answer = Answer::of(facts);
    let at_listener = answer.filter(|answer| {
        let refused_syn = !answer.answered.at_request && answer.has(SYN) && !answer.has(ACK);
        let refused_ack = answer.answered.at_request && answer.has(ACK) && !answer.has(SYN);
        answer.sock.state == LISTEN
            && answer.sock.mptcp
            && (refused_syn || (refused_ack && !answer.backlog_is_full()))
    });
    if told.is_none() && (reason.is_some() || at_listener.is_none()) {
        return None;
    }
    let flow = facts.flow;
    let first = match answer.filter(|answer| answer.sock.state == LISTEN) {
        Some(answer) => format!(
            "{} listens on {} with Multipath TCP, and refused the subflow that {} wanted to join to a connection.",
            socket(answer.sock, context),
            flow.a,
            flow.b
        ),
        None => format!("Multipath TCP ended its subflow from {} to {}.", flow.a, flow.b),
    };
    let second = told.map(|reason| format!("The kernel's reason is {reason}."));
    let sure = if told.is_some() { Confidence::Observed } else { Confidence::Derived };
    Some(Finding::new(VerdictId::MptcpReset, sure, first).and(second))
}
