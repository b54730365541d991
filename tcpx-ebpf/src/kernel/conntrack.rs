//! What conntrack made of a packet's flow.
//!
//! `skb->_nfct` points to a `struct nf_conn`, which knows its flow twice: as its first packet named it and as answers
//! name it. `nf_nat_setup_info` alters the second where it translates and says so in `status`. The pointer stays with
//! the packet over loopback, goes when a socket takes it (`nf_reset_ct`) or a veth passes it on (`skb_scrub_packet`), and
//! is not set for what conntrack holds invalid.

use tcpx_common::event::Tuple;

use super::{AF_INET6, base::Base, field_or_zero, packet::put4, sock};
use crate::maps::offset;

/// `IPS_SRC_NAT` and `IPS_DST_NAT` (include/uapi/linux/netfilter/nf_conntrack_common.h).
const NAT_MASK: u64 = 0x30;
/// The lowest bits say what the packet is to the flow.
const INFO_MASK: u64 = 7;

/// Whether conntrack knows the packet's flow.
#[inline(always)]
pub fn is_tracked(skb: impl Base) -> bool {
    skb.member::<u64>(offset!(skb_nfct)) & !INFO_MASK != 0
}

/// The conntrack entry of a packet whose flow is translated; 0 for all others.
#[inline(always)]
pub fn translation(skb: u64) -> u64 {
    let entry = field_or_zero::<u64>(skb, offset!(skb_nfct)) & !INFO_MASK;
    if entry == 0 || field_or_zero::<u64>(entry, offset!(ct_status)) & NAT_MASK == 0 {
        return 0;
    }
    entry
}

/// The flow as its first packet named it, and as answers name it.
#[inline(never)]
pub fn flows(entry: u64, original: &mut Tuple, reply: &mut Tuple) {
    let first = entry + u64::from(offset!(ct_tuplehash)) + u64::from(offset!(ct_hash_tuple));
    tuple(first, original);
    tuple(first + u64::from(offset!(ct_hash_stride)), reply);
}

/// Port that the flow's first packet was sent on to.
#[inline(always)]
pub fn translated_port(entry: u64) -> u16 {
    let first = entry + u64::from(offset!(ct_tuplehash)) + u64::from(offset!(ct_hash_tuple));
    u16::from_be(field_or_zero(first + u64::from(offset!(ct_hash_stride)), offset!(ct_source_port)))
}

#[inline(always)]
fn tuple(place: u64, out: &mut Tuple) {
    out.a_port = u16::from_be(field_or_zero(place, offset!(ct_source_port)));
    out.b_port = u16::from_be(field_or_zero(place, offset!(ct_destination_port)));
    if field_or_zero::<u16>(place, offset!(ct_family)) == AF_INET6 {
        out.family = 6;
        sock::place(place, offset!(ct_source), &mut out.a);
        sock::place(place, offset!(ct_destination), &mut out.b);
    } else {
        out.family = 4;
        put4(&mut out.a, field_or_zero(place, offset!(ct_source)));
        put4(&mut out.b, field_or_zero(place, offset!(ct_destination)));
    }
}
