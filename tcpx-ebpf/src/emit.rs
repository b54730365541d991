//! From facts to a record in the ring: one way for all hooks.
//!
//! A record is reserved, written whole and submitted. What is above the limit for a second is shed, and what the ring has
//! no room for is lost: both are counted, by cause. Nobody is woken: the reader has a timer.
#![expect(unsafe_code, reason = "ring memory and map values are raw pointers until they are written")]

use core::arch::asm;

use aya_ebpf::{
    EbpfContext,
    bindings::BPF_RB_NO_WAKEUP,
    helpers::generated::{bpf_get_stack, bpf_ktime_get_boot_ns},
};
use tcpx_common::{
    abi::{Hook, Kind, header_flag, untold},
    event::{Header, HookCounters, NetnsKey, NetnsResets, Stack},
};
use zerocopy::{FromBytes, IntoBytes};

use crate::{
    args::Env,
    kernel,
    maps::{COUNTERS, EVENTS, NETNS_RESETS, SCOPE, UNTOLD, config},
};

/// Writes one record. `fill` gets it zeroed.
#[inline(always)]
pub fn emit<T: FromBytes + IntoBytes + 'static>(
    env: Env,
    kind: Kind,
    net: NetnsKey,
    fill: impl FnOnce(&mut T),
) {
    emit_with_stack(env, kind, net, false, fill);
}

/// The same, with the stack if `walk` says that its facts leave open who called, or if stacks were asked for.
#[inline(always)]
pub fn emit_with_stack<T: FromBytes + IntoBytes + 'static>(
    env: Env,
    kind: Kind,
    net: NetnsKey,
    walk: bool,
    fill: impl FnOnce(&mut T),
) {
    // SAFETY: the helper has no preconditions.
    let now = unsafe { bpf_ktime_get_boot_ns() };
    let Some(counters) = COUNTERS.get_ptr_mut(env.hook as u32) else { return };
    // SAFETY: a per-CPU value; a program of another hook that interrupts this one uses another slot.
    let counters = unsafe { &mut *counters };
    if !admit(counters, now) {
        return untold(env);
    }
    let Some(mut entry) = EVENTS.reserve_untyped::<T>(0) else {
        counters.lost += 1;
        return untold(env);
    };
    let target: *mut T = entry.as_mut_ptr();
    zero(target);
    // SAFETY: zeroed just now, and every record is valid for any bytes (`FromBytes`).
    fill(unsafe { &mut *target });
    // SAFETY: every record begins with a `Header` (a test in tcpx-common holds it).
    header(env, kind, net, (now, walk), unsafe { &mut *target.cast::<Header>() });
    counters.written += 1;
    entry.submit(QUIETLY);
    #[cfg(feature = "log")]
    aya_log_ebpf::debug!(
        &env,
        "hook {} by backend {} wrote kind {}",
        env.hook as u8,
        env.backend as u8,
        kind as u8
    );
}

/// Counts one more record, and says whether it may be written: a hook that has told enough in this second is only
/// counted, so that a flood of one kind leaves room for all others.
#[inline(always)]
fn admit(counters: &mut HookCounters, now: u64) -> bool {
    counters.hits += 1;
    if now - counters.second_ns >= SECOND_NS {
        counters.second_ns = now;
        counters.used = 0;
    }
    if counters.used >= config!(most_per_second) {
        counters.shed += 1;
        return false;
    }
    counters.used += 1;
    true
}

const SECOND_NS: u64 = 1_000_000_000;

/// Counts by cause what was not written. No function of its own: all frames of a program have 512 bytes together.
#[inline(always)]
fn untold(env: Env) {
    if let Some(count) = UNTOLD.get_ptr_mut(untold::slot(env.hook, env.reason)) {
        // SAFETY: a per-CPU value that is only added to.
        unsafe { *count += 1 };
    }
}

/// Word by word: the compiler turns a plain fill into a call of a byte loop.
#[inline(always)]
fn zero<T>(target: *mut T) {
    let words = target.cast::<u64>();
    for at in 0..size_of::<T>() / 8 {
        // SAFETY: within the record, whose size is a multiple of eight (`assert_layout!`).
        unsafe { words.add(at).write_volatile(0) };
    }
}

#[inline(always)]
fn header(env: Env, kind: Kind, net: NetnsKey, (now, walk): (u64, bool), out: &mut Header) {
    let thread = kernel::thread();
    let tgid = (thread >> 32) as u32;
    out.time_ns = now;
    out.netns_cookie = net.cookie;
    out.netns = net.inum;
    out.tgid = tgid;
    out.tid = thread as u32;
    out.hook = env.hook as u8;
    out.backend = env.backend as u8;
    out.kind = kind as u8;
    out.flags = if in_scope(tgid) { header_flag::IN_SCOPE } else { 0 };
    if (walk || (config!(stacks) != 0 && wants_stack(kind))) && stack(env, *out) {
        out.flags |= header_flag::HAS_STACK;
    }
}

#[inline(always)]
const fn wants_stack(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Reply
            | Kind::ReplySock
            | Kind::ReplyHolders
            | Kind::ActiveReset
            | Kind::ReceiveReset
            | Kind::Reject
            | Kind::Drop
    )
}

/// The stack goes into a record of its own, with the same time.
#[inline(always)]
fn stack(env: Env, of: Header) -> bool {
    count(env.hook, |counters| &mut counters.hits);
    let Some(mut entry) = EVENTS.reserve_untyped::<Stack>(0) else {
        count(env.hook, |counters| &mut counters.lost);
        return false;
    };
    let target: *mut Stack = entry.as_mut_ptr();
    zero(target);
    // SAFETY: zeroed just now.
    let target = unsafe { &mut *target };
    target.header = of;
    target.header.kind = Kind::Stack as u8;
    // SAFETY: the helper writes at most the size of the array, which the verifier checks.
    unsafe {
        bpf_get_stack(env.as_ptr(), target.frames.as_mut_ptr().cast(), size_of_val(&target.frames) as u32, 0);
    }
    count(env.hook, |counters| &mut counters.written);
    entry.submit(QUIETLY);
    true
}

/// The reader's timer finds the record: a wake-up costs ten times as much as writing one.
const QUIETLY: u64 = BPF_RB_NO_WAKEUP as u64;

/// Whether a process belongs to the traced command.
#[inline(always)]
pub fn in_scope(tgid: u32) -> bool {
    // SAFETY: the value is not kept.
    config!(scope_tgid) != 0 && unsafe { SCOPE.get(tgid) }.is_some()
}

/// Whether what this process starts belongs to the traced command: tcpx itself starts only that.
#[inline(always)]
pub fn adopts(parent: u32) -> bool {
    (config!(scope_tgid) != 0 && config!(scope_tgid) == parent) || in_scope(parent)
}

/// A process of the traced command.
#[inline(always)]
pub fn adopt(child: u32) {
    let _ = SCOPE.insert(child, 1, 0);
}

#[inline(always)]
fn count(hook: Hook, which: impl FnOnce(&mut HookCounters) -> &mut u64) {
    if let Some(counters) = COUNTERS.get_ptr_mut(hook as u32) {
        // SAFETY: a per-CPU value; a program of another hook that interrupts this one uses another slot.
        *which(unsafe { &mut *counters }) += 1;
    }
}

/// Counts a RST for the audit, before any filter and whether or not the ring has room for its record.
#[inline(always)]
pub fn audit(net: NetnsKey, active: bool) {
    // SAFETY: values of this map are never removed while programs run, and are only added to.
    let Some(resets) = (unsafe { NETNS_RESETS.get(net) }) else {
        let first = NetnsResets { replies: u64::from(!active), active: u64::from(active) };
        let _ = NETNS_RESETS.insert(net, first, 0);
        return;
    };
    let counter = core::ptr::from_ref(if active { &resets.active } else { &resets.replies });
    // SAFETY: aligned, in a map value; other CPUs add to it too, and this adds atomically. rustc offers no atomics for
    // this target, and an add that returns the old value would need Linux 5.12.
    unsafe {
        asm!("lock *(u64 *)({counter} + 0) += {one}", counter = in(reg) counter, one = in(reg) 1u64, options(nostack));
    }
}
