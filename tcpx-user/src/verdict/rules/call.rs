//! A bind() or listen() failed.

use std::net::{IpAddr, SocketAddr};

use super::{Context, Finding, early, words};
use crate::{
    correlate::facts::CallFacts,
    event::{Holder, ServerCall},
    line::Confidence,
    verdict::VerdictId,
    who::CgroupHook,
};

const EPERM: i32 = 1;
const EACCES: i32 = 13;
const EADDRINUSE: i32 = 98;

fn name(facts: &CallFacts) -> &'static str {
    match facts.seen.what.call {
        ServerCall::Bind => "bind()",
        ServerCall::Listen => "listen()",
    }
}

/// Whether two sockets on one port are in each other's way (`inet_bhash2_conflict`, `inet_rcv_saddr_equal`).
fn overlap(holder: &Holder, wanted: SocketAddr) -> bool {
    match (holder.addr.ip(), wanted.ip()) {
        (IpAddr::V6(own), IpAddr::V4(_)) => own.is_unspecified() && !holder.v6only,
        (IpAddr::V4(_), IpAddr::V6(other)) => other.is_unspecified(),
        (own, wanted) => own.is_unspecified() || wanted.is_unspecified() || own == wanted,
    }
}

/// Others that hold the port, those first that are in the way.
fn others(facts: &CallFacts) -> Vec<&Holder> {
    let bind = &facts.seen.what.bind;
    let list = facts.seen.what.holders.iter().flat_map(|holders| &holders.list);
    let mut list: Vec<_> = list.filter(|holder| Some(holder.sk) != bind.sk).collect();
    list.sort_by_key(|holder| (!overlap(holder, bind.requested), !holder.listening));
    list
}

fn held(holder: &Holder, context: &Context<'_>) -> String {
    let what = if holder.listening { "listens on" } else { "holds" };
    let not = if holder.listening { "" } else { " without listening" };
    format!("{} {what} {}{not}.", words::holder(holder, context), holder.addr)
}

/// Another socket has the port.
pub(super) fn address_in_use(facts: &CallFacts, context: &Context<'_>) -> Option<Finding> {
    let failed = &facts.seen.what;
    if failed.bind.errno != EADDRINUSE || failed.bind.requested.port() == 0 {
        return None;
    }
    let mut sentences = others(facts).into_iter().map(|holder| held(holder, context));
    let first = sentences.next().unwrap_or_else(|| {
        let place = words::netns(facts.seen.netns, context);
        let port = failed.bind.requested.port();
        format!("Connections in {place} still have the port {port}; no other socket is bound to it.")
    });
    let finding = Finding::observed(VerdictId::AddressInUse, first);
    Some(sentences.fold(finding, |finding, sentence| finding.and(Some(sentence))))
}

/// bind() to port 0, or listen() without bind(): the kernel was to choose, and had no port left.
pub(super) fn port_exhausted(facts: &CallFacts, context: &Context<'_>) -> Option<Finding> {
    let bind = &facts.seen.what.bind;
    if bind.errno != EADDRINUSE || bind.requested.port() != 0 {
        return None;
    }
    let (range, used) = early::sockets_in_range(facts.seen.netns, context);
    let (place, ip) = (words::netns(facts.seen.netns, context), bind.requested.ip());
    let first = format!("No port of {range} in {place} is free for {} on {ip}.", name(facts));
    Some(Finding::observed(VerdictId::PortExhausted, first).and(used))
}

/// The address is on no device of the namespace.
pub(super) fn address_not_available(facts: &CallFacts, context: &Context<'_>) -> Option<Finding> {
    const EADDRNOTAVAIL: i32 = 99;
    let bind = &facts.seen.what.bind;
    if bind.errno != EADDRNOTAVAIL {
        return None;
    }
    let (place, ip) = (words::netns(facts.seen.netns, context), bind.requested.ip());
    let first = format!("No device in {place} has the address {ip}.");
    let tentative =
        "An address that is still tentative (duplicate address detection) does not count.".to_owned();
    Some(Finding::observed(VerdictId::AddressNotAvailable, first).and(ip.is_ipv6().then_some(tentative)))
}

fn caller(facts: &CallFacts, context: &Context<'_>) -> (String, String) {
    let (seen, bind) = (&facts.seen, &facts.seen.what.bind);
    let process = context.who.process(seen.task, &bind.comm, Some(bind.uid), bind.cgroup);
    (words::process(&process), words::cgroup(process.cgroup.as_deref()))
}

/// Somebody was seen to refuse it.
pub(super) fn refused_by_policy(facts: &CallFacts, context: &Context<'_>) -> Option<Finding> {
    let by = facts.seen.what.denied_by?;
    let (who, cgroup) = caller(facts, context);
    let call = format!("{} of {who} on {}", name(facts), facts.seen.what.bind.requested);
    Some(Finding::observed(VerdictId::PermissionDenied, words::denied(by, &call, &cgroup)))
}

/// The port is reserved for those with CAP_NET_BIND_SERVICE. A policy may give the same errno: where it would have been
/// seen as one, it was none.
pub(super) fn privileged_port(facts: &CallFacts, context: &Context<'_>) -> Option<Finding> {
    let bind = &facts.seen.what.bind;
    let (errno, port) = (bind.errno, bind.requested.port());
    if errno != EACCES || facts.seen.what.call != ServerCall::Bind || port == 0 {
        return None;
    }
    let start = context.who.sysctl(facts.seen.netns, "net/ipv4/ip_unprivileged_port_start");
    let start: u16 = start.and_then(|text| text.parse().ok()).filter(|&start| port < start)?;
    let (who, uid) = (caller(facts, context).0, bind.uid);
    let first = format!(
        "Port {port} is below net.ipv4.ip_unprivileged_port_start ({start}), and {who} (uid {uid}) has no \
         CAP_NET_BIND_SERVICE."
    );
    let sure = if context.abilities.denials { Confidence::Observed } else { Confidence::Derived };
    Some(Finding::new(VerdictId::PermissionDenied, sure, first))
}

/// Nobody was seen to refuse it, where nobody could be seen.
pub(super) fn must_be_policy(facts: &CallFacts, context: &Context<'_>) -> Option<Finding> {
    let bind = &facts.seen.what.bind;
    if !matches!(bind.errno, EPERM | EACCES) || context.abilities.denials {
        return None;
    }
    let (who, cgroup) = caller(facts, context);
    let call = format!("{} of {who} on {}", name(facts), bind.requested);
    let hook = if bind.requested.is_ipv4() { CgroupHook::Bind4 } else { CgroupHook::Bind6 };
    let programs = match facts.seen.what.call {
        ServerCall::Bind => bind.cgroup.and_then(|cgroup| context.who.cgroup_programs(cgroup, hook)),
        // No program is asked.
        ServerCall::Listen => Some(0),
    };
    Some(Finding::derived_from(VerdictId::PermissionDenied, words::refused(&call, &cgroup, programs)))
}

/// Everything that is known.
pub(super) fn unknown(facts: &CallFacts) -> Finding {
    let bind = &facts.seen.what.bind;
    let first = format!("{} of {} failed with {}.", name(facts), bind.requested, words::errno(bind.errno));
    let bound = (bind.port != 0).then(|| format!("The socket has the port {} already.", bind.port));
    Finding::unknown(first).and(bound.filter(|_| facts.seen.what.call == ServerCall::Bind))
}
