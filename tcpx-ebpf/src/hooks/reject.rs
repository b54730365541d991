//! A RST made by netfilter: no tracepoint and no counter of TCP knows of it.
//!
//! ```text
//! reject_tg (iptables), nft_reject_ipv4_eval, nft_reject_inet_eval
//!   -> nf_send_reset / nf_send_reset6       never for a RST, a fragment, a bad checksum
//!        -> nf_ct_attach(nskb, oldskb)      the answer is made and routed: it belongs to the flow of what it answers
//!        -> ip_local_out, ip6_local_out
//! ```
//! `nf_send_reset` is in a module, of which 5.10 has no types and which may be loaded long after tcpx has started;
//! `nf_ct_attach` is in the kernel itself, and nothing else gives it a RST.

use tcpx_common::{abi::Kind, abi::tcp_flag, event::Reject};

use crate::{args::Env, emit, kernel};

/// `enum nf_inet_hooks`, the hooks in which a rule may reject.
mod hook {
    pub const PREROUTING: u32 = 0;
    pub const INPUT: u32 = 1;
    pub const FORWARD: u32 = 2;
    pub const OUTPUT: u32 = 3;
}

/// `old` is the segment that is rejected, `new` the answer.
#[inline(always)]
pub fn sent(env: Env, new: Option<u64>, old: Option<u64>) {
    let (Some(new), Some(old)) = (new, old) else { return };
    if kernel::tcp_flags(new) & tcp_flag::RST == 0 {
        return;
    }
    super::nat::tell(env, old, kernel::tcp_flags(old));
    emit::emit(env, Kind::Reject, kernel::netns(kernel::skb_net(old)), |record: &mut Reject| {
        kernel::segment(old, &mut record.segment);
        record.hook = hook_of(old);
    });
}

/// Where the packet is on its way: it has no device before it is sent, and no route before routing.
#[inline(always)]
fn hook_of(skb: u64) -> u32 {
    if !kernel::has_device(skb) {
        hook::OUTPUT
    } else if kernel::skb_dst(skb) == 0 {
        hook::PREROUTING
    } else if kernel::is_for_this_host(skb) {
        hook::INPUT
    } else {
        hook::FORWARD
    }
}
