//! Facts from a `struct sock`.

use aya_ebpf::helpers::generated::{bpf_jiffies64, bpf_ktime_get_boot_ns};
use tcpx_common::{
    abi::{sock_flag, state},
    event::{ListenLimits, SockFacts, SockReset, Tuple},
    offsets::ABSENT,
};

use super::{
    base::Base, common::Common, current_task, field, field_or_zero, read, read_into, window::Window,
};
use crate::{
    in_hand,
    maps::{OPENED, Opened, config, offset},
};

const IPPROTO_TCP: u16 = 6;

/// TCP state of a socket of any kind.
#[inline(always)]
pub fn state(sk: impl Base) -> u8 {
    sk.member(offset!(skc_state))
}

/// Whether more than `sock_common` may be read: TIME_WAIT and request sockets are smaller structures.
#[inline(always)]
pub fn is_full(sk: impl Base) -> bool {
    !sk.is_null() && !matches!(state(sk), state::TIME_WAIT | state::NEW_SYN_RECV)
}

/// Whether a full socket is TCP's own (MPTCP fires the same tracepoints).
#[inline(always)]
pub fn is_tcp(sk: impl Base) -> bool {
    sk.member::<u16>(offset!(sk_protocol)) == IPPROTO_TCP
}

/// Whether a process or the kernel holds a full socket. A child that nobody has accepted is not held.
#[inline(always)]
pub fn is_held(sk: impl Base) -> bool {
    holding(sk) != 0
}

/// Copies an IPv6 address over zeros, which it leaves where it cannot be read.
#[inline(always)]
pub fn place(base: u64, offset: u16, out: &mut [u8; 16]) {
    if offset != ABSENT {
        let _ = read_into(out, base + u64::from(offset));
    }
}

/// The `struct socket` by which a process or the kernel holds a full socket, or 0.
#[inline(always)]
pub fn holding(sk: impl Base) -> u64 {
    sk.member(offset!(sk_socket))
}

/// Inode number of the file of a `struct socket`, which begins the `struct socket_alloc` that ends in the inode.
#[inline(always)]
pub fn inode(socket: u64) -> u64 {
    let place = offset!(socket_inode);
    if socket == 0 || place == ABSENT {
        return 0;
    }
    field_or_zero(socket + u64::from(place), offset!(inode_ino))
}

/// cgroup id of a full socket. Up to 5.14 the word is a tagged union: only with bit 0 clear is it a cgroup.
#[inline(always)]
pub fn cgroup(sk: u64) -> u64 {
    let cgroup: u64 = field_or_zero(sk, offset!(sk_cgrp));
    if cgroup & 1 != 0 {
        return 0;
    }
    field_or_zero(field_or_zero(cgroup, offset!(cgroup_kn)), offset!(kernfs_id))
}

/// [`sock_flag`] of a full socket; `socket` is what [`holding`] gives. Arithmetic instead of branches, for the verifier's sake.
#[inline(always)]
pub fn flags<B: Base>(sk: B, socket: u64, common: &Common) -> u8 {
    flags_but_mptcp(sk, socket, common) | sk.tcp().map_or(0, is_mptcp)
}

/// [`sock_flag::MPTCP`] of a `struct tcp_sock`.
#[inline(always)]
fn is_mptcp(tcp: impl Base) -> u8 {
    (tcp.member::<u8>(offset!(tp_is_mptcp)) & 1) * sock_flag::MPTCP
}

/// All others.
#[inline(always)]
fn flags_but_mptcp<B: Base>(sk: B, socket: u64, common: &Common) -> u8 {
    let held = u8::from(socket != 0) * sock_flag::HELD;
    let v6only = common.bit(offset!(skc_ipv6only), offset!(skc_ipv6only_mask)) * sock_flag::V6ONLY;
    let reuseport = common.bit(offset!(skc_reuseport), offset!(skc_reuseport_mask)) * sock_flag::REUSEPORT;
    let bits: u64 = common.get(offset!(skc_flags));
    let linger = (bits >> (config!(sock_linger_bit) & 63)) as u8 & 1;
    // The first of `enum sock_flags`, ever since.
    let dead = (bits & 1) as u8;
    let group = sk.follow(offset!(sk_reuseport_cb));
    let program: u64 = if B::DIRECT && group.is_null() { 0 } else { group.member(offset!(reuseport_prog)) };
    let program = u8::from(program != 0) * sock_flag::REUSEPORT_PROGRAM;
    held | v6only | reuseport | program | (linger * sock_flag::LINGER) | (dead * sock_flag::DEAD)
}

/// [`sock_flag::FILTER`] of a full socket, where drops have no reasons. Up to 5.14 `sk_cgrp_data` is a tagged union.
#[inline(always)]
pub fn filter(sk: u64) -> u8 {
    if offset!(arg_drop_reason) != ABSENT {
        return 0;
    }
    let own: u64 = field_or_zero(sk, offset!(sk_filter));
    let cgroup: u64 = field_or_zero(sk, offset!(sk_cgrp));
    let programs: u64 = field_or_zero(cgroup & !1, offset!(cgroup_programs));
    let first: u64 = field_or_zero(programs, offset!(program_array));
    u8::from(own | first != 0) * sock_flag::FILTER
}

/// 1 if the bit is set, else 0.
#[inline(always)]
pub fn bit(base: u64, offset: u16, mask: u16) -> u8 {
    u8::from(u16::from(field_or_zero::<u8>(base, offset)) & mask != 0)
}

/// Fills in what is known of a full TCP socket.
#[inline(never)]
pub fn facts_of(sk: u64, out: &mut SockFacts) {
    facts(sk, Common::unread().read(sk), out);
}

/// Fills in the ends of a full socket, over zeros.
#[inline(never)]
pub fn tuple_of(sk: u64, out: &mut Tuple) {
    Common::unread().read(sk).tuple(out);
}

/// The same of one whose head was read.
#[inline(never)]
pub fn facts(sk: u64, common: &Common, out: &mut SockFacts) {
    let socket = holding(sk);
    out.sk = sk;
    out.inode = inode(socket);
    out.cgroup = cgroup(sk);
    out.uid = field_or_zero(sk, offset!(sk_uid));
    out.bound_dev = common.get(offset!(skc_bound_dev_if));
    out.linger_ticks = field_or_zero::<u64>(sk, offset!(sk_lingertime)) as u32;
    out.ack_backlog = field_or_zero(sk, offset!(sk_ack_backlog));
    out.max_ack_backlog = field_or_zero(sk, offset!(sk_max_ack_backlog));
    out.err = field_or_zero::<u32>(sk, offset!(sk_err)) as u16;
    out.err_soft = field_or_zero::<u32>(sk, offset!(sk_err_soft)) as u16;
    out.shutdown = field_or_zero(sk, offset!(sk_shutdown));
    out.state = common.state();
    out.flags = flags(sk, socket, common);
    transfer(sk, out);
    out.present = 1;
}

/// Fills in what there is to know of a socket in SYN_SENT: it has moved no data, and who holds it is told by its beginning.
#[inline(always)]
pub fn attempt<B: Base>(sk: B, common: &Common, out: &mut SockFacts) {
    let socket = holding(sk);
    out.sk = sk.address();
    out.inode = inode(socket);
    out.uid = sk.member(offset!(sk_uid));
    out.bound_dev = common.get(offset!(skc_bound_dev_if));
    out.err_soft = sk.member::<u32>(offset!(sk_err_soft)) as u16;
    out.state = common.state();
    out.flags = flags_but_mptcp(sk, socket, common);
    out.present = 1;
    let Some(tcp) = sk.tcp() else { return };
    out.flags |= is_mptcp(tcp);
    (out.snd_una, out.snd_nxt, out.rcv_nxt) = numbers(tcp);
    out.total_retrans = tcp.member(offset!(tp_total_retrans));
}

/// `snd_una`, `snd_nxt` and `rcv_nxt` of a full TCP socket ([`Base::tcp`]): neighbours since 6.8, before that two of them. Not for
/// [`facts`], whose callers have left it no stack.
#[inline(always)]
pub fn numbers<B: Base>(sk: B) -> (u32, u32, u32) {
    const WORDS: usize = 2;
    let first = offset!(tp_rcv_nxt);
    if B::DIRECT {
        return (sk.member(offset!(tp_snd_una)), sk.member(offset!(tp_snd_nxt)), sk.member(first));
    }
    let sk = sk.address();
    let mut window = Window::<WORDS>::unread();
    let window = window.read(sk, first);
    let number = |offset| window.get(sk, first, offset);
    (number(offset!(tp_snd_una)), number(offset!(tp_snd_nxt)), number(first))
}

/// Fills in what ends a connection from within: its timers, how often they fired in vain, and its age; to be called after
/// [`facts`].
#[inline(always)]
pub fn timers(sk: u64, out: &mut SockReset) {
    out.probes_out = field_or_zero(sk, offset!(icsk_probes_out));
    out.retransmits = field_or_zero(sk, offset!(icsk_retransmits));
    out.user_timeout = field_or_zero(sk, offset!(icsk_user_timeout));
    out.linger2 = field_or_zero(sk, offset!(tp_linger2));
    let Some(opened) = since_opened(sk, &mut out.sock) else { return };
    out.opened_ns = opened.time_ns;
    out.handshake = opened.handshake;
}

/// When the connection of this socket was opened, or 0; takes what no byte of data is from the bytes in `out`. To be called
/// after [`facts`].
#[inline(always)]
pub fn age(sk: u64, out: &mut SockFacts) -> u64 {
    since_opened(sk, out).map_or(0, |opened| opened.time_ns)
}

/// What was kept when the connection was opened; the bytes in `out` are then those since.
#[inline(always)]
fn since_opened(sk: u64, out: &mut SockFacts) -> Option<&'static Opened> {
    // SAFETY: both who ask copy at once what they need.
    let opened = unsafe { OPENED.get(sk) }?;
    out.bytes_acked = out.bytes_acked.saturating_sub(opened.bytes_acked);
    Some(opened)
}

/// Remembers that the connection of this socket was opened now.
#[inline(always)]
pub fn opened(sk: u64) {
    // SAFETY: the helper has no preconditions.
    let time_ns = unsafe { bpf_ktime_get_boot_ns() };
    let bytes_acked = field_or_zero(sk, offset!(tp_bytes_acked));
    let handshake = in_hand::completed(sk);
    let _ = OPENED.insert(sk, Opened { time_ns, bytes_acked, handshake }, 0);
}

/// What a namespace allows listeners.
#[inline(always)]
pub fn limits(net: u64, out: &mut ListenLimits) {
    out.somaxconn = field_or_zero(net, offset!(net_somaxconn));
    out.max_syn_backlog = field_or_zero(net, offset!(net_max_syn_backlog));
    out.syncookies = field_or_zero(net, offset!(net_syncookies));
}

/// Sequence numbers, bytes and idle time.
#[inline(always)]
fn transfer(sk: u64, out: &mut SockFacts) {
    out.bytes_acked = field_or_zero(sk, offset!(tp_bytes_acked));
    out.bytes_received = field_or_zero(sk, offset!(tp_bytes_received));
    out.snd_una = field_or_zero(sk, offset!(tp_snd_una));
    out.snd_nxt = field_or_zero(sk, offset!(tp_snd_nxt));
    out.rcv_nxt = field_or_zero(sk, offset!(tp_rcv_nxt));
    out.copied_seq = field_or_zero(sk, offset!(tp_copied_seq));
    out.total_retrans = field_or_zero(sk, offset!(tp_total_retrans));
    // SAFETY: the helper has no preconditions.
    let now = unsafe { bpf_jiffies64() } as u32;
    let sent = now.wrapping_sub(field_or_zero(sk, offset!(tp_lsndtime)));
    let received = now.wrapping_sub(field_or_zero(sk, offset!(icsk_lrcvtime)));
    out.idle_ticks = if sent < received { sent } else { received };
    if out.state == state::LISTEN {
        out.cookie_ticks = cookie_ticks(sk, now);
    }
}

/// Jiffies since a listener last sent a SYN cookie, at least 1. 0 if cookies are switched off: then no ACK is taken for one
/// (`cookie_v4_check`). 0 too if no time is noted: it never sent one, or only in the first second after the low 32 bits of
/// jiffies came to 0, as 0 passes for that time (`tcp_synq_overflow`). That is 300 s after the machine has started.
#[inline(always)]
fn cookie_ticks(sk: u64, now: u32) -> u32 {
    let group: u64 = field_or_zero(sk, offset!(sk_reuseport_cb));
    let (base, place) =
        if group == 0 { (sk, offset!(tp_synq_overflow)) } else { (group, offset!(group_synq_overflow)) };
    let last: u32 = field_or_zero(base, place);
    let on: u8 = field_or_zero(super::sock_net(sk), offset!(net_syncookies));
    if last == 0 || on == 0 {
        return 0;
    }
    now.wrapping_sub(last).max(1)
}

/// The socket behind a file descriptor of the running process, as (`struct socket`, `struct sock`).
/// `socket.file` must lead back to the file, which no other kind of file has at that place.
#[inline(always)]
pub fn socket_of_fd(fd: u64) -> Option<(u64, u64)> {
    let files: u64 = field(current_task(), offset!(task_files))?;
    let table: u64 = field(files, offset!(files_fdt))?;
    let max: u32 = field(table, offset!(fdt_max))?;
    if fd >= u64::from(max) {
        return None;
    }
    let array: u64 = field(table, offset!(fdt_fd))?;
    let file: u64 = read(array + fd * 8)?;
    let socket: u64 = field(file, offset!(file_private))?;
    if field::<u64>(socket, offset!(socket_file))? != file {
        return None;
    }
    Some((socket, field(socket, offset!(socket_sk))?))
}
