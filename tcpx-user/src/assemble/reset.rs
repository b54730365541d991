//! The `reset` line.

use std::borrow::Cow;

use tcpx_common::abi::state::{LISTEN, TIME_WAIT};

use super::{Names, ends, flow, near, packets, path, segment, verdict};
use crate::{
    correlate::facts::{Answered, Joined, Name, ResetFacts, Sender},
    line::{self, LookupLine, LookupResult, LookupStep, Origin, Reason, ReasonSource, Source},
    verdict::{VerdictId, rules::Finding},
};

/// The line of a RST.
#[must_use]
pub fn reset(facts: &ResetFacts, finding: Finding, names: &Names<'_>) -> line::Reset {
    line::Reset {
        id: facts.id,
        time: names.who.time(facts.time()),
        origin: origin(facts.sender.as_ref()),
        sender: ends::sender(facts, finding.id, names),
        receiver: ends::receiver(facts, names),
        flow: flow(facts.sent_flow()),
        segment: provoked_by(facts),
        reason: reason(facts, finding.id),
        lookup: facts
            .sender
            .as_ref()
            .and_then(Sender::answered)
            .map(|answered| lookup(&answered, finding.id)),
        near: near::near(facts, names),
        path: path::reset(facts, finding.id, names),
        verdict: verdict(finding),
        attempt: facts.attempt,
        joined_by: facts.joined.map(joined_by),
        was: None,
        complete: names.complete(facts.complete),
        packets: names.packets(|names| packets::reset(facts, names)),
    }
}

/// Who made a RST.
#[must_use]
pub(crate) const fn origin(sender: Option<&Sender>) -> Origin {
    match sender {
        Some(Sender::Reply(_) | Sender::NoSocketDrop(_)) => Origin::Reply,
        Some(Sender::Active(_)) => Origin::Active,
        Some(Sender::Reject(_) | Sender::RejectDrop(_)) => Origin::Netfilter,
        None => Origin::Elsewhere,
    }
}

fn provoked_by(facts: &ResetFacts) -> Option<line::SegmentLine> {
    let received = || facts.receiver.as_ref().and_then(|seen| seen.what.segment.as_ref());
    facts.sender.as_ref().and_then(Sender::segment).or_else(received).map(segment)
}

fn joined_by(joined: Joined) -> Cow<'static, str> {
    match joined.name {
        Name::Conntrack => return "conntrack".into(),
        Name::Unknown => return "sequence number".into(),
        Name::Same => {}
    }
    let how = if joined.sequence { "tuple and sequence number" } else { "tuple" };
    if joined.across { format!("{how}, across network namespaces").into() } else { how.into() }
}

/// The kernel's word, or on kernels without reasons the word that later ones have for the same site.
fn reason(facts: &ResetFacts, id: VerdictId) -> Option<Reason> {
    let sender = facts.sender.as_ref()?;
    let told = match sender {
        Sender::Reply(seen) => seen.what.reason.as_ref(),
        Sender::NoSocketDrop(seen) | Sender::RejectDrop(seen) => seen.what.reason.as_ref(),
        Sender::Active(seen) => seen.what.reason.as_ref(),
        Sender::Reject(_) => None,
    };
    if let Some(name) = told {
        return Some(Reason { name: name.clone(), source: ReasonSource::Kernel });
    }
    let name = match sender {
        Sender::Active(_) => derived_of_own_accord(id)?,
        _ => derived_reason(&sender.answered()?, id)?,
    };
    Some(Reason { name: name.into(), source: ReasonSource::Derived })
}

fn derived_of_own_accord(id: VerdictId) -> Option<&'static str> {
    match id {
        VerdictId::CloseUnreadData => Some("TCP_ABORT_ON_CLOSE"),
        VerdictId::Linger2Expired => Some("TCP_ABORT_ON_LINGER"),
        VerdictId::MemoryPressure => Some("TCP_ABORT_ON_MEMORY"),
        VerdictId::KeepaliveTimeout | VerdictId::UserTimeout => Some("TCP_KEEPALIVE_TIMEOUT"),
        VerdictId::LingerZero
        | VerdictId::ListenerClosedUnaccepted
        | VerdictId::SocketDestroyed
        | VerdictId::FinWait2Timeout
        | VerdictId::Disconnect => Some("TCP_STATE"),
        _ => None,
    }
}

fn derived_reason(answered: &Answered<'_>, id: VerdictId) -> Option<&'static str> {
    Some(match (answered.sk_state, id) {
        (0, _) => "NO_SOCKET",
        (TIME_WAIT, _) => "TCP_TIMEWAIT_SOCKET",
        (LISTEN, VerdictId::AckToListener | VerdictId::BadSyncookie | VerdictId::SynRecvBadAck) => {
            "TCP_FLAGS"
        }
        (_, VerdictId::SynSentBadAck) => "TCP_INVALID_ACK_SEQUENCE",
        (_, VerdictId::SynSentPaws) => "TCP_RFC7323_PAWS",
        (_, VerdictId::DataAfterClose | VerdictId::Linger2Expired) => "TCP_ABORT_ON_DATA",
        (_, VerdictId::SynInHandshake | VerdictId::AcceptQueueAbort) => "INVALID_SYN",
        _ => return None,
    })
}

/// Both lookups: as observed, else as the site of the answer implies them. A socket in the established hash is found
/// without a listener lookup; a listener only after a miss there, or behind one of its request sockets, which a
/// kernel or backend that does not show lookups leaves open.
pub(super) fn lookup(answered: &Answered<'_>, id: VerdictId) -> LookupLine {
    let implied = |result| LookupStep { result, source: Source::Derived };
    let (established, listener) = match answered.sk_state {
        _ if answered.at_request => (LookupResult::Hit, LookupResult::NotRun),
        0 => (LookupResult::Miss, LookupResult::Miss),
        LISTEN if id != VerdictId::SynRecvBadAck => (LookupResult::Miss, LookupResult::Hit),
        _ => (LookupResult::Hit, LookupResult::NotRun),
    };
    let seen = |hit: bool| LookupStep {
        result: if hit { LookupResult::Hit } else { LookupResult::Miss },
        source: Source::Observed,
    };
    let observed = answered.lookups.established.map(|found| found.is_ok());
    // What a lookup that was seen to hit makes of the other.
    let listener = if observed == Some(true) { LookupResult::NotRun } else { listener };
    LookupLine {
        established: observed.map_or_else(|| implied(established), seen),
        listener: answered.lookups.listener.map_or_else(|| implied(listener), |found| seen(found.is_ok())),
    }
}
