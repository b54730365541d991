//! A handshake segment that the kernel threw away.
//!
//! ```text
//! kfree_skb(skb, location[, reason[, rx_sk]])            tracepoint; the reason since 5.17
//! kfree_skb (5.10), kfree_skb_reason (6.1), sk_skb_reason_drop (6.12 on)   functions
//! ```
//! Runs for each dropped packet of the host, so what is neither SYN nor RST, and has a socket, leaves early.

use tcpx_common::{
    abi::{Hook, Kind, state, tcp_flag},
    event::{Drop, DropHolders},
};

use super::quiet_reset;
use crate::{
    args::{Arg, Env},
    emit, in_hand, kernel,
    maps::{config, offset, switched},
    walk,
};

/// What is known of a drop at its hook.
#[derive(Clone, Copy)]
pub struct Facts {
    /// Return address in the function that dropped; 0 if only the stack shows it.
    pub location: u64,
    /// Number in `enum skb_drop_reason`, where the kernel has one.
    pub reason: Arg,
    /// The socket for which it was meant, where the kernel names it.
    pub sk: Arg,
}

/// A packet was dropped.
#[inline(always)]
pub fn dropped(env: Env, skb: Option<u64>, facts: Facts) {
    let Some(skb) = skb else { return };
    if switched(|on| on.small_from_drop) && is_vague(facts) && is_last_ack(skb, facts) {
        let located = located(env, facts);
        if is_in_receive(located.location) {
            return last_ack(env, skb, located);
        }
    }
    // Without reasons (5.10) a segment that `tcp_v4_rcv` frees was answered with RST, or dropped there for one of many
    // causes. Where the answers are seen, the rest is silent.
    let unnamed = !facts.reason.known && is_in_receive(facts.location);
    let answered = !facts.reason.known && in_hand::take_answered(skb);
    let from_drop = switched(|on| on.no_socket_from_drop);
    let no_socket = is_for_want_of_a_socket(facts) && (from_drop || !unnamed);
    if answered || no_socket && !from_drop {
        return;
    }
    let kernel::FlagsAndPort { flags, port } = kernel::flags_and_port(skb);
    // Of what is no handshake, only a segment without a socket is told, and only where the kernel names the reason.
    let stray = no_socket && facts.reason.known && flags != 0;
    if quiet_reset::is_reset(flags) {
        if switched(|on| on.quiet_from_drop) {
            quiet_reset::dropped(env.for_hook(Hook::QuietReset), skb, located(env, facts));
        }
        return;
    }
    if !(stray || flags & tcp_flag::SYN != 0) {
        return;
    }
    super::nat::tell(env, skb, flags);
    let facts = located(env, facts);
    if !(no_socket || unnamed) || !kernel::is_syn(flags) {
        return tell(env, skb, facts, no_socket);
    }
    match walk::who_holds(kernel::skb_net(skb), port) {
        walk::Found::Nobody => tell_free(env, skb, facts, no_socket),
        walk::Found::Some => tell_held(env, skb, facts, no_socket),
    }
}

// What fills a record takes much of the stack, and so does a walk: each is a function of its own, called after the
// other and not from within it, for all frames together have 512 bytes.

#[inline(never)]
fn tell(env: Env, skb: u64, facts: Facts, no_socket: bool) {
    let key = kernel::netns(kernel::skb_net(skb));
    emit::emit(env, Kind::Drop, key, |record: &mut Drop| fill(record, skb, facts, no_socket));
}

/// Nobody holds the port.
#[inline(never)]
fn tell_free(env: Env, skb: u64, facts: Facts, no_socket: bool) {
    let net = kernel::skb_net(skb);
    emit::emit(env, Kind::Drop, kernel::netns(net), |record: &mut Drop| {
        fill(record, skb, facts, no_socket);
        record.port_free = 1;
        record.place = kernel::place(net, skb);
    });
}

/// Those whom the last walk found hold it.
#[inline(never)]
fn tell_held(env: Env, skb: u64, facts: Facts, no_socket: bool) {
    let net = kernel::skb_net(skb);
    emit::emit(env, Kind::DropHolders, kernel::netns(net), |record: &mut DropHolders| {
        fill(&mut record.drop, skb, facts, no_socket);
        record.drop.place = kernel::place(net, skb);
        walk::copy(&mut record.holders);
    });
}

/// `tcp_v4_rcv` frees a SYN without a socket after it has answered with RST. Without reasons (5.10) its address
/// range tells; it frees others there too, so what follows from it is derived.
#[inline(always)]
fn is_for_want_of_a_socket(facts: Facts) -> bool {
    if facts.reason.known {
        return facts.reason.value != 0 && facts.reason.value == u64::from(config!(reason_no_socket));
    }
    is_in_receive(facts.location)
}

/// Within `tcp_v4_rcv` or `tcp_v6_rcv`.
#[inline(always)]
pub fn is_in_receive(at: u64) -> bool {
    (at >= config!(tcp_v4_rcv_start) && at < config!(tcp_v4_rcv_end))
        || (at >= config!(tcp_v6_rcv_start) && at < config!(tcp_v6_rcv_end))
}

/// Freed without a reason, or with one that tells nothing of the cause.
#[inline(always)]
fn is_vague(facts: Facts) -> bool {
    let number = facts.reason.value;
    let vague = number == u64::from(config!(reason_not_specified))
        || (number != 0 && number == u64::from(config!(reason_listen_overflow)));
    !facts.reason.known || vague
}

/// An ACK without SYN, FIN and RST, and not of a connection that the kernel would name with the drop: request sockets
/// come with their listener.
#[inline(always)]
fn is_last_ack(skb: u64, facts: Facts) -> bool {
    const OTHERS: u8 = tcp_flag::SYN | tcp_flag::FIN | tcp_flag::RST;
    let for_listener = !facts.sk.known || kernel::state(facts.sk.value) == state::LISTEN;
    for_listener && kernel::tcp_flags(skb) & (tcp_flag::ACK | OTHERS) == tcp_flag::ACK
}

/// What is dropped for want of room in the accept queue, or because the listener waits for data, shows in the listener.
#[inline(always)]
fn last_ack(env: Env, skb: u64, facts: Facts) {
    if let walk::Found::Some = walk::who_holds(kernel::skb_net(skb), kernel::destination_port(skb)) {
        tell_held(env, skb, facts, false);
    }
}

#[inline(always)]
fn fill(record: &mut Drop, skb: u64, facts: Facts, no_socket: bool) {
    kernel::segment(skb, &mut record.segment);
    record.lookup = in_hand::facts(skb);
    record.location = facts.location;
    record.no_socket = u8::from(no_socket);
    record.reason = facts.reason.value as u32;
    record.has_reason = u8::from(facts.reason.known);
    record.for_state = if facts.sk.known && facts.sk.value != 0 { kernel::state(facts.sk.value) } else { 0 };
}

/// A trampoline knows its caller only from the stack, which is worth a walk for a handshake: reasons are often
/// `NOT_SPECIFIED`.
#[inline(always)]
fn located(env: Env, facts: Facts) -> Facts {
    match facts.location {
        0 => Facts { location: kernel::caller_from_stack(env), ..facts },
        _ => facts,
    }
}

/// Where a kprobe at the entry of the freeing function was called from.
#[inline(always)]
pub fn caller(env: Env) -> u64 {
    kernel::read(env.stack_pointer()).unwrap_or(0)
}

/// The same for a trampoline, which sees no registers: the first frame of the stack outside of it. Kernels whose drops
/// have no reasons need it before anything else.
#[inline(always)]
pub fn caller_from_stack(env: Env) -> u64 {
    if offset!(arg_drop_reason) != tcpx_common::offsets::ABSENT {
        return 0;
    }
    kernel::caller_from_stack(env)
}
