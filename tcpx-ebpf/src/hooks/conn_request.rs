//! A SYN at a listener whose queues are full: the kernel drops it without a drop event.
//!
//! ```text
//! tcp_rcv_state_process (LISTEN) -> tcp_v4_conn_request -> tcp_conn_request(ops, af_ops, sk, skb)
//!   sk_ack_backlog > sk_max_ack_backlog                accept queue full: ListenOverflows, ListenDrops
//!   qlen >= sk_max_ack_backlog (5.10), > (6.1 on)      SYN queue full: TCPReqQFullDrop or a cookie
//!   -> return 0, and the caller consume_skb()s the SYN
//! ```

use tcpx_common::{abi::Kind, event::ConnRequest};

use crate::{args::Env, emit, kernel, maps::offset};

/// Entry of `tcp_conn_request`.
#[inline(always)]
pub fn entered(env: Env, sk: Option<u64>, skb: Option<u64>) {
    let (Some(sk), Some(skb)) = (sk, skb) else { return };
    let waiting: u32 = kernel::field_or_zero(sk, offset!(sk_ack_backlog));
    let max: u32 = kernel::field_or_zero(sk, offset!(sk_max_ack_backlog));
    let syns: u32 = kernel::field_or_zero(sk, offset!(icsk_qlen));
    if waiting <= max && syns < max {
        return;
    }
    let key = kernel::netns(kernel::sock_net(sk));
    emit::emit(env, Kind::ConnRequest, key, |record: &mut ConnRequest| {
        kernel::segment(skb, &mut record.segment);
        kernel::facts(sk, &mut record.sock);
        record.syn_backlog = syns;
    });
}
