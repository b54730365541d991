//! A bind() or listen() failed.

use std::net::{IpAddr, SocketAddr};

use super::{Context, Finding, words};
use crate::{
    correlate::facts::CallFacts,
    event::{Holder, ServerCall},
    verdict::VerdictId,
};

const EADDRINUSE: i32 = 98;

const fn name(facts: &CallFacts) -> &'static str {
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
    let mut finding = Finding::observed(VerdictId::AddressInUse, first);
    finding.evidence.extend(sentences);
    Some(finding)
}

/// Everything that is known.
pub(super) fn unknown(facts: &CallFacts) -> Finding {
    let bind = &facts.seen.what.bind;
    let first = format!("{} of {} failed with {}.", name(facts), bind.requested, words::errno(bind.errno));
    let bound = (bind.port != 0).then(|| format!("The socket has the port {} already.", bind.port));
    Finding::unknown(first).and(bound.filter(|_| facts.seen.what.call == ServerCall::Bind))
}
