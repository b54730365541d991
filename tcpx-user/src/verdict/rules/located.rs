//! Handshake segments that vanished where the kernel gives no reason, or none that says anything (`NOT_SPECIFIED`):
//! the function that freed the segment, its addresses and the namespace's counters tell, if they can.
//!
//! | function | frees for | told by |
//! |---|---|---|
//! | `do_xdp_generic` | XDP only, and without a reason (all versions) | the function |
//! | `ip_rcv_finish_core` | the input route was refused: `rp_filter` (a reason since 5.17) or a martian | addresses, counter |
//! | `ip6_rcv_core` | a header that is wrong (`IP_INHDR`), or ::1 from outside | addresses |
//! | `__netif_receive_skb_core`, `__dev_queue_xmit` | tc (a reason since 5.17) | the function |
//! | `ip_finish_output`, `ip6_finish_output` | the cgroup's egress program (a reason since 5.17) | the function |
//! | `tcp_v4_rcv`, `tcp_v6_rcv` | many; `IP_MINTTL` without a reason up to 6.1, all without one on 5.10 | counters, the listener's filter |

use std::sync::Arc;

use std::net::IpAddr;

use super::{
    Context, Finding,
    discard::{counted, counters, sentence},
};
use crate::{
    correlate::{
        facts::{DropCause, DropFacts},
        key::Seen,
    },
    event::Drop,
    verdict::VerdictId,
};

/// Reasons that leave the cause open.
const VAGUE: [&str; 2] = ["NOT_SPECIFIED", "IP_INHDR"];

/// Where it was freed says why, or leaves few causes of which only one is possible.
pub(super) fn located(facts: &DropFacts, context: &Context<'_>) -> Option<Finding> {
    let DropCause::Freed(seen) = &facts.cause else { return None };
    let reason = seen.what.reason.as_deref();
    if reason.is_some_and(|reason| !VAGUE.contains(&reason)) {
        return None;
    }
    let (id, why) = cause(seen, reason.is_some(), context)?;
    let sentence = sentence(seen, why, context);
    let finding = match id {
        // Nothing else frees a packet there: a reason could not say more.
        VerdictId::TcXdpDrop if reason.is_some() => Finding::observed(id, sentence),
        _ => Finding::derived(id, sentence),
    };
    Some(finding.and(counted(id, seen.netns, context)))
}

fn cause(
    seen: &Seen<Arc<Drop>>,
    has_reason: bool,
    context: &Context<'_>,
) -> Option<(VerdictId, &'static str)> {
    let function = function(&seen.what);
    match function {
        _ if is_xdp(function) => Some((VerdictId::TcXdpDrop, "a generic XDP program drops it")),
        "ip_rcv_finish_core" | "ip_rcv_finish" => route(seen, has_reason, context),
        "ip6_rcv_core" | "ipv6_rcv" | "ip6_rcv_finish" => impossible(&seen.what),
        "__netif_receive_skb_core" if !has_reason => {
            Some((VerdictId::TcXdpDrop, "a tc filter or program drops it at ingress"))
        }
        "__dev_queue_xmit" if !has_reason => {
            Some((VerdictId::TcXdpDrop, "a tc filter or program drops it at egress"))
        }
        "ip_finish_output" | "ip6_finish_output" if !has_reason => {
            Some((VerdictId::EgressDrop, "a BPF program of the sender's cgroup does not let it out"))
        }
        "tcp_v4_rcv" | "tcp_v6_rcv" => in_tcp(seen, has_reason, context),
        _ => None,
    }
}

/// The function without what the compiler adds to the name of a copy (`.isra.0`, `.constprop.0`).
fn function(drop: &Drop) -> &str {
    let name = drop.function.as_deref().unwrap_or_default();
    name.split_once('.').map_or(name, |(function, _)| function)
}

fn is_xdp(function: &str) -> bool {
    matches!(function, "do_xdp_generic" | "netif_receive_generic_xdp" | "bpf_prog_run_generic_xdp")
}

/// `ip_route_input_noref` failed: -EXDEV is reverse path filtering, -EINVAL a martian.
fn route(
    seen: &Seen<Arc<Drop>>,
    has_reason: bool,
    context: &Context<'_>,
) -> Option<(VerdictId, &'static str)> {
    const RPF: &str = "the route back to the source does not lead out of that device";
    const REFUSED: &str = "the input route was refused, and not by reverse path filtering";
    if let Some(found) = impossible(&seen.what) {
        return Some(found);
    }
    if has_reason {
        return Some((VerdictId::Martian, REFUSED));
    }
    match context.who.tellings(seen.netns)?.rise("IPReversePathFilter") {
        0 => Some((VerdictId::Martian, REFUSED)),
        _ => Some((VerdictId::RpFilter, RPF)),
    }
}

/// An address that `ip_route_input_slow` or `ip6_rcv_core` takes from no device but loopback.
fn impossible(drop: &Drop) -> Option<(VerdictId, &'static str)> {
    let outside = drop.segment.device.as_deref().is_some_and(|device| device != "lo");
    let (from, to) = (drop.segment.ends.a.ip(), drop.segment.ends.b.ip());
    let why = match from {
        _ if !outside => return None,
        _ if from.is_loopback() || to.is_loopback() => "a loopback address cannot come from outside",
        IpAddr::V4(from) if from.is_broadcast() => "its source address cannot be one host's",
        _ if from.is_multicast() || from.is_unspecified() => "its source address cannot be one host's",
        _ => return None,
    };
    Some((VerdictId::Martian, why))
}

/// The causes in `tcp_v4_rcv` that have a counter: the one that moved, if only one did.
fn in_tcp(
    seen: &Seen<Arc<Drop>>,
    has_reason: bool,
    context: &Context<'_>,
) -> Option<(VerdictId, &'static str)> {
    const UNNAMED: (VerdictId, &str) =
        (VerdictId::MinTtl, "the socket wants a higher TTL (IP_MINTTL, IPV6_MINHOPCOUNT)");
    const WITHOUT_REASONS: [(VerdictId, &str); 4] = [
        UNNAMED,
        (VerdictId::BadChecksum, "its TCP checksum is wrong"),
        (VerdictId::AuthFailed, "its MD5 signature is missing, unexpected or wrong"),
        (VerdictId::XfrmPolicy, "an IPsec policy does not let it in unprotected"),
    ];
    let tellings = context.who.tellings(seen.netns)?;
    let moved = |id: VerdictId| counters(id).iter().any(|name| tellings.rise(name) > 0);
    let possible: &[_] = if has_reason { &[UNNAMED] } else { &WITHOUT_REASONS };
    let mut found = possible.iter().filter(|(id, _)| moved(*id));
    match (found.next(), found.next()) {
        (Some(one), None) => Some(*one),
        (None, None) if !has_reason => filtered(&seen.what),
        _ => None,
    }
}

/// No counter tells of filters; but there is one, and nothing else that could have dropped it was counted.
fn filtered(drop: &Drop) -> Option<(VerdictId, &'static str)> {
    const WHY: &str = "a BPF filter of the socket or of its cgroup refuses it";
    let wanted = drop.segment.ends.b;
    let mut listeners = drop.holders.iter().flat_map(|holders| &holders.list);
    listeners
        .any(|holder| holder.filtered && holder.listens_for(wanted))
        .then_some((VerdictId::SocketFilterDrop, WHY))
}
