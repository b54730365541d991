//! Netfilter dropped it, but no rule did: conntrack had no room.
//!
//! ```text
//! nf_conntrack_in: the table is full, and early_drop finds nothing to forget   "drop" is counted
//! __nf_conntrack_confirm: another connection has the reply's addresses already "insert_failed" is counted
//!   -> NF_DROP, and nf_hook_slow frees the packet with the same reason as for a rule
//! ```
//! The packet shows nothing of it, so that the namespace's own counters must, and only one of them.

use std::sync::Arc;

use super::{Context, Finding, discard::sentence};
use crate::{
    correlate::{
        facts::{DropCause, DropFacts},
        key::Seen,
    },
    event::Drop,
    verdict::VerdictId,
    who::Tellings,
};

const FULL: &str = "nf_conntrack drop";
const CLASH: &str = "nf_conntrack insert_failed";

/// The table is full, and that was counted at least as often as this flow was dropped.
pub(super) fn full(facts: &DropFacts, context: &Context<'_>) -> Option<Finding> {
    let (seen, tellings) = candidate(facts, context)?;
    let (entries, limit) = tellings.conntrack.filter(|(entries, limit)| *limit != 0 && entries >= limit)?;
    if tellings.rise(FULL) < facts.count || tellings.rise(CLASH) > 0 {
        return None;
    }
    let why = format!("conntrack knows {entries} connections there and may know {limit}");
    let times = tellings.rise(FULL);
    let count =
        format!("It has dropped {times} packets there since tcpx began (/proc/net/stat/nf_conntrack, drop).");
    Some(Finding::derived(VerdictId::ConntrackFull, sentence(seen, &why, context)).and(Some(count)))
}

/// The table has room, but not for this connection beside another one.
pub(super) fn insert_failed(facts: &DropFacts, context: &Context<'_>) -> Option<Finding> {
    let (seen, tellings) = candidate(facts, context)?;
    if tellings.conntrack.is_some_and(|(entries, limit)| limit != 0 && entries >= limit) {
        return None;
    }
    if tellings.rise(CLASH) < facts.count {
        return None;
    }
    let why = "after NAT it would have the addresses and ports of another connection";
    let times = tellings.rise(CLASH);
    let count = format!(
        "That has happened {times} times there since tcpx began (/proc/net/stat/nf_conntrack, insert_failed)."
    );
    let finding = Finding::derived(VerdictId::ConntrackInsertFailed, sentence(seen, why, context));
    Some(finding.and(Some(count)))
}

/// Rules of nftables free what they drop in `nft_do_chain` where they can (6.1 on); conntrack leaves it to the hook.
fn candidate<'a>(
    facts: &'a DropFacts,
    context: &Context<'_>,
) -> Option<(&'a Seen<Arc<Drop>>, Arc<Tellings>)> {
    let DropCause::Freed(seen) = &facts.cause else { return None };
    let by_hook = seen.what.function.as_deref().is_none_or(|function| function == "nf_hook_slow");
    (seen.what.by_netfilter() && by_hook).then_some(())?;
    Some((seen, context.who.tellings(seen.netns)?))
}
