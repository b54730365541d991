//! connect() failed without a packet (B.1): the kernel refused before the SYN.

use super::{Context, Finding, words};
use crate::{
    correlate::{facts::AttemptFacts, key::Seen},
    event::ConnectFailed,
    verdict::VerdictId,
};

const EINVAL: i32 = 22;
const EACCES: i32 = 13;
const ENETUNREACH: i32 = 101;
const EHOSTUNREACH: i32 = 113;

/// A failure that came before the socket was in SYN_SENT.
fn before_syn_sent(facts: &AttemptFacts) -> Option<&Seen<ConnectFailed>> {
    let began = facts.start.is_some() || facts.crossed.is_some() || facts.end.is_some();
    facts.failed.as_ref().filter(|_| !began)
}

/// Which routes refuse with this errno (`fib_props`, net/ipv4/fib_semantics.c).
const fn refusing_route(errno: i32) -> Option<&'static str> {
    match errno {
        EHOSTUNREACH => Some("unreachable"),
        EACCES => Some("prohibit"),
        EINVAL => Some("blackhole"),
        _ => None,
    }
}

/// The routing decision. ENETUNREACH has no other source here; the errnos of refusing routes have, so that the routing
/// tables must say the same when they are asked.
pub(super) fn no_route(facts: &AttemptFacts, context: &Context<'_>) -> Option<Finding> {
    let failed = before_syn_sent(facts).filter(|failed| failed.what.denied_by.is_none())?;
    let (to, errno) = (failed.what.requested.ip(), failed.what.errno);
    let place = words::netns(failed.netns, context);
    let asked = context.who.route(failed.netns, to);
    let again = (asked == Some(Ok(()))).then(|| {
        "Asked afterwards, they have one: it is new, or only for sockets without this one's mark, source address or device.".to_owned()
    });
    if errno == ENETUNREACH {
        let first = if to.is_multicast() {
            format!("TCP does not connect to a multicast address such as {to}.")
        } else {
            format!("The routing tables of {place} have no route to {to}.")
        };
        return Some(Finding::observed(VerdictId::NoRoute, first).and(again));
    }
    let kind = refusing_route(errno)?;
    if asked != Some(Err(errno)) && errno != EHOSTUNREACH {
        return None;
    }
    let first = format!("The routing tables of {place} have a route of type {kind} for {to}.");
    let how = format!(
        "connect() returned {} before a SYN was sent, as such a route makes it.",
        words::errno(errno)
    );
    Some(Finding::derived(VerdictId::NoRoute, first).and(Some(how)).and(again))
}
