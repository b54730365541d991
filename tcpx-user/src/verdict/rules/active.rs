//! A.2: a socket sent RST of its own accord (`tcp_send_active_reset`).
//!
//! `__tcp_close` sets `sk_shutdown` to both ways first and detaches the socket from its file last, so that a reset
//! from there shows a socket that is shut down, held, and in CLOSE. It looks for unread data before it looks at
//! SO_LINGER.

use std::sync::Arc;

use tcpx_common::abi::state::{CLOSE, LISTEN};

use super::{Context, Finding, words};
use crate::{
    correlate::facts::{ResetFacts, Sender},
    correlate::key::Seen,
    correlate::sender::takes,
    event::SockReset,
    line::Confidence,
    verdict::VerdictId,
    who::Connection,
};

/// SHUTDOWN_MASK.
pub(super) const BOTH_WAYS: u8 = 3;

/// The sender, if it is a socket that acted of its own accord.
pub(super) fn active(facts: &ResetFacts) -> Option<&Seen<Arc<SockReset>>> {
    match &facts.sender {
        Some(Sender::Active(seen)) => Some(seen),
        _ => None,
    }
}

/// The reset was sent from within `__tcp_close`, after the socket was detached.
#[must_use]
pub(crate) fn orphaned_by_close(reset: &SockReset) -> bool {
    let sock = &reset.sock;
    sock.shutdown == BOTH_WAYS && !sock.held && sock.state == CLOSE
}

/// The reset was sent from within `__tcp_close`, before the socket was detached.
#[must_use]
pub(crate) fn from_close(reset: &SockReset) -> bool {
    let sock = &reset.sock;
    sock.shutdown == BOTH_WAYS && sock.held && sock.state == CLOSE
}

/// connect() with AF_UNSPEC on a socket that was shut down both ways looks like close(), but for the stack.
fn by_connect(seen: &Seen<Arc<SockReset>>, context: &Context<'_>) -> Option<bool> {
    words::called_by(&seen.stack, &["__inet_stream_connect"], context)
}

/// Bytes between what was received and what the application has read; a FIN counts as one.
pub(super) fn unread(reset: &SockReset) -> u32 {
    reset.sock.rcv_nxt.wrapping_sub(reset.sock.copied_seq)
}

pub(super) fn lingers_zero(reset: &SockReset) -> bool {
    reset.sock.linger == Some(0)
}

/// `__tcp_close`: `if (data_was_unread) … tcp_send_active_reset(sk, …, SK_RST_REASON_TCP_ABORT_ON_CLOSE)`.
pub(super) fn close_unread_data(facts: &ResetFacts, context: &Context<'_>) -> Option<Finding> {
    let seen = active(facts)?;
    let reset = &seen.what;
    let confidence = match reset.reason.as_deref() {
        Some("TCP_ABORT_ON_CLOSE") => Confidence::Observed,
        // One byte may be a FIN that was not read, which is no data.
        None if from_close(reset) && unread(reset) > u32::from(lingers_zero(reset)) => {
            match by_connect(seen, context) {
                Some(true) => return None,
                Some(false) => Confidence::Observed,
                None => Confidence::Derived,
            }
        }
        _ => return None,
    };
    let who = closer(seen, context);
    let first = format!("{who} closed {} with data from {} unread.", reset.ends.a, reset.ends.b);
    let second = match unread(reset) {
        0 => None,
        1 => Some("Up to 1 byte had arrived and was not read.".to_owned()),
        bytes => Some(format!("Up to {bytes} bytes had arrived and were not read.")),
    };
    Some(Finding::new(VerdictId::CloseUnreadData, confidence, first).and(second))
}

/// `__tcp_close`: `else if (sock_flag(sk, SOCK_LINGER) && !sk->sk_lingertime) sk->sk_prot->disconnect(sk, 0)`.
pub(super) fn linger_zero(facts: &ResetFacts, context: &Context<'_>) -> Option<Finding> {
    let seen = active(facts)?;
    let reset = &seen.what;
    let by_disconnect = ["TCP_STATE", "TCP_DISCONNECT_WITH_DATA"];
    let reason = reset.reason.as_deref().is_none_or(|reason| by_disconnect.contains(&reason));
    let by_connect = by_connect(seen, context);
    if !reason || !from_close(reset) || !lingers_zero(reset) || by_connect == Some(true) {
        return None;
    }
    let first = format!("{} closed {} with SO_LINGER on and 0 s.", closer(seen, context), reset.ends.a);
    let observed = reset.reason.is_some() || by_connect.is_some();
    let confidence = if observed { Confidence::Observed } else { Confidence::Derived };
    Some(Finding::new(VerdictId::LingerZero, confidence, first))
}

/// The socket is a child that its listener took with it: told from every other by what it never had, a file and a side
/// that an application shut down.
#[must_use]
pub(crate) fn is_unaccepted(reset: &SockReset) -> bool {
    const SEND_SHUTDOWN: u8 = 2;
    let sock = &reset.sock;
    !sock.held && sock.state == CLOSE && sock.shutdown & SEND_SHUTDOWN == 0
}

/// `inet_csk_listen_stop` → `inet_child_forget` → `tcp_disconnect`: the listener ended, and with it the connections in
/// its accept queue.
pub(super) fn listener_closed_unaccepted(facts: &ResetFacts, context: &Context<'_>) -> Option<Finding> {
    let seen = active(facts)?;
    let reset = &seen.what;
    let reason = reset.reason.as_deref().is_none_or(|reason| reason == "TCP_STATE");
    if !reason || !is_unaccepted(reset) {
        return None;
    }
    let process = words::process(&context.who.process(seen.task, &reset.comm, None, None));
    let first =
        format!("{process} closed the listener of {} before it accepted {}.", reset.ends.a, reset.ends.b);
    let finding = Finding::new(VerdictId::ListenerClosedUnaccepted, Confidence::Derived, first);
    Some(finding.and(successor(seen, context)))
}

/// Whoever listens there now, as in a rolling restart: what waits for accept() stays with the listener that took it.
fn successor(seen: &Seen<Arc<SockReset>>, context: &Context<'_>) -> Option<String> {
    let wanted = seen.what.ends.a;
    let all = context.who.connections(seen.netns)?;
    // Whether a listener on :: takes IPv4 too was not asked.
    let fits = |found: &&Connection| {
        found.state == LISTEN
            && found.local.port() == wanted.port()
            && takes(found.local.ip(), false, wanted.ip())
    };
    let found = all.iter().find(fits)?;
    let known = found.inode.and_then(|inode| context.who.holder(inode));
    let who = known.map_or_else(|| "A process".to_owned(), |known| words::process(&known));
    Some(format!(
        "{who} listens on {} (asked afterwards): what had waited for the one that left did not go over to it, as it \
         would in a SO_REUSEPORT group with net.ipv4.tcp_migrate_req=1 (since Linux 5.14).",
        found.local
    ))
}

/// close() runs in the process that calls it; only there is the running task the subject.
pub(super) fn closer(seen: &Seen<Arc<SockReset>>, context: &Context<'_>) -> String {
    if from_close(&seen.what) || orphaned_by_close(&seen.what) {
        let process = context.who.process(seen.task, &seen.what.comm, None, None);
        return words::process(&process);
    }
    words::socket(&seen.what.sock, context)
}
