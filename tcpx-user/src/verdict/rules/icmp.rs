//! An ICMP error ended the attempt (`tcp_v4_err`, `tcp_v6_err`).
//!
//! One that comes back while the task is still in connect() is only noted (`sk_err_soft`), so that a blocking
//! connect() fails at the first retransmission, and an application may give up before with no error at all.

mod table;

use std::sync::Arc;

use super::{Context, Finding, firewall::suspects, words};
use crate::{
    correlate::{
        facts::{AttemptFacts, is_own},
        key::{Seen, may_be_same},
    },
    event::{Drop, Icmp},
    line::Confidence,
    ruleset::{Deed, Packet},
    verdict::VerdictId::{self, IcmpAdminProhibited, IcmpRefused, IcmpUnreachable, NeighborFailed},
};

use table::{Meaning, by_errno, meaning};

/// An answer comes within this time of what it answers; the end of a timer, a second or more later.
const AT_ONCE_NS: u64 = 500_000_000;

/// An ICMP error can have ended an attempt that was not answered otherwise.
fn fits(facts: &AttemptFacts, errno: u16) -> bool {
    facts.reset.is_none()
        && !facts.is_established()
        && facts.err().is_none_or(|err| matches!(err, 0 | 110) || err == errno)
}

/// The error about this attempt that was seen arriving or, where that is not seen, being sent by this host.
fn seen(facts: &AttemptFacts) -> Option<(&Seen<Arc<Icmp>>, Meaning)> {
    let error = facts.icmp.as_ref().or(facts.icmp_sent.as_ref())?;
    let meaning = meaning(&error.what)?;
    fits(facts, meaning.errno).then_some((error, meaning))
}

/// What an attempt that this error ended fails with.
pub(crate) fn errno(facts: &AttemptFacts) -> Option<u16> {
    seen(facts).map(|(_, meaning)| meaning.errno)
}

/// Port unreachable.
pub(super) fn refused(facts: &AttemptFacts, context: &Context<'_>) -> Option<Finding> {
    as_seen(facts, context, IcmpRefused)
}

/// A firewall's word.
pub(super) fn admin_prohibited(facts: &AttemptFacts, context: &Context<'_>) -> Option<Finding> {
    as_seen(facts, context, IcmpAdminProhibited)
}

/// Any other.
pub(super) fn unreachable(facts: &AttemptFacts, context: &Context<'_>) -> Option<Finding> {
    as_seen(facts, context, IcmpUnreachable)
}

fn as_seen(facts: &AttemptFacts, context: &Context<'_>, id: VerdictId) -> Option<Finding> {
    let (error, meaning) = seen(facts).filter(|(_, meaning)| meaning.id == id)?;
    let icmp = &error.what;
    let what = format!("ICMP {} (type {}, code {})", meaning.name, icmp.icmp_type, icmp.icmp_code);
    let first = match icmp.from {
        Some(from) => format!("{from} answered the SYN to {} with {what}{}.", icmp.ends.b, arrival(icmp)),
        None => format!("The SYN to {} was answered with {what}.", icmp.ends.b),
    };
    let local = facts.icmp_sent.as_ref().map(|sent| words::netns(sent.netns, context));
    let who = local.map(|place| format!("This host sent it, in {place}.")).or_else(|| sender(icmp));
    let sure = if facts.icmp.is_some() { Confidence::Observed } else { Confidence::Derived };
    let rule = rule(facts, id, context);
    let finding = Finding::new(id, sure, first).and(who).and(rule);
    Some(finding.and(elsewhere(facts, context)).and(early(facts, meaning)))
}

/// The rule that may have sent it, where this host did. Other errors come from routing and neighbours.
fn rule(facts: &AttemptFacts, id: VerdictId, context: &Context<'_>) -> Option<String> {
    let sent = facts.icmp_sent.as_deref();
    let from_here =
        |error: &&Seen<Arc<Icmp>>| error.what.from.is_some_and(|from| is_own(from, error.what.ends.a.ip()));
    let error = sent.or_else(|| facts.icmp.as_deref().filter(from_here))?;
    let deed = Deed::Icmp(error.what.icmp_code);
    let fits = matches!(id, IcmpRefused | IcmpAdminProhibited);
    fits.then(|| suspects(error.netns, &Packet::between(error.what.ends), deed, context))?
}

fn arrival(icmp: &Icmp) -> String {
    let device = icmp.device.as_ref().map(|device| format!(", received on {device}")).unwrap_or_default();
    let ttl = icmp.ttl.filter(|&ttl| ttl != 0).map(|ttl| format!(" (TTL {ttl})")).unwrap_or_default();
    format!("{device}{ttl}")
}

/// Who a sender outside this host can be.
fn sender(icmp: &Icmp) -> Option<String> {
    let from = icmp.from?;
    let text = if is_own(from, icmp.ends.a.ip()) {
        "That is an address of this host."
    } else if from == icmp.ends.b.ip() {
        "That is the address that was called: that host, or a firewall answering for it."
    } else {
        "That is not the address that was called: a router or firewall on the way."
    };
    Some(text.to_owned())
}

/// A router of this host gave up on a neighbour of its own.
fn elsewhere(facts: &AttemptFacts, context: &Context<'_>) -> Option<String> {
    let failed = facts.neighbor.as_ref().filter(|failed| !may_be_same(failed.netns, facts.netns()))?;
    Some(format!("Nobody answered for the address in {}.", words::netns(failed.netns, context)))
}

fn early(facts: &AttemptFacts, meaning: Meaning) -> Option<String> {
    let text = "It came while connect() was still running, where the kernel only notes it.";
    let again = facts.syn_retransmits() > 0 && facts.err() == Some(meaning.errno);
    let noted = facts.end.as_ref().is_some_and(|end| end.what.err_soft == meaning.errno);
    (again && noted).then(|| text.to_owned())
}

/// `arp_error_report` or `ndisc_error_report` freed the SYN, and gave its own host an ICMP error.
pub(super) fn neighbor_failed(facts: &AttemptFacts, context: &Context<'_>) -> Option<Finding> {
    const EHOSTUNREACH: u16 = 113;
    let failed = facts.neighbor.as_ref().filter(|failed| may_be_same(failed.netns, facts.netns()))?;
    if !fits(facts, EHOSTUNREACH) {
        return None;
    }
    let (to, place) = (failed.what.segment.ends.b, words::netns(failed.netns, context));
    let asked = if to.is_ipv4() { "ARP requests" } else { "neighbour solicitations" };
    let device =
        failed.what.segment.device.as_ref().map(|device| format!(" on {device}")).unwrap_or_default();
    let first =
        format!("Nobody answered the {asked}{device} for {} or the gateway to it, in {place}.", to.ip());
    let error = facts.icmp.as_ref().or(facts.icmp_sent.as_ref()).and_then(|error| meaning(&error.what));
    let error = error.map(|error| format!("So this host gave itself ICMP {}.", error.name));
    Some(Finding::observed(NeighborFailed, first).and(Some(freed(&failed.what))).and(error))
}

fn freed(drop: &Drop) -> String {
    let function = drop.function.as_ref().map(|function| format!(" in {function}")).unwrap_or_default();
    let reason = drop.reason.as_ref().map(|reason| format!(" with {reason}")).unwrap_or_default();
    format!("The kernel freed the waiting SYN{function}{reason}.")
}

/// The socket got an errno that in SYN_SENT only a RST and an ICMP error set; RSTs would have been seen and ICMP
/// errors not.
pub(super) fn unseen(facts: &AttemptFacts, context: &Context<'_>) -> Option<Finding> {
    let end = &facts.end.as_ref()?.what;
    let errno = if end.err == 0 { end.err_soft } else { end.err };
    let (id, what) = by_errno(errno, end.ends.b.is_ipv4())?;
    let only_icmp = context.abilities.received_resets && !context.abilities.icmp && facts.complete;
    if !only_icmp || !fits(facts, errno) || !answered(facts, id) {
        return None;
    }
    let name = words::errno(errno.into());
    let first = format!("The socket got {name} from {} without a RST: ICMP {what}.", end.ends.b);
    // A rule of the same namespace, if the address that was called is in it.
    let code = if end.ends.b.is_ipv4() { 3 } else { 4 };
    let rule = (id == IcmpRefused && facts.remote_is_local)
        .then(|| suspects(facts.netns(), &Packet::between(end.ends), Deed::Icmp(code), context));
    Some(Finding::derived(id, first).and(rule.flatten()))
}

/// A route that went away leaves such an error too (`inet6_sk_rebuild_header`), which the socket gets when its
/// retransmissions are over: then it is in `sk_err_soft` as well, and no SYN has just been sent. No route refuses.
fn answered(facts: &AttemptFacts, id: VerdictId) -> bool {
    let Some(end) = &facts.end else { return false };
    let last = facts.retransmit.as_ref().map(|again| again.time);
    let at_once = last.is_some_and(|last| end.time.saturating_sub(last) < AT_ONCE_NS);
    id == IcmpRefused || (end.what.err != 0 && (end.what.err_soft != end.what.err || at_once))
}
