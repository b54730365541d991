//! connect(), bind() and listen() calls under way, one for each thread.
#![expect(unsafe_code, reason = "map values are raw pointers")]

use tcpx_common::{abi::denied_by, event::Tuple};

use crate::{
    kernel,
    maps::{CALLS, Call, offset},
};

/// `enum socket_state` (include/uapi/linux/net.h): no connect() yet.
const SS_UNCONNECTED: u32 = 1;

/// No addresses.
const NOWHERE: Tuple = Tuple { a: [0; 16], b: [0; 16], a_port: 0, b_port: 0, family: 0, reserved: 0 };

/// Which end the address that a call is given stands for.
#[derive(Clone, Copy)]
pub enum End {
    /// bind().
    Local,
    /// connect().
    Remote,
}

/// Entry of a function that has the address in kernel memory.
#[inline(always)]
pub fn entered(socket: Option<u64>, address: Option<u64>, end: End) {
    let (Some(socket), Some(address)) = (socket, address) else { return };
    let mut place = [0u8; 28];
    if kernel::read_into(&mut place, address) {
        remember(socket, &place, end);
    }
}

/// Entry of a system call: the address is in the process.
#[inline(always)]
pub fn called(fd: u64, address: u64, end: End) {
    let Some((socket, _)) = kernel::socket_of_fd(fd) else { return };
    if let Some(place) = kernel::read_user_sockaddr(address) {
        remember(socket, &place, end);
    }
}

/// Only the first connect() of a socket is an attempt: later ones ask for the result of a non-blocking one.
#[inline(always)]
fn remember(socket: u64, address: &[u8; 28], end: End) {
    let sk: u64 = kernel::field_or_zero(socket, offset!(socket_sk));
    if !kernel::is_tcp(sk) {
        return;
    }
    let mut call = new(socket, sk);
    let given = &mut call.given;
    let known = match end {
        End::Local => kernel::sockaddr(address, &mut given.a, &mut given.a_port, &mut given.family),
        End::Remote => {
            kernel::field::<u32>(socket, offset!(socket_state)) == Some(SS_UNCONNECTED)
                && kernel::sockaddr(address, &mut given.b, &mut given.b_port, &mut given.family)
        }
    };
    if known {
        begin(&call);
    }
}

/// Entry of a call that is given no address.
#[inline(always)]
pub fn entered_without_address(socket: u64) {
    let sk: u64 = kernel::field_or_zero(socket, offset!(socket_sk));
    if kernel::is_tcp(sk) {
        begin(&new(socket, sk));
    }
}

#[inline(always)]
const fn new(socket: u64, sk: u64) -> Call {
    Call { socket, sk, given: NOWHERE, attempted: 0, denied_by: denied_by::NOBODY as u32 }
}

#[inline(always)]
fn begin(call: &Call) {
    let _ = CALLS.insert(kernel::thread(), call, 0);
}

#[inline(always)]
fn under_way() -> Option<&'static mut Call> {
    let call = CALLS.get_ptr_mut(kernel::thread())?;
    // SAFETY: this thread's own call; nobody else writes it.
    Some(unsafe { &mut *call })
}

/// This thread's call has brought `sk` to SYN_SENT: gives what it was given, if the entry was seen.
#[inline(always)]
pub fn attempted(sk: u64) -> Option<Tuple> {
    let call = under_way()?;
    if call.sk != sk {
        return None;
    }
    call.attempted = 1;
    Some(call.given)
}

/// `sk` left SYN_SENT without an error in it. If this thread is in connect() of `sk`, the kernel has found out after
/// the state change that it cannot connect (`tcp_v4_connect`, label `failure`): only the result will tell why.
#[inline(always)]
pub fn undone(sk: u64) {
    if let Some(call) = under_way()
        && call.sk == sk
    {
        call.attempted = 0;
    }
}

/// This thread's call is being refused.
#[inline(always)]
pub fn denied(by: u16) {
    if let Some(call) = under_way() {
        call.denied_by = u32::from(by);
    }
}

/// This thread's call returns.
#[inline(always)]
pub fn end() -> Option<Call> {
    let thread = kernel::thread();
    // SAFETY: copied at once; only this thread writes it.
    let call = unsafe { CALLS.get(thread) }.copied()?;
    let _ = CALLS.remove(thread);
    Some(call)
}
