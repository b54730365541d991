//! Where a structure of the kernel begins, and how its members are read.
//!
//! The verifier knows the types of what `tp_btf` programs are given, and of what is loaded from there: such members are loaded
//! by an instruction, where a call of `bpf_probe_read_kernel` takes ten times as long. A load that faults gives zero
//! (`BPF_PROBE_MEM`), as the call does; but the arguments themselves the kernel holds for valid, and checks nothing there.

use core::arch::asm;

use aya_ebpf::helpers::generated::bpf_skc_to_tcp_sock;
use tcpx_common::offsets::ABSENT;

use super::{field_or_zero, read_or_zero};

/// Where a structure begins.
pub trait Base: Copy {
    /// Members are loaded by an instruction.
    const DIRECT: bool;

    /// What a program was given, as `Env::arg` has it. Not null: what may be is asked for with `Env::two_numbers` before.
    fn given(argument: u64) -> Self;

    /// A member, or zero where it cannot be read, or this kernel has none.
    fn member<T: Scalar>(self, offset: u16) -> T;

    /// The structure that a member points to.
    fn follow(self, offset: u16) -> Self;

    /// A full socket as `struct tcp_sock`, if it is TCP's.
    fn tcp(self) -> Option<Self>;

    /// The address, for what is asked by a call of a helper.
    fn address(self) -> u64;

    /// The address as a number of which the verifier knows nothing, for a call of a function that takes numbers.
    fn number(self) -> u64;

    /// Nowhere.
    #[inline(always)]
    fn is_null(self) -> bool {
        self.address() == 0
    }
}

/// An address, of which the verifier knows nothing.
impl Base for u64 {
    const DIRECT: bool = false;

    #[inline(always)]
    fn given(argument: u64) -> Self {
        argument
    }

    #[inline(always)]
    fn member<T: Scalar>(self, offset: u16) -> T {
        field_or_zero(self, offset)
    }

    #[inline(always)]
    fn follow(self, offset: u16) -> Self {
        field_or_zero(self, offset)
    }

    #[inline(always)]
    fn tcp(self) -> Option<Self> {
        Some(self)
    }

    #[inline(always)]
    fn address(self) -> u64 {
        self
    }

    #[inline(always)]
    fn number(self) -> u64 {
        self
    }
}

/// A pointer whose type the verifier knows.
#[derive(Clone, Copy)]
pub struct Typed(u64);

impl Base for Typed {
    const DIRECT: bool = true;

    #[inline(always)]
    fn given(argument: u64) -> Self {
        Self(argument)
    }

    #[inline(always)]
    fn member<T: Scalar>(self, offset: u16) -> T {
        if offset == ABSENT { T::default() } else { T::load(self.0, offset) }
    }

    #[inline(always)]
    fn follow(self, offset: u16) -> Self {
        Self(self.member(offset))
    }

    #[inline(always)]
    fn tcp(self) -> Option<Self> {
        // SAFETY: the helper looks at the socket, and gives it back or nothing.
        let tcp = unsafe { bpf_skc_to_tcp_sock(self.0 as *mut _) } as u64;
        if tcp == 0 { None } else { Some(Self(tcp)) }
    }

    #[inline(always)]
    fn address(self) -> u64 {
        self.0
    }

    #[inline(always)]
    fn number(self) -> u64 {
        let pointer = self.0;
        read_or_zero((&raw const pointer).expose_provenance() as u64)
    }
}

/// What one load reads.
pub trait Scalar: Copy + Default {
    /// The member at an offset of the structure at `base`, of which the verifier knows the type.
    fn load(base: u64, offset: u16) -> Self;
}

macro_rules! scalar {
    ($($kind:ident)+) => {
        $(impl Scalar for $kind {
            #[inline(always)]
            fn load(base: u64, offset: u16) -> Self {
                let value: u64;
                // SAFETY: the verifier refuses the program if the structure has no such member, and a fault gives zero. The
                // address is added here, as the compiler would not always add it, and the verifier allows nothing else.
                unsafe {
                    asm!(
                        "{place} += {offset}",
                        concat!("{value} = *(", stringify!($kind), " *)({place} + 0)"),
                        place = inout(reg) base => _,
                        offset = in(reg) u64::from(offset),
                        value = lateout(reg) value,
                        options(nostack, readonly, preserves_flags)
                    );
                }
                value as Self
            }
        })+
    };
}

scalar! { u8 u16 u32 u64 }
