//! A RST that no socket and no rule of this host is known to have sent.
//!
//! That nobody here sent it is concluded from absence, so the hooks must be there that would have seen a sender,
//! and an address of this host's own is never called a peer.

use std::sync::Arc;

use tcpx_common::abi::state::{NEW_SYN_RECV, SYN_RECV, SYN_SENT};

use super::{
    Context, Finding,
    words::{self, duration},
};
use crate::{
    correlate::{facts::ResetFacts, key::Seen},
    event::SockReset,
    line::Confidence,
    verdict::VerdictId,
};

/// First and last of the states in which a connection is or was open: ESTABLISHED to CLOSING, without the others.
fn is_open(state: u8) -> bool {
    matches!(state, 1 | 4 | 5 | 8 | 9 | 11)
}

pub(super) fn unsent<'a>(facts: &'a ResetFacts, context: &Context<'_>) -> Option<&'a Seen<Arc<SockReset>>> {
    let can = context.abilities;
    let no_socket = can.replies_without_socket || can.no_socket_drops;
    let others = can.replies_from_socket && can.active_resets && (can.rejects || can.drops);
    let all_replies = can.replies_from_time_wait && can.replies_without_socket;
    let elsewhere = all_replies || !facts.sender_is_local;
    let visible = no_socket && others && elsewhere && !facts.came_from_own_address();
    facts.receiver.as_ref().filter(|_| visible && facts.sender.is_none())
}

/// Nothing was lost, and every kind of sender would have been seen itself.
pub(super) fn confidence(facts: &ResetFacts, context: &Context<'_>) -> Confidence {
    let can = context.abilities;
    let all = can.replies_without_socket && can.replies_from_time_wait && can.rejects;
    if facts.complete && all { Confidence::Observed } else { Confidence::Derived }
}

pub(super) fn arrival(seen: &SockReset) -> String {
    let segment = seen.segment.as_ref();
    let device = segment.and_then(|segment| segment.device.as_deref()).map(|device| format!(" on {device}"));
    let ttl = segment.filter(|segment| segment.ttl != 0).map(|segment| format!(" (TTL {})", segment.ttl));
    let from = if device.is_none() { format!(" from {}", seen.ends.b) } else { String::new() };
    format!("the RST came in{}{}{from}", device.unwrap_or_default(), ttl.unwrap_or_default())
}

/// Whether the RST came as the segment did that completed the handshake: what another sends in a host's name seldom has
/// that host's TTL.
fn compared(seen: &SockReset) -> Option<String> {
    let (handshake, rst) = (seen.handshake?, seen.segment.as_ref().filter(|rst| rst.ttl != 0)?);
    let ttl = (rst.ttl != handshake.ttl).then(|| format!("its TTL is {} and not {}", rst.ttl, handshake.ttl));
    let devices = rst.ifindex.zip(handshake.ifindex);
    let device = devices.filter(|(rst, handshake)| rst != handshake);
    let device = device.map(|(rst, handshake)| format!("it came in by device {rst} and not {handshake}"));
    let differences: Vec<String> = ttl.into_iter().chain(device).collect();
    if differences.is_empty() {
        let what = if devices.is_some() { "TTL and device are those" } else { "TTL is that" };
        return Some(format!("Its {what} of the handshake."));
    }
    let how = differences.join(", and ");
    Some(format!(
        "It did not come as the handshake did: {how}. Something between the hosts may have sent it in the peer's name."
    ))
}

/// `tcp_reset` in SYN_SENT.
pub(super) fn peer_refused(facts: &ResetFacts, context: &Context<'_>) -> Option<Finding> {
    let seen = unsent(facts, context).filter(|seen| seen.what.sock.state == SYN_SENT)?;
    let how = arrival(&seen.what);
    let first = format!("{how}: that host, or a firewall or balancer answering for it.");
    let first = first.replacen("the RST", "The RST", 1);
    Some(Finding::new(VerdictId::PeerRefused, confidence(facts, context), first))
}

/// `tcp_reset` on an open connection.
pub(super) fn peer_reset(facts: &ResetFacts, context: &Context<'_>) -> Option<Finding> {
    let seen = unsent(facts, context).filter(|seen| is_open(seen.what.sock.state))?;
    let age = facts.receiver_opened.map(|opened| duration(seen.time.saturating_sub(opened.time)));
    let age = age.map(|age| format!("open {age}, ")).unwrap_or_default();
    let idle = duration(seen.what.sock.idle_ns);
    let first = format!("The connection was {age}idle {idle} when {}.", arrival(&seen.what));
    Some(Finding::new(VerdictId::PeerReset, confidence(facts, context), first).and(compared(&seen.what)))
}

/// Everything that is known, for people to work with.
pub(super) fn unknown(facts: &ResetFacts, context: &Context<'_>) -> Finding {
    let flow = facts.flow;
    let first = format!("A RST from {} to {} that no rule of tcpx explains.", flow.a, flow.b);
    Finding::unknown(first).and(sent(facts, context)).and(reached(facts))
}

fn sent(facts: &ResetFacts, context: &Context<'_>) -> Option<String> {
    use crate::correlate::facts::Sender;
    let sender = facts.sender.as_ref()?;
    let place = words::netns(sender.netns(), context);
    let what = match (sender, sender.answered()) {
        (_, Some(answered)) => {
            let of =
                if answered.sk_state == 0 { "no socket".into() } else { words::state(answered.sk_state) };
            format!("It answered a segment with flags [{}] for {of}", words::flags(answered.segment.flags))
        }
        (Sender::Active(seen), _) => {
            let state = words::state(seen.what.sock.state);
            format!(
                "A socket in {state} sent it of its own accord ({})",
                words::socket(&seen.what.sock, context)
            )
        }
        _ => "Netfilter sent it".to_owned(),
    };
    let reason = match sender {
        Sender::Reply(seen) => seen.what.reason.as_ref(),
        Sender::Active(seen) => seen.what.reason.as_ref(),
        _ => None,
    };
    let reason = reason.map(|reason| format!("; the kernel's reason is {reason}")).unwrap_or_default();
    Some(format!("{what}, in {place}{reason}."))
}

fn reached(facts: &ResetFacts) -> Option<String> {
    let Some(seen) = &facts.receiver else { return None };
    let state = words::state(seen.what.sock.state);
    let own = facts.sender.is_none() && facts.came_from_own_address();
    let own = if own { " It came from an address of this host, but its sender was not seen." } else { "" };
    let early = matches!(seen.what.sock.state, SYN_RECV | NEW_SYN_RECV);
    let early = if early { " (its handshake was not over)" } else { "" };
    Some(format!("It reached a socket in {state}{early}.{own}"))
}
