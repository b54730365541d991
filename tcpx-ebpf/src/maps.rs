//! The maps, and the constants that the reader sets before the programs are loaded.
#![expect(
    unsafe_code,
    reason = "the loader finds maps and constants by symbol name, and replaces the constants"
)]

use aya_ebpf::{
    btf_maps::RingBuf,
    macros::{btf_map, map},
    maps::{Array, HashMap, LruHashMap, PerCpuArray},
};
use tcpx_common::{
    abi::{
        Hook,
        untold::{HOOK_SLOTS, REASONS},
    },
    config::{Config, Switches},
    event::{Arrival, Holders, HookCounters, NetnsKey, NetnsResets, Tuple},
    offsets::Offsets,
};

/// 4 MiB: a storm of refused connections at full speed of one core fills it in about 50 ms.
const RING_BYTES: usize = 4 << 20;

/// Records on their way to the reader.
#[btf_map]
pub static EVENTS: RingBuf<(), RING_BYTES> = RingBuf::new();

/// What depends on which programs are attached.
#[map]
pub static SWITCHES: Array<Switches> = Array::with_max_entries(1, 0);

const _: () = {
    let mut at = 0;
    while at < Hook::ALL.len() {
        assert!((Hook::ALL[at] as u32) < HOOK_SLOTS);
        at += 1;
    }
};

/// What became of each hook's firings, one slot a hook.
#[map]
pub static COUNTERS: PerCpuArray<HookCounters> = PerCpuArray::with_max_entries(HOOK_SLOTS, 0);

/// What was not written, by cause: a hook and a reason, `tcpx_common::abi::untold`. Written to only when something is not.
#[map]
pub static UNTOLD: PerCpuArray<u64> = PerCpuArray::with_max_entries(HOOK_SLOTS * REASONS, 0);

/// RSTs sent, for the audit.
#[map]
pub static NETNS_RESETS: HashMap<NetnsKey, NetnsResets> = HashMap::with_max_entries(1024, 0);

/// connect(), bind() and listen() calls under way, by thread. LRU, so that a missed return leaks nothing.
#[map]
pub static CALLS: LruHashMap<u64, Call> = LruHashMap::with_max_entries(2048, 0);

/// How each connection began, by the address of its socket. A socket that takes the address
/// later writes its own opening over it. LRU: of more connections than this, the oldest have no age.
#[map]
pub static OPENED: LruHashMap<u64, Opened> = LruHashMap::with_max_entries(28_672, 0);

/// Processes of the traced command.
#[map]
pub static SCOPE: LruHashMap<u32, u8> = LruHashMap::with_max_entries(8192, 0);

/// The segment that this CPU's `tcp_v4_rcv` has in hand. It runs with bottom halves off and does not nest.
#[map]
pub static IN_HAND: PerCpuArray<InHand> = PerCpuArray::with_max_entries(1, 0);

/// The SYN that this CPU's `tcp_conn_request` considers, the segment that its `tcp_check_req` does, and the last one that
/// completed a handshake.
#[map]
pub static HANDSHAKE: PerCpuArray<Handshake> = PerCpuArray::with_max_entries(1, 0);

/// The packet that this CPU answered with RST, until it is freed. Only kernels whose drops have no reasons ask.
#[map]
pub static ANSWERED: PerCpuArray<u64> = PerCpuArray::with_max_entries(1, 0);

/// The attempt that a RST ends on this CPU, as its record tells.
#[map]
pub static REFUSED: PerCpuArray<Refused> = PerCpuArray::with_max_entries(1, 0);

/// Where a walk through the bind hash collects what it finds: too large for the stack.
#[map]
pub static WALK: PerCpuArray<Holders> = PerCpuArray::with_max_entries(1, 0);

/// How far a walk through the bind hash has come.
#[map]
pub static CURSOR: PerCpuArray<Cursor> = PerCpuArray::with_max_entries(1, 0);

/// TCP options of one segment: a variable offset into the stack is refused before Linux 5.12.
#[map]
pub static OPTIONS: PerCpuArray<[u8; 64]> = PerCpuArray::with_max_entries(1, 0);

/// Return addresses of one drop.
#[map]
pub static FRAMES: PerCpuArray<[u64; 16]> = PerCpuArray::with_max_entries(1, 0);

/// Where things are in this kernel.
#[unsafe(no_mangle)]
static OFFSETS: Offsets = Offsets::UNKNOWN;

/// What was asked for.
#[unsafe(no_mangle)]
static CONFIG: Config = Config {
    scope_tgid: 0,
    stacks: 0,
    headers_together: 0,
    reserved: [0; 2],
    reason_no_socket: 0,
    sock_linger_bit: 0,
    reason_not_specified: 0,
    reason_listen_overflow: 0,
    tcp_v4_rcv_start: 0,
    tcp_v4_rcv_end: 0,
    tcp_v6_rcv_start: 0,
    tcp_v6_rcv_end: 0,
    free_start: 0,
    free_end: 0,
    most_per_second: u64::MAX,
};

/// How a connection began.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Opened {
    /// `bpf_ktime_get_boot_ns`.
    pub time_ns: u64,
    /// `tcp_sock.bytes_acked` at that time: 1 for the SYN of whoever called connect(), which is no byte of data.
    pub bytes_acked: u64,
    /// How the segment came that completed the handshake.
    pub handshake: Arrival,
}

/// A call under way.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Call {
    /// `struct socket`.
    pub socket: u64,
    /// Its `struct sock`, which is TCP's.
    pub sk: u64,
    /// What the call was given.
    pub given: Tuple,
    /// 1 while the call has led to SYN_SENT, so that a failure is told by the state change.
    pub attempted: u32,
    /// `tcpx_common::abi::denied_by`.
    pub denied_by: u32,
}

/// A segment in `tcp_v4_rcv` or `tcp_v6_rcv`.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct InHand {
    /// `struct sk_buff`; 0 before the first.
    pub skb: u64,
    /// Socket found in the established hash.
    pub established_sk: u64,
    /// Socket found in the listener hash.
    pub listener_sk: u64,
    /// TCP flags.
    pub flags: u8,
    /// `tcpx_common::abi::lookup`.
    pub established: u8,
    /// `tcpx_common::abi::lookup`.
    pub listener: u8,
    /// State of `established_sk`.
    pub established_state: u8,
    /// 1 if a BPF program refused it.
    pub denied: u8,
    /// 1 if the segment brought `established_sk`.
    pub brought: u8,
    /// Padding.
    pub reserved: [u8; 2],
}

/// An attempt whose end is told.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Refused {
    /// `struct sock`; 0 if its end was passed over.
    pub sk: u64,
    /// Its initial sequence number: the next attempt of a socket with this address has another.
    pub isn: u32,
    /// Padding.
    pub reserved: u32,
}

/// The entries at which a walk through the bind hash goes on; 0 at the end of a list.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Cursor {
    /// Of the hash chain.
    pub bucket: u64,
    /// Of the bucket's addresses, since 6.x.
    pub address: u64,
    /// Of the owners.
    pub owner: u64,
}

/// A handshake's segment under consideration. The functions run with bottom halves off and do not nest.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Handshake {
    /// SYN at a listener whose queues have room; 0 once its fate is known.
    pub syn: u64,
    /// The listener.
    pub listener: u64,
    /// Segment at a small socket, for backends that do not see arguments at a function's end.
    pub segment: u64,
    /// The request socket or TIME_WAIT record.
    pub mini: u64,
    /// The request socket's listener; 0 for TIME_WAIT.
    pub mini_listener: u64,
    /// Socket whose handshake was completed.
    pub completed: u64,
    /// How the segment came.
    pub by: Arrival,
}

/// A field of [`OFFSETS`], as the loader set it.
macro_rules! offset {
    ($field:ident) => {
        $crate::maps::constant(&raw const $crate::maps::offsets().$field)
    };
}
pub(crate) use offset;

/// A field of [`CONFIG`], as the loader set it.
macro_rules! config {
    ($field:ident) => {
        $crate::maps::constant(&raw const $crate::maps::configuration().$field)
    };
}
pub(crate) use config;

/// For [`offset!`].
#[inline(always)]
pub fn offsets() -> &'static Offsets {
    &OFFSETS
}

/// For [`config!`].
#[inline(always)]
pub fn configuration() -> &'static Config {
    &CONFIG
}

/// Reads a constant that the loader has replaced after this was compiled: the compiler must not fold it.
#[inline(always)]
pub fn constant<T: Copy>(place: *const T) -> T {
    // SAFETY: `place` is a field of one of the two statics above, aligned and initialised.
    unsafe { core::ptr::read_volatile(place) }
}

/// Whether a switch is on.
#[inline(always)]
pub fn switched(which: impl FnOnce(&Switches) -> u32) -> bool {
    SWITCHES.get(0).is_some_and(|switches| which(switches) != 0)
}
