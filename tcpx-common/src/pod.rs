//! What aya may copy into `.rodata` and maps as plain bytes.

use crate::{
    config::{Config, Switches},
    event::{HookCounters, NetnsKey, NetnsResets},
    offsets::Offsets,
};

macro_rules! pod {
    ($($ty:ty),+ $(,)?) => {
        $(
            #[expect(unsafe_code, reason = "aya asks for this promise before it copies a value as bytes")]
            // SAFETY: `repr(C)`, only integers, no padding (zerocopy's `IntoBytes` proves it), valid for any bytes.
            unsafe impl aya::Pod for $ty {}
        )+
    };
}

pod!(Config, Switches, Offsets, HookCounters, NetnsKey, NetnsResets);
