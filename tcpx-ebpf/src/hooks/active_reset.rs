//! A RST that a socket sends of its own accord.
//!
//! ```text
//! __tcp_close        unread data; linger2 < 0; too many orphans
//! tcp_disconnect     SO_LINGER with 0; a listener closed with children that nobody accepted; connect(AF_UNSPEC)
//! tcp_abort          ss -K
//! tcp_keepalive_timer, tcp_out_of_resources
//!   -> tcp_send_active_reset(sk[, gfp][, reason])
//!        -> tcp_send_reset(sk, NULL[, reason])    after the segment has left
//! ```
//! The kernel's reason is vague (TCP_STATE stands for three causes): the socket's own fields tell them apart, without
//! a stack.

use tcpx_common::{abi::Kind, event::SockReset};

use crate::{
    args::{Arg, Env},
    emit, kernel,
};

/// The socket has sent it, or is about to.
#[inline(always)]
pub fn sent(env: Env, sk: Option<u64>, reason: Arg) {
    let Some(sk) = sk else { return };
    let key = kernel::netns(kernel::sock_net(sk));
    emit::audit(key, true);
    emit::emit(env, Kind::ActiveReset, key, |record: &mut SockReset| {
        kernel::sock_tuple(sk, &mut record.tuple);
        kernel::facts(sk, &mut record.sock);
        kernel::comm(&mut record.comm);
        record.reason = reason.value as u32;
        record.has_reason = u8::from(reason.known);
    });
}
