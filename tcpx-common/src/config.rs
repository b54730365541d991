//! What was asked of the programs, written into `.rodata` before they are loaded.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Settings of one run. Booleans are bytes: 0 or 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Config {
    /// Process id (in the root namespace) whose descendants are the traced command; 0 if there is none.
    pub scope_tgid: u32,
    /// Add a stack to each reset and drop.
    pub stacks: u8,
    /// [`Offsets::headers_are_together`](crate::offsets::Offsets::headers_are_together).
    pub headers_together: u8,
    /// Zero.
    pub reserved: [u8; 2],
    /// Number of `SKB_DROP_REASON_NO_SOCKET` on this kernel; 0 where drops have no reasons.
    pub reason_no_socket: u16,
    /// Bit of `SOCK_LINGER` in `sk_flags`.
    pub sock_linger_bit: u16,
    /// Number of `SKB_DROP_REASON_NOT_SPECIFIED`.
    pub reason_not_specified: u16,
    /// Number of `SKB_DROP_REASON_TCP_LISTEN_OVERFLOW` (since 6.18), else 0.
    pub reason_listen_overflow: u16,
    /// Address ranges of `tcp_v4_rcv` and `tcp_v6_rcv`: where a drop happened, if it has no reason of its own.
    pub tcp_v4_rcv_start: u64,
    /// End of `tcp_v4_rcv`, exclusive.
    pub tcp_v4_rcv_end: u64,
    /// Start of `tcp_v6_rcv`.
    pub tcp_v6_rcv_start: u64,
    /// End of `tcp_v6_rcv`, exclusive.
    pub tcp_v6_rcv_end: u64,
    /// Start of the function whose entry tells drops (`kfree_skb`), to find its caller on a stack.
    pub free_start: u64,
    /// End of it, exclusive.
    pub free_end: u64,
    /// Records of one hook on one CPU in a second, at most; what is more is only counted.
    pub most_per_second: u64,
}

/// What depends on which programs could be attached, so that it is set after that. Until then neither source of an
/// answer reports, so that none is reported twice. Booleans: 0 or 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Switches {
    /// `tcp_send_reset` reports answers to segments.
    pub replies_from_tracepoint: u32,
    /// `tcp_send_reset` reports resets that sockets send of their own accord.
    pub active_from_tracepoint: u32,
    /// A SYN that `tcp_v4_rcv` drops for want of a socket is reported, as no better hook is attached.
    pub no_socket_from_drop: u32,
    /// What met a request socket or a TIME_WAIT record is reported as `tcp_v4_rcv` drops it, as no better hook is attached.
    pub small_from_drop: u32,
    /// A socket that ends tells the ICMP error in its error queue, as no better hook is attached.
    pub icmp_from_queue: u32,
    /// A RST that a socket does not obey is reported as it is dropped, as no better hook is attached.
    pub quiet_from_drop: u32,
    /// A RST that ends an attempt tells that too. Not where attempts are nobody's business.
    pub attempts: u32,
}

crate::assert_layout!(Config = 72);
const _: () = assert!(size_of::<Switches>() == 28);
