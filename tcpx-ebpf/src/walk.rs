//! The bind hash walk with the memory that it needs.

use tcpx_common::event::Holders;

use crate::{
    kernel::{self, Base},
    maps::WALK,
};

/// What the walk came to.
pub enum Found {
    /// It came to its end, and nobody holds the port.
    Nobody,
    /// Somebody does, or the end was not reached: the details are kept for [`copy`].
    Some,
}

/// Who holds a port in this namespace.
#[inline(always)]
pub fn who_holds<B: Base>(net: B, port: u16) -> Found {
    // Where it costs nothing to look.
    if B::DIRECT && kernel::is_free(net, port) {
        return Found::Nobody;
    }
    let net = net.number();
    if kernel::tcpx_walk(net, u32::from(port)) != 0 { Found::Nobody } else { Found::Some }
}

/// Copies the last walk's result into a record.
#[inline(always)]
pub fn copy(out: &mut Holders) {
    if let Some(holders) = WALK.get_ptr_mut(0) {
        kernel::read_into(out, holders as u64);
    }
}
