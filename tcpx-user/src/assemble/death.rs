//! The `death` line.

use super::{Names, attempt::outcome_of, ends, packets, path, verdict};
use crate::{
    correlate::facts::DeathFacts,
    line::{self, Family},
    verdict::{rules::Finding, rules::words},
};

/// The line of a connection that died without a RST.
#[must_use]
pub fn death(facts: &DeathFacts, finding: Finding, names: &Names<'_>) -> line::Death {
    let seen = &facts.seen;
    let (ends_, sock, timers) = (seen.what.ends, &seen.what.sock, seen.what.timers);
    let age_ns = ends::age(&seen.what, seen.time, facts.opened);
    let errno = i32::from(sock.err);
    line::Death {
        id: facts.id,
        time: names.who.time(seen.time),
        duration_ns: age_ns,
        netns: names.who.netns(seen.netns),
        family: if ends_.b.is_ipv6() { Family::Ipv6 } else { Family::Ipv4 },
        local: Some(ends_.a.into()),
        remote: Some(ends_.b.into()),
        requested: None,
        nat: None,
        process: sock.inode.and_then(|inode| names.who.holder(inode)),
        outcome: outcome_of(errno),
        errno: Some(words::errno(errno)),
        how: None,
        syn_retransmits: None,
        state: words::state(sock.state),
        age_ns,
        idle_ns: sock.idle_ns,
        bytes_sent: sock.bytes_acked,
        bytes_received: sock.bytes_received,
        retransmits: timers.retransmits.into(),
        probes: timers.probes_out.into(),
        path: path::death(facts, names),
        verdict: verdict(finding),
        reset: None,
        attempt: facts.opened.and_then(|opened| opened.attempt),
        complete: names.complete(facts.complete),
        packets: names.packets(|names| packets::death(facts, names)),
    }
}
