//! The kernel's path, innermost function first.
//!
//! A frame is there because one of this record's own events shows it, or because the site that was seen cannot be
//! reached otherwise; its note says which. Offsets come from a stack, if there is one.

/// What a note says of a function for which a tracepoint stands.
macro_rules! at_tracepoint {
    ($name:literal) => {
        concat!("observed (tracepoint ", $name, ")")
    };
}

mod early;
mod quiet;

use std::{borrow::Cow, sync::Arc};

use tcpx_common::abi::state::{CLOSE, LISTEN, NEW_SYN_RECV, SYN_RECV, SYN_SENT, TIME_WAIT};

pub(super) use early::call;

use super::{Names, reset::lookup};
use crate::{
    correlate::{
        facts::{Answered, AttemptFacts, DeathFacts, DropCause, DropFacts, ResetFacts, Sender},
        key::Seen,
    },
    event::{Backend, ConnRequest, Ends, LookedUp, Met, MiniSocket, Refused, SockReset, StateChange},
    line::{Frame, LookupResult, LookupStep, Note, Source},
    verdict::{VerdictId, rules::words},
};

/// What `__inet_lookup_skb` asks first.
const STEAL: &str = "skb_steal_sock (inlined)";

/// Function names by family.
struct Functions {
    send_reset: &'static str,
    listener: &'static str,
    established: &'static str,
    early: &'static str,
    receive: &'static str,
    do_receive: &'static str,
    reject: &'static str,
    icmp: &'static str,
    icmp_send: &'static str,
    connect: &'static str,
    child: &'static str,
    cookie: &'static str,
    route_request: &'static str,
}

const V4: Functions = Functions {
    send_reset: "tcp_v4_send_reset",
    listener: "__inet_lookup_listener",
    established: "__inet_lookup_established",
    early: "tcp_v4_early_demux",
    receive: "tcp_v4_rcv",
    do_receive: "tcp_v4_do_rcv",
    reject: "nf_send_reset",
    icmp: "tcp_v4_err",
    icmp_send: "__icmp_send",
    connect: "tcp_v4_connect",
    child: "tcp_v4_syn_recv_sock",
    cookie: "cookie_v4_check",
    route_request: "subflow_v4_route_req",
};

const V6: Functions = Functions {
    send_reset: "tcp_v6_send_reset",
    listener: "inet6_lookup_listener",
    established: "__inet6_lookup_established",
    early: "tcp_v6_early_demux",
    receive: "tcp_v6_rcv",
    do_receive: "tcp_v6_do_rcv",
    reject: "nf_send_reset6",
    icmp: "tcp_v6_err",
    icmp_send: "icmp6_send",
    connect: "tcp_v6_connect",
    child: "tcp_v6_syn_recv_sock",
    cookie: "cookie_v6_check",
    route_request: "subflow_v6_route_req",
};

const fn functions(ends: Ends) -> &'static Functions {
    if ends.b.is_ipv4() { &V4 } else { &V6 }
}

fn frame(function: impl Into<Cow<'static, str>>, note: impl Into<Note>) -> Frame {
    Frame { function: function.into(), offset: None, note: Some(note.into()), at: None }
}

/// Frames of one moment; those that know theirs keep it.
fn at(time: u64, mut frames: Vec<Frame>) -> Vec<Frame> {
    for frame in &mut frames {
        frame.at = frame.at.or(Some(time));
    }
    frames
}

/// How a function was seen; `tracepoint` is for the one that stands for it, empty if none does.
const fn by(backend: Backend, tracepoint: &'static str) -> &'static str {
    match backend {
        Backend::Tracepoint if !tracepoint.is_empty() => tracepoint,
        Backend::Tracepoint => "observed (tracepoint)",
        Backend::Fentry => "observed (fentry)",
        Backend::Kprobe => "observed (kprobe)",
    }
}

/// The path of a RST: its sender's, or where it was received if nobody here sent it.
pub(super) fn reset(facts: &ResetFacts, id: VerdictId, names: &Names<'_>) -> Vec<Frame> {
    let (frames, stack) = match &facts.sender {
        Some(Sender::Reply(seen)) => {
            let how = by(seen.backend, at_tracepoint!("tcp_send_reset"));
            (answer(facts, id, ["sent the RST; ", how].into()), &seen.stack)
        }
        Some(Sender::NoSocketDrop(seen)) => {
            (answer(facts, id, "sent the RST; derived from the drop of the segment".into()), &seen.stack)
        }
        Some(Sender::Active(seen)) => (active(seen, id, names), &seen.stack),
        Some(Sender::Reject(seen)) => {
            let note = ["sent the RST; ", by(seen.backend, "")];
            (vec![frame(functions(seen.what.0.ends).reject, note)], &seen.stack)
        }
        Some(Sender::RejectDrop(seen)) => (reject_drop(seen), &seen.stack),
        None => match &facts.receiver {
            Some(seen) => (received(seen), &seen.stack),
            None => return Vec::new(),
        },
    };
    at(facts.time(), with_stack(frames, stack, names))
}

/// Frames of most answers, where no socket was found.
const OF_AN_ANSWER: usize = 4;

fn answer(facts: &ResetFacts, id: VerdictId, sent: Note) -> Vec<Frame> {
    let Some(answered) = facts.sender.as_ref().and_then(Sender::answered) else { return Vec::new() };
    let names = functions(answered.segment.ends);
    let mut frames = Vec::with_capacity(OF_AN_ANSWER);
    frames.push(frame(names.send_reset, sent));
    frames.extend(answering_site(&answered, id, names));
    let lookups = lookup(&answered, id);
    frames.extend(step(names.listener, lookups.listener, None));
    let looked_up = step(names.established, lookups.established, found(&answered, id));
    let label =
        if answered.sk_state == 0 { "took the segment, label no_tcp_socket" } else { "took the segment" };
    let source = if answered.lookups.received { "observed" } else { "derived" };
    let taken = Some(frame(names.receive, [label, "; ", source]));
    add_established_frames(&mut frames, answered.lookups.brought, looked_up, taken, names);
    frames
}

/// The established lookup, which `tcp_v4_rcv` makes itself if the segment did not bring its socket.
fn add_established_frames(
    frames: &mut Vec<Frame>,
    brought: bool,
    looked_up: Option<Frame>,
    taken: Option<Frame>,
    names: &Functions,
) {
    if brought {
        frames.push(frame(STEAL, "the segment brought its socket; observed"));
        frames.extend(taken);
        frames.extend(looked_up);
        // TPROXY and a BPF program may have come before it, and look up in the same hash.
        frames.push(frame(names.early, "looked up before the route, unless TPROXY or BPF did; derived"));
    } else {
        frames.extend(looked_up);
        frames.extend(taken);
    }
}

/// What the established lookup found: as seen, else what the site implies. A socket that had its end by the answer
/// (R9) was in another state before.
fn found(answered: &Answered<'_>, id: VerdictId) -> Option<Cow<'static, str>> {
    let state = match answered.lookups.established {
        Some(Ok((_, state))) => state,
        Some(Err(_)) => return None,
        None if answered.at_request || id == VerdictId::SynRecvBadAck && answered.sk_state == LISTEN => {
            NEW_SYN_RECV
        }
        None if matches!(answered.sk_state, 0 | LISTEN | CLOSE) => return None,
        None => answered.sk_state,
    };
    Some(words::state(state))
}

/// What ran between the lookup and the RST; none of it is hooked.
fn answering_site(answered: &Answered<'_>, id: VerdictId, names: &Functions) -> Vec<Frame> {
    let site = |inner: &'static str, note: &'static str| {
        vec![frame(inner, [note, "; derived"]), frame(names.do_receive, "label reset; derived")]
    };
    let synsent = "tcp_rcv_synsent_state_process (inlined in tcp_rcv_state_process)";
    match (answered.sk_state, id) {
        (0, _) => Vec::new(),
        (TIME_WAIT, _) => vec![frame("tcp_timewait_state_process", "returned TCP_TW_RST; derived")],
        (_, VerdictId::AcceptQueueAbort) => vec![
            frame(names.child, "the accept queue is full; derived"),
            frame("tcp_check_req", "label embryonic_reset; derived"),
        ],
        (LISTEN, VerdictId::SynInHandshake) => vec![frame("tcp_check_req", "label embryonic_reset; derived")],
        (SYN_RECV, VerdictId::SynInHandshake) => vec![
            frame("tcp_check_req", "label embryonic_reset; derived"),
            frame("tcp_rcv_state_process", "SYN_RECV, a child of Fast Open; derived"),
            frame(names.do_receive, "derived"),
        ],
        (_, VerdictId::ChildRejectedAck) if answered.at_request => vec![
            frame("tcp_child_process", "the new socket refused the segment; derived"),
            frame("tcp_check_req", "made a new socket; derived"),
        ],
        (_, VerdictId::ChildRejectedAck) => {
            site("tcp_child_process", "the new socket of a SYN cookie refused the segment")
        }
        (LISTEN, VerdictId::MptcpReset) if answered.at_request => vec![
            frame("subflow_syn_recv_sock", "label dispose_child; derived"),
            frame("tcp_check_req", "derived"),
        ],
        (LISTEN, VerdictId::MptcpReset) => {
            let route = frame(names.route_request, "MP_JOIN refused; derived");
            [vec![route], site("tcp_conn_request", "SYN for a listener")].concat()
        }
        (LISTEN, VerdictId::BadSyncookie) => {
            let cookie = frame(names.cookie, "no valid cookie; derived");
            let mut frames = site("tcp_rcv_state_process", "LISTEN and ACK");
            frames.insert(1, cookie);
            frames
        }
        (LISTEN, VerdictId::SynRecvBadAck) => {
            let check = frame("tcp_check_req", "returned the listener: not the ACK of its SYN-ACK; derived");
            [site("tcp_rcv_state_process", "LISTEN and ACK"), vec![check]].concat()
        }
        (LISTEN, _) => site("tcp_rcv_state_process", "LISTEN and ACK"),
        (_, VerdictId::DataAfterClose) => {
            site("tcp_rcv_state_process", "data, and the socket can receive no more")
        }
        (_, VerdictId::Linger2Expired) => {
            site("tcp_rcv_state_process", "FIN_WAIT1 is over, TCP_LINGER2 below 0")
        }
        (SYN_SENT, VerdictId::SynSentPaws) => site(synsent, "SYN_SENT, the echoed timestamp is not ours"),
        (SYN_SENT, _) => site(synsent, "SYN_SENT, the ACK is not of our SYN"),
        (SYN_RECV, _) => site("tcp_rcv_state_process", "SYN_RECV, tcp_ack refused"),
        _ => Vec::new(),
    }
}

fn step(function: &'static str, step: LookupStep, hit: Option<Cow<'static, str>>) -> Option<Frame> {
    let source = match step.source {
        Source::Observed => "observed",
        Source::Derived => "derived",
    };
    let note = match (step.result, hit) {
        (LookupResult::Hit, Some(state)) => ["hit: ".into(), state, "; ".into(), source.into()].into(),
        (LookupResult::Hit, None) => Note::from(["hit", "; ", source]),
        (LookupResult::Miss, _) => Note::from(["miss", "; ", source]),
        (LookupResult::NotRun, _) => return None,
    };
    Some(frame(function, note))
}

fn active(seen: &Seen<Arc<SockReset>>, id: VerdictId, names: &Names<'_>) -> Vec<Frame> {
    let sent = ["sent the RST; ", by(seen.backend, at_tracepoint!("tcp_send_reset"))];
    let mut frames = vec![frame("tcp_send_active_reset", sent)];
    frames
        .extend(callers(id, seen).iter().map(|&(function, what)| called(function, what, &seen.stack, names)));
    frames
}

/// A function that called, and why: on the walked stack it was seen, else it follows.
fn called(function: &'static str, what: &'static str, stack: &[u64], names: &Names<'_>) -> Frame {
    let seen =
        stack.iter().filter_map(|&address| names.symbols.symbol(address)).any(|(name, _)| *name == *function);
    let how = if seen { "observed (stack)" } else { "derived" };
    frame(function, if what.is_empty() { Note::from(how) } else { Note::from([what, "; ", how]) })
}

/// Who calls `tcp_send_active_reset`, innermost first, as the verdict has it.
fn callers(id: VerdictId, seen: &Seen<Arc<SockReset>>) -> &'static [(&'static str, &'static str)] {
    match id {
        VerdictId::CloseUnreadData => &[("__tcp_close", "data was unread")],
        VerdictId::LingerZero => &[("tcp_disconnect", "SO_LINGER of 0 s"), ("__tcp_close", "")],
        VerdictId::ListenerClosedUnaccepted => {
            &[("tcp_disconnect", ""), ("inet_csk_listen_stop", "the listener ends")]
        }
        VerdictId::Disconnect => &[("tcp_disconnect", ""), ("__inet_stream_connect", "AF_UNSPEC")],
        VerdictId::Linger2Expired => &[("__tcp_close", "FIN_WAIT2, TCP_LINGER2 below 0")],
        VerdictId::MemoryPressure if seen.what.sock.state == CLOSE => &[("__tcp_close", "tcp_check_oom()")],
        VerdictId::MemoryPressure => &[("tcp_out_of_resources", "")],
        VerdictId::SocketDestroyed => &[("tcp_abort", "")],
        VerdictId::FinWait2Timeout => &[("tcp_keepalive_timer", "FIN_WAIT2, no process left")],
        VerdictId::UserTimeout => &[("tcp_keepalive_timer", "TCP_USER_TIMEOUT over")],
        VerdictId::KeepaliveTimeout => &[("tcp_keepalive_timer", "probes used up")],
        _ => &[],
    }
}

/// Where a connection died.
pub(super) fn death(facts: &DeathFacts, names: &Names<'_>) -> Vec<Frame> {
    let seen = &facts.seen;
    let (state, errno) = (words::state(seen.what.sock.state), words::errno(seen.what.sock.err.into()));
    let note =
        format!("{state} to CLOSE with {errno}; {}", by(seen.backend, at_tracepoint!("inet_sock_set_state")));
    let frames = vec![frame("tcp_done", note)];
    at(seen.time, with_stack(frames, &seen.stack, names))
}

fn reject_drop(seen: &Seen<Arc<crate::event::Drop>>) -> Vec<Frame> {
    let reject = functions(seen.what.segment.ends).reject;
    let function = seen.what.function.as_deref().unwrap_or("kfree_skb");
    vec![
        frame(reject, "sent the RST; derived from the drop and the RST that came"),
        frame(
            function.to_owned(),
            format!("dropped the SYN; {}", by(seen.backend, at_tracepoint!("kfree_skb"))),
        ),
    ]
}

/// Frames of most attempts that were refused: those of the RST that came, of the answer that it was, and of the start.
const OF_A_REFUSAL: usize = 2 + OF_AN_ANSWER + 1;

fn received(seen: &Seen<Arc<SockReset>>) -> Vec<Frame> {
    let sock = &seen.what.sock;
    if let Some(quiet) = seen.what.quiet {
        return at(seen.time, quiet::met(seen, quiet));
    }
    let how = by(seen.backend, at_tracepoint!("tcp_receive_reset"));
    let taken = ["took the RST in ".into(), words::state(sock.state), "; ".into(), how.into()];
    let mut frames = Vec::with_capacity(OF_A_REFUSAL);
    frames.push(frame("tcp_reset", taken));
    if sock.state == SYN_SENT {
        frames.push(frame("tcp_rcv_synsent_state_process (inlined in tcp_rcv_state_process)", "derived"));
    }
    at(seen.time, frames)
}

/// The path of an attempt: what ended it, and before that what its SYN met.
pub(super) fn attempt(facts: &AttemptFacts, id: VerdictId, names: &Names<'_>) -> Vec<Frame> {
    let mut frames = match &facts.reset {
        Some(reset) => ended_by(reset, id, names),
        None if facts.is_established() => Vec::new(),
        None => by_icmp(facts, id),
    };
    if let Some(dropped) = facts.drop.as_ref().filter(|_| facts.reset.is_none()) {
        frames.extend(drop(dropped, names));
    }
    frames.extend(early::refused(facts, id));
    add_state_frames(&mut frames, facts);
    frames.extend(early::returned(facts));
    frames
}

/// An ICMP error: received, sent by this host, and the neighbour that did not answer.
fn by_icmp(facts: &AttemptFacts, id: VerdictId) -> Vec<Frame> {
    let mut frames = Vec::new();
    if let Some(icmp) = &facts.icmp {
        let seen = match icmp.backend {
            // Found when the socket ended.
            Backend::Tracepoint => "left in the socket's error queue, found there; observed",
            _ => "observed",
        };
        let (kind, code) = (icmp.what.icmp_type, icmp.what.icmp_code);
        let note = format!("ICMP type {kind}, code {code}; {seen}");
        frames.extend(at(icmp.time, vec![frame(functions(icmp.what.ends).icmp, note)]));
    } else if let Some(end) = facts.end.as_ref().filter(|_| is_icmp(id)) {
        let errno = words::errno(i32::from(if end.what.err == 0 { end.what.err_soft } else { end.what.err }));
        let note = format!("gave the socket {errno}; derived");
        frames.extend(at(end.time, vec![frame(functions(end.what.ends).icmp, note)]));
    }
    if let Some(sent) = facts.icmp_sent.as_ref().filter(|_| is_icmp(id)) {
        let (kind, code) = (sent.what.icmp_type, sent.what.icmp_code);
        let note =
            format!("sent ICMP type {kind}, code {code}; {}", by(sent.backend, at_tracepoint!("icmp_send")));
        frames.extend(at(sent.time, vec![frame(functions(sent.what.ends).icmp_send, note)]));
    }
    if let Some(failed) = &facts.neighbor {
        let function = failed.what.function.as_deref().unwrap_or("kfree_skb");
        let reason = failed.what.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
        let note =
            format!("freed the waiting SYN{reason}; {}", by(failed.backend, at_tracepoint!("kfree_skb")));
        frames.extend(at(failed.time, vec![frame(function.to_owned(), note)]));
    }
    frames
}

const fn is_icmp(id: VerdictId) -> bool {
    use VerdictId::{IcmpAdminProhibited, IcmpRefused, IcmpUnreachable, NeighborFailed};
    matches!(id, IcmpRefused | IcmpAdminProhibited | IcmpUnreachable | NeighborFailed)
}

fn ended_by(facts: &ResetFacts, id: VerdictId, names: &Names<'_>) -> Vec<Frame> {
    let mut frames = facts.receiver.as_ref().map(received).unwrap_or_default();
    if facts.sender.is_some() {
        frames.extend(reset(facts, id, names));
    }
    frames
}

/// State changes and lookups of the attempt itself, last first.
fn add_state_frames(frames: &mut Vec<Frame>, facts: &AttemptFacts) {
    let Some(ends) = facts.ends() else { return };
    let synsent = "tcp_rcv_synsent_state_process (inlined in tcp_rcv_state_process)";
    if facts.is_established() {
        let end = if facts.has_crossed() { "tcp_rcv_state_process" } else { "tcp_finish_connect" };
        frames.extend(facts.end.iter().map(|seen| change(end, seen)));
    }
    frames.extend(facts.crossed.iter().map(|seen| change(synsent, seen)));
    if facts.reset.is_none() {
        frames.extend(
            facts.lookups.iter().rev().flat_map(|seen| at(seen.time, lookup_frames(facts, &seen.what))),
        );
    }
    frames.extend(facts.start.iter().map(|seen| change(functions(ends).connect, seen)));
}

fn change(function: &'static str, seen: &Seen<Arc<StateChange>>) -> Frame {
    let (old, new) = (words::state(seen.what.old), words::state(seen.what.new));
    let how = by(seen.backend, at_tracepoint!("inet_sock_set_state"));
    let note = [old, " to ".into(), new, "; ".into(), how.into()];
    Frame { at: Some(seen.time), ..frame(function, note) }
}

/// What the lookups of a SYN gave. A hit in the established hash leaves the listeners out.
fn lookup_frames(facts: &AttemptFacts, found: &LookedUp) -> Vec<Frame> {
    let (names, lookups) = (functions(found.segment.ends), &found.lookups);
    let mut frames = Vec::new();
    if matches!(lookups.established, Some(Ok((_, LISTEN)))) {
        frames.push(frame(STEAL, "the packet brought a listener: TPROXY or bpf_sk_assign; observed"));
        frames.push(frame(names.receive, "took the SYN; observed"));
        return frames;
    }
    match lookups.listener {
        Some(found) => {
            let result = if found.is_ok() { "hit" } else { "miss" };
            frames.push(frame(names.listener, [result, "; observed"]));
        }
        None if matches!(lookups.established, Some(Ok(_))) => {
            frames.push(frame(names.listener, "not run: the established lookup hit; derived"));
        }
        None => {}
    }
    let looked_up = lookups.established.map(|found| {
        let note = match found {
            Ok((sk, state)) if Some(sk) == facts.sk() => {
                ["hit: this socket itself, in ".into(), words::state(state), "; observed".into()].into()
            }
            Ok((_, state)) => ["hit: ".into(), words::state(state), "; observed".into()].into(),
            Err(_) => Note::from("miss; observed"),
        };
        frame(names.established, note)
    });
    let taken = lookups.received.then(|| frame(names.receive, "took the SYN; observed"));
    add_established_frames(&mut frames, lookups.brought, looked_up, taken, names);
    frames
}

/// Where a handshake segment vanished.
pub(super) fn drop(facts: &DropFacts, names: &Names<'_>) -> Vec<Frame> {
    let frames = match &facts.cause {
        DropCause::Freed(seen) => {
            let function = seen.what.function.as_deref().unwrap_or("kfree_skb");
            let reason = seen.what.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
            let note =
                format!("freed the segment{reason}; {}", by(seen.backend, at_tracepoint!("kfree_skb")));
            with_stack(vec![frame(function.to_owned(), note)], &seen.stack, names)
        }
        DropCause::Queue(seen) => with_stack(passed_over(seen), &seen.stack, names),
        DropCause::Mini(seen) => with_stack(mini_socket(seen), &seen.stack, names),
    };
    at(facts.cause.time(), frames)
}

/// What a listener did with a SYN.
fn passed_over(seen: &Seen<Arc<ConnRequest>>) -> Vec<Frame> {
    let request = &seen.what;
    let (waiting, limit) = request.sock.backlog;
    let how = by(seen.backend, "");
    let route = if request.segment.ends.b.is_ipv4() { "inet_csk_route_req" } else { "inet6_csk_route_req" };
    let caller = frame("tcp_conn_request", "dropped the SYN; derived");
    match request.refused {
        Refused::Queues => {
            let syns = request.syn_backlog;
            let note = format!("accept queue {waiting} of {limit}, SYN queue {syns} of {limit}; {how}");
            vec![frame("tcp_conn_request", note)]
        }
        Refused::NoRoute => vec![frame(route, format!("no route; {how}")), caller],
        Refused::Security => vec![frame("security_inet_conn_request", format!("refused; {how}")), caller],
    }
}

/// What a small socket did with a segment.
fn mini_socket(seen: &Seen<Arc<MiniSocket>>) -> Vec<Frame> {
    let receive = functions(seen.what.segment.ends).receive;
    let how = by(seen.backend, "");
    let inner = match &seen.what.met {
        Met::Request { .. } if seen.what.is_deferred() => {
            frame("tcp_check_req", format!("TCP_DEFER_ACCEPT, no data; {how}"))
        }
        Met::Request { sock, .. } => {
            let (waiting, limit) = sock.backlog;
            frame("tcp_check_req", format!("no child, accept queue {waiting} of {limit}; {how}"))
        }
        Met::TimeWait { answered, .. } => {
            let status = if *answered { "TCP_TW_ACK" } else { "TCP_TW_SUCCESS" };
            frame("tcp_timewait_state_process", format!("returned {status}; {how}"))
        }
    };
    vec![inner, frame(receive, "took the segment; derived")]
}

/// Puts the offsets of a stack to the frames that it shows, and its other functions below.
fn with_stack(mut frames: Vec<Frame>, stack: &[u64], names: &Names<'_>) -> Vec<Frame> {
    let known = frames.len();
    let shown = stack.iter().filter_map(|&address| names.symbols.symbol(address));
    for (function, offset) in shown.filter(|(function, _)| !is_tracing(function)) {
        let own =
            frames[..known].iter_mut().find(|frame| frame.offset.is_none() && *frame.function == *function);
        match own {
            Some(frame) => frame.offset = Some(offset),
            None => frames.push(Frame {
                function: function.to_string().into(),
                offset: Some(offset),
                note: None,
                at: None,
            }),
        }
    }
    frames
}

/// A walk that begins in a program passes through what called the program.
fn is_tracing(function: &str) -> bool {
    ["bpf_prog_", "bpf_trace_run", "__bpf_trace_", "bpf_trampoline_"]
        .iter()
        .any(|start| function.starts_with(start))
}
