//! The boundary to kernel memory: the one module that reads it. Every read may fail and gives an `Option`; a place
//! that this kernel does not have reads as `None`, and the verifier prunes the rest.
#![expect(unsafe_code, reason = "kernel memory is read through helpers that take raw pointers")]

mod base;
mod bind_hash;
mod common;
mod conntrack;
mod packet;
pub mod sock;
mod sockaddr;
mod stack;
mod window;

use core::mem::MaybeUninit;

use aya_ebpf::helpers::generated::{
    bpf_get_current_cgroup_id, bpf_get_current_comm, bpf_get_current_pid_tgid, bpf_get_current_task,
    bpf_get_current_uid_gid, bpf_probe_read_kernel, bpf_probe_read_user,
};
use tcpx_common::{abi::place_flag, event::NetnsKey, offsets::ABSENT};

pub use base::{Base, Typed};
pub use bind_hash::{is_free, listener, tcpx_seek, tcpx_walk};
pub use common::Common;
pub use conntrack::{flows, is_tracked, translated_port, translation};
pub use packet::{
    FlagsAndPort, acknowledgement, arrival, destination_port, device, flags_and_port, has_auth_option,
    icmp_header, is_syn, outer_header, queued_icmp, quoted_segment, quoting_packet, segment, sequence,
    tcp_flags, tuple_and_seq,
};
pub use sock::{facts, facts_of, is_full, is_held, is_tcp, socket_of_fd, state, tuple_of};
pub use sockaddr::{read_user_sockaddr, sockaddr};
pub use stack::caller_from_stack;

use crate::maps::offset;

/// `AF_INET`
pub const AF_INET: u16 = 2;
/// `AF_INET6`
pub const AF_INET6: u16 = 10;

/// Reads a value at an address of the kernel.
#[inline(always)]
pub fn read<T: Copy>(address: u64) -> Option<T> {
    let mut value = MaybeUninit::<T>::uninit();
    // SAFETY: the helper writes the whole value or returns an error; it never faults.
    unsafe {
        let failed =
            bpf_probe_read_kernel(value.as_mut_ptr().cast(), size_of::<T>() as u32, address as *const _);
        if failed == 0 { Some(value.assume_init()) } else { None }
    }
}

/// Reads a value at an address of the running process.
#[inline(always)]
pub fn read_user<T: Copy>(address: u64) -> Option<T> {
    let mut value = MaybeUninit::<T>::uninit();
    // SAFETY: as in `read`.
    unsafe {
        let failed =
            bpf_probe_read_user(value.as_mut_ptr().cast(), size_of::<T>() as u32, address as *const _);
        if failed == 0 { Some(value.assume_init()) } else { None }
    }
}

/// Copies into memory that a program already holds (ring or map).
#[inline(always)]
pub fn read_into<T>(target: &mut T, address: u64) -> bool {
    // SAFETY: as in `read`; the verifier checks that `target` has the size.
    unsafe {
        bpf_probe_read_kernel(core::ptr::from_mut(target).cast(), size_of::<T>() as u32, address as *const _)
            == 0
    }
}

/// A member of the structure at `base`.
#[inline(always)]
pub fn field<T: Copy>(base: u64, offset: u16) -> Option<T> {
    if offset == ABSENT || base == 0 { None } else { read(base + u64::from(offset)) }
}

/// A member, or zero where it cannot be read.
#[inline(always)]
pub fn field_or_zero<T: Copy + Default>(base: u64, offset: u16) -> T {
    if offset == ABSENT { T::default() } else { read_or_zero(base + u64::from(offset)) }
}

/// Reads a value at an address of the kernel, or zeros. Without a branch on the result, which doubles what the
/// verifier has to follow: the helper fills its target with zeros when it fails.
#[inline(always)]
pub fn read_or_zero<T: Copy + Default>(address: u64) -> T {
    let mut value = MaybeUninit::<T>::uninit();
    // SAFETY: the helper writes the whole value, with zeros on failure, and never faults.
    unsafe {
        bpf_probe_read_kernel(value.as_mut_ptr().cast(), size_of::<T>() as u32, address as *const _);
        value.assume_init()
    }
}

/// Running process and thread in one number, as a key.
#[inline(always)]
pub fn thread() -> u64 {
    // SAFETY: the helper has no preconditions.
    unsafe { bpf_get_current_pid_tgid() }
}

/// User of the running task.
#[inline(always)]
pub fn uid() -> u32 {
    // SAFETY: the helper has no preconditions.
    unsafe { bpf_get_current_uid_gid() as u32 }
}

/// cgroup id (v2) of the running task.
#[inline(always)]
pub fn cgroup_id() -> u64 {
    // SAFETY: the helper has no preconditions.
    unsafe { bpf_get_current_cgroup_id() }
}

/// Name of the running task.
#[inline(always)]
pub fn comm(out: &mut [u8; 16]) {
    // SAFETY: the helper writes at most 16 bytes.
    unsafe { bpf_get_current_comm(out.as_mut_ptr().cast(), 16) };
}

/// The running task.
#[inline(always)]
pub fn current_task() -> u64 {
    // SAFETY: the helper has no preconditions.
    unsafe { bpf_get_current_task() }
}

/// Process id of a task.
#[inline(always)]
pub fn task_tgid(task: u64) -> Option<u32> {
    field(task, offset!(task_tgid))
}

/// The name of the namespace at `net`; zeros if it is unknown.
#[inline(always)]
pub fn netns(net: impl Base) -> NetnsKey {
    NetnsKey { cookie: net.member(offset!(net_cookie)), inum: net.member(offset!(net_inum)), reserved: 0 }
}

/// Namespace of a socket of any kind.
#[inline(always)]
pub fn sock_net<B: Base>(sk: B) -> B {
    sk.follow(offset!(skc_net))
}

/// The same of a socket whose head was read.
#[inline(always)]
pub fn netns_of<B: Base>(sk: B, common: &Common) -> NetnsKey {
    if B::DIRECT { netns(sock_net(sk)) } else { netns(common.net()) }
}

/// Namespace of a packet: of its device or, when TCP has taken the device from it or it is on its way out, of its
/// route's device. (`tcp_v4_rcv` itself looks sockets up in the namespace of the route's device.)
#[inline(always)]
pub fn skb_net(skb: u64) -> u64 {
    let device: u64 = field_or_zero(skb, offset!(skb_dev));
    let device = if device == 0 { field_or_zero(skb_dst(skb), offset!(dst_dev)) } else { device };
    let net: u64 = field_or_zero(device, offset!(dev_net));
    if net == 0 { sock_net(field_or_zero(skb, offset!(skb_sk))) } else { net }
}

/// Namespace of a packet's device; nowhere if TCP has taken the device from it.
#[inline(always)]
pub fn device_net<B: Base>(skb: B) -> B {
    let device = skb.follow(offset!(skb_dev));
    if device.is_null() { device } else { device.follow(offset!(dev_net)) }
}

/// What is special about the place where a packet found no socket, as [`place_flag`].
#[inline(never)]
pub fn place<B: Base>(net: B, skb: B) -> u8 {
    let programs = offset!(net_bpf_run_array);
    let kind = offset!(netns_bpf_sk_lookup);
    let list: u64 = if programs == ABSENT || kind == ABSENT {
        0
    } else {
        net.member(programs + kind * size_of::<u64>() as u16)
    };
    let device = skb.follow(offset!(skb_dev));
    let l3mdev: u64 = if device.is_null() { 0 } else { device.member(offset!(dev_l3mdev_ops)) };
    (u8::from(list != 0) * place_flag::SK_LOOKUP) | (u8::from(l3mdev != 0) * place_flag::VRF)
}

/// Whether a packet came in by a device or has got one to leave by.
#[inline(always)]
pub fn has_device(skb: u64) -> bool {
    field_or_zero::<u64>(skb, offset!(skb_dev)) != 0
}

/// The socket that sends a packet, or that it was given to.
#[inline(always)]
pub fn skb_sock(skb: u64) -> u64 {
    field_or_zero(skb, offset!(skb_sk))
}

/// Route of a packet. Bit 0 of the word says that no reference is held.
#[inline(always)]
pub fn skb_dst(skb: u64) -> u64 {
    field_or_zero::<u64>(skb, offset!(skb_refdst)) & !1
}

/// Whether the kernel would answer a packet that found no socket with RST: only if it was meant for this host
/// (`tcp_v4_send_reset`: `rt_type == RTN_LOCAL`; `tcp_v6_send_reset`: `ipv6_unicast_destination`).
#[inline(always)]
pub fn is_for_this_host(skb: u64) -> bool {
    const RTN_LOCAL: u16 = 2;
    const RTF_LOCAL: u32 = 0x8000_0000;
    let dst = skb_dst(skb);
    if field::<u16>(skb, offset!(skb_protocol)) == Some(0x0800u16.to_be()) {
        field::<u16>(dst, offset!(rtable_type)) == Some(RTN_LOCAL)
    } else {
        field::<u32>(dst, offset!(rt6_flags)).is_some_and(|flags| flags & RTF_LOCAL != 0)
    }
}
