//! A.4: netfilter answered with a RST, on this host.

use super::{Context, Finding, firewall::suspects, words};
use crate::{
    correlate::facts::{ResetFacts, Sender},
    ruleset::{Deed, Packet},
    verdict::VerdictId,
};

/// `nf_send_reset` or `nf_send_reset6` was seen.
pub(super) fn observed(facts: &ResetFacts, context: &Context<'_>) -> Option<Finding> {
    let Some(Sender::Reject(seen)) = &facts.sender else { return None };
    let (ends, place) = (seen.what.0.ends, words::netns(seen.netns, context));
    let hook = hook_name(seen.what.1.0);
    let first = format!("A reject rule on this host answered for {}, in the {hook} hook of {place}.", ends.b);
    let rule = suspects(seen.netns, &Packet::of(&seen.what.0), Deed::Reset(Some(seen.what.1.0)), context);
    Some(Finding::observed(VerdictId::NetfilterRejectReset, first).and(rule))
}

/// The SYN was dropped by netfilter, and its sender got a RST that no socket here sent.
pub(super) fn derived(facts: &ResetFacts, context: &Context<'_>) -> Option<Finding> {
    let Some(Sender::RejectDrop(seen)) = &facts.sender else { return None };
    let (ends, place) = (seen.what.segment.ends, words::netns(seen.netns, context));
    let first = format!("A reject rule on this host answered for {}, in {place}.", ends.b);
    let second = "Netfilter dropped the SYN, and a RST that no socket of this host sent reached its sender.";
    let rule = suspects(seen.netns, &Packet::of(&seen.what.segment), Deed::Reset(None), context);
    Some(Finding::derived(VerdictId::NetfilterRejectReset, first).and(Some(second.to_owned())).and(rule))
}

/// `enum nf_inet_hooks`.
fn hook_name(number: u32) -> String {
    const NAMES: [&str; 6] = ["prerouting", "input", "forward", "output", "postrouting", "ingress"];
    let name = usize::try_from(number).ok().and_then(|number| NAMES.get(number));
    name.map_or_else(|| format!("netfilter {number}"), |&name| name.to_owned())
}
