//! An ICMP error ended the attempt (`tcp_v4_err`, `tcp_v6_err`).
//!
//! One that comes back while the task is still in connect() is only noted (`sk_err_soft`), so that a blocking
//! connect() fails at the first retransmission, and an application may give up before with no error at all.

use super::{Context, Finding, words};
use crate::{
    correlate::facts::AttemptFacts,
    event::Icmp,
    verdict::VerdictId::{self, IcmpRefused},
};

const ECONNREFUSED: u16 = 111;

/// Which verdict an error stands for, by family, type and code. The other rows are for the other ids.
const VERDICTS: &[(bool, u8, u8, VerdictId)] = &[(true, 3, 3, IcmpRefused), (false, 1, 4, IcmpRefused)];

fn verdict(icmp: &Icmp) -> Option<VerdictId> {
    let key = (icmp.ends.b.is_ipv4(), icmp.icmp_type, icmp.icmp_code);
    VERDICTS.iter().find(|row| (row.0, row.1, row.2) == key).map(|row| row.3)
}

/// An ICMP error can have ended an attempt that was not answered otherwise.
fn fits(facts: &AttemptFacts) -> bool {
    facts.reset.is_none()
        && !facts.is_established()
        && facts.err().is_none_or(|err| matches!(err, 0 | ECONNREFUSED | 110))
}

/// The error was seen, arriving or (where that is not seen) being sent by this host.
pub(super) fn refused(facts: &AttemptFacts, context: &Context<'_>) -> Option<Finding> {
    let received = facts.icmp.as_ref();
    let seen =
        received.or(facts.icmp_sent.as_ref()).filter(|seen| verdict(&seen.what) == Some(IcmpRefused))?;
    if !fits(facts) {
        return None;
    }
    let sent = facts.icmp_sent.as_ref().map(|sent| words::netns(sent.netns, context));
    let (kind, code) = (seen.what.icmp_type, seen.what.icmp_code);
    let what = format!("ICMP port unreachable (type {kind}, code {code})");
    let first = match (seen.what.from, &sent) {
        (Some(from), _) => {
            format!("{from} answered the SYN to {} with {what}{}.", seen.what.ends.b, arrival(&seen.what))
        }
        (None, _) => format!("The SYN to {} was answered with {what}.", seen.what.ends.b),
    };
    let local = sent.map(|place| format!("This host sent it, in {place}."));
    let finding = Finding::observed(IcmpRefused, first).and(local).and(early(facts));
    Some(if received.is_some() { finding } else { finding.at_most(crate::line::Confidence::Derived) })
}

fn arrival(icmp: &Icmp) -> String {
    let device = icmp.device.as_ref().map(|device| format!(", received on {device}")).unwrap_or_default();
    let ttl = icmp.ttl.filter(|&ttl| ttl != 0).map(|ttl| format!(" (TTL {ttl})")).unwrap_or_default();
    format!("{device}{ttl}")
}

fn early(facts: &AttemptFacts) -> Option<String> {
    let text = "It came while connect() was still running, where the kernel only notes it.";
    let again = facts.syn_retransmits() > 0 && facts.err() == Some(ECONNREFUSED);
    again.then(|| text.to_owned())
}

/// ECONNREFUSED without a RST, where RSTs would have been seen and ICMP errors not.
pub(super) fn refused_unseen(facts: &AttemptFacts, context: &Context<'_>) -> Option<Finding> {
    let end = &facts.end.as_ref()?.what;
    let refused = end.err == ECONNREFUSED || (end.err == 0 && end.err_soft == ECONNREFUSED);
    let only_icmp = context.abilities.received_resets && !context.abilities.icmp && facts.complete;
    if !refused || !only_icmp || !fits(facts) {
        return None;
    }
    let first =
        format!("The socket got ECONNREFUSED from {} without a RST: an ICMP port unreachable.", end.ends.b);
    Some(Finding::derived(IcmpRefused, first))
}
