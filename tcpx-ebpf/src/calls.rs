//! connect() and bind() calls under way, one for each thread.
#![expect(unsafe_code, reason = "map values are raw pointers")]

use tcpx_common::event::Tuple;

use crate::{
    kernel,
    maps::{CALLS, Call},
};

/// No addresses.
pub const NOWHERE: Tuple = Tuple { a: [0; 16], b: [0; 16], a_port: 0, b_port: 0, family: 0, reserved: 0 };

/// This thread has entered a call.
#[inline(always)]
pub fn begin(call: &Call) {
    let _ = CALLS.insert(kernel::thread(), call, 0);
}

/// This thread's call has led to SYN_SENT: gives what it was given, if the entry was seen.
#[inline(always)]
pub fn attempted() -> Option<Tuple> {
    let call = CALLS.get_ptr_mut(kernel::thread())?;
    // SAFETY: this thread's own call; nobody else writes it.
    let call = unsafe { &mut *call };
    call.attempted = 1;
    Some(call.given)
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
