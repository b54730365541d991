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
    kernel::{self, Base, sock},
    maps::{offset, switched},
    walk,
};

/// The tracepoint: a RST will be sent. An answer has a packet; without one the socket acts of its own accord.
#[inline(always)]
pub fn traced<B: Base>(env: Env, sk: Option<u64>, skb: Option<u64>, reason: Arg) {
    let (Some(sk), Some(skb)) = (sk, skb) else { return };
    let (has_sock, has_packet) = if B::DIRECT { are_there(env) } else { (sk != 0, skb != 0) };
    if !has_packet {
        if switched(|on| on.active_from_tracepoint) && sk != 0 {
            let env = env.for_hook(tcpx_common::abi::Hook::ActiveReset);
            super::active_reset::sent(env, Some(sk), reason);
        }
    } else if switched(|on| on.replies_from_tracepoint) && skb != 0 {
        let skb = B::given(skb);
        let said = kernel::flags_and_port(skb);
        let env = because(env, skb, said, reason);
        if !has_sock {
            of_nobody(env, skb, said, reason.known);
        } else if sk != 0 {
            of_socket(env, B::given(sk), skb, reason.known);
        }
    }
}

/// Whether there is a socket, and a packet.
#[inline(always)]
fn are_there(env: Env) -> (bool, bool) {
    let arguments = env.two_numbers();
    let has = |slot: u16| if slot == 0 { arguments[0] != 0 } else { arguments[1] != 0 };
    (has(offset!(arg_tp_reset_sk)), has(offset!(arg_tp_reset_skb)))
}

/// The functions: what they do not answer is passed over here as there.
#[inline(always)]
pub fn called<B: Base>(env: Env, sk: Option<u64>, skb: Option<u64>, reason: Arg) {
    let (Some(sk), Some(skb)) = (sk, skb) else { return };
    let packet = B::given(skb);
    let said = kernel::flags_and_port(packet);
    if said.flags & tcp_flag::RST != 0 {
        return;
    }
    if sk == 0 && !kernel::is_for_this_host(skb) {
        return;
    }
    let sock = B::given(sk);
    if !kernel::is_full(sock) && kernel::has_auth_option(skb) {
        return;
    }
    if offset!(arg_drop_reason) == tcpx_common::offsets::ABSENT {
        in_hand::answered(skb);
    }
    let env = because(env, packet, said, reason);
    if sk == 0 {
        of_nobody(env, packet, said, reason.known);
    } else {
        of_socket(env, sock, packet, reason.known);
    }
}

/// Tells what comes before the RST, and notes why it is sent.
#[inline(always)]
fn because(env: Env, skb: impl Base, said: kernel::FlagsAndPort, reason: Arg) -> Env {
    let env = env.because(reason.value as u32);
    if kernel::is_tracked(skb) {
        super::nat::tell(env, skb.address(), said.flags);
    }
    env
}

/// The segment belongs to a socket of some kind.
#[inline(always)]
fn of_socket<B: Base>(env: Env, sk: B, skb: B, has_reason: bool) {
    let key = kernel::netns(kernel::sock_net(sk));
    emit::audit(key, false);
    if kernel::is_full(sk) {
        emit::emit(env, Kind::ReplySock, key, |record: &mut ReplySock| {
            fill(env, &mut record.reply, skb, has_reason);
            kernel::facts_of(sk.address(), &mut record.sock);
            record.reply.sk_state = record.sock.state;
            record.opened_ns = sock::age(sk.address(), &mut record.sock);
        });
    } else {
        emit::emit(env, Kind::Reply, key, |record: &mut Reply| {
            fill(env, record, skb, has_reason);
            record.sk_state = kernel::state(sk);
        });
    }
}

/// Both lookups missed.
#[inline(always)]
fn of_nobody<B: Base>(env: Env, skb: B, said: kernel::FlagsAndPort, has_reason: bool) {
    if B::DIRECT {
        let net = kernel::device_net(skb);
        if !net.is_null() {
            return in_net(env, net, skb, said, has_reason);
        }
    }
    let skb = skb.address();
    in_net(env, kernel::skb_net(skb), skb, said, has_reason);
}

#[inline(always)]
fn in_net<B: Base>(env: Env, net: B, skb: B, said: kernel::FlagsAndPort, has_reason: bool) {
    let key = kernel::netns(net);
    emit::audit(key, false);
    let meant = super::nat::meant(net, skb.address(), said.flags);
    if meant != 0 {
        super::nat::tell_untranslated(env, net.address(), skb.address(), meant);
    }
    if !kernel::is_syn(said.flags) {
        emit::emit(env, Kind::Reply, key, |record: &mut Reply| fill(env, record, skb, has_reason));
        return;
    }
    match walk::who_holds(net, said.port) {
        walk::Found::Nobody => emit::emit(env, Kind::Reply, key, |record: &mut Reply| {
            fill(env, record, skb, has_reason);
            record.port_free = 1;
            record.place = kernel::place(net, skb);
        }),
        walk::Found::Some => emit::emit(env, Kind::ReplyHolders, key, |record: &mut ReplyHolders| {
            fill(env, &mut record.reply, skb, has_reason);
            record.reply.place = kernel::place(net, skb);
            walk::copy(&mut record.holders);
        }),
    }
}

#[inline(always)]
fn fill<B: Base>(env: Env, record: &mut Reply, skb: B, has_reason: bool) {
    kernel::segment(skb, &mut record.segment);
    record.lookup = in_hand::facts(skb.address());
    record.reason = env.reason;
    record.has_reason = u8::from(has_reason);
}
