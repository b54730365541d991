//! The `attempt` line.

use std::sync::Arc;

use tcpx_common::abi::state::SYN_RECV;

use super::{Names, packets, path, verdict};
use crate::{
    correlate::facts::AttemptFacts,
    line::{self, Family, How, Nat, Outcome},
    verdict::{
        VerdictId,
        rules::{self, Finding, words},
    },
};

/// The line of an attempt.
#[must_use]
pub fn attempt(facts: &AttemptFacts, finding: Finding, names: &Names<'_>) -> line::Attempt {
    let (from, until) = facts.span();
    let ends = facts.ends();
    let requested = facts.requested();
    let any = ends.map(|ends| ends.b).or(requested);
    line::Attempt {
        id: facts.id,
        time: names.who.time(from),
        duration_ns: until - from,
        netns: names.who.netns(facts.netns()),
        family: if any.is_some_and(|addr| addr.is_ipv6()) { Family::Ipv6 } else { Family::Ipv4 },
        local: ends.map(|ends| ends.a.into()),
        remote: ends.map(|ends| ends.b.into()),
        requested: requested.map(Into::into),
        nat: facts.translated().map(|ends| Nat { local: ends.a.into(), remote: ends.b.into() }),
        process: process(facts, names),
        outcome: outcome(facts, finding.id),
        errno: errno(facts, finding.id).map(words::errno),
        how: how(facts, finding.id),
        syn_retransmits: facts.syn_retransmits(),
        isn: facts.isn(),
        path: path::attempt(facts, finding.id, names),
        verdict: verdict(finding),
        reset: facts.reset.as_ref().map(|reset| reset.id),
        was: None,
        complete: names.complete(facts.complete && facts.reset.as_ref().is_none_or(|reset| reset.complete)),
        packets: names.packets(|names| packets::attempt(facts, names)),
    }
}

/// Whoever called connect(): known from the event of the call alone.
pub(super) fn process(facts: &AttemptFacts, names: &Names<'_>) -> Option<Arc<line::Process>> {
    let who = names.who;
    let failed = facts.failed.as_ref();
    let of_failed = || failed.map(|s| who.process(s.task, &s.what.comm, Some(s.what.uid), s.what.cgroup));
    let Some(start) = &facts.start else { return of_failed() };
    if start.what.caller {
        return Some(who.process(start.task, &start.what.comm, Some(start.what.uid), start.what.cgroup));
    }
    start.what.inode.and_then(|inode| who.holder(inode)).or_else(of_failed)
}

/// The error that the application gets. One that ICMP left in `sk_err_soft` is gone at close() only if the
/// application has read it (`sock_getsockopt`, SO_ERROR: `xchg(&sk->sk_err_soft, 0)`).
fn errno(facts: &AttemptFacts, id: VerdictId) -> Option<i32> {
    let end = facts.end.as_ref().map(|end| (end.what.err, end.what.err_soft));
    let by_icmp =
        matches!(id, VerdictId::IcmpRefused | VerdictId::IcmpAdminProhibited | VerdictId::IcmpUnreachable);
    if by_icmp && (end == Some((0, 0)) || facts.ended_by_icmp()) {
        return rules::icmp_errno(facts).map(i32::from);
    }
    let failed = facts.failed.as_ref().map(|failed| failed.what.errno);
    let end = facts.err().filter(|&err| err != 0 && !facts.is_established());
    end.map(i32::from).or(failed)
}

fn outcome(facts: &AttemptFacts, id: VerdictId) -> Outcome {
    if facts.is_established() {
        return Outcome::Established;
    }
    errno(facts, id).map_or_else(|| unended(facts, id), outcome_of)
}

/// What an error is called.
pub(super) const fn outcome_of(errno: i32) -> Outcome {
    match errno {
        111 => Outcome::Refused,
        32 | 103 | 104 => Outcome::Reset,
        110 => Outcome::TimedOut,
        64 | 100 | 101 | 112 | 113 => Outcome::Unreachable,
        1 | 13 => Outcome::Denied,
        _ => Outcome::Failed,
    }
}

/// No error was seen: the application gave up, or the end is missing.
fn unended(facts: &AttemptFacts, id: VerdictId) -> Outcome {
    let crossed = |facts: &AttemptFacts| {
        let reset = facts.reset.as_ref().and_then(|reset| reset.receiver.as_ref());
        reset.is_some_and(|seen| seen.what.sock.state == SYN_RECV)
    };
    match &facts.end {
        Some(end) if end.what.ends.a.port() == 0 => Outcome::Failed,
        Some(_) => Outcome::Cancelled,
        None if facts.reset.is_some() && crossed(facts) => Outcome::Reset,
        None if facts.reset.is_some() && id != VerdictId::Unknown => Outcome::Refused,
        None => Outcome::Pending,
    }
}

const fn how(facts: &AttemptFacts, id: VerdictId) -> How {
    match id {
        VerdictId::SelfConnect => How::SelfConnect,
        VerdictId::SimultaneousOpen => How::SimultaneousOpen,
        _ if facts.crossed.is_some() => How::SimultaneousOpen,
        _ => How::ActiveOpen,
    }
}
