//! The bind hash walk with the memory that it needs.
#![expect(unsafe_code, reason = "map values are raw pointers")]

use tcpx_common::event::Holders;

use crate::{kernel, maps::WALK};

/// What the walk came to.
pub enum Found {
    /// It came to its end, and nobody holds the port.
    Nobody,
    /// Somebody does, or the end was not reached: the details are kept for [`copy`].
    Some,
}

/// Who holds the port that a packet is for, in this namespace.
#[inline(always)]
pub fn who_holds(net: u64, skb: u64) -> Found {
    who_holds_port(net, kernel::destination_port(skb))
}

/// Who holds a port in this namespace.
#[inline(always)]
pub fn who_holds_port(net: u64, port: u16) -> Found {
    let Some(holders) = WALK.get_ptr_mut(0) else { return Found::Some };
    // SAFETY: a per-CPU value that is filled and copied within one run of one program. Hooks run with bottom halves
    // off or in a process that another hook may interrupt: then the walk's result is mixed, never out of bounds.
    let holders = unsafe { &mut *holders };
    kernel::walk(net, port, holders);
    if holders.complete != 0 && holders.found == 0 { Found::Nobody } else { Found::Some }
}

/// Copies the last walk's result into a record.
#[inline(always)]
pub fn copy(out: &mut Holders) {
    if let Some(holders) = WALK.get_ptr_mut(0) {
        kernel::read_into(out, holders as u64);
    }
}
