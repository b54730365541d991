//! Sockets that almost got the segment: why they did not, whose they are, and for how long they had been there.

use std::{net::SocketAddr, sync::Arc};

use tcpx_common::abi::state::LISTEN;

use super::Names;
use crate::{
    correlate::{
        facts::{Answered, ResetFacts},
        key::Seen,
    },
    event::{Holder, Netns, StateChange, Untranslated},
    line::{Near, Process},
    verdict::rules::{self, units, words},
    who::{Elsewhere, Link},
};

/// Sockets with the port that did not get the segment, and why.
pub(super) fn near(facts: &ResetFacts, names: &Names<'_>) -> Vec<Near> {
    let Some(sender) = &facts.sender else { return Vec::new() };
    let Some(answered) = sender.answered() else { return Vec::new() };
    let list = answered.holders.map_or(&[][..], |holders| &holders.list);
    let ages = facts.held_since.iter().map(|since| since.map(|since| sender.time().saturating_sub(since)));
    let held = list.iter().zip(ages.chain(std::iter::repeat(None)));
    let held = held.map(|(holder, age)| Near {
        age_ns: age,
        ..of_holder(holder, why_not(holder, &answered, sender.netns(), names), sender.netns(), names)
    });
    let closed = facts.closed.iter().map(|seen| in_time(facts, seen, names));
    let appeared = facts.appeared.iter().map(|seen| in_time(facts, seen, names));
    let elsewhere = rules::elsewhere(facts, names.who)
        .into_iter()
        .map(|other| Near { age_ns: age(&other, facts), ..elsewhere(&other, names) });
    let meant = facts.meant_for.iter().map(|seen| in_numbers(seen, names));
    held.chain(closed).chain(appeared).chain(elsewhere).chain(meant).collect()
}

/// `cgroup` is that of the socket.
fn of(
    (why, addr, netns): (String, SocketAddr, Netns),
    process: Option<Arc<Process>>,
    cgroup: Option<u64>,
    names: &Names<'_>,
) -> Near {
    Near {
        why,
        addr: addr.ip(),
        port: addr.port(),
        netns: names.who.netns(netns),
        unit: process.as_ref().and_then(|process| units::of_socket(process, cgroup, names.who)),
        process,
        age_ns: None,
    }
}

fn of_holder(holder: &Holder, why: String, netns: Netns, names: &Names<'_>) -> Near {
    let process = holder.inode.and_then(|inode| names.who.holder(inode));
    of((why, holder.addr, netns), process, holder.cgroup, names)
}

fn why_not(holder: &Holder, answered: &Answered<'_>, netns: Netns, names: &Names<'_>) -> String {
    let device = names.who.device(netns, holder.bound_dev);
    let why = rules::why_not(holder, answered, device.as_deref());
    why.unwrap_or_else(|| "listens, and was passed over".to_owned())
}

/// A listener that would have taken the SYN at another time.
fn in_time(facts: &ResetFacts, seen: &Seen<Arc<StateChange>>, names: &Names<'_>) -> Near {
    let change = &seen.what;
    let apart = words::duration(seen.time.abs_diff(facts.time()));
    let why = match (change.new == LISTEN, seen.time < facts.time()) {
        (true, true) => format!("listens since {apart} before the SYN"),
        (true, false) => format!("listens since {apart} after the SYN"),
        (false, true) => format!("was closed {apart} before the SYN"),
        (false, false) => format!("was closed {apart} after the SYN"),
    };
    let process = || names.who.process(seen.task, &change.comm, Some(change.uid), change.cgroup);
    let what = (why, change.ends.a, seen.netns);
    of(what, change.caller.then(process), change.cgroup, names)
}

fn elsewhere(other: &Elsewhere, names: &Names<'_>) -> Near {
    let why = match &other.link {
        Some(Link::Veth) => "listens in another network namespace that a veth pair leads to".to_owned(),
        Some(Link::Bridge(name)) => {
            format!("listens in another network namespace at the same bridge ({name})")
        }
        None => "listens in another network namespace".to_owned(),
    };
    of_holder(&other.listener, why, other.netns, names)
}

/// Since when it listens, if it was seen to begin.
fn age(other: &Elsewhere, facts: &ResetFacts) -> Option<u64> {
    let inode = other.listener.inode?;
    let same = |seen: &&Seen<Arc<StateChange>>| {
        (seen.netns.inum, seen.what.inode) == (other.netns.inum, Some(inode))
    };
    let begun = facts.begun.iter().filter(same).map(|seen| seen.time).max()?;
    Some(facts.time().saturating_sub(begun))
}

/// An open socket whose sequence numbers the segment fits.
fn in_numbers(seen: &Seen<Arc<Untranslated>>, names: &Names<'_>) -> Near {
    let (own, sock) = (seen.what.ends, &seen.what.sock);
    let process = sock.inode.and_then(|inode| names.who.holder(inode));
    let what = (format!("expects this sequence number, but from {}", own.b), own.a, seen.netns);
    of(what, process, sock.cgroup, names)
}
