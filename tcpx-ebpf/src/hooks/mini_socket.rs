//! A handshake segment that met a small socket, a request socket or a TIME_WAIT record, and was not taken.
//!
//! ```text
//! tcp_v4_rcv
//!   NEW_SYN_RECV -> tcp_check_req(listener, skb, req, fastopen, &stolen[, &reason])
//!     the SYN again                     the SYN-ACK is sent again
//!     TCP_DEFER_ACCEPT, no data         acked = 1, TCPDeferAcceptDrop
//!     tcp_v4_syn_recv_sock -> NULL      accept queue full: acked = 1, ListenOverflows
//!     -> NULL, and the segment is freed
//!   TIME_WAIT -> tcp_timewait_state_process(tw, skb, th, ...)
//!     a SYN that is no later than the old connection     TCP_TW_ACK, or TCP_TW_SUCCESS: nothing is sent
//! ```
//! A RST that meets one of them is another question, asked at the same places: `quiet_reset`.

use tcpx_common::{
    abi::{Hook, Kind, state, tcp_flag},
    event::{MiniSocket, NetnsKey},
};

use super::quiet_reset::{self, is_reset};
use crate::{args::Env, emit, in_hand, kernel, kernel::sock, maps::offset};

/// `enum tcp_tw_status`: a RST is sent, or a new connection begins.
const TCP_TW_RST: u8 = 1;
const TCP_TW_SYN: u8 = 3;

/// Entry of `tcp_check_req`, for backends that see no arguments at its end.
#[inline(always)]
pub fn meets_request(sk: Option<u64>, skb: Option<u64>, req: Option<u64>) {
    let (Some(sk), Some(skb), Some(req)) = (sk, skb, req) else { return };
    in_hand::meets(skb, req, sk);
}

/// Entry of `tcp_timewait_state_process`, likewise.
#[inline(always)]
pub fn meets_time_wait(tw: Option<u64>, skb: Option<u64>) {
    let (Some(tw), Some(skb)) = (tw, skb) else { return };
    in_hand::meets(skb, tw, 0);
}

/// Return of `tcp_check_req` after [`meets_request`].
#[inline(always)]
pub fn request_returned(env: Env, child: u64) {
    let (skb, req, sk) = in_hand::met();
    request_decided(env, Some(sk), Some(skb), Some(req), Some(child));
}

/// Return of `tcp_timewait_state_process` after [`meets_time_wait`].
#[inline(always)]
pub fn time_wait_returned(env: Env, result: u64) {
    let (skb, tw, _) = in_hand::met();
    time_wait_decided(env, Some(tw), Some(skb), Some(result));
}

/// Return of `tcp_check_req`: the new socket, the listener, or none. With TCP fast open the socket is no listener.
#[inline(always)]
pub fn request_decided(env: Env, sk: Option<u64>, skb: Option<u64>, req: Option<u64>, child: Option<u64>) {
    let (Some(sk), Some(skb), Some(req), Some(child)) = (sk, skb, req, child) else { return };
    if child != 0 || skb == 0 || kernel::state(sk) != state::LISTEN {
        return;
    }
    let flags = kernel::tcp_flags(skb);
    if is_reset(flags) {
        return quiet_reset::met_request(env.for_hook(Hook::QuietReset), sk, skb, req);
    }
    let acked = sock::bit(req, offset!(ireq_acked), offset!(ireq_acked_mask));
    if flags & tcp_flag::SYN == 0 && acked == 0 {
        return;
    }
    let net = kernel::sock_net(sk);
    emit::emit(env, Kind::MiniSocket, kernel::netns(net), |record: &mut MiniSocket| {
        kernel::segment(skb, &mut record.segment);
        kernel::facts_of(sk, &mut record.sock);
        sock::limits(net, &mut record.limits);
        record.syn_backlog = kernel::field_or_zero(sk, offset!(icsk_qlen));
        record.defer_accept = kernel::field_or_zero(sk, offset!(icsk_defer_accept));
        record.timeouts = timeouts(req);
        record.acked = acked;
        record.state = state::NEW_SYN_RECV;
    });
}

/// A bit field of seven bits.
#[inline(always)]
fn timeouts(req: u64) -> u8 {
    let byte: u8 = kernel::field_or_zero(req, offset!(req_timeouts));
    if offset!(req_timeouts_mask) == 2 { byte >> 1 } else { byte & 0x7f }
}

/// Return of `tcp_timewait_state_process`.
#[inline(always)]
pub fn time_wait_decided(env: Env, tw: Option<u64>, skb: Option<u64>, result: Option<u64>) {
    let (Some(tw), Some(skb), Some(result)) = (tw, skb, result) else { return };
    if skb == 0 {
        return;
    }
    let (result, flags) = (result as u8, kernel::tcp_flags(skb));
    if is_reset(flags) {
        return quiet_reset::met_time_wait(env.for_hook(Hook::QuietReset), tw, skb, 0);
    }
    if result == TCP_TW_RST || result == TCP_TW_SYN || !kernel::is_syn(flags) {
        return;
    }
    let net: NetnsKey = kernel::netns(kernel::sock_net(tw));
    emit::emit(env, Kind::MiniSocket, net, |record: &mut MiniSocket| {
        kernel::segment(skb, &mut record.segment);
        record.rcv_nxt = kernel::field_or_zero(tw, offset!(tw_rcv_nxt));
        record.substate = kernel::field_or_zero(tw, offset!(tw_substate));
        record.state = state::TIME_WAIT;
        record.result = result;
    });
}
