//! A SYN at a listener: the kernel drops what it cannot take without a drop event.
//!
//! ```text
//! tcp_rcv_state_process (LISTEN) -> tcp_v4_conn_request -> tcp_conn_request(ops, af_ops, sk, skb)
//!   qlen >= sk_max_ack_backlog (5.10), > (6.1 on)      SYN queue full: TCPReqQFullDrop or a cookie
//!   sk_ack_backlog > sk_max_ack_backlog                accept queue full: ListenOverflows, ListenDrops
//!   -> security_inet_conn_request(sk, skb, req)        refused: ListenDrops
//!   -> inet_csk_route_req / inet6_csk_route_req        NULL: no route back: ListenDrops, IpOutNoRoutes
//!   max_syn_backlog - qlen < max_syn_backlog / 4       without syncookies only clients that are known
//!   -> return 0, and the caller consume_skb()s the SYN
//! ```

use tcpx_common::{
    abi::{Kind, refused},
    event::{ConnRequest, ListenLimits},
};

use crate::{args::Env, emit, in_hand, kernel, kernel::sock, maps::offset};

/// Entry of `tcp_conn_request`.
#[inline(always)]
pub fn entered(env: Env, sk: Option<u64>, skb: Option<u64>) {
    let (Some(sk), Some(skb)) = (sk, skb) else { return };
    let waiting: u32 = kernel::field_or_zero(sk, offset!(sk_ack_backlog));
    let max: u32 = kernel::field_or_zero(sk, offset!(sk_max_ack_backlog));
    let syns: u32 = kernel::field_or_zero(sk, offset!(icsk_qlen));
    if waiting <= max && (syns < max || answers_with_cookies(sk)) && !is_last_quarter(sk, syns) {
        in_hand::considers(skb, sk);
        return;
    }
    in_hand::considers(0, 0);
    tell(env, sk, skb, refused::QUEUES);
}

#[inline(always)]
fn limits(sk: u64) -> ListenLimits {
    let mut limits = ListenLimits { somaxconn: 0, max_syn_backlog: 0, syncookies: 0, reserved: [0; 7] };
    sock::limits(kernel::sock_net(sk), &mut limits);
    limits
}

/// A full SYN queue is then no reason to drop a SYN.
#[inline(always)]
fn answers_with_cookies(sk: u64) -> bool {
    limits(sk).syncookies != 0
}

/// Without syncookies the last quarter of `tcp_max_syn_backlog` is for clients that are known.
#[inline(always)]
fn is_last_quarter(sk: u64, syns: u32) -> bool {
    let limits = limits(sk);
    limits.syncookies == 0 && limits.max_syn_backlog.saturating_sub(syns) < limits.max_syn_backlog >> 2
}

/// Return of `inet_csk_route_req` and `inet6_csk_route_req`: the first of a SYN decides.
#[inline(always)]
pub fn routed(env: Env, dst: Option<u64>) {
    let Some(dst) = dst else { return };
    let (skb, sk) = in_hand::decided();
    if dst == 0 && skb != 0 {
        tell(env, sk, skb, refused::NO_ROUTE);
    }
}

/// Return of `security_inet_conn_request`.
#[inline(always)]
pub fn judged(env: Env, result: Option<u64>) {
    let Some(result) = result else { return };
    if result as i32 == 0 {
        return;
    }
    let (skb, sk) = in_hand::decided();
    if skb != 0 {
        tell(env, sk, skb, refused::SECURITY);
    }
}

#[inline(always)]
fn tell(env: Env, sk: u64, skb: u64, why: u8) {
    let net = kernel::sock_net(sk);
    emit::emit(env, Kind::ConnRequest, kernel::netns(net), |record: &mut ConnRequest| {
        kernel::segment(skb, &mut record.segment);
        kernel::facts_of(sk, &mut record.sock);
        sock::limits(net, &mut record.limits);
        record.syn_backlog = kernel::field_or_zero(sk, offset!(icsk_qlen));
        record.refused = why;
    });
}
