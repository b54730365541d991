//! Calls that failed before any packet.

use std::sync::Arc;

use super::{V4, V6, at, by, frame};
use crate::{
    correlate::{
        facts::{AttemptFacts, CallFacts},
        key::Seen,
    },
    event::{Backend, ConnectFailed, DeniedBy, ServerCall},
    line::{Frame, Note},
    verdict::{VerdictId, rules::words},
};

/// What refused a connect() without a SYN, below the frames of its state changes.
pub(super) fn refused(facts: &AttemptFacts, id: VerdictId) -> Vec<Frame> {
    let Some(seen) = &facts.failed else { return Vec::new() };
    let ipv4 = seen.what.requested.is_ipv4();
    let frames = match seen.what.denied_by {
        // Neither the system call nor TCP is seen then.
        Some(DeniedBy::SecurityModule) => vec![frame("security_socket_connect", result(seen))],
        Some(DeniedBy::CgroupProgram) => {
            let pre = if ipv4 { "tcp_v4_pre_connect" } else { "tcp_v6_pre_connect" };
            vec![frame("__cgroup_bpf_run_filter_sock_addr", result(seen)), frame(pre, "derived")]
        }
        None if id == VerdictId::ConnectDenied => Vec::new(),
        None if facts.start.is_some() => {
            vec![frame(if ipv4 { "inet_hash_connect" } else { "inet6_hash_connect" }, "derived")]
        }
        None => vec![frame(if ipv4 { V4.connect } else { V6.connect }, "derived")],
    };
    at(seen.time, frames)
}

/// Where that came back to.
pub(super) fn returned(facts: &AttemptFacts) -> Vec<Frame> {
    let seen = facts.failed.as_ref().filter(|seen| seen.what.denied_by != Some(DeniedBy::SecurityModule));
    let frame = |seen: &Seen<Arc<ConnectFailed>>| match seen.backend {
        Backend::Tracepoint => frame("__sys_connect", result(seen)),
        Backend::Fentry | Backend::Kprobe => frame("__inet_stream_connect", result(seen)),
    };
    seen.map(|seen| at(seen.time, vec![frame(seen)])).unwrap_or_default()
}

fn result(seen: &Seen<Arc<ConnectFailed>>) -> Note {
    let how = by(seen.backend, at_tracepoint!("sys_exit_connect"));
    ["returned ".into(), words::errno(seen.what.errno), "; ".into(), how.into()].into()
}

/// The path of a bind() or listen() that failed.
pub(in super::super) fn call(facts: &CallFacts, id: VerdictId) -> Vec<Frame> {
    let (seen, failed) = (&facts.seen, &facts.seen.what);
    let errno = words::errno(failed.bind.errno);
    let returned = |function: &'static str, tracepoint: &'static str| {
        frame(function, format!("returned {errno}; {}", by(seen.backend, tracepoint)))
    };
    let names = server_call(failed.call, failed.bind.requested.is_ipv6());
    let mut frames = Vec::new();
    match failed.denied_by {
        Some(DeniedBy::SecurityModule) => return at(seen.time, vec![returned(names.security, "")]),
        Some(DeniedBy::CgroupProgram) => frames.push(returned("__cgroup_bpf_run_filter_sock_addr", "")),
        None if matches!(id, VerdictId::AddressInUse | VerdictId::PortExhausted) => {
            frames.push(frame("inet_csk_get_port", "no port to be had; derived"));
            frames.push(frame(names.inner, "derived"));
        }
        None if errno != "EPERM" => frames.push(frame(names.inner, "derived")),
        None => {}
    }
    frames.push(match seen.backend {
        Backend::Tracepoint => returned(names.system_call, names.tracepoint),
        Backend::Fentry | Backend::Kprobe => returned(names.entry, ""),
    });
    at(seen.time, frames)
}

/// Function names of bind() and listen().
struct ServerFunctions {
    system_call: &'static str,
    tracepoint: &'static str,
    security: &'static str,
    entry: &'static str,
    inner: &'static str,
}

const fn server_call(call: ServerCall, ipv6: bool) -> ServerFunctions {
    let bind = ServerFunctions {
        system_call: "__sys_bind",
        tracepoint: at_tracepoint!("sys_exit_bind"),
        security: "security_socket_bind",
        entry: "inet_bind",
        inner: "__inet_bind",
    };
    match (call, ipv6) {
        (ServerCall::Bind, false) => bind,
        (ServerCall::Bind, true) => ServerFunctions { entry: "inet6_bind", inner: "__inet6_bind", ..bind },
        (ServerCall::Listen, _) => ServerFunctions {
            system_call: "__sys_listen",
            tracepoint: at_tracepoint!("sys_exit_listen"),
            security: "security_socket_listen",
            entry: "inet_listen",
            inner: "inet_csk_listen_start",
        },
    }
}
