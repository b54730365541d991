//! A SYN that is sent again: nobody has answered the first.
//!
//! ```text
//! tcp_retransmit_timer -> tcp_retransmit_skb(sk, skb, segs) -> __tcp_retransmit_skb
//!                           -> tcp_retransmit_skb(sk, skb[, err])    up to 6.12 only on success
//! ```
//! Runs for each retransmission of the host; all but SYNs leave first. The walk shows, on this host's own listeners,
//! whether the accept queue is full at this moment: the kernel drops such a SYN without any event.

use tcpx_common::{
    abi::{Kind, state},
    event::Retransmit,
};

use crate::{args::Env, emit, kernel, maps::offset, walk};

/// Entry of the function, or the tracepoint.
#[inline(always)]
pub fn sent(env: Env, sk: Option<u64>) {
    let Some(sk) = sk else { return };
    let mut common = kernel::Common::unread();
    let common = common.read(sk);
    if common.state() != state::SYN_SENT {
        return;
    }
    let net = common.net();
    let port = u16::from_be(common.get(offset!(skc_dport)));
    walk::who_holds(net, port);
    emit::emit(env, Kind::Retransmit, kernel::netns(net), |record: &mut Retransmit| {
        record.sk = sk;
        common.tuple(&mut record.tuple);
        record.total_retrans = kernel::field_or_zero(sk, offset!(tp_total_retrans));
        record.isn = kernel::field_or_zero(sk, offset!(tp_snd_una));
        walk::copy(&mut record.holders);
    });
}
