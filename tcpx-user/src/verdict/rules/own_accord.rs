//! A.2, the rarer half: resets that a socket sends of its own accord and that close() of a healthy connection does not
//! explain.
//!
//! What the fields of the socket tell, in the order in which the kernel changes them:
//! ```text
//! tcp_disconnect       CLOSE before the RST; a process holds the socket, and close() has not shut both ways
//! __tcp_close          CLOSE before the RST; sock_orphan() came before: nobody holds it, both ways are shut
//! tcp_abort            the old state; up to 6.8 sk_err is ECONNABORTED already
//! tcp_keepalive_timer  the old state; sk_err is set afterwards
//! tcp_out_of_resources the old state, an orphan
//! ```
//! Kernels since 6.10 give a reason, which is TCP_STATE for three of these. The stack, where it was walked, shows the caller.

use std::sync::Arc;

use tcpx_common::abi::state::{CLOSE, FIN_WAIT2};

use super::{
    Context, Finding,
    active::{BOTH_WAYS, active, closer, lingers_zero, orphaned_by_close},
    words::{self, duration},
};
use crate::{
    correlate::facts::ResetFacts, correlate::key::Seen, event::SockReset, line::Confidence,
    verdict::VerdictId,
};

type Active = Seen<Arc<SockReset>>;

const ECONNABORTED: u16 = 103;
const IN_CLOSE: [&str; 2] = ["__tcp_close", "tcp_close"];
/// `tcp_out_of_resources` may be inlined in either of the others.
const IN_TIMER: [&str; 3] = ["tcp_out_of_resources", "tcp_write_timeout", "tcp_probe_timer"];

/// Whether the kernel says that its reason was `name`; false where it gives none, `None` where it was another.
fn told(seen: &Active, name: &str) -> Option<bool> {
    match seen.what.reason.as_deref() {
        Some(reason) if reason == name => Some(true),
        Some(_) => None,
        None => Some(false),
    }
}

/// Observed if the kernel or the stack says it, derived if only the fields of the socket do.
const fn sure(observed: bool) -> Confidence {
    if observed { Confidence::Observed } else { Confidence::Derived }
}

/// The functions of the walked stack that called, as far as they have names.
fn called_by(seen: &Active, functions: &[&str], context: &Context<'_>) -> Option<bool> {
    words::called_by(&seen.stack, functions, context)
}

/// `tcp_disconnect` on a socket that a process holds: not from close(), whose only way there is SO_LINGER of 0.
pub(super) fn disconnect(facts: &ResetFacts, context: &Context<'_>) -> Option<Finding> {
    let seen = active(facts)?;
    let sock = &seen.what.sock;
    let reason = seen.what.reason.as_deref();
    let fits = reason.is_none_or(|reason| ["TCP_STATE", "TCP_DISCONNECT_WITH_DATA"].contains(&reason));
    if !fits || sock.state != CLOSE || !sock.held {
        return None;
    }
    let by_connect = called_by(seen, &["__inet_stream_connect"], context);
    if !by_connect.unwrap_or(sock.shutdown != BOTH_WAYS || !lingers_zero(&seen.what)) {
        return None;
    }
    let who = running(seen, context);
    let (a, b) = (seen.what.ends.a, seen.what.ends.b);
    let first = format!("{who} dissolved its connection from {a} to {b} by connect() with AF_UNSPEC.");
    Some(Finding::new(VerdictId::Disconnect, sure(by_connect.is_some()), first))
}

/// The running process: the subject where the kernel acts within its system call.
fn running(seen: &Active, context: &Context<'_>) -> String {
    words::process(&context.who.process(seen.task, &seen.what.comm, None, None))
}

/// All that was sent, the FIN included, is acknowledged: FIN_WAIT2, and not FIN_WAIT1.
fn all_acknowledged(seen: &Active) -> bool {
    seen.what.sock.snd_una == seen.what.sock.snd_nxt
}

/// `__tcp_close`: `if (sk->sk_state == TCP_FIN_WAIT2) { if (tp->linger2 < 0) { … tcp_send_active_reset(…)`.
pub(super) fn linger2_expired(facts: &ResetFacts, context: &Context<'_>) -> Option<Finding> {
    let seen = active(facts)?;
    let told = told(seen, "TCP_ABORT_ON_LINGER")?;
    let fits = orphaned_by_close(&seen.what) && seen.what.timers.linger2 < 0 && all_acknowledged(seen);
    let by_close = called_by(seen, &IN_CLOSE, context);
    if !told && (!fits || by_close == Some(false)) {
        return None;
    }
    let who = closer(seen, context);
    let (a, b) = (seen.what.ends.a, seen.what.ends.b);
    let first = format!(
        "{who} closed {a} with TCP_LINGER2 below 0 before {b} had finished: the kernel did not wait in FIN_WAIT2."
    );
    Some(Finding::new(VerdictId::Linger2Expired, sure(told || by_close.is_some()), first))
}

/// `__tcp_close`: `if (tcp_check_oom(sk, 0))`; in the timers `tcp_out_of_resources`.
pub(super) fn memory_pressure(facts: &ResetFacts, context: &Context<'_>) -> Option<Finding> {
    let seen = active(facts)?;
    let told = told(seen, "TCP_ABORT_ON_MEMORY")?;
    let in_close = orphaned_by_close(&seen.what);
    let callers: &[&str] = if in_close { &IN_CLOSE } else { &IN_TIMER };
    let called = called_by(seen, callers, context);
    // Up to 6.8 another orphan whose timer sends a RST is one in FIN_WAIT2, or one that keepalive gave up.
    let fits = if in_close { called != Some(false) } else { is_orphan(seen) && called == Some(true) };
    if !told && !fits {
        return None;
    }
    let (a, b) = (seen.what.ends.a, seen.what.ends.b);
    let rest = "too many closed connections are left to the kernel, or TCP uses too much memory";
    let first = if in_close {
        let who = closer(seen, context);
        format!("{who} closed {a}, and the kernel did not finish the connection to {b}: {rest}.")
    } else {
        format!("{a} was closed before, and the kernel gave up on {b} when a timer fired: {rest}.")
    };
    Some(Finding::new(VerdictId::MemoryPressure, sure(told || called.is_some()), first))
}

/// No process holds it any more, and it is not over.
fn is_orphan(seen: &Active) -> bool {
    let sock = &seen.what.sock;
    sock.state != CLOSE && !sock.held && sock.shutdown == BOTH_WAYS
}

/// `tcp_abort`.
pub(super) fn socket_destroyed(facts: &ResetFacts, context: &Context<'_>) -> Option<Finding> {
    let seen = active(facts)?;
    let sock = &seen.what.sock;
    if sock.state == CLOSE || seen.what.reason.as_deref().is_some_and(|reason| reason != "TCP_STATE") {
        return None;
    }
    let by_abort = called_by(seen, &["tcp_abort"], context);
    // Of what has no reason, only tcp_abort sets sk_err first; of what is TCP_STATE, the other cause is an orphan in FIN_WAIT2.
    let follows = sock.err == ECONNABORTED
        || (seen.what.reason.is_some() && !(is_orphan(seen) && sock.state == FIN_WAIT2));
    if !by_abort.unwrap_or(follows) {
        return None;
    }
    let owner = words::socket(sock, context);
    let (a, b, state) = (seen.what.ends.a, seen.what.ends.b, words::state(sock.state));
    // tcp_abort runs in the context of whoever asks for it.
    let by = by_abort.map(|_| format!(" by {}", running(seen, context))).unwrap_or_default();
    let first =
        format!("The connection from {a} to {b} was destroyed from outside{by} (ss -K, SOCK_DESTROY).");
    let second = format!("{owner} had it, in {state}.");
    Some(Finding::new(VerdictId::SocketDestroyed, sure(by_abort.is_some()), first).and(Some(second)))
}

/// `tcp_keepalive_timer`: `if (sk->sk_state == TCP_FIN_WAIT2 && sock_flag(sk, SOCK_DEAD))`.
pub(super) fn fin_wait2_timeout(facts: &ResetFacts, context: &Context<'_>) -> Option<Finding> {
    let seen = active(facts)?;
    let reason = seen.what.reason.as_deref().is_none_or(|reason| reason == "TCP_STATE");
    if !reason || !is_orphan(seen) || seen.what.sock.state != FIN_WAIT2 || seen.what.sock.err == ECONNABORTED
    {
        return None;
    }
    let by_timer = called_by(seen, &["tcp_keepalive_timer"], context);
    if by_timer == Some(false) {
        return None;
    }
    let (a, b) = (seen.what.ends.a, seen.what.ends.b);
    let first = format!(
        "{a} was closed, and {b} acknowledged that but never finished its side; the time in FIN_WAIT2 is over."
    );
    let idle = format!("No data had moved for {}.", duration(seen.what.sock.idle_ns));
    Some(Finding::new(VerdictId::FinWait2Timeout, sure(by_timer.is_some()), first).and(Some(idle)))
}

/// The keepalive timer gave up, and whether the kernel or the stack says so.
fn keepalive_gave_up(seen: &Active, context: &Context<'_>) -> Option<bool> {
    let told = told(seen, "TCP_KEEPALIVE_TIMEOUT")?;
    let (sock, timers) = (&seen.what.sock, seen.what.timers);
    let by_timer = called_by(seen, &["tcp_keepalive_timer"], context);
    let fits =
        sock.state != CLOSE && sock.err != ECONNABORTED && timers.probes_out > 0 && all_acknowledged(seen);
    (told || (fits && by_timer != Some(false))).then_some(told || by_timer == Some(true))
}

/// `tcp_keepalive_timer`: `icsk_user_timeout != 0 && elapsed >= … && icsk_probes_out > 0`.
pub(super) fn user_timeout(facts: &ResetFacts, context: &Context<'_>) -> Option<Finding> {
    let seen = active(facts)?;
    let timeout = seen.what.timers.user_timeout;
    let observed = keepalive_gave_up(seen, context).filter(|_| timeout != 0)?;
    let who = words::holder_or_address(&seen.what.sock, seen.what.ends.a, context);
    let first = format!(
        "{} did not answer the keepalive {} of {who}, and its TCP_USER_TIMEOUT of {timeout} ms is over.",
        seen.what.ends.b,
        probes(seen),
    );
    Some(Finding::new(VerdictId::UserTimeout, sure(observed), first).and(Some(silence(seen))))
}

/// `tcp_keepalive_timer`: `icsk_probes_out >= keepalive_probes(tp)`.
pub(super) fn keepalive_timeout(facts: &ResetFacts, context: &Context<'_>) -> Option<Finding> {
    let seen = active(facts)?;
    let observed = keepalive_gave_up(seen, context).filter(|_| seen.what.timers.user_timeout == 0)?;
    let who = words::holder_or_address(&seen.what.sock, seen.what.ends.a, context);
    let first = format!("{} left the keepalive {} of {who} unanswered.", seen.what.ends.b, probes(seen));
    Some(Finding::new(VerdictId::KeepaliveTimeout, sure(observed), first).and(Some(silence(seen))))
}

fn probes(seen: &Active) -> String {
    match seen.what.timers.probes_out {
        1 => "probe".to_owned(),
        n => format!("probes ({n})"),
    }
}

fn silence(seen: &Active) -> String {
    format!(
        "The connection was in {}, and no data had moved for {}.",
        words::state(seen.what.sock.state),
        duration(seen.what.sock.idle_ns)
    )
}
