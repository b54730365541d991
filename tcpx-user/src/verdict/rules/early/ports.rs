//! `inet_hash_connect`: the kernel found no local port, or the connection exists already. The socket was in SYN_SENT and
//! came back without an error in it; the result of connect() is EADDRNOTAVAIL.

use std::{collections::BTreeSet, net::SocketAddr, ops::RangeInclusive};

use tcpx_common::abi::state::{CLOSE, TIME_WAIT};

use super::before_syn_sent;
use crate::{
    correlate::facts::AttemptFacts,
    event::{Ends, Netns},
    line::Confidence,
    verdict::{
        VerdictId,
        rules::{Context, Finding, words},
    },
    who::Connection,
};

const EADDRNOTAVAIL: i32 = 99;
/// Owners that are looked up: each may cost a look at /proc.
const MOST_OWNERS: usize = 64;

/// The socket came back from SYN_SENT without an error and sent nothing. With [`Confidence::Derived`] the result of
/// connect() could not be seen: it may have been put off, too (TCP_FASTOPEN_CONNECT).
fn undone(facts: &AttemptFacts, context: &Context<'_>) -> Option<(Ends, Confidence)> {
    let end = facts.end.as_ref().filter(|end| end.what.err == 0 && end.what.new == CLOSE)?;
    let ends = facts.start.as_ref().map_or(end.what.ends, |start| start.what.ends);
    match &facts.failed {
        Some(failed) if failed.what.errno == EADDRNOTAVAIL => Some((ends, Confidence::Observed)),
        None if !context.abilities.calls && facts.ended_unsent() => Some((ends, Confidence::Derived)),
        _ => None,
    }
}

/// Every port of the range is taken for this target.
pub(in super::super) fn port_exhausted(facts: &AttemptFacts, context: &Context<'_>) -> Option<Finding> {
    // A socket that was put off has got a port.
    let got_none = || facts.end.as_ref().is_some_and(|end| end.what.ends.a.port() == 0);
    let portless = |(ends, sure): &(Ends, Confidence)| {
        ends.a.port() == 0 && (*sure == Confidence::Observed || got_none())
    };
    let (ends, sure) = undone(facts, context).filter(portless)?;
    let (netns, to) = (facts.netns(), ends.b);
    let range = range(netns, context);
    let which = range.as_ref().map_or_else(
        || "the local port range".to_owned(),
        |range| format!("the local port range {}-{}", range.start(), range.end()),
    );
    let first = format!("No port of {which} in {} is free for {to}.", words::netns(netns, context));
    let finding = Finding::new(VerdictId::PortExhausted, sure, first);
    Some(finding.and(range.and_then(|range| users(netns, &range, to, context))))
}

/// A bound socket asked for a connection that exists, or that is still in TIME_WAIT. While one exists, no other can be put off.
pub(in super::super) fn address_not_available(
    facts: &AttemptFacts,
    context: &Context<'_>,
) -> Option<Finding> {
    // One whose beginning was not seen may have got its port from connect().
    let bound = |(ends, sure): &(Ends, Confidence)| {
        ends.a.port() != 0 && (*sure == Confidence::Observed || facts.start.is_some())
    };
    let (ends, sure) = undone(facts, context).filter(bound)?;
    let (from, to) = (ends.a, ends.b);
    let list = context.who.connections(facts.netns());
    let same = |other: &&Connection| other.local.port() == from.port() && other.remote == to;
    let known = list.as_ref().and_then(|list| list.iter().find(same));
    let first = match known {
        Some(known) => {
            let whose = owner(known, context).map(|name| format!(" of {name}")).unwrap_or_default();
            format!(
                "The connection from {} to {to} exists: a socket{whose} in {}.",
                known.local,
                words::state(known.state)
            )
        }
        None if sure == Confidence::Derived => return None,
        None => format!("The connection from port {} to {to} existed already.", from.port()),
    };
    Some(Finding::new(VerdictId::AddressNotAvailable, sure, first))
}

/// IPv6 looks for a source address before it looks for a port (`ipv6_dev_get_saddr`).
pub(in super::super) fn no_source_address(facts: &AttemptFacts, context: &Context<'_>) -> Option<Finding> {
    let failed = before_syn_sent(facts).filter(|failed| failed.what.errno == EADDRNOTAVAIL)?;
    let to = failed.what.requested.ip();
    let place = words::netns(failed.netns, context);
    let first = format!("No address in {place} can be the source of a connection to {to}.");
    let off =
        context.who.sysctl(failed.netns, "net/ipv6/conf/all/disable_ipv6").is_some_and(|text| text == "1");
    let why =
        (to.is_ipv6() && off).then(|| "IPv6 is off there: net.ipv6.conf.all.disable_ipv6 is 1.".to_owned());
    Some(Finding::observed(VerdictId::AddressNotAvailable, first).and(why))
}

/// The ports that the kernel chooses from.
fn range(netns: Netns, context: &Context<'_>) -> Option<RangeInclusive<u16>> {
    let text = context.who.sysctl(netns, "net/ipv4/ip_local_port_range")?;
    let mut ports = text.split_whitespace().map(str::parse);
    Some(ports.next()?.ok()?..=ports.next()?.ok()?)
}

/// Who has the ports of the range towards this target, asked afterwards.
fn users(netns: Netns, range: &RangeInclusive<u16>, to: SocketAddr, context: &Context<'_>) -> Option<String> {
    let list = context.who.connections(netns)?;
    let there: Vec<_> =
        list.iter().filter(|other| other.remote == to && range.contains(&other.local.port())).collect();
    let waiting = there.iter().filter(|other| other.state == TIME_WAIT).count();
    let ports = range.len();
    let owners = owners(&there, context);
    Some(format!(
        "Asked afterwards, {} of its {ports} ports have a connection to {to}, {waiting} of them in TIME_WAIT{owners}.",
        there.len()
    ))
}

/// A sentence about all sockets that have a port of the range, and the range itself.
pub(in super::super) fn sockets_in_range(netns: Netns, context: &Context<'_>) -> (String, Option<String>) {
    let Some(range) = range(netns, context) else { return ("the local port range".to_owned(), None) };
    let which = format!("the local port range {}-{}", range.start(), range.end());
    let list = context.who.connections(netns);
    let used = list.map(|list| {
        let in_range: Vec<_> = list.iter().filter(|other| range.contains(&other.local.port())).collect();
        let ports: BTreeSet<_> = in_range.iter().map(|other| other.local.port()).collect();
        let owners = owners(&in_range, context);
        format!("Asked afterwards, sockets have {} of its {} ports{owners}.", ports.len(), range.len())
    });
    (which, used)
}

/// `; they are of app[7]`, as far as the first of them tell.
fn owners(list: &[&Connection], context: &Context<'_>) -> String {
    let held: Vec<_> = list.iter().filter(|other| other.inode.is_some()).collect();
    let names: BTreeSet<_> =
        held.iter().take(MOST_OWNERS).filter_map(|other| owner(other, context)).collect();
    if names.is_empty() {
        return String::new();
    }
    let names = names.into_iter().collect::<Vec<_>>().join(", ");
    if held.len() > MOST_OWNERS {
        format!("; the first {MOST_OWNERS} are of {names}")
    } else {
        format!("; those open are of {names}")
    }
}

fn owner(connection: &Connection, context: &Context<'_>) -> Option<String> {
    connection.inode.and_then(|inode| context.who.holder(inode)).map(|process| words::process(&process))
}
