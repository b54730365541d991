//! A SYN met the TIME_WAIT record of an older connection with the same addresses and ports, which did not make way
//! (`tcp_timewait_state_process`).

use tcpx_common::abi::state::{FIN_WAIT2, TIME_WAIT};

use super::{Context, Finding, drop, words};
use crate::{
    correlate::facts::{DropCause, DropFacts},
    event::{Drop, Ends, Met},
    line::Confidence,
    verdict::VerdictId,
};

/// The SYN is no later than the old connection, by its sequence number or timestamp.
pub(super) fn time_wait_ack(facts: &DropFacts, _: &Context<'_>) -> Option<Finding> {
    match &facts.cause {
        DropCause::Mini(seen) => match seen.what.met {
            Met::TimeWait { rcv_nxt, substate, answered } => {
                let segment = &seen.what.segment;
                Some(met(segment.ends, segment.seq, rcv_nxt, substate, answered))
            }
            Met::Request { .. } => None,
        },
        DropCause::Freed(seen) => named(&seen.what),
        DropCause::Queue(_) => None,
    }
}

fn met(ends: Ends, seq: u32, rcv_nxt: u32, substate: u8, answered: bool) -> Finding {
    let what = if answered { "answered the SYN with an ACK" } else { "passed over the SYN" };
    let first =
        format!("{} still keeps its last connection with {} in TIME_WAIT, which {what}.", ends.b, ends.a);
    let behind = (rcv_nxt.wrapping_sub(seq)).cast_signed();
    let why = if behind >= 0 {
        format!("The SYN's sequence number {seq} is not after {rcv_nxt}, where the old connection ended.")
    } else {
        format!("The SYN's sequence number {seq} is after {rcv_nxt}, but its timestamp is older.")
    };
    let substate = (substate == FIN_WAIT2).then(|| {
        format!("The peer had not closed the old connection (substate {}).", words::state(substate))
    });
    Finding::observed(VerdictId::TimeWaitAck, first).and(Some(why)).and(substate)
}

/// The lookup, or the drop itself, names the record.
fn named(dropped: &Drop) -> Option<Finding> {
    let hit = dropped.lookups.established.and_then(Result::ok).map(|(_, state)| state);
    if !dropped.is_vague() || !dropped.segment.is_syn() || hit.or(dropped.for_state) != Some(TIME_WAIT) {
        return None;
    }
    let first = format!(
        "The {} met a TIME_WAIT record of their last connection, which did not make way.",
        drop::segment(dropped)
    );
    Some(Finding::new(VerdictId::TimeWaitAck, Confidence::Derived, first))
}
