//! Segments that enter TCP, and what the two lookups gave (`--probes lookup`).
//!
//! ```text
//! tcp_v4_rcv(skb) / tcp_v6_rcv(skb)                      skb->data stands at the TCP header
//!   -> __inet_lookup_skb (inlined)                       a socket from early demux, TPROXY or BPF ends the search
//!     -> __inet_lookup_established / __inet6_lookup_established
//!     -> __inet_lookup_listener / inet6_lookup_listener  only if that found none
//! ```
//! TPROXY and BPF give a SYN to a listener before `tcp_v4_rcv`. The results stay with the CPU while the segment is in hand and travel with the reset or drop that they led to.
//! Early demux looks up too, before `tcp_v4_rcv`: only the first results after its entry count.

use tcpx_common::{
    abi::{Kind, lookup, state, tcp_flag},
    event::{Lookup, LookupFacts},
};

use crate::{
    args::{Arg, Env},
    emit, in_hand, kernel,
    maps::{InHand, offset},
};

/// Entry of `tcp_v4_rcv` and `tcp_v6_rcv`.
#[inline(always)]
pub fn received(env: Env, skb: Option<u64>) {
    let Some(skb) = skb else { return };
    let Some(slot) = in_hand::slot() else { return };
    let data: u64 = kernel::field_or_zero(skb, offset!(skb_data));
    let found: u64 = kernel::field_or_zero(skb, offset!(skb_sk));
    *slot = InHand {
        skb,
        established_sk: found,
        listener_sk: 0,
        flags: kernel::read::<u8>(data + 13).unwrap_or(0),
        established: if found == 0 { lookup::NOT_SEEN } else { lookup::HIT },
        listener: lookup::NOT_SEEN,
        established_state: if found == 0 { 0 } else { kernel::state(found) },
        denied: 0,
        brought: u8::from(found != 0),
        reserved: [0; 2],
    };
    if slot.established_state == state::LISTEN {
        report(env, slot, found);
    }
}

/// Return of the lookup in the established hash.
#[inline(always)]
pub fn looked_up_established(env: Env, found: Option<u64>) {
    let Some(found) = found else { return };
    let Some(slot) = in_hand::slot() else { return };
    if slot.skb == 0 || slot.established != lookup::NOT_SEEN {
        return;
    }
    slot.established_sk = found;
    if found == 0 {
        slot.established = lookup::MISS;
        return;
    }
    slot.established = lookup::HIT;
    slot.established_state = kernel::state(found);
    report(env, slot, 0);
}

/// Return of a BPF program's wrapper with what was chosen: `ERR_PTR(-ECONNREFUSED)` if the program said SK_DROP. They
/// serve UDP too; which segment it was about, only a trampoline sees. A kretprobe relies on where the segment in hand is:
/// between the miss in the established hash and the return of the listener lookup nothing else runs on this CPU.
///
/// ```text
/// inet_lookup_run_sk_lookup, inet6_lookup_run_sk_lookup   6.12 has them, in 6.1 they are inlined
/// bpf_run_sk_reuseport                                    only for programs that can say SK_DROP (eBPF)
/// ```
#[inline(always)]
pub fn program_chose(chosen: Option<u64>, about: Arg) {
    const ERRNO_POINTERS: u64 = (-4095_i64).cast_unsigned();
    let Some(slot) = in_hand::slot() else { return };
    let looking = slot.established == lookup::MISS && slot.listener == lookup::NOT_SEEN;
    let own = if about.known { about.value == slot.skb } else { looking };
    if slot.skb != 0 && own && chosen.is_some_and(|chosen| chosen >= ERRNO_POINTERS) {
        slot.denied = 1;
    }
}

/// Return of the lookup in the listener hash.
#[inline(always)]
pub fn looked_up_listener(env: Env, found: Option<u64>) {
    let Some(found) = found else { return };
    let Some(slot) = in_hand::slot() else { return };
    if slot.skb == 0 || slot.established != lookup::MISS || slot.listener != lookup::NOT_SEEN {
        return;
    }
    slot.listener_sk = found;
    slot.listener = if found == 0 { lookup::MISS } else { lookup::HIT };
    report(env, slot, found);
}

/// A record of its own only for a SYN or SYN-ACK: nothing is written for data.
#[inline(always)]
fn report(env: Env, slot: &InHand, listener: u64) {
    if slot.flags & tcp_flag::SYN == 0 {
        return;
    }
    let skb = slot.skb;
    let facts = in_hand::facts(skb);
    emit::emit(env, Kind::Lookup, kernel::netns(kernel::skb_net(skb)), |record: &mut Lookup| {
        kernel::segment(skb, &mut record.segment);
        record.lookup = facts;
        if listener != 0 {
            kernel::listener(listener, &mut record.listener);
        }
    });
}

/// Nothing was seen.
pub const UNSEEN: LookupFacts = LookupFacts {
    established_sk: 0,
    listener_sk: 0,
    established: lookup::NOT_SEEN,
    listener: lookup::NOT_SEEN,
    established_state: 0,
    received: 0,
    denied: 0,
    brought: 0,
    reserved: [0; 2],
};
