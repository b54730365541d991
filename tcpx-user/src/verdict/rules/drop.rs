//! Handshake segments that the kernel threw away without an answer.

use super::{
    Context, Finding,
    firewall::suspects,
    words::{self, flags},
};
use crate::{
    correlate::facts::{DropCause, DropFacts},
    event::Drop,
    ruleset::{Deed, Packet},
    verdict::VerdictId,
};

/// `NF_DROP` in one of netfilter's hooks.
pub(super) fn netfilter_drop(facts: &DropFacts, context: &Context<'_>) -> Option<Finding> {
    let DropCause::Freed(seen) = &facts.cause else { return None };
    if !seen.what.by_netfilter() {
        return None;
    }
    let place = words::netns(seen.netns, context);
    let first = format!("Netfilter dropped the {} in {place}{}.", segment(&seen.what), function(&seen.what));
    let finding = match seen.what.reason {
        Some(_) => Finding::observed(VerdictId::NetfilterDrop, first),
        None => Finding::derived(VerdictId::NetfilterDrop, first),
    };
    let can = context.abilities;
    let deed = Deed::Drop { no_reset: can.rejects, no_icmp: can.icmp_send };
    Some(finding.and(suspects(seen.netns, &Packet::of(&seen.what.segment), deed, context)))
}

pub(super) fn segment(drop: &Drop) -> String {
    let ends = drop.segment.ends;
    let what = match drop.segment.flags & 0x17 {
        0x02 => "SYN".to_owned(),
        0x12 => "SYN-ACK".to_owned(),
        other => format!("segment [{}]", flags(other)),
    };
    format!("{what} from {} to {}", ends.a, ends.b)
}

pub(super) fn function(drop: &Drop) -> String {
    drop.function.as_ref().map(|function| format!(" ({function})")).unwrap_or_default()
}

/// What was seen of a drop that no rule explains.
pub(super) fn unknown(facts: &DropFacts) -> Finding {
    let first = match &facts.cause {
        DropCause::Freed(seen) => {
            let reason = seen.what.reason.as_deref().unwrap_or("without a reason");
            format!("The kernel dropped the {}: {reason}{}.", segment(&seen.what), function(&seen.what))
        }
        DropCause::Queue(seen) => {
            let (waiting, young) = (seen.what.sock.backlog.0, seen.what.syn_backlog);
            let addr = seen.what.segment.ends.b;
            format!(
                "The listener on {addr} passed over a SYN; {waiting} connections and {young} handshakes wait."
            )
        }
        DropCause::Mini(seen) => {
            let ends = seen.what.segment.ends;
            format!("A segment from {} to {} was passed over.", ends.a, ends.b)
        }
    };
    Finding::unknown(first)
}
