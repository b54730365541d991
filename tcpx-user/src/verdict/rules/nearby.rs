//! R1 again: what stood between the SYN and a listener that almost took it, or would have taken it at another time.

use std::sync::Arc;

use super::{
    Context, Finding, no_socket,
    words::{duration, holder, home, home_of, netns, process},
};
use crate::{
    correlate::{
        facts::{Answered, ResetFacts, Sender},
        key::Seen,
    },
    event::{Holder, StateChange},
    line::Confidence,
    verdict::VerdictId,
    who::{Elsewhere, Link, Who},
};

/// A BPF program said SK_DROP, which `__inet_lookup_listener` takes for "no socket".
pub(super) fn lookup_denied(facts: &ResetFacts, context: &Context<'_>) -> Option<Finding> {
    let (answered, wanted) = no_socket::to_syn(facts)?;
    let all = || no_socket::list(&answered).iter().filter(|holder| holder.listening);
    let listener = all().find(|holder| no_socket::fits(holder, &answered));
    let steered = listener.is_some_and(|found| found.reuseport_program);
    let by = match (answered.place.sk_lookup, steered) {
        (true, false) => "A BPF program of type sk_lookup, attached to this network namespace,",
        (false, true) => "The BPF program of the listeners' SO_REUSEPORT group",
        (true, true) => "A BPF program (of the network namespace or of the SO_REUSEPORT group)",
        (false, false) => "A BPF program",
    };
    let named = listener.map(|found| format!("{} listens on {}.", holder(found, context), found.addr));
    let lookups = || Some(no_socket::lookups(&answered));
    if answered.lookups.denied {
        let first = format!("{by} refused the SYN to {wanted}.");
        let seen = "It was seen to answer SK_DROP.".to_owned();
        let finding = Finding::observed(VerdictId::LookupDenied, first).and(Some(seen));
        return Some(finding.and(named).and(lookups()));
    }
    let named = named.filter(|_| answered.place.sk_lookup || steered)?;
    let first = format!("{by} refused the SYN to {wanted}.");
    let why = "Nothing else passes over a listener that fits.".to_owned();
    Some(Finding::derived(VerdictId::LookupDenied, first).and(Some(named + " " + &why)).and(lookups()))
}

/// `inet_bound_dev_eq` in `compute_score`.
pub(super) fn listener_other_device(facts: &ResetFacts, context: &Context<'_>) -> Option<Finding> {
    let (answered, wanted) = no_socket::to_syn(facts)?;
    let elsewhere =
        |found: &&Holder| no_socket::fits_address(found, &answered) && !no_socket::fits(found, &answered);
    let found = no_socket::listeners(&answered).find(elsewhere)?;
    let name = holder(found, context);
    let came = came_in(&answered);
    let first = if found.bound_dev == 0 {
        format!(
            "{name} listens on {}, but in no VRF; the SYN to {wanted} came in through {came}.",
            found.addr
        )
    } else {
        let device = device(facts, found.bound_dev, context);
        format!(
            "{name} listens on {} through {device} only; the SYN to {wanted} came in on {came}.",
            found.addr
        )
    };
    let accept = (found.bound_dev == 0).then(|| {
        "net.ipv4.tcp_l3mdev_accept is 0, or the listener would have taken it (derived).".to_owned()
    });
    Some(
        no_socket::finding(facts, &answered, VerdictId::ListenerOtherDevice, first)
            .and(accept)
            .and(home(found, context)),
    )
}

/// It was there not long ago.
pub(super) fn listener_closed(facts: &ResetFacts, context: &Context<'_>) -> Option<Finding> {
    let (answered, wanted) = no_socket::to_syn(facts)?;
    let closed = facts.closed.as_ref().filter(|closed| !is_contradicted(facts, &answered, closed))?;
    let (who, home) = whose(closed, context);
    let at = closed.what.ends.a;
    let first = match facts.time().checked_sub(closed.time) {
        Some(ago) => {
            format!("{who} closed its listener on {at} {} before the SYN to {wanted} came.", duration(ago))
        }
        None => format!("{who} was closing its listener on {at} when the SYN to {wanted} came."),
    };
    Some(no_socket::finding(facts, &answered, VerdictId::ListenerClosed, first).and(home))
}

/// It came too late.
pub(super) fn listener_not_yet(facts: &ResetFacts, context: &Context<'_>) -> Option<Finding> {
    let (answered, wanted) = no_socket::to_syn(facts)?;
    let appeared = facts.appeared.as_ref().filter(|appeared| !is_contradicted(facts, &answered, appeared))?;
    let (who, home) = whose(appeared, context);
    let at = appeared.what.ends.a;
    let first = match appeared.time.checked_sub(facts.time()) {
        Some(after) => {
            format!("{who} began to listen on {at} {} after the SYN to {wanted} came.", duration(after))
        }
        None => format!("{who} was about to listen on {at} when the SYN to {wanted} came."),
    };
    Some(no_socket::finding(facts, &answered, VerdictId::ListenerNotYet, first).and(home))
}

/// It is in another namespace, to which there is a way. Which of several is meant, nothing tells: the first is named.
pub(super) fn listener_other_netns(facts: &ResetFacts, context: &Context<'_>) -> Option<Finding> {
    let (answered, wanted) = no_socket::to_syn(facts)?;
    let own = facts.sender.as_ref().map(Sender::netns)?;
    let found = elsewhere(facts, context.who).into_iter().find(|other| {
        other.link.is_some() && other.listener.bound_dev == 0 && speaks(&other.listener, &answered)
    })?;
    let (name, at) = (holder(&found.listener, context), found.listener.addr);
    let (there, here) = (netns(found.netns, context), netns(own, context));
    let how = match found.link? {
        Link::Veth => "A veth pair links the two.".to_owned(),
        Link::Bridge(bridge) => format!("The bridge {bridge} links the two."),
    };
    let first = format!("{name} listens on {at} in {there}; the SYN to {wanted} was looked up in {here}.");
    let id = VerdictId::ListenerOtherNetns;
    Some(
        no_socket::finding(facts, &answered, id, first)
            .at_most(Confidence::Derived)
            .and(Some(how))
            .and(home(&found.listener, context)),
    )
}

/// Listeners on the port in other namespaces; what the client's own has is not what it was looking for.
pub(crate) fn elsewhere(facts: &ResetFacts, who: &dyn Who) -> Vec<Elsewhere> {
    let (Some(syn), Some(sender)) = (facts.refusal(), &facts.sender) else { return Vec::new() };
    let client = facts.receiver.as_ref().map(|seen| seen.netns.inum);
    let all = who.elsewhere(sender.netns(), syn.segment.ends.b.port());
    all.into_iter().filter(|other| Some(other.netns.inum) != client).collect()
}

/// The listener's family is the SYN's.
fn speaks(listener: &Holder, answered: &Answered<'_>) -> bool {
    let dual = listener.addr.ip().is_unspecified() && !listener.v6only;
    let wanted = answered.segment.ends.b;
    listener.addr.is_ipv4() == wanted.is_ipv4() || (wanted.is_ipv4() && dual)
}

/// While some listener fits, another one that was there or will be explains nothing: only that this very one was about to
/// enter or to leave the hash.
fn is_contradicted(facts: &ResetFacts, answered: &Answered<'_>, seen: &Seen<Arc<StateChange>>) -> bool {
    const MOMENT_NS: u64 = 100_000_000;
    let present = no_socket::listeners(answered).find(|found| no_socket::fits(found, answered));
    present.is_some_and(|found| found.sk != seen.what.sk || seen.time.abs_diff(facts.time()) > MOMENT_NS)
}

/// The task that called listen(), or that closed the listener, and where it belongs.
fn whose(seen: &Seen<Arc<StateChange>>, context: &Context<'_>) -> (String, Option<String>) {
    let change = &seen.what;
    if !change.caller {
        return ("A process".to_owned(), None);
    }
    let known = context.who.process(seen.task, &change.comm, Some(change.uid), change.cgroup);
    (process(&known), home_of(&known))
}

fn came_in(answered: &Answered<'_>) -> String {
    let segment = answered.segment;
    let kind = if answered.place.vrf { "the VRF " } else { "" };
    match (&segment.device, segment.ifindex) {
        (Some(name), _) => format!("{kind}{name}"),
        (None, Some(index)) => format!("{kind}the device with index {index}"),
        (None, None) => "an unknown device".to_owned(),
    }
}

fn device(facts: &ResetFacts, index: u32, context: &Context<'_>) -> String {
    let netns = facts.sender.as_ref().map(Sender::netns).unwrap_or_default();
    context.who.device(netns, index).unwrap_or_else(|| format!("the device with index {index}"))
}
