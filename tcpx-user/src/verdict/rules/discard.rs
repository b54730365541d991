//! Handshake segments that vanished below or beside TCP, for a cause that the kernel names
//! (`enum skb_drop_reason`, since Linux 5.17).

use std::sync::Arc;

use super::{
    Context, Finding,
    drop::{function, segment},
    words,
};
use crate::{
    correlate::{
        facts::{DropCause, DropFacts},
        key::Seen,
    },
    event::{Drop, Netns},
    verdict::VerdictId,
};

/// What each reason means. A reason that ends in `*` stands for all that begin so.
const NAMED: &[(&str, VerdictId, &str)] = &[
    ("IP_RPFILTER", VerdictId::RpFilter, "the route back to the source does not lead out of that device"),
    ("IP_LOCALNET", VerdictId::Martian, "an address in 127.0.0.0/8 cannot come from outside"),
    ("IP_INVALID_SOURCE", VerdictId::Martian, "its source address cannot be one host's"),
    ("IP_LOCAL_SOURCE", VerdictId::Martian, "its source is an address of this host"),
    ("IP_INVALID_DEST", VerdictId::Martian, "its destination address cannot be reached from outside"),
    ("TCP_CSUM", VerdictId::BadChecksum, "its TCP checksum is wrong"),
    ("TCP_MINTTL", VerdictId::MinTtl, "the socket wants a higher TTL (IP_MINTTL, IPV6_MINHOPCOUNT)"),
    ("TCP_MD5NOTFOUND", VerdictId::AuthFailed, "the socket wants an MD5 signature, and it has none"),
    ("TCP_MD5UNEXPECTED", VerdictId::AuthFailed, "it has an MD5 signature, and the socket has no key for it"),
    ("TCP_MD5FAILURE", VerdictId::AuthFailed, "its MD5 signature is wrong"),
    ("TCP_AUTH_HDR", VerdictId::AuthFailed, "its signature options are malformed"),
    ("TCP_AO*", VerdictId::AuthFailed, "its TCP-AO signature does not fit"),
    ("XFRM_POLICY", VerdictId::XfrmPolicy, "an IPsec policy does not let it in unprotected"),
    ("SOCKET_FILTER", VerdictId::SocketFilterDrop, "a BPF filter of the socket or of its cgroup refuses it"),
    ("TC_INGRESS", VerdictId::TcXdpDrop, "a tc filter or program drops it at ingress"),
    ("TC_EGRESS", VerdictId::TcXdpDrop, "a tc filter or program drops it at egress"),
    ("XDP", VerdictId::TcXdpDrop, "a generic XDP program drops it"),
    ("BPF_CGROUP_EGRESS", VerdictId::EgressDrop, "a BPF program of the sender's cgroup does not let it out"),
];

/// What the rules here can say.
pub(super) const GIVES: &[VerdictId] = &[
    VerdictId::RpFilter,
    VerdictId::Martian,
    VerdictId::BadChecksum,
    VerdictId::MinTtl,
    VerdictId::AuthFailed,
    VerdictId::XfrmPolicy,
    VerdictId::SocketFilterDrop,
    VerdictId::TcXdpDrop,
    VerdictId::EgressDrop,
];

/// The kernel itself says why.
pub(super) fn named(facts: &DropFacts, context: &Context<'_>) -> Option<Finding> {
    let DropCause::Freed(seen) = &facts.cause else { return None };
    let reason = seen.what.reason.as_deref()?;
    let (name, id, why) = NAMED.iter().find(|(name, ..)| is(reason, name))?;
    let also = (*name != reason).then(|| format!("The kernel's reason is {reason}."));
    let finding = Finding::observed(*id, sentence(seen, why, context));
    Some(finding.and(also).and(counted(*id, seen.netns, context)))
}

fn is(reason: &str, name: &str) -> bool {
    name.strip_suffix('*').map_or(reason == name, |start| reason.starts_with(start))
}

/// The counters that a verdict moves.
pub(super) const fn counters(id: VerdictId) -> &'static [&'static str] {
    match id {
        VerdictId::RpFilter => &["IPReversePathFilter"],
        VerdictId::BadChecksum => &["InCsumErrors"],
        VerdictId::MinTtl => &["TCPMinTTLDrop"],
        VerdictId::AuthFailed => &[
            "TCPMD5NotFound",
            "TCPMD5Unexpected",
            "TCPMD5Failure",
            "TCPAORequired",
            "TCPAOBad",
            "TCPAOKeyNotFound",
        ],
        VerdictId::XfrmPolicy => &[
            "XfrmInError",
            "XfrmInNoStates",
            "XfrmInTmplMismatch",
            "XfrmInNoPols",
            "XfrmInPolBlock",
            "XfrmInPolError",
        ],
        _ => &[],
    }
}

/// The kernel's own count, where it has one.
pub(super) fn counted(id: VerdictId, netns: Netns, context: &Context<'_>) -> Option<String> {
    let tellings = context.who.tellings(netns)?;
    let (name, rise) =
        counters(id).iter().map(|name| (*name, tellings.rise(name))).find(|(_, rise)| *rise > 0)?;
    Some(format!("{name} has risen by {rise} there since tcpx began."))
}

/// `The kernel dropped the SYN from A to B, TTL 61, that came in on eth0 in network namespace 7: WHY (FUNCTION).`
pub(super) fn sentence(seen: &Seen<Arc<Drop>>, why: &str, context: &Context<'_>) -> String {
    let (drop, place) = (&seen.what, words::netns(seen.netns, context));
    let device = drop.segment.device.as_ref().map(|device| format!(" on {device}")).unwrap_or_default();
    let ttl = drop.segment.ttl;
    format!(
        "The kernel dropped the {}, TTL {ttl},{device} in {place}: {why}{}.",
        segment(drop),
        function(drop)
    )
}
