//! R1: the segment found no socket. `tcp_v4_rcv` and `tcp_v6_rcv`, label `no_tcp_socket`, call `tcp_v4_send_reset` or
//! `tcp_v6_send_reset` without a socket. Why the listener lookup missed shows in who holds the port: `compute_score`
//! (inet_hashtables.c) wants a listener of the same namespace, family, address and device.

use std::net::{IpAddr, SocketAddr};

use super::{
    Context, Finding, nat,
    words::{self, family, flags, holder, home},
};
use crate::{
    correlate::{
        facts::{Answered, Listened, ResetFacts, Sender},
        sender,
    },
    event::{Holder, Holders},
    line::Confidence,
    verdict::VerdictId,
};

fn answered(facts: &ResetFacts) -> Option<Answered<'_>> {
    let answered = facts.sender.as_ref().and_then(Sender::answered)?;
    (answered.sk_state == 0 && answered.sock.is_none()).then_some(answered)
}

pub(super) fn to_syn(facts: &ResetFacts) -> Option<(Answered<'_>, SocketAddr)> {
    let answered = answered(facts)?;
    answered.segment.is_syn().then_some((answered, answered.segment.ends.b))
}

pub(super) fn list<'a>(answered: &Answered<'a>) -> &'a [Holder] {
    answered.holders.map_or(&[], |holders| &holders.list)
}

fn walked(answered: &Answered<'_>) -> bool {
    answered.holders.is_some_and(|holders: &Holders| holders.complete)
}

/// Whether the lookup for `wanted` considers the holder's family and address, if it listened.
pub(super) fn takes(holder: &Holder, wanted: SocketAddr) -> bool {
    sender::takes(holder.addr.ip(), holder.v6only, wanted.ip())
}

/// Why a holder of the port did not get the SYN; `None` if tcpx does not know.
#[must_use]
pub(crate) fn why_not(found: &Holder, answered: &Answered<'_>, device: Option<&str>) -> Option<String> {
    let wanted = answered.segment.ends.b;
    if !found.listening {
        return Some("bound, not listening".to_owned());
    }
    match (found.addr.ip(), wanted.ip()) {
        (IpAddr::V6(_), IpAddr::V4(_)) if found.v6only => Some("listens on IPv6 only".to_owned()),
        (IpAddr::V4(_), IpAddr::V6(_)) => Some("listens on IPv4 only".to_owned()),
        _ if !fits_address(found, answered) => Some("listens on another address".to_owned()),
        _ if fits(found, answered) => None,
        _ if found.bound_dev == 0 => Some("listens outside of the VRF".to_owned()),
        _ => Some(device.map_or_else(
            || format!("listens on the device with index {} only", found.bound_dev),
            |name| format!("listens on the device {name} only"),
        )),
    }
}

/// The lookup would have taken it if it listened.
pub(super) fn fits(found: &Holder, answered: &Answered<'_>) -> bool {
    answered.would_take(found.addr, found.v6only, found.bound_dev)
}

/// The same, whatever its device.
pub(super) fn fits_address(found: &Holder, answered: &Answered<'_>) -> bool {
    answered.fits_address(found.addr, found.v6only)
}

/// How sure it is that this RST was sent for want of a socket. Where only the drop of the segment is seen, the
/// kernel's reason and the RST's arrival prove it (without a reason, only its place in `tcp_v4_rcv` speaks for it).
pub(super) fn sure(facts: &ResetFacts) -> Confidence {
    match &facts.sender {
        Some(Sender::NoSocketDrop(seen)) if seen.what.reason.is_none() || facts.receiver.is_none() => {
            Confidence::Derived
        }
        _ => Confidence::Observed,
    }
}

fn not_walked(answered: &Answered<'_>) -> Option<String> {
    let text = match answered.holders {
        None => "The kernel's bind hash was not walked: whether another socket holds the port is not known.",
        Some(holders) if !holders.complete => "More sockets hold the port than tcpx saw.",
        Some(_) => return None,
    };
    Some(text.to_owned())
}

pub(super) fn lookups(answered: &Answered<'_>) -> String {
    let seen = answered.lookups.established.is_some() && answered.lookups.listener.is_some();
    let text = if seen {
        "Established lookup: miss; listener lookup: miss (observed)."
    } else {
        "Established lookup: miss; listener lookup: miss (follows from the RST)."
    };
    text.to_owned()
}

/// A listener that the lookup must have found: which of the things that could have come between it was, the facts do
/// not tell.
pub(super) fn matching_listener(facts: &ResetFacts, context: &Context<'_>) -> Option<Finding> {
    let (answered, wanted) = to_syn(facts)?;
    let found = list(&answered).iter().find(|holder| holder.listening && fits(holder, &answered))?;
    let name = holder(found, context);
    let first = format!("{name} listens on {}, yet the SYN to {wanted} found no socket.", found.addr);
    Some(Finding::unknown(first).and(Some(lookups(&answered))))
}

/// A socket holds the port and would match if it listened.
pub(super) fn bound_not_listening(facts: &ResetFacts, context: &Context<'_>) -> Option<Finding> {
    let (answered, _) = to_syn(facts)?;
    let bound = |holder: &&Holder| !holder.listening && fits(holder, &answered);
    let place = list(&answered).iter().position(|holder| bound(&holder))?;
    let found = &list(&answered)[place];
    let history = match facts.listened.get(place).copied().unwrap_or_default() {
        Listened::Never => ": listen() was never called",
        Listened::Undone => ": listen() was undone by shutdown()",
        Listened::NotSeen => "",
    };
    let first = format!("{} holds {} but is not listening{history}.", holder(found, context), found.addr);
    let finding = Finding::new(VerdictId::BoundNotListening, sure(facts), first);
    Some(finding.and(home(found, context)).and(Some(lookups(&answered))))
}

pub(super) fn listeners<'a>(answered: &Answered<'a>) -> impl Iterator<Item = &'a Holder> + use<'a> {
    list(answered).iter().filter(|holder| holder.listening)
}

/// All listeners of the port, if each is of the kind; "only" needs a walk that came to its end.
fn only(
    facts: &ResetFacts,
    kind: impl Fn(&Holder, SocketAddr) -> bool,
) -> Option<(Answered<'_>, SocketAddr, &Holder)> {
    let (answered, wanted) = to_syn(facts)?;
    let first = listeners(&answered).next()?;
    listeners(&answered).all(|holder| kind(holder, wanted)).then_some((answered, wanted, first))
}

pub(super) fn finding(facts: &ResetFacts, answered: &Answered<'_>, id: VerdictId, first: String) -> Finding {
    let walk = if walked(answered) { Confidence::Observed } else { Confidence::Derived };
    let finding = Finding::new(id, sure(facts), first).at_most(walk);
    finding.and(Some(lookups(answered))).and(not_walked(answered))
}

/// `ipv6_only_sock` in `compute_score`.
pub(super) fn listener_v6only(facts: &ResetFacts, context: &Context<'_>) -> Option<Finding> {
    let kind =
        |holder: &Holder, wanted: SocketAddr| wanted.is_ipv4() && holder.addr.is_ipv6() && holder.v6only;
    let (answered, wanted, found) = only(facts, kind)?;
    let name = holder(found, context);
    let first = format!("{name} listens on {} with IPV6_V6ONLY; the SYN was IPv4 ({wanted}).", found.addr);
    Some(finding(facts, &answered, VerdictId::ListenerV6only, first).and(home(found, context)))
}

/// `inet6_lookup_listener` considers AF_INET6 sockets only.
pub(super) fn listener_v4only(facts: &ResetFacts, context: &Context<'_>) -> Option<Finding> {
    let kind = |holder: &Holder, wanted: SocketAddr| wanted.is_ipv6() && holder.addr.is_ipv4();
    let (answered, wanted, found) = only(facts, kind)?;
    let (name, ip) = (holder(found, context), wanted.ip());
    let first = format!("{name} listens on {} only; the SYN was IPv6 ([{ip}]).", found.addr);
    Some(finding(facts, &answered, VerdictId::ListenerV4only, first).and(home(found, context)))
}

/// `rcv_saddr` in `compute_score` is neither the destination nor the wildcard.
pub(super) fn listener_other_address(facts: &ResetFacts, context: &Context<'_>) -> Option<Finding> {
    let (answered, wanted) = to_syn(facts)?;
    let bound = |holder: &&Holder| !holder.addr.ip().is_unspecified() && !fits_address(holder, &answered);
    let found = listeners(&answered).find(bound)?;
    let name = holder(found, context);
    let first = format!("{name} listens on {} only; the SYN was sent to {}.", found.addr, wanted.ip());
    Some(finding(facts, &answered, VerdictId::ListenerOtherAddress, first).and(home(found, context)))
}

/// Nobody has the port, as far as the walk tells.
pub(super) fn closed_port(facts: &ResetFacts, context: &Context<'_>) -> Option<Finding> {
    let (answered, wanted) = to_syn(facts)?;
    let holders = list(&answered);
    let first = match (walked(&answered), holders.first()) {
        (true, None) => {
            let (end, mut port) = (words::end(wanted), itoa::Buffer::new());
            let port = port.format(wanted.port());
            ["Nothing listens on ", &end, ", and no socket holds port ", port, "."].concat()
        }
        (_, Some(near)) => {
            let name = holder(near, context);
            format!("Nothing listens on {wanted}; {name} holds {} ({}).", near.addr, family(near.addr))
        }
        (false, None) => format!("No listener took the SYN to {wanted}."),
    };
    // Without a listener, whether the program refused it or chose nothing looks the same from outside.
    let program = answered.place.sk_lookup && !context.abilities.sk_lookup;
    let doubt = program.then(|| {
        "A BPF program of type sk_lookup is attached to this network namespace and may have refused it."
            .to_owned()
    });
    let sure = if program { Confidence::Derived } else { Confidence::Observed };
    Some(finding(facts, &answered, VerdictId::ClosedPort, first).at_most(sure).and(doubt))
}

/// Not a SYN: a connection that this namespace does not know (any more).
pub(super) fn stray_segment(facts: &ResetFacts, context: &Context<'_>) -> Option<Finding> {
    let answered = answered(facts)?;
    let (ends, letters) = (answered.segment.ends, flags(answered.segment.flags));
    let first = format!(
        "A segment with flags [{letters}] from {} to {} belongs to no connection in its network namespace.",
        ends.a, ends.b
    );
    let finding = Finding::new(VerdictId::StraySegment, sure(facts), first);
    Some(finding.and(nat::meant_for(facts, context)).and(Some(lookups(&answered))))
}
