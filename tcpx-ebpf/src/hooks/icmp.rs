//! ICMP errors about TCP segments: received, and sent by this host.
//!
//! ```text
//! icmp_rcv -> icmp_unreach -> tcp_v4_err(skb, info)                    skb->data: the quoted IPv4 header
//! icmpv6_rcv -> tcp_v6_err(skb, opt, type, code, offset, info)        skb->data: the quoted IPv6 header
//! REJECT, ip_error, arp_error_report -> __icmp_send(skb, type, code, info, ...) / icmp6_send
//! ```
//! `tcp_v4_err` also leaves a copy of the packet in the error queue of a socket in SYN_SENT (`ip_icmp_error`), whether
//! or not the application asked for it (IP_RECVERR), where it can be found when the socket ends. For IPv6 it does not
//! (`ipv6_icmp_error`).
//!
//! Path MTU reports and redirects refuse nothing and are passed over.

use tcpx_common::{
    abi::{Kind, tcp_flag},
    event::{Icmp, NetnsKey},
};

use crate::{args::Env, emit, kernel};

const DEST_UNREACH: u8 = 3;
const FRAG_NEEDED: u8 = 4;
const REDIRECT: u8 = 5;
const V6_PACKET_TOO_BIG: u8 = 2;

/// `tcp_v4_err`.
#[inline(always)]
pub fn received4(env: Env, skb: Option<u64>) {
    let Some(skb) = skb else { return };
    let Some((icmp_type, icmp_code)) = kernel::icmp_header(skb) else { return };
    if icmp_type == REDIRECT || (icmp_type == DEST_UNREACH && icmp_code == FRAG_NEEDED) {
        return;
    }
    received(env, skb, 4, 0, icmp_type, icmp_code);
}

/// `tcp_v6_err`.
#[inline(always)]
pub fn received6(
    env: Env,
    skb: Option<u64>,
    icmp_type: Option<u64>,
    icmp_code: Option<u64>,
    offset: Option<u64>,
) {
    let (Some(skb), Some(icmp_type), Some(icmp_code)) = (skb, icmp_type, icmp_code) else { return };
    let Some(offset) = offset else { return };
    if icmp_type as u8 != V6_PACKET_TOO_BIG {
        received(env, skb, 6, offset as u32, icmp_type as u8, icmp_code as u8);
    }
}

#[inline(always)]
fn received(env: Env, skb: u64, family: u16, offset: u32, icmp_type: u8, icmp_code: u8) {
    let key = kernel::netns(kernel::skb_net(skb));
    emit::emit(env, Kind::Icmp, key, |record: &mut Icmp| {
        record.icmp_type = icmp_type;
        record.icmp_code = icmp_code;
        kernel::quoted_segment(skb, family, offset, &mut record.tuple, &mut record.seq);
        kernel::outer_header(skb, family, &mut record.from, &mut record.ttl);
        kernel::device(skb, &mut record.ifindex, &mut record.device);
    });
}

/// The newest error in the queue of a socket that ends.
#[inline(always)]
pub fn queued(env: Env, sk: u64, net: NetnsKey) {
    let Some(error) = kernel::queued_icmp(sk) else { return };
    emit::emit(env, Kind::Icmp, net, |record: &mut Icmp| {
        record.icmp_type = error.icmp_type;
        record.icmp_code = error.icmp_code;
        kernel::quoting_packet(error.skb, record);
    });
}

/// `__icmp_send` and `icmp6_send`, or the tracepoint: `skb` is the packet that the error is about.
#[inline(always)]
pub fn sent(env: Env, skb: Option<u64>, icmp_type: Option<u64>, icmp_code: Option<u64>) {
    let (Some(skb), Some(icmp_type), Some(icmp_code)) = (skb, icmp_type, icmp_code) else { return };
    let flags = kernel::tcp_flags(skb);
    if flags & tcp_flag::SYN == 0 {
        return;
    }
    super::nat::tell(env, skb, flags);
    let key = kernel::netns(kernel::skb_net(skb));
    emit::emit(env, Kind::IcmpSend, key, |record: &mut Icmp| {
        record.icmp_type = icmp_type as u8;
        record.icmp_code = icmp_code as u8;
        kernel::tuple_and_seq(skb, &mut record.tuple, &mut record.seq);
        kernel::device(skb, &mut record.ifindex, &mut record.device);
    });
}
