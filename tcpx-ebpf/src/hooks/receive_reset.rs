//! A RST that reached a socket.
//!
//! ```text
//! tcp_validate_incoming          open connection, sequence number exact (RFC 5961)
//! tcp_rcv_synsent_state_process  (inlined) RST with an ACK of our SYN: the attempt was refused
//! tcp_check_req                  does not come here: a request socket is dropped without tcp_reset
//!   -> tcp_reset(sk[, skb])  -> tcp_receive_reset(sk)   first thing, the state is still the old one
//! ```
//! In SYN_SENT the socket comes to CLOSE with ECONNREFUSED before `tcp_reset` returns: the one record tells both.

use tcpx_common::{
    abi::{Kind, state},
    event::SockReset,
};

use crate::{
    args::{Arg, Env},
    emit, in_hand,
    kernel::{self, Base},
    maps::switched,
};

/// `skb` is the RST, where the function is given it.
#[inline(always)]
pub fn received<B: Base>(env: Env, sk: Option<u64>, skb: Arg) {
    let Some(sk) = sk else { return };
    let known = B::given(sk);
    let mut common = kernel::Common::unread();
    let common = common.read(sk);
    let key = kernel::netns_of(known, common);
    let skb = if skb.value == 0 { in_hand::reset_for(sk) } else { skb.value };
    let refused = common.state() == state::SYN_SENT;
    emit::emit(env, Kind::ReceiveReset, key, |record: &mut SockReset| {
        common.tuple(&mut record.tuple);
        if refused {
            kernel::sock::attempt(known, common, &mut record.sock);
            if switched(|on| on.attempts) {
                in_hand::refuses(sk, record.sock.snd_una);
                record.refuses = 1;
            }
        } else {
            kernel::facts(sk, common, &mut record.sock);
            kernel::sock::timers(sk, record);
        }
        if skb != 0 {
            kernel::segment(skb, &mut record.segment);
        }
    });
}
