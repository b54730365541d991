//! A RST made by netfilter: no tracepoint and no counter of TCP knows of it.
//!
//! ```text
//! reject_tg (iptables), nft_reject_ipv4_eval, nft_reject_inet_eval
//!   -> nf_send_reset(net, sk, oldskb, hook) / nf_send_reset6     never for a RST, a fragment, a bad checksum
//! ```

use tcpx_common::{abi::Kind, abi::tcp_flag, event::Reject};

use crate::{args::Env, emit, kernel};

/// `old` is the segment that is rejected.
#[inline(always)]
pub fn sent(env: Env, net: Option<u64>, old: Option<u64>, hook: Option<u64>) {
    let (Some(net), Some(old), Some(hook)) = (net, old, hook) else { return };
    let flags = kernel::tcp_flags(old);
    if flags == 0 || flags & tcp_flag::RST != 0 {
        return;
    }
    super::nat::tell(env, old, flags);
    emit::emit(env, Kind::Reject, kernel::netns(net), |record: &mut Reject| {
        kernel::segment(old, &mut record.segment);
        record.hook = hook as u32;
    });
}
