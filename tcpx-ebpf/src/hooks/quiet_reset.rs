//! A RST of which `tcp_reset` does not know.
//!
//! ```text
//! tcp_v4_rcv
//!   NEW_SYN_RECV -> tcp_check_req(listener, skb, req, ...)        in the window: the request socket goes
//!   TIME_WAIT -> tcp_timewait_state_process(tw, skb, ...)         exact, and tcp_rfc1337 is 0: the record goes
//! tcp_rcv_established, tcp_rcv_state_process
//!   -> tcp_validate_incoming(sk, skb, ...)     exact: tcp_reset; in the window: a challenge ACK; else nothing (RFC 5961)
//! ```
//! What small sockets make of it is told by the programs of `mini_socket`, which stand there already.
//!
//! A full socket that does not obey frees the RST (`tcp_drop`, later `tcp_drop_reason`; 5.10, 6.1 and 6.12 inline them), and
//! since Linux 6.11 the free names the socket: that is where it is told, for nothing runs there for data that is taken.
//! Before, only `tcp_validate_incoming` has both socket and RST. It runs for each segment off the fast path, data too, so that
//! `--probes path` does without. (`tcp_send_challenge_ack` is not given the segment, and not called for RSTs outside of the
//! window.)

use tcpx_common::{
    abi::{Kind, state, tcp_flag},
    event::QuietReset,
};

use super::drop;
use crate::{
    args::Env,
    emit, kernel,
    maps::{offset, switched},
};

#[inline(always)]
pub const fn is_reset(flags: u8) -> bool {
    flags & tcp_flag::RST != 0
}

/// A request socket met a RST; `tcp_check_req` has returned.
#[inline(never)]
pub fn met_request(env: Env, listener: u64, skb: u64, request: u64) {
    let net = kernel::netns(kernel::sock_net(listener));
    emit::emit(env, Kind::QuietReset, net, |record: &mut QuietReset| {
        kernel::segment(skb, &mut record.segment);
        kernel::facts_of(listener, &mut record.sock);
        record.handshake = 1;
        record.rcv_nxt = kernel::field_or_zero(request, offset!(req_rcv_nxt));
        let window: u32 = kernel::field_or_zero(request, offset!(req_rcv_wnd));
        record.until = record.rcv_nxt.wrapping_add(window);
        record.numbers = 1;
        record.ended = has_ended(request);
    });
}

/// A TIME_WAIT record met a RST; `tcp_timewait_state_process` has returned. `freed` if the free of the RST shows it.
#[inline(never)]
pub fn met_time_wait(env: Env, tw: u64, skb: u64, freed: u8) {
    let net = kernel::sock_net(tw);
    emit::emit(env, Kind::QuietReset, kernel::netns(net), |record: &mut QuietReset| {
        kernel::segment(skb, &mut record.segment);
        record.sock.sk = tw;
        record.sock.state = state::TIME_WAIT;
        record.sock.present = 1;
        record.rcv_nxt = kernel::field_or_zero(tw, offset!(tw_rcv_nxt));
        let window: u32 = kernel::field_or_zero(tw, offset!(tw_rcv_wnd));
        record.until = record.rcv_nxt.wrapping_add(window);
        record.numbers = 1;
        record.ended = has_ended(tw);
        record.freed = freed;
        record.substate = kernel::field_or_zero(tw, offset!(tw_substate));
        record.rfc1337 = kernel::field_or_zero(net, offset!(net_rfc1337));
    });
}

/// 1 if the small socket has left the established hash. Its memory may have been given back by then, but not to others: these
/// slabs are SLAB_TYPESAFE_BY_RCU, and keep what was in them.
#[inline(always)]
fn has_ended(mini: u64) -> u8 {
    u8::from(kernel::field_or_zero::<u64>(mini, offset!(skc_node_pprev)) == 0)
}

/// `tcp_validate_incoming`.
#[inline(always)]
pub fn validated(env: Env, sk: Option<u64>, skb: Option<u64>) {
    let (Some(sk), Some(skb)) = (sk, skb) else { return };
    if is_reset(kernel::tcp_flags(skb)) && !is_exact(sk, skb) {
        ignored(env, sk, skb, 0);
    }
}

/// It will be obeyed, and `tcp_reset` tells of it: its number is the one expected, or after the peer's FIN that of the FIN
/// (`tcp_reset_check`).
#[inline(always)]
fn is_exact(sk: u64, skb: u64) -> bool {
    let expected: u32 = kernel::field_or_zero(sk, offset!(tp_rcv_nxt));
    let ahead = kernel::sequence(skb).wrapping_sub(expected);
    let closing = matches!(kernel::state(sk), state::CLOSE_WAIT | state::CLOSING | state::LAST_ACK);
    ahead == 0 || (closing && ahead == u32::MAX)
}

#[inline(never)]
fn ignored(env: Env, sk: u64, skb: u64, freed: u8) {
    let net = kernel::netns(kernel::sock_net(sk));
    emit::emit(env, Kind::QuietReset, net, |record: &mut QuietReset| {
        kernel::segment(skb, &mut record.segment);
        kernel::facts_of(sk, &mut record.sock);
        let update: u32 = kernel::field_or_zero(sk, offset!(tp_rcv_wup));
        let window: u32 = kernel::field_or_zero(sk, offset!(tp_rcv_wnd));
        record.freed = freed;
        record.rcv_nxt = record.sock.rcv_nxt;
        record.until = update.wrapping_add(window);
        record.numbers = 1;
    });
}

/// A RST was freed for a socket.
#[inline(always)]
pub fn dropped(env: Env, skb: u64, facts: drop::Facts) {
    let sk = facts.sk.value;
    if sk == 0 {
        return;
    }
    let met = kernel::state(sk);
    // `tcp_v4_rcv` itself frees what met a small socket, and what may not come as far as to a full one.
    if drop::is_in_receive(facts.location) {
        if switched(|on| on.small_from_drop) {
            met_small(env, sk, skb, met);
        }
        return;
    }
    let full = !matches!(
        met,
        state::LISTEN | state::CLOSE | state::SYN_SENT | state::TIME_WAIT | state::NEW_SYN_RECV
    );
    if full && !is_exact(sk, skb) {
        ignored(env, sk, skb, 1);
    }
}

/// A listener stands for its request socket.
#[inline(always)]
fn met_small(env: Env, sk: u64, skb: u64, met: u8) {
    match met {
        state::TIME_WAIT => met_time_wait(env, sk, skb, 1),
        state::LISTEN => met_unknown_request(env, sk, skb),
        _ => {}
    }
}

#[inline(never)]
fn met_unknown_request(env: Env, listener: u64, skb: u64) {
    let net = kernel::netns(kernel::sock_net(listener));
    emit::emit(env, Kind::QuietReset, net, |record: &mut QuietReset| {
        kernel::segment(skb, &mut record.segment);
        kernel::facts_of(listener, &mut record.sock);
        record.handshake = 1;
        record.freed = 1;
    });
}
