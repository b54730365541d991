//! The kernel half of tcpx.
#![no_std]
#![no_main]
#![expect(unsafe_code, missing_docs, unreachable_pub, reason = "placeholder until the hooks come")]

use aya_ebpf::macros::raw_tracepoint;
use aya_ebpf::programs::RawTracePointContext;

/// Placeholder.
#[raw_tracepoint(tracepoint = "tcp_send_reset")]
pub fn tcp_send_reset(_ctx: RawTracePointContext) -> i32 {
    0
}

#[panic_handler]
fn panic(_info: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

#[unsafe(no_mangle)]
#[unsafe(link_section = "license")]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";
