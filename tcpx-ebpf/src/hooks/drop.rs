//! A handshake segment that the kernel threw away.
//!
//! ```text
//! kfree_skb(skb, location[, reason[, rx_sk]])            tracepoint; the reason since 5.17
//! kfree_skb (5.10), kfree_skb_reason (6.1), sk_skb_reason_drop (6.12 on)   functions
//! ```
//! Runs for each dropped packet of the host, so what is not a SYN or SYN-ACK leaves first.

use tcpx_common::{
    abi::{Kind, tcp_flag},
    event::{Drop, DropHolders},
};

use crate::{
    args::{Arg, Env},
    emit, in_hand, kernel,
    maps::{config, offset, switched},
    walk,
};

/// What is known of a drop at its hook.
#[derive(Clone, Copy)]
pub struct Facts {
    /// Return address in the function that dropped; 0 if unknown.
    pub location: u64,
    /// Number in `enum skb_drop_reason`, where the kernel has one.
    pub reason: Arg,
}

/// A packet was dropped.
#[inline(always)]
pub fn dropped(env: Env, skb: Option<u64>, facts: Facts) {
    let Some(skb) = skb else { return };
    let no_socket = is_for_want_of_a_socket(facts);
    if no_socket && !switched(|on| on.no_socket_from_drop) {
        return;
    }
    let flags = kernel::tcp_flags(skb);
    // Of what is no handshake, only a segment without a socket is told, and only where the kernel names the reason.
    let stray = no_socket && facts.reason.known && flags != 0;
    if flags & tcp_flag::RST != 0 || !(stray || flags & tcp_flag::SYN != 0) {
        return;
    }
    super::nat::tell(env, skb, flags);
    let net = kernel::skb_net(skb);
    let key = kernel::netns(net);
    if stray {
        super::nat::tell_untranslated(env, net, skb, flags);
    }
    if !no_socket || !kernel::is_syn(flags) {
        emit::emit(env, Kind::Drop, key, |record: &mut Drop| fill(record, skb, facts, no_socket));
        return;
    }
    match walk::who_holds(net, skb) {
        walk::Found::Nobody => emit::emit(env, Kind::Drop, key, |record: &mut Drop| {
            fill(record, skb, facts, true);
            record.port_free = 1;
            record.place = kernel::place(net, skb);
        }),
        walk::Found::Some => emit::emit(env, Kind::DropHolders, key, |record: &mut DropHolders| {
            fill(&mut record.drop, skb, facts, true);
            record.drop.place = kernel::place(net, skb);
            walk::copy(&mut record.holders);
        }),
    }
}

/// `tcp_v4_rcv` frees a SYN without a socket after it has answered with RST. Without reasons (5.10) its address
/// range tells; it frees others there too, so what follows from it is derived.
#[inline(always)]
fn is_for_want_of_a_socket(facts: Facts) -> bool {
    if facts.reason.known {
        return facts.reason.value != 0 && facts.reason.value == u64::from(config!(reason_no_socket));
    }
    let at = facts.location;
    (at >= config!(tcp_v4_rcv_start) && at < config!(tcp_v4_rcv_end))
        || (at >= config!(tcp_v6_rcv_start) && at < config!(tcp_v6_rcv_end))
}

#[inline(always)]
fn fill(record: &mut Drop, skb: u64, facts: Facts, no_socket: bool) {
    kernel::segment(skb, &mut record.segment);
    record.lookup = in_hand::facts(skb);
    record.location = facts.location;
    record.no_socket = u8::from(no_socket);
    record.reason = facts.reason.value as u32;
    record.has_reason = u8::from(facts.reason.known);
}

/// Where a kprobe at the entry of the freeing function was called from.
#[inline(always)]
pub fn caller(env: Env) -> u64 {
    kernel::read(env.stack_pointer()).unwrap_or(0)
}

/// The same for a trampoline, which sees no registers: the first frame of the stack outside of it. Only kernels
/// whose drops have no reasons need it.
#[inline(always)]
pub fn caller_from_stack(env: Env) -> u64 {
    if offset!(arg_drop_reason) != tcpx_common::offsets::ABSENT {
        return 0;
    }
    kernel::caller_from_stack(env)
}
