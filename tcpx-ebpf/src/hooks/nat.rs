//! What conntrack makes of a flow: told where a segment of a translated flow is in hand.
//!
//! ```text
//! nf_conntrack_in          PREROUTING, OUTPUT: finds or makes the flow, skb->_nfct
//! nf_nat_inet_fn           DNAT there, SNAT in INPUT and POSTROUTING
//! nf_confirm -> __nf_conntrack_confirm(skb)    last in INPUT and POSTROUTING, once for each new flow
//! __dev_queue_xmit(skb) -> net_dev_queue(skb)  for each packet that is sent
//! tcp_v4_rcv               skb->_nfct is set until a socket is found (nf_reset_ct); in IPv6 it is not any more
//!                          (ip6_protocol_deliver_rcu)
//! ```
//! Other hooks call [`tell`] with the segment that they report, so that a refusal in the namespace that translates is
//! explained even where the flow's beginning was not seen.

use tcpx_common::{
    abi::{Kind, tcp_flag},
    event::{Nat, NatHolders, Untranslated},
};

use crate::{
    args::Env,
    emit,
    kernel::{self, Base},
    walk,
};

/// `__nf_conntrack_confirm`: the first segment of a flow is translated and about to leave or to arrive.
#[inline(always)]
pub fn confirmed(env: Env, skb: Option<u64>) {
    let Some(skb) = skb else { return };
    let entry = kernel::translation(skb);
    if entry != 0 {
        tell_with_holders(env, entry, skb, kernel::tcp_flags(skb));
    }
}

/// A packet is sent: only a translated SYN, or the SYN-ACK of a namespace that redirected the SYN to itself, is of
/// interest.
#[inline(always)]
pub fn queued(env: Env, skb: Option<u64>) {
    let Some(skb) = skb else { return };
    let entry = kernel::translation(skb);
    if entry == 0 {
        return;
    }
    let flags = kernel::tcp_flags(skb);
    if flags & tcp_flag::SYN != 0 {
        tell_with_holders(env, entry, skb, flags);
    }
}

/// Tells, beside a record of another hook, the translation of the flow that a segment with these flags belongs to, if there is one.
/// A function of its own, so that the verifier forgets what went on inside when it returns.
#[inline(never)]
pub fn tell(env: Env, skb: u64, flags: u8) {
    let entry = kernel::translation(skb);
    if entry == 0 || flags == 0 {
        return;
    }
    let key = kernel::netns(kernel::skb_net(skb));
    emit::emit(env, Kind::Nat, key, |record: &mut Nat| fill(record, entry, skb, flags));
}

/// The same, with who holds the port of this namespace that a SYN was redirected to: a local proxy. The SYN itself is for
/// this host then, and the SYN-ACK comes from a socket of it.
#[inline(always)]
fn tell_with_holders(env: Env, entry: u64, skb: u64, flags: u8) {
    if flags == 0 {
        return;
    }
    let net = kernel::skb_net(skb);
    let key = kernel::netns(net);
    let here = if kernel::is_syn(flags) { kernel::is_for_this_host(skb) } else { kernel::skb_sock(skb) != 0 };
    if flags & tcp_flag::SYN != 0
        && here
        && let walk::Found::Some = walk::who_holds(net, kernel::translated_port(entry))
    {
        emit::emit(env, Kind::NatHolders, key, |record: &mut NatHolders| {
            fill(&mut record.nat, entry, skb, flags);
            walk::copy(&mut record.holders);
        });
        return;
    }
    emit::emit(env, Kind::Nat, key, |record: &mut Nat| fill(record, entry, skb, flags));
}

#[inline(always)]
fn fill(record: &mut Nat, entry: u64, skb: u64, flags: u8) {
    kernel::flows(entry, &mut record.original, &mut record.reply);
    // What answers a SYN acknowledges it.
    let answers = flags & (tcp_flag::SYN | tcp_flag::ACK) == tcp_flag::SYN | tcp_flag::ACK;
    record.isn = if answers { kernel::acknowledgement(skb).wrapping_sub(1) } else { kernel::sequence(skb) };
    record.flags = flags;
}

/// A segment of an open connection found no socket: the connection that it was made for, or 0. What conntrack holds invalid
/// it does not translate, so that it arrives under a name that no socket has.
/// A function of its own, so that the verifier forgets what went on inside when it returns.
#[inline(never)]
pub fn meant<B: Base>(net: B, skb: u64, flags: u8) -> u64 {
    if flags & tcp_flag::ACK == 0 || flags & (tcp_flag::SYN | tcp_flag::RST) != 0 {
        return 0;
    }
    let port = u32::from(kernel::destination_port(skb));
    kernel::tcpx_seek(net.number(), port, kernel::sequence(skb), kernel::acknowledgement(skb))
}

/// Tells it. Called after the walk and not around it, as in `drop.rs`.
#[inline(never)]
pub fn tell_untranslated(env: Env, net: u64, skb: u64, sk: u64) {
    emit::emit(env, Kind::Untranslated, kernel::netns(net), |record: &mut Untranslated| {
        kernel::tuple_and_seq(skb, &mut record.segment, &mut record.seq);
        kernel::tuple_of(sk, &mut record.tuple);
        kernel::facts_of(sk, &mut record.sock);
    });
}
