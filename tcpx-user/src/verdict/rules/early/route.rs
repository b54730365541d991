//! No route, or one that refuses.

use super::before_syn_sent;
use crate::{
    correlate::facts::AttemptFacts,
    verdict::{
        VerdictId,
        rules::{Context, Finding, words},
    },
};

const EINVAL: i32 = 22;
const EACCES: i32 = 13;
const ENETUNREACH: i32 = 101;
const EHOSTUNREACH: i32 = 113;

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
pub(in super::super) fn no_route(facts: &AttemptFacts, context: &Context<'_>) -> Option<Finding> {
    let failed = before_syn_sent(facts).filter(|failed| failed.what.denied_by.is_none())?;
    let (to, errno) = (failed.what.requested.ip(), failed.what.errno);
    let place = words::netns(failed.netns, context);
    let asked = context.who.route(failed.netns, to);
    let again = (asked == Some(Ok(()))).then(|| {
        "Asked afterwards, they have one: it is new, or only for sockets without this one's mark, source address or \
         device."
            .to_owned()
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
    let errno = words::errno(errno);
    let how = format!("connect() returned {errno} before a SYN was sent, as such a route makes it.");
    Some(Finding::derived(VerdictId::NoRoute, first).and(Some(how)).and(again))
}
