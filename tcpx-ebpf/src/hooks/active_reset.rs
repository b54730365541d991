//! A RST that a socket sends of its own accord.
//!
//! ```text
//! __tcp_close          data unread; SO_LINGER of 0 (by tcp_disconnect); FIN_WAIT2 and linger2 < 0; too many orphans
//! inet_csk_listen_stop the listener ends with children that nobody accepted (by tcp_disconnect)
//! __inet_stream_connect connect(AF_UNSPEC) (by tcp_disconnect)
//! tcp_abort            ss -K
//! tcp_keepalive_timer  probes unanswered; TCP_USER_TIMEOUT; FIN_WAIT2 over
//! tcp_out_of_resources too many orphans, from the write timer
//!   -> tcp_send_active_reset(sk[, gfp][, reason])
//!        -> tcp_send_reset(sk, NULL[, reason])    after the segment has left
//! ```
//! The kernel's reason is vague (TCP_STATE stands for five causes) or absent. The socket's own fields tell most of them
//! apart; where they do not, the stack is walked.

use tcpx_common::{
    abi::{Kind, sock_flag, state},
    event::SockReset,
};

use crate::{
    args::{Arg, Env},
    emit,
    kernel::{self, sock},
    maps::offset,
};

const SEND_SHUTDOWN: u8 = 2;
const BOTH_WAYS: u8 = 3;

/// The socket has sent it, or is about to.
#[inline(always)]
pub fn sent(env: Env, sk: Option<u64>, reason: Arg) {
    if let Some(sk) = sk {
        tell(env, sk, reason);
    }
}

/// A function of its own, for the stack: see `drop.rs`.
#[inline(never)]
fn tell(env: Env, sk: u64, reason: Arg) {
    let mut common = kernel::Common::unread();
    let common = common.read(sk);
    let key = kernel::netns(common.net());
    emit::audit(key, true);
    emit::emit_with_stack(
        env,
        Kind::ActiveReset,
        key,
        caller_is_open(sk, common, reason.known),
        |record: &mut SockReset| {
            common.tuple(&mut record.tuple);
            kernel::facts(sk, common, &mut record.sock);
            sock::timers(sk, record);
            kernel::comm(&mut record.comm);
            record.reason = reason.value as u32;
            record.has_reason = u8::from(reason.known);
        },
    );
}

/// Whether the socket's fields leave open who called. Two frequent callers are told by them: a listener that takes its
/// children with it, and close() with data unread, for which the kernel has a reason of its own.
#[inline(always)]
fn caller_is_open(sk: u64, common: &kernel::Common, has_reason: bool) -> bool {
    if common.state() != state::CLOSE {
        return true;
    }
    let shutdown: u8 = kernel::field_or_zero(sk, offset!(sk_shutdown));
    let socket = sock::holding(sk);
    if socket == 0 {
        return shutdown & SEND_SHUTDOWN != 0;
    }
    !has_reason
        || shutdown & BOTH_WAYS != BOTH_WAYS
        || sock::flags(sk, socket, common) & sock_flag::LINGER != 0
}
