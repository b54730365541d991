//! A RST in answer to a segment: most of all, the refusal.
//!
//! ```text
//! tcp_v4_rcv: no_tcp_socket                 no socket at all (R1)          sk == NULL
//! tcp_v4_rcv: do_time_wait -> TCP_TW_RST    closed connection (R2)         sk in TIME_WAIT
//! tcp_v4_do_rcv: reset                      listener, SYN_SENT, ... (R4-R9) full sk
//! tcp_check_req: embryonic_reset            request socket (R10)           sk is the listener
//!   -> tcp_v4_send_reset(sk, skb[, reason]) / tcp_v6_send_reset
//!        returns silently for: a RST; no socket and not for this host; MD5 or AO without a key
//!        -> tcp_send_reset tracepoint: since Linux 6.10 always, before that for full sockets only
//! ```

use tcpx_common::{
    abi::Kind,
    abi::tcp_flag,
    event::{Reply, ReplyHolders, ReplySock},
};

use crate::{
    args::{Arg, Env},
    emit, in_hand,
    kernel::{self, sock},
    maps::{offset, switched},
    walk,
};

/// The tracepoint: a RST will be sent. An answer has a packet; without one the socket acts of its own accord.
#[inline(always)]
pub fn traced(env: Env, sk: Option<u64>, skb: Option<u64>, reason: Arg) {
    let (Some(sk), Some(skb)) = (sk, skb) else { return };
    if skb == 0 {
        if switched(|on| on.active_from_tracepoint) {
            let env = env.for_hook(tcpx_common::abi::Hook::ActiveReset);
            super::active_reset::sent(env, Some(sk), reason);
        }
    } else if switched(|on| on.replies_from_tracepoint) {
        report(env, sk, skb, reason);
    }
}

/// The functions: what they do not answer is passed over here as there.
#[inline(always)]
pub fn called(env: Env, sk: Option<u64>, skb: Option<u64>, reason: Arg) {
    let (Some(sk), Some(skb)) = (sk, skb) else { return };
    let flags = kernel::tcp_flags(skb);
    if flags & tcp_flag::RST != 0 {
        return;
    }
    if sk == 0 && !kernel::is_for_this_host(skb) {
        return;
    }
    if !kernel::is_full(sk) && kernel::has_auth_option(skb) {
        return;
    }
    if offset!(arg_drop_reason) == tcpx_common::offsets::ABSENT {
        in_hand::answered(skb);
    }
    report(env, sk, skb, reason);
}

#[inline(always)]
fn report(env: Env, sk: u64, skb: u64, reason: Arg) {
    let env = env.because(reason.value as u32);
    let net = if sk == 0 { kernel::skb_net(skb) } else { kernel::sock_net(sk) };
    let key = kernel::netns(net);
    emit::audit(key, false);
    super::nat::tell(env, skb, kernel::tcp_flags(skb));
    if kernel::is_full(sk) {
        emit::emit(env, Kind::ReplySock, key, |record: &mut ReplySock| {
            fill(&mut record.reply, sk, skb, reason);
            kernel::facts(sk, &mut record.sock);
            record.opened_ns = sock::age(sk, &mut record.sock);
        });
        return;
    }
    if sk == 0 {
        super::nat::tell_untranslated(env, net, skb, kernel::tcp_flags(skb));
    }
    if sk != 0 || !kernel::is_syn(kernel::tcp_flags(skb)) {
        emit::emit(env, Kind::Reply, key, |record: &mut Reply| fill(record, sk, skb, reason));
        return;
    }
    match walk::who_holds(net, skb) {
        walk::Found::Nobody => emit::emit(env, Kind::Reply, key, |record: &mut Reply| {
            fill(record, sk, skb, reason);
            record.port_free = 1;
            record.place = kernel::place(net, skb);
        }),
        walk::Found::Some => emit::emit(env, Kind::ReplyHolders, key, |record: &mut ReplyHolders| {
            fill(&mut record.reply, sk, skb, reason);
            record.reply.place = kernel::place(net, skb);
            walk::copy(&mut record.holders);
        }),
    }
}

#[inline(always)]
fn fill(record: &mut Reply, sk: u64, skb: u64, reason: Arg) {
    kernel::segment(skb, &mut record.segment);
    record.lookup = in_hand::facts(skb);
    if sk != 0 {
        record.sk_state = kernel::state(sk);
    }
    record.reason = reason.value as u32;
    record.has_reason = u8::from(reason.known);
}
