//! The segment that this CPU's `tcp_v4_rcv` has in hand, what its lookups gave, and what a handshake makes of it.
#![expect(unsafe_code, reason = "map values are raw pointers")]

use tcpx_common::{
    abi::tcp_flag,
    event::{Arrival, LookupFacts},
};

use crate::{
    hooks::receive::UNSEEN,
    maps::{ANSWERED, HANDSHAKE, Handshake, IN_HAND, InHand, REFUSED, Refused},
};

/// This CPU's slot.
#[inline(always)]
pub fn slot() -> Option<&'static mut InHand> {
    // SAFETY: a per-CPU value; `tcp_v4_rcv` runs with bottom halves off and does not nest.
    IN_HAND.get_ptr_mut(0).map(|slot| unsafe { &mut *slot })
}

/// The lookups of this packet, if it is the one in hand.
#[inline(always)]
pub fn facts(skb: u64) -> LookupFacts {
    match slot() {
        Some(slot) if slot.skb == skb && skb != 0 => LookupFacts {
            established_sk: slot.established_sk,
            listener_sk: slot.listener_sk,
            established: slot.established,
            listener: slot.listener,
            established_state: slot.established_state,
            received: 1,
            denied: slot.denied,
            brought: slot.brought,
            reserved: [0; 2],
        },
        _ => UNSEEN,
    }
}

/// The RST in hand, if it was found to belong to this socket; else 0.
#[inline(always)]
pub fn reset_for(sk: u64) -> u64 {
    match slot() {
        Some(slot) if slot.established_sk == sk && slot.flags & tcp_flag::RST != 0 => slot.skb,
        _ => 0,
    }
}

#[inline(always)]
fn handshake() -> Option<&'static mut Handshake> {
    // SAFETY: as in `slot`.
    HANDSHAKE.get_ptr_mut(0).map(|slot| unsafe { &mut *slot })
}

/// A listener considers a SYN; 0: it does not.
#[inline(always)]
pub fn considers(syn: u64, listener: u64) {
    if let Some(slot) = handshake() {
        slot.syn = syn;
        slot.listener = listener;
    }
}

/// The SYN under consideration and its listener, once: what is asked later (the route of a SYN-ACK that is sent again)
/// is not about the SYN.
#[inline(always)]
pub fn decided() -> (u64, u64) {
    let Some(slot) = handshake() else { return (0, 0) };
    let syn = slot.syn;
    slot.syn = 0;
    (syn, slot.listener)
}

/// A segment meets a small socket.
#[inline(always)]
pub fn meets(segment: u64, mini: u64, listener: u64) {
    if let Some(slot) = handshake() {
        slot.segment = segment;
        slot.mini = mini;
        slot.mini_listener = listener;
    }
}

/// The segment, the small socket, and its listener, once.
#[inline(always)]
pub fn met() -> (u64, u64, u64) {
    let Some(slot) = handshake() else { return (0, 0, 0) };
    let segment = slot.segment;
    slot.segment = 0;
    (segment, slot.mini, slot.mini_listener)
}

/// A segment completes the handshake of a socket, which is about to be open.
#[inline(always)]
pub fn completes(sk: u64, by: Arrival) {
    if let Some(slot) = handshake() {
        slot.completed = sk;
        slot.by = by;
    }
}

/// How that segment came, once.
#[inline(always)]
pub fn completed(sk: u64) -> Arrival {
    match handshake() {
        Some(slot) if slot.completed == sk => {
            slot.completed = 0;
            slot.by
        }
        _ => Arrival { ifindex: 0, ip_id: 0, ttl: 0, present: 0 },
    }
}

/// This packet is answered with RST. Who frees it next on this CPU has nothing more to tell.
#[inline(always)]
pub fn answered(skb: u64) {
    if let Some(slot) = ANSWERED.get_ptr_mut(0) {
        // SAFETY: a per-CPU value; answers are sent with bottom halves off.
        unsafe { *slot = skb };
    }
}

/// Whether this packet was answered; asked once, as another packet may get its place.
#[inline(always)]
pub fn take_answered(skb: u64) -> bool {
    let Some(slot) = ANSWERED.get_ptr_mut(0) else { return false };
    // SAFETY: as above.
    let slot = unsafe { &mut *slot };
    let own = *slot == skb;
    if own {
        *slot = 0;
    }
    own
}

/// A RST ends the attempt of this socket, and its record tells that.
#[inline(always)]
pub fn refuses(sk: u64, isn: u32) {
    if let Some(slot) = REFUSED.get_ptr_mut(0) {
        // SAFETY: a per-CPU value. A softirq that interrupts a process's `tcp_reset` may write it too: then the end is told twice.
        unsafe { *slot = Refused { sk, isn, reserved: 0 } };
    }
}

/// Whether the end of this socket's attempt is told; asked once.
#[inline(always)]
pub fn take_refused(sk: u64, isn: impl FnOnce() -> u32) -> bool {
    let Some(slot) = REFUSED.get_ptr_mut(0) else { return false };
    // SAFETY: as above.
    let slot = unsafe { &mut *slot };
    let own = slot.sk == sk && slot.isn == isn();
    if own {
        slot.sk = 0;
    }
    own
}
