//! The segment that completes a handshake: what a RST that comes later is compared with. Nothing is told here; how the
//! segment came stays with the connection, and travels with its end.
//!
//! ```text
//! tcp_rcv_synsent_state_process (inlined)    -> tcp_finish_connect(sk, skb)         the SYN-ACK; skb may be NULL
//! tcp_v4_rcv, tcp_v4_do_rcv (syncookies)     -> tcp_child_process(parent, child, skb)    the handshake's last ACK
//!   -> tcp_set_state(sk, TCP_ESTABLISHED)    -> inet_sock_set_state                 keeps it: `state.rs`
//! ```
//! Each runs once for a connection, and not for its data. A child whose socket is in use gets its ACK later, from the
//! backlog: how that came is kept until then.

use crate::{in_hand, kernel};

/// Entry of either.
#[inline(always)]
pub fn completes(sk: Option<u64>, skb: Option<u64>) {
    let (Some(sk), Some(skb)) = (sk, skb) else { return };
    if skb != 0 {
        in_hand::completes(sk, kernel::arrival(skb));
    }
}
