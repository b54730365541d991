//! A listener had no room for a handshake, could not answer it, or waited for more (B.3): what `tcp_conn_request` and
//! `tcp_check_req` drop. None of it has a drop event with a reason of its own before 6.18.

use std::net::SocketAddr;

use super::{Context, Finding, words};
use crate::{
    correlate::facts::{DropCause, DropFacts},
    event::{ConnRequest, Holder, ListenLimits, Met, Refused, SockFacts},
    line::Confidence,
    verdict::VerdictId,
};

/// A listener's queues, from whichever fact shows them.
pub(super) struct Queues {
    name: String,
    addr: SocketAddr,
    waiting: u32,
    limit: u32,
    syns: u32,
    limits: ListenLimits,
}

impl Queues {
    fn of_request(request: &ConnRequest, context: &Context<'_>) -> Self {
        Self::of_sock(&request.sock, request.segment.ends.b, request.syn_backlog, request.limits, context)
    }

    fn of_sock(
        sock: &SockFacts,
        addr: SocketAddr,
        syns: u32,
        limits: ListenLimits,
        context: &Context<'_>,
    ) -> Self {
        let ((waiting, limit), name) = (sock.backlog, words::socket(sock, context));
        Self { name, addr, waiting, limit, syns, limits }
    }

    pub(super) fn of_holder(holder: &Holder, limits: ListenLimits, context: &Context<'_>) -> Self {
        let ((waiting, limit), name) = (holder.backlog, words::holder(holder, context));
        Self { name, addr: holder.addr, waiting, limit, syns: holder.syn_backlog, limits }
    }

    /// The accept queue is full if it holds more than its limit (`sk_acceptq_is_full`).
    pub(super) const fn accept_is_full(&self) -> bool {
        self.waiting > self.limit
    }

    /// The SYN queue is full and no cookie is sent. `inet_csk_reqsk_queue_is_full` compared with `>=` on 5.10 and
    /// does with `>` by 6.1; `to_the_brim` takes the former.
    pub(super) const fn syns_are_full(&self, to_the_brim: bool) -> bool {
        self.limits.syncookies == 0 && (self.syns > self.limit || (to_the_brim && self.syns == self.limit))
    }

    /// Without syncookies the last quarter of `tcp_max_syn_backlog` is for clients that are known.
    const fn is_last_quarter(&self) -> bool {
        let max = self.limits.max_syn_backlog;
        self.limits.syncookies == 0 && max > 0 && max.saturating_sub(self.syns) < max >> 2
    }

    pub(super) fn accept_sentence(&self) -> String {
        let Self { name, addr, waiting, limit, .. } = self;
        format!("{name} listens on {addr}, but its accept queue is full: {waiting} waiting, limit {limit}.")
    }

    pub(super) fn syn_sentence(&self) -> String {
        let Self { name, addr, limit, syns, .. } = self;
        format!(
            "{name} listens on {addr}, but its SYN queue is full: {syns} unfinished handshakes, limit {limit}; \
             net.ipv4.tcp_syncookies is 0."
        )
    }

    fn quarter_sentence(&self) -> String {
        let (Self { name, addr, syns, .. }, max) = (self, self.limits.max_syn_backlog);
        format!(
            "{name} listens on {addr} and has {syns} unfinished handshakes: without syncookies the last quarter of \
             net.ipv4.tcp_max_syn_backlog ({max}) is for clients that are known."
        )
    }

    /// What listen() asked for: the kernel keeps only the smaller of that and `net.core.somaxconn`
    /// (`__sys_listen`).
    pub(super) fn backlog(&self) -> Option<String> {
        let (limit, cap) = (self.limit, self.limits.somaxconn);
        Some(match cap {
            0 => return None,
            _ if limit < cap => {
                format!("listen() asked for a backlog of {limit}; net.core.somaxconn would allow {cap}.")
            }
            _ if limit == cap => {
                format!("listen() asked for a backlog of {cap} or more; net.core.somaxconn, {cap}, caps it.")
            }
            _ => format!("net.core.somaxconn, now {cap}, was higher when listen() was called."),
        })
    }
}

fn request(facts: &DropFacts, refused: Refused) -> Option<&ConnRequest> {
    match &facts.cause {
        DropCause::Queue(seen) if seen.what.refused == refused => Some(&seen.what),
        _ => None,
    }
}

/// `tcp_conn_request` at a full SYN queue, which is looked at first: TCPReqQFullDrop.
pub(super) fn syn_queue_full(facts: &DropFacts, context: &Context<'_>) -> Option<Finding> {
    let queues = Queues::of_request(request(facts, Refused::Queues)?, context);
    if queues.syns_are_full(false) {
        let finding = Finding::observed(VerdictId::SynQueueFull, queues.syn_sentence());
        return Some(finding.and(queues.backlog()));
    }
    // Full to the brim, or in the last quarter: certain only when the SYN came again.
    let first = match () {
        () if queues.accept_is_full() || facts.count < 2 => return None,
        () if queues.syns_are_full(true) => queues.syn_sentence(),
        () if queues.is_last_quarter() => queues.quarter_sentence(),
        () => return None,
    };
    Some(Finding::derived(VerdictId::SynQueueFull, first).and(queues.backlog()))
}

/// `tcp_conn_request` at a full accept queue.
pub(super) fn accept_queue_full(facts: &DropFacts, context: &Context<'_>) -> Option<Finding> {
    let queues = Queues::of_request(request(facts, Refused::Queues)?, context);
    let finding = || Finding::observed(VerdictId::AcceptQueueFull, queues.accept_sentence());
    queues.accept_is_full().then(|| finding().and(queues.backlog()))
}

/// `inet_csk_route_req` or `inet6_csk_route_req` gave NULL.
pub(super) fn no_return_route(facts: &DropFacts, context: &Context<'_>) -> Option<Finding> {
    let request = request(facts, Refused::NoRoute)?;
    let (ends, name) = (request.segment.ends, words::socket(&request.sock, context));
    let first = format!(
        "{name} listens on {}, but this host has no route back to {}, so the SYN was dropped.",
        ends.b,
        ends.a.ip()
    );
    let device = request.segment.device.as_ref().map(|device| format!("The SYN came in on {device}."));
    Some(Finding::observed(VerdictId::NoReturnRoute, first).and(device))
}

/// `security_inet_conn_request` said no.
pub(super) fn lsm_drop(facts: &DropFacts, context: &Context<'_>) -> Option<Finding> {
    let request = request(facts, Refused::Security)?;
    let (ends, name) = (request.segment.ends, words::socket(&request.sock, context));
    let first = format!(
        "{name} listens on {}, but a security module did not let the SYN from {} in.",
        ends.b, ends.a
    );
    Some(Finding::observed(VerdictId::LsmDrop, first))
}

/// `tcp_check_req`: TCP_DEFER_ACCEPT, and the ACK brought no data.
pub(super) fn defer_accept(facts: &DropFacts, context: &Context<'_>) -> Option<Finding> {
    if !facts.cause.is_deferred() {
        return None;
    }
    let ends = facts.cause.segment().ends;
    let (name, sure) = match &facts.cause {
        DropCause::Mini(seen) => {
            (words::socket(request_sock(&seen.what.met)?, context), Confidence::Observed)
        }
        DropCause::Freed(seen) => (words::holder(seen.what.passed_over_by()?, context), Confidence::Derived),
        DropCause::Queue(_) => return None,
    };
    let first = format!(
        "{name} listens on {} with TCP_DEFER_ACCEPT: it gets the connection from {} only when data comes.",
        ends.b, ends.a
    );
    Some(Finding::new(VerdictId::DeferAccept, sure, first).and(Some(half_open(facts))))
}

/// `tcp_check_req`: `tcp_v4_syn_recv_sock` found the accept queue full, and `tcp_abort_on_overflow` is off.
pub(super) fn handshake_ack_dropped(facts: &DropFacts, context: &Context<'_>) -> Option<Finding> {
    if !facts.cause.is_last_ack() {
        return None;
    }
    let ends = facts.cause.segment().ends;
    let (queues, sure) = match &facts.cause {
        DropCause::Mini(seen) => match &seen.what.met {
            Met::Request { sock, syn_backlog, limits, .. } => {
                (Queues::of_sock(sock, ends.b, *syn_backlog, *limits, context), Confidence::Observed)
            }
            Met::TimeWait { .. } => return None,
        },
        DropCause::Freed(seen) => {
            let limits = seen.what.holders.as_ref()?.limits;
            (Queues::of_holder(seen.what.passed_over_by()?, limits, context), Confidence::Derived)
        }
        DropCause::Queue(_) => return None,
    };
    if !queues.accept_is_full() {
        return None;
    }
    let finding = Finding::new(VerdictId::HandshakeAckDropped, sure, queues.accept_sentence());
    Some(finding.and(Some(half_open(facts))).and(queues.backlog()))
}

const fn request_sock(met: &Met) -> Option<&SockFacts> {
    match met {
        Met::Request { sock, .. } => Some(sock),
        Met::TimeWait { .. } => None,
    }
}

fn half_open(facts: &DropFacts) -> String {
    let client = facts.cause.segment().ends.a;
    format!("The last ACK of the handshake from {client} was dropped: to the client the connection is open.")
}
