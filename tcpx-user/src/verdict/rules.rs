//! Facts → which verdict, how sure, and the sentences that prove it.
//!
//! Each table is in order: the first rule that holds decides, most specific first. A rule says which kernel site it
//! speaks of (R1…, A.2: who sends a RST, in docs) and may only claim what its facts show. What no rule explains is
//! `unknown`, with everything that was seen.

mod active;
mod attempt;
mod call;
mod conntrack;
mod death;
mod discard;
mod drop;
mod early;
mod firewall;
mod handshake;
mod icmp;
mod listener;
mod located;
mod mptcp;
mod nat;
mod nearby;
mod no_socket;
mod own_accord;
mod quiet;
mod received;
mod reject;
mod reply;
mod time_wait;
mod unanswered;
pub mod units;
pub mod words;

pub(crate) use active::{from_close, is_unaccepted, orphaned_by_close};
pub(crate) use icmp::errno as icmp_errno;
pub(crate) use mptcp::is_in_call as is_in_mptcp_call;
pub(crate) use nearby::elsewhere;
pub(crate) use no_socket::why_not;

use std::sync::Arc;

use super::{VerdictId, told::Told};
use crate::{
    abilities::Abilities,
    correlate::facts::{AttemptFacts, CallFacts, DeathFacts, DropFacts, ResetFacts},
    decode::Symbols,
    line::Confidence,
    who::Who,
};

/// More sentences are rare.
const MOST_SENTENCES: usize = 4;

/// What a rule found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which verdict.
    pub id: VerdictId,
    /// How sure.
    pub confidence: Confidence,
    /// Sentences; the first is the one to read. Shared, as an attempt has those of the RST that ended it.
    pub evidence: Arc<Vec<String>>,
}

impl Finding {
    fn new(id: VerdictId, confidence: Confidence, first: String) -> Self {
        let mut evidence = Vec::with_capacity(MOST_SENTENCES);
        evidence.push(first);
        Self { id, confidence, evidence: Arc::new(evidence) }
    }

    fn observed(id: VerdictId, first: String) -> Self {
        Self::new(id, Confidence::Observed, first)
    }

    fn derived(id: VerdictId, first: String) -> Self {
        Self::new(id, Confidence::Derived, first)
    }

    /// The first sentence, and what may follow it.
    fn derived_from<const N: usize>(id: VerdictId, sentences: [Option<String>; N]) -> Self {
        let evidence = Arc::new(sentences.into_iter().flatten().collect());
        Self { id, confidence: Confidence::Derived, evidence }
    }

    fn unknown(first: String) -> Self {
        Self::new(VerdictId::Unknown, Confidence::Unknown, first)
    }

    fn and(mut self, sentence: Option<String>) -> Self {
        if let Some(sentence) = sentence {
            Arc::make_mut(&mut self.evidence).push(sentence);
        }
        self
    }

    fn at_most(mut self, confidence: Confidence) -> Self {
        self.confidence = self.confidence.min(confidence);
        self
    }
}

/// What rules know beside the facts.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// What would have been seen.
    pub abilities: &'a Abilities,
    /// Names.
    pub who: &'a dyn Who,
    /// Functions of a stack.
    pub symbols: &'a dyn Symbols,
    /// RSTs with a verdict.
    pub told: &'a Told,
}

/// One rule.
pub struct Rule<F> {
    /// What it can say; empty where it hands on the verdict of something else.
    pub gives: &'static [VerdictId],
    /// The kernel's site, or the fact of TCP, that it speaks of.
    pub site: &'static str,
    /// Whether it holds.
    pub holds: fn(&F, &Context<'_>) -> Option<Finding>,
}

/// Why a RST was sent, or by whom.
pub const RESET: &[Rule<ResetFacts>] = &[
    Rule {
        gives: &[VerdictId::NetfilterRejectReset],
        site: "nf_send_reset, nf_send_reset6 (A.4)",
        holds: reject::observed,
    },
    Rule {
        gives: &[VerdictId::NetfilterRejectReset],
        site: "nf_send_reset, nf_send_reset6 (A.4), seen as a drop and a RST",
        holds: reject::derived,
    },
    Rule {
        gives: &[VerdictId::LookupDenied],
        site: "R1 tcp_v4_rcv no_tcp_socket: inet_lookup_run_sk_lookup, bpf_run_sk_reuseport",
        holds: nearby::lookup_denied,
    },
    Rule {
        gives: &[VerdictId::BoundNotListening],
        site: "R1 tcp_v4_rcv no_tcp_socket: bound, not listening",
        holds: no_socket::bound_not_listening,
    },
    Rule {
        gives: &[VerdictId::ListenerV6only],
        site: "R1 tcp_v4_rcv no_tcp_socket: IPv6-only listener",
        holds: no_socket::listener_v6only,
    },
    Rule {
        gives: &[VerdictId::ListenerV4only],
        site: "R1 tcp_v6_rcv no_tcp_socket: IPv4 listener",
        holds: no_socket::listener_v4only,
    },
    Rule {
        gives: &[VerdictId::ListenerOtherDevice],
        site: "R1 tcp_v4_rcv no_tcp_socket: inet_bound_dev_eq",
        holds: nearby::listener_other_device,
    },
    Rule {
        gives: &[VerdictId::ListenerOtherAddress],
        site: "R1 tcp_v4_rcv no_tcp_socket: listener elsewhere",
        holds: no_socket::listener_other_address,
    },
    Rule {
        gives: &[VerdictId::ListenerClosed],
        site: "R1 tcp_v4_rcv no_tcp_socket: the listener has left",
        holds: nearby::listener_closed,
    },
    Rule {
        gives: &[VerdictId::ListenerNotYet],
        site: "R1 tcp_v4_rcv no_tcp_socket: the listener is still to come",
        holds: nearby::listener_not_yet,
    },
    Rule {
        gives: &[],
        site: "R1 tcp_v4_rcv no_tcp_socket: a listener should have matched",
        holds: no_socket::matching_listener,
    },
    Rule {
        gives: &[VerdictId::ListenerOtherNetns],
        site: "R1 tcp_v4_rcv no_tcp_socket: the listener is in another namespace",
        holds: nearby::listener_other_netns,
    },
    Rule {
        gives: &[VerdictId::ClosedPort],
        site: "R1 tcp_v4_rcv no_tcp_socket",
        holds: no_socket::closed_port,
    },
    Rule {
        gives: &[VerdictId::StraySegment],
        site: "R1 tcp_v4_rcv no_tcp_socket, no SYN",
        holds: no_socket::stray_segment,
    },
    Rule {
        gives: &[VerdictId::TimeWaitReset],
        site: "R2 tcp_v4_rcv do_time_wait, TCP_TW_RST",
        holds: reply::time_wait_reset,
    },
    Rule {
        gives: &[VerdictId::MptcpReset],
        site: "R11, R12 subflow_syn_recv_sock, subflow_v4_route_req; mptcp_subflow_reset",
        holds: handshake::mptcp_reset,
    },
    Rule {
        gives: &[VerdictId::SynSentBadAck],
        site: "R6 tcp_rcv_synsent_state_process: ACK of something else",
        holds: handshake::syn_sent_bad_ack,
    },
    Rule {
        gives: &[VerdictId::SynSentPaws],
        site: "R7 tcp_rcv_synsent_state_process: echoed timestamp",
        holds: handshake::syn_sent_paws,
    },
    Rule {
        gives: &[VerdictId::AcceptQueueAbort],
        site: "R10 tcp_check_req: tcp_v4_syn_recv_sock found the accept queue full",
        holds: handshake::accept_queue_abort,
    },
    Rule {
        gives: &[VerdictId::SynInHandshake],
        site: "R10 tcp_check_req embryonic_reset: SYN",
        holds: handshake::syn_in_handshake,
    },
    Rule {
        gives: &[VerdictId::ChildRejectedAck],
        site: "R3 tcp_v4_rcv, R4 tcp_v4_do_rcv: tcp_child_process failed",
        holds: handshake::child_rejected_ack,
    },
    Rule {
        gives: &[VerdictId::SynRecvBadAck],
        site: "R8 tcp_rcv_state_process in SYN_RECV, R5 behind tcp_check_req",
        holds: handshake::syn_recv_bad_ack,
    },
    Rule {
        gives: &[VerdictId::DataAfterClose],
        site: "R9 tcp_rcv_state_process: RCV_SHUTDOWN and data",
        holds: reply::data_after_close,
    },
    Rule {
        gives: &[VerdictId::Linger2Expired],
        site: "R9 tcp_rcv_state_process: FIN_WAIT1 and linger2 < 0",
        holds: reply::linger2_expired,
    },
    Rule {
        gives: &[VerdictId::BadSyncookie],
        site: "R5 tcp_rcv_state_process: LISTEN and ACK, after cookie_v4_check",
        holds: reply::bad_syncookie,
    },
    Rule {
        gives: &[VerdictId::AckToListener],
        site: "R5 tcp_rcv_state_process: LISTEN and ACK",
        holds: reply::ack_to_listener,
    },
    Rule {
        gives: &[VerdictId::MptcpReset],
        site: "A.2 mptcp_do_fastclose, __mptcp_close_ssk",
        holds: mptcp::closed_at_once,
    },
    Rule {
        gives: &[VerdictId::CloseUnreadData],
        site: "A.2 __tcp_close: data unread",
        holds: active::close_unread_data,
    },
    Rule {
        gives: &[VerdictId::LingerZero],
        site: "A.2 tcp_disconnect from __tcp_close: SO_LINGER 0",
        holds: active::linger_zero,
    },
    Rule {
        gives: &[VerdictId::ListenerClosedUnaccepted],
        site: "A.2 tcp_disconnect from inet_csk_listen_stop",
        holds: active::listener_closed_unaccepted,
    },
    Rule {
        gives: &[VerdictId::Disconnect],
        site: "A.2 tcp_disconnect from __inet_stream_connect: AF_UNSPEC",
        holds: own_accord::disconnect,
    },
    Rule {
        gives: &[VerdictId::Linger2Expired],
        site: "A.2 __tcp_close: FIN_WAIT2 and linger2 < 0",
        holds: own_accord::linger2_expired,
    },
    Rule {
        gives: &[VerdictId::MemoryPressure],
        site: "A.2 __tcp_close: tcp_check_oom; tcp_out_of_resources",
        holds: own_accord::memory_pressure,
    },
    Rule { gives: &[VerdictId::SocketDestroyed], site: "A.2 tcp_abort", holds: own_accord::socket_destroyed },
    Rule {
        gives: &[VerdictId::FinWait2Timeout],
        site: "A.2 tcp_keepalive_timer: orphan in FIN_WAIT2",
        holds: own_accord::fin_wait2_timeout,
    },
    Rule {
        gives: &[VerdictId::UserTimeout],
        site: "A.2 tcp_keepalive_timer: icsk_user_timeout",
        holds: own_accord::user_timeout,
    },
    Rule {
        gives: &[VerdictId::KeepaliveTimeout],
        site: "A.2 tcp_keepalive_timer: keepalive_probes",
        holds: own_accord::keepalive_timeout,
    },
    Rule {
        gives: &[VerdictId::HandshakeResetByPeer],
        site: "tcp_check_req: RST in the window; tcp_reset in SYN_RECV, nobody here sent it",
        holds: quiet::handshake,
    },
    Rule {
        gives: &[VerdictId::TimeWaitAssassinated],
        site: "tcp_timewait_state_process: RST, nobody here sent it",
        holds: quiet::time_wait,
    },
    Rule {
        gives: &[VerdictId::ResetIgnored],
        site: "tcp_validate_incoming: RST not exact (RFC 5961), nobody here sent it",
        holds: quiet::ignored,
    },
    Rule {
        gives: &[VerdictId::PeerRefused],
        site: "tcp_reset in SYN_SENT, nobody here sent it",
        holds: received::peer_refused,
    },
    Rule {
        gives: &[VerdictId::PeerReset],
        site: "tcp_reset on an open connection, nobody here sent it",
        holds: received::peer_reset,
    },
];

/// Why an attempt ended as it did. One that a RST ended takes the verdict of the RST.
pub const ATTEMPT: &[Rule<AttemptFacts>] = &[
    Rule {
        gives: &[VerdictId::SelfConnect],
        site: "tcp_rcv_synsent_state_process: own SYN",
        holds: attempt::self_connect,
    },
    Rule {
        gives: &[VerdictId::SimultaneousOpen],
        site: "tcp_rcv_synsent_state_process: crossed SYN",
        holds: attempt::simultaneous_open,
    },
    Rule { gives: &[VerdictId::Established], site: "tcp_finish_connect", holds: attempt::established },
    Rule { gives: &[], site: "tcp_reset in SYN_SENT", holds: attempt::reset },
    Rule {
        gives: &[VerdictId::NoRoute],
        site: "tcp_v4_connect, tcp_v6_connect: no route, or one of a type that refuses (B.1)",
        holds: early::no_route,
    },
    Rule {
        gives: &[VerdictId::ConnectDenied],
        site: "security_socket_connect, __cgroup_bpf_run_filter_sock_addr (B.1)",
        holds: early::connect_denied,
    },
    Rule {
        gives: &[VerdictId::AddressNotAvailable],
        site: "tcp_v6_connect: no source address",
        holds: early::no_source_address,
    },
    Rule {
        gives: &[VerdictId::PortExhausted],
        site: "__inet_hash_connect: no port is free",
        holds: early::port_exhausted,
    },
    Rule {
        gives: &[VerdictId::AddressNotAvailable],
        site: "__inet_check_established, __inet6_check_established: not unique",
        holds: early::address_not_available,
    },
    Rule {
        gives: &[],
        site: "tcp_rcv_synsent_state_process: reset_and_undo",
        holds: unanswered::answered_wrongly,
    },
    Rule {
        gives: &[VerdictId::NeighborFailed],
        site: "arp_error_report, ndisc_error_report",
        holds: icmp::neighbor_failed,
    },
    Rule {
        gives: &[VerdictId::IcmpRefused],
        site: "tcp_v4_err, tcp_v6_err: port unreachable",
        holds: icmp::refused,
    },
    Rule {
        gives: &[VerdictId::IcmpAdminProhibited],
        site: "tcp_v4_err, tcp_v6_err: administratively prohibited",
        holds: icmp::admin_prohibited,
    },
    Rule {
        gives: &[VerdictId::IcmpUnreachable],
        site: "tcp_v4_err, tcp_v6_err: any other error",
        holds: icmp::unreachable,
    },
    Rule {
        gives: &[VerdictId::IcmpRefused, VerdictId::IcmpAdminProhibited, VerdictId::IcmpUnreachable],
        site: "tcp_v4_err, tcp_v6_err, not seen",
        holds: icmp::unseen,
    },
    Rule { gives: &[], site: "a drop on this host that has a rule", holds: unanswered::dropped_here },
    Rule {
        gives: &[VerdictId::AcceptQueueFull, VerdictId::SynQueueFull],
        site: "tcp_conn_request, not seen: a queue was full when the SYN was sent again",
        holds: unanswered::full_listener,
    },
    Rule { gives: &[], site: "kfree_skb of a handshake segment", holds: unanswered::other_drop },
    Rule {
        gives: &[VerdictId::NoAnswer],
        site: "tcp_retransmit_timer in SYN_SENT",
        holds: unanswered::no_answer,
    },
    Rule { gives: &[VerdictId::Cancelled], site: "__tcp_close in SYN_SENT", holds: attempt::cancelled },
    Rule { gives: &[VerdictId::Pending], site: "SYN_SENT at the end of the trace", holds: attempt::pending },
];

/// Why a handshake segment vanished.
pub const DROP: &[Rule<DropFacts>] = &[
    Rule {
        gives: &[VerdictId::SynQueueFull],
        site: "tcp_conn_request: SYN queue full, no cookie",
        holds: listener::syn_queue_full,
    },
    Rule {
        gives: &[VerdictId::AcceptQueueFull],
        site: "tcp_conn_request: accept queue full",
        holds: listener::accept_queue_full,
    },
    Rule {
        gives: &[VerdictId::LsmDrop],
        site: "tcp_conn_request: security_inet_conn_request",
        holds: listener::lsm_drop,
    },
    Rule {
        gives: &[VerdictId::NoReturnRoute],
        site: "tcp_conn_request: inet_csk_route_req, inet6_csk_route_req",
        holds: listener::no_return_route,
    },
    Rule {
        gives: &[VerdictId::DeferAccept],
        site: "tcp_check_req: TCP_DEFER_ACCEPT",
        holds: listener::defer_accept,
    },
    Rule {
        gives: &[VerdictId::HandshakeAckDropped],
        site: "tcp_check_req: listen_overflow",
        holds: listener::handshake_ack_dropped,
    },
    Rule {
        gives: &[VerdictId::TimeWaitAck],
        site: "tcp_timewait_state_process: TCP_TW_ACK",
        holds: time_wait::time_wait_ack,
    },
    Rule {
        gives: &[VerdictId::ConntrackFull],
        site: "nf_conntrack_in: too many connections, NF_DROP",
        holds: conntrack::full,
    },
    Rule {
        gives: &[VerdictId::ConntrackInsertFailed],
        site: "__nf_conntrack_confirm: clash, NF_DROP",
        holds: conntrack::insert_failed,
    },
    Rule {
        gives: &[VerdictId::NetfilterDrop],
        site: "nf_hook_slow, nft_do_chain: NF_DROP",
        holds: drop::netfilter_drop,
    },
    Rule {
        gives: discard::GIVES,
        site: "kfree_skb of a handshake segment: a reason that says all (B.3)",
        holds: discard::named,
    },
    Rule {
        gives: discard::GIVES,
        site: "kfree_skb of a handshake segment, without such a reason (B.3)",
        holds: located::located,
    },
];

/// Why a connection died without a RST.
pub const DEATH: &[Rule<DeathFacts>] = &[
    Rule {
        gives: &[VerdictId::SocketDestroyed],
        site: "tcp_abort in a state that needs no RST",
        holds: death::socket_destroyed,
    },
    Rule {
        gives: &[VerdictId::RetransmitTimeout],
        site: "tcp_write_err from tcp_write_timeout or tcp_probe_timer",
        holds: death::retransmit_timeout,
    },
];

/// Why a bind() or listen() failed.
pub const CALL: &[Rule<CallFacts>] = &[
    Rule {
        gives: &[VerdictId::AddressInUse],
        site: "inet_csk_get_port: conflict",
        holds: call::address_in_use,
    },
    Rule {
        gives: &[VerdictId::PortExhausted],
        site: "inet_csk_get_port: port 0, none is free",
        holds: call::port_exhausted,
    },
    Rule {
        gives: &[VerdictId::AddressNotAvailable],
        site: "__inet_bind, __inet6_bind: no local address",
        holds: call::address_not_available,
    },
    Rule {
        gives: &[VerdictId::PermissionDenied],
        site: "security_socket_bind, security_socket_listen, __cgroup_bpf_run_filter_sock_addr",
        holds: call::refused_by_policy,
    },
    Rule {
        gives: &[VerdictId::PermissionDenied],
        site: "__inet_bind, __inet6_bind: inet_port_requires_bind_service",
        holds: call::privileged_port,
    },
    Rule {
        gives: &[VerdictId::PermissionDenied],
        site: "security_socket_bind, __cgroup_bpf_run_filter_sock_addr, not seen",
        holds: call::must_be_policy,
    },
];

/// The verdict on a RST.
#[must_use]
pub fn reset(facts: &ResetFacts, context: &Context<'_>) -> Finding {
    let finding = first(RESET, facts, context).unwrap_or_else(|| received::unknown(facts, context));
    let finding = nat::reset(finding, facts, context).and(nat::upstream(facts));
    finding.and(lost(facts.complete))
}

/// The verdict on a RST that an attempt hands on: the one that was told, if it still is known.
fn of_told(facts: &Arc<ResetFacts>, context: &Context<'_>) -> Finding {
    context.told.of(facts).cloned().unwrap_or_else(|| reset(facts, context))
}

/// The verdict on an attempt.
#[must_use]
pub fn attempt(facts: &AttemptFacts, context: &Context<'_>) -> Finding {
    let finding = first(ATTEMPT, facts, context).unwrap_or_else(|| attempt::unknown(facts, context));
    let finding = nat::attempt(finding, facts, context);
    let told = facts.reset.as_ref().is_some_and(|reset| !reset.complete);
    finding.and(lost(facts.complete || told))
}

/// The verdict on a silent drop.
#[must_use]
pub fn drop(facts: &DropFacts, context: &Context<'_>) -> Finding {
    let finding = first(DROP, facts, context).unwrap_or_else(|| drop::unknown(facts));
    finding.and(lost(facts.complete))
}

/// The verdict on a death.
#[must_use]
pub fn death(facts: &DeathFacts, context: &Context<'_>) -> Finding {
    let finding = first(DEATH, facts, context).unwrap_or_else(|| death::unknown(facts, context));
    finding.and(lost(facts.complete))
}

/// The verdict on a bind() or listen() that failed.
#[must_use]
pub fn call(facts: &CallFacts, context: &Context<'_>) -> Finding {
    first(CALL, facts, context).unwrap_or_else(|| call::unknown(facts))
}

fn first<F>(rules: &[Rule<F>], facts: &F, context: &Context<'_>) -> Option<Finding> {
    rules.iter().find_map(|rule| (rule.holds)(facts, context))
}

fn lost(complete: bool) -> Option<String> {
    (!complete).then(|| "Some of its events were lost or are not known.".to_owned())
}

/// Every verdict that a rule can give.
pub fn given() -> impl Iterator<Item = VerdictId> {
    let resets = RESET.iter().map(|rule| rule.gives);
    let attempts = ATTEMPT.iter().map(|rule| rule.gives);
    let drops = DROP.iter().map(|rule| rule.gives);
    let deaths = DEATH.iter().map(|rule| rule.gives);
    let calls = CALL.iter().map(|rule| rule.gives);
    resets
        .chain(attempts)
        .chain(drops)
        .chain(deaths)
        .chain(calls)
        .flatten()
        .copied()
        .chain([VerdictId::Unknown])
}
