//! A.2 in Multipath TCP: what makes close() end a connection at once is known to the connection, not to the subflow that
//! sends the RST.
//!
//! `mptcp_do_fastclose` runs when data is unread at close(), for SO_LINGER of 0, and in disconnect(). Depending on the kernel it puts
//! SO_LINGER of 0 on the subflow and closes that, whatever the application has set, or sends the RST itself, with the reason
//! that TCP gives for unread data (TCP_ABORT_ON_CLOSE): neither is what it says of a socket of TCP's own.

use tcpx_common::abi::state::CLOSE;

use super::{
    Context, Finding,
    active::{active, lingers_zero, unread},
    words,
};
use crate::{
    correlate::facts::ResetFacts, decode::Symbols, event::SockReset, line::Confidence, verdict::VerdictId,
};

/// What calls it, or is called by it, in a system call of the process.
const IN_CALL: [&str; 3] = ["mptcp_close", "__mptcp_close", "mptcp_disconnect"];
const FAST_CLOSE: [&str; 2] = ["mptcp_do_fastclose", "mptcp_check_fastclose"];

/// Reasons of `tcp_disconnect`.
const DISCONNECT: [&str; 2] = ["TCP_STATE", "TCP_DISCONNECT_WITH_DATA"];

/// MPTCP has ended the subflow in a system call of the running task.
#[must_use]
pub(crate) fn is_in_call(stack: &[u64], symbols: &dyn Symbols) -> bool {
    words::calls(stack, &IN_CALL, symbols) == Some(true)
}

/// It looks like a close at once, in the fields of the subflow.
fn fits(reset: &SockReset) -> bool {
    let by_close = reset.sock.state == CLOSE && (lingers_zero(reset) || unread(reset) > 0);
    match reset.reason.as_deref() {
        Some("TCP_ABORT_ON_CLOSE") => true,
        None => by_close,
        Some(reason) => by_close && DISCONNECT.contains(&reason),
    }
}

/// `mptcp_do_fastclose`, and what else ends a subflow within close() of its connection.
pub(super) fn closed_at_once(facts: &ResetFacts, context: &Context<'_>) -> Option<Finding> {
    let seen = active(facts).filter(|seen| seen.what.sock.mptcp)?;
    let in_call = is_in_call(&seen.stack, context.symbols);
    let shown = in_call || words::called_by(&seen.stack, &FAST_CLOSE, context) == Some(true);
    if !shown && !fits(&seen.what) {
        return None;
    }
    let (a, b) = (seen.what.ends.a, seen.what.ends.b);
    let first = if in_call {
        let process = context.who.process(seen.task, &seen.what.comm, None, None);
        let who = words::process(&process);
        format!("{who} ended its Multipath TCP connection from {a} to {b} at once.")
    } else {
        format!("Multipath TCP ended its subflow from {a} to {b} at once.")
    };
    let second =
        "It does so when data is unread at close(), or SO_LINGER is 0; the subflow does not tell which.";
    let sure = if shown { Confidence::Observed } else { Confidence::Derived };
    Some(Finding::new(VerdictId::MptcpReset, sure, first).and(Some(second.to_owned())))
}
