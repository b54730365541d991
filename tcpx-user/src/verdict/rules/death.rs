//! Connections that ended because of an error without a RST.
//!
//! ```text
//! tcp_write_timer -> tcp_retransmit_timer -> tcp_write_timeout   the same data, again and again; TCP_USER_TIMEOUT
//!                 -> tcp_probe_timer                             probes of a closed window
//!                      -> tcp_write_err      sk_err = sk_err_soft ?: ETIMEDOUT
//! tcp_abort in LAST_ACK or CLOSING           sk_err = ECONNABORTED, no RST is needed
//! ```
//! A socket that carries an error which the application has not read (an ICMP error with IP_RECVERR, kTLS) may end in
//! peace: that is not one of these.

use super::{
    Context, Finding,
    words::{self, duration},
};
use crate::{correlate::facts::DeathFacts, line::Confidence, verdict::VerdictId};

const ECONNABORTED: u16 = 103;
const ETIMEDOUT: u16 = 110;

/// `tcp_abort` in a state that `tcp_need_reset` does not name.
pub(super) fn socket_destroyed(facts: &DeathFacts, context: &Context<'_>) -> Option<Finding> {
    let (seen, sock) = (&facts.seen, &facts.seen.what.sock);
    let by_abort = words::called_by(&seen.stack, &["tcp_abort"], context);
    if sock.err != ECONNABORTED || by_abort == Some(false) {
        return None;
    }
    let (a, b, state) = (seen.what.ends.a, seen.what.ends.b, words::state(sock.state));
    let first = format!(
        "The connection from {a} to {b} was destroyed from outside (ss -K, SOCK_DESTROY) while in {state}, where that needs no RST."
    );
    Some(Finding::new(VerdictId::SocketDestroyed, sure(by_abort), first))
}

/// `tcp_write_err`: retransmissions, window probes or TCP_USER_TIMEOUT.
pub(super) fn retransmit_timeout(facts: &DeathFacts, context: &Context<'_>) -> Option<Finding> {
    const TIMERS: [&str; 4] =
        ["tcp_retransmit_timer", "tcp_write_timeout", "tcp_probe_timer", "tcp_write_timer_handler"];
    let (seen, sock, timers) = (&facts.seen, &facts.seen.what.sock, facts.seen.what.timers);
    let by_timer = words::called_by(&seen.stack, &TIMERS, context);
    let tried = timers.retransmits > 0 || timers.probes_out > 0;
    if !by_timer.unwrap_or(tried && (sock.err == ETIMEDOUT || sock.err == sock.err_soft)) {
        return None;
    }
    let (a, b, idle) = (seen.what.ends.a, seen.what.ends.b, duration(sock.idle_ns));
    let who = words::holder_or_address(sock, a, context);
    let again = again(timers.retransmits, timers.probes_out);
    let first =
        format!("{b} did not answer {again} of {who}; the kernel gave the connection up without a RST.");
    let limit = (timers.user_timeout != 0)
        .then(|| format!("TCP_USER_TIMEOUT was set to {} ms.", timers.user_timeout));
    let unacknowledged = sock.snd_nxt.wrapping_sub(sock.snd_una);
    let state = words::state(sock.state);
    let bytes = if unacknowledged == 1 { "byte (of data, or the FIN)" } else { "bytes" };
    let second = format!(
        "It was in {state} with {unacknowledged} {bytes} unacknowledged; data last went out or came in {idle} before."
    );
    Some(
        Finding::new(VerdictId::RetransmitTimeout, sure(by_timer), first)
            .and(limit)
            .and(Some(second))
            .and(icmp(facts)),
    )
}

fn again(retransmits: u8, probes: u8) -> String {
    match (retransmits, probes) {
        (0, 0) => "the data".to_owned(),
        (0, 1) => "the window probe".to_owned(),
        (0, n) => format!("{n} window probes"),
        (1, _) => "the retransmission".to_owned(),
        (n, _) => format!("{n} retransmissions"),
    }
}

/// What came instead of an acknowledgement.
fn icmp(facts: &DeathFacts) -> Option<String> {
    let sock = &facts.seen.what.sock;
    if sock.err == ETIMEDOUT {
        return None;
    }
    let errno = words::errno(sock.err.into());
    let Some(icmp) = &facts.icmp else {
        return Some(format!("An ICMP error had come for it: the application gets {errno}."));
    };
    let from = icmp.what.from.map(|from| format!(" from {from}")).unwrap_or_default();
    let (kind, code) = (icmp.what.icmp_type, icmp.what.icmp_code);
    Some(format!("ICMP type {kind}, code {code} had come{from}: the application gets {errno}."))
}

const fn sure(seen: Option<bool>) -> Confidence {
    if seen.is_some() { Confidence::Observed } else { Confidence::Derived }
}

/// Everything that is known.
pub(super) fn unknown(facts: &DeathFacts, context: &Context<'_>) -> Finding {
    let (seen, sock) = (&facts.seen, &facts.seen.what.sock);
    let (a, b) = (seen.what.ends.a, seen.what.ends.b);
    let (errno, state) = (words::errno(sock.err.into()), words::state(sock.state));
    let who = words::socket(sock, context);
    Finding::unknown(format!(
        "The connection from {a} to {b} ended in {state} with {errno}, without a RST ({who})."
    ))
}
