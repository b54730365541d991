//! Where a program finds its arguments: the only place that knows a backend's context.
//!
//! Positions come from the running kernel's BTF as `.rodata` constants. A context may only be read at a constant
//! offset, so each position has its own instruction; the verifier prunes all but one. Inline assembly keeps the
//! compiler from folding them into one load at a computed address.
#![expect(unsafe_code, reason = "a program's context is a raw pointer from the kernel")]

use core::{arch::asm, ffi::c_void};

use aya_ebpf::EbpfContext;
use tcpx_common::abi::{Backend, Hook};

/// The context of a program together with what every record says of its origin.
#[derive(Clone, Copy)]
pub struct Env {
    ctx: *mut c_void,
    /// Hook that the program belongs to.
    pub hook: Hook,
    /// Backend that it is written for.
    pub backend: Backend,
    /// The kernel's reason for what is told, 0 if there is none: counted even if the record is not written.
    pub reason: u32,
}

/// An argument that not every kernel's function has. Not an `Option`: the compiler may leave the payload of a `None`
/// in a register that was never written, and old verifiers refuse to see such a register moved.
#[derive(Clone, Copy)]
pub struct Arg {
    /// The argument, or 0.
    pub value: u64,
    /// Whether there is one.
    pub known: bool,
}

impl Arg {
    /// There is none.
    pub const ABSENT: Self = Self { value: 0, known: false };
}

impl EbpfContext for Env {
    fn as_ptr(&self) -> *mut c_void {
        self.ctx
    }
}

/// A load of eight bytes at a fixed place of the context.
macro_rules! load {
    ($ctx:expr, $offset:literal) => {{
        let value: u64;
        // SAFETY: the verifier knows the context's size and refuses the program if the place is not in it.
        unsafe {
            asm!(
                concat!("{value} = *(u64 *)({ctx} + ", $offset, ")"),
                value = out(reg) value,
                ctx = in(reg) $ctx,
                options(nostack, readonly, preserves_flags)
            );
        }
        value
    }};
}

impl Env {
    /// Wraps the context that the kernel gave.
    pub const fn new(ctx: *mut c_void, hook: Hook, backend: Backend) -> Self {
        Self { ctx, hook, backend, reason: 0 }
    }

    /// The same, for this reason.
    pub const fn because(self, reason: u32) -> Self {
        Self { reason, ..self }
    }

    /// The same firing, seen as another hook's.
    pub const fn for_hook(self, hook: Hook) -> Self {
        Self { hook, ..self }
    }

    /// The argument in this position, if this kernel's function has it.
    #[inline(always)]
    pub fn maybe(&self, slot: u16) -> Arg {
        if slot == tcpx_common::offsets::ABSENT {
            return Arg::ABSENT;
        }
        match self.arg(slot) {
            Some(value) => Arg { value, known: true },
            None => Arg::ABSENT,
        }
    }

    /// The argument in this position; `None` if this kernel's function has no such argument.
    #[inline(always)]
    pub fn arg(&self, slot: u16) -> Option<u64> {
        match self.backend {
            Backend::Kprobe => self.register(slot),
            Backend::Tracepoint | Backend::Fentry => self.word(slot),
        }
    }

    /// The first two arguments of a tracepoint as plain numbers. To the verifier of Linux 6.10 to 6.12 the arguments of a `tp_btf`
    /// program are never null, although `tcp_send_reset` is given a socket or a packet that is: it would remove the comparison,
    /// and a load from there would not be checked.
    #[inline(always)]
    pub fn two_numbers(&self) -> [u64; 2] {
        crate::kernel::read_or_zero(self.ctx as u64)
    }

    /// Raw tracepoints and trampolines: an array of words.
    #[inline(always)]
    fn word(&self, slot: u16) -> Option<u64> {
        Some(match slot {
            0 => load!(self.ctx, "0"),
            1 => load!(self.ctx, "8"),
            2 => load!(self.ctx, "16"),
            3 => load!(self.ctx, "24"),
            4 => load!(self.ctx, "32"),
            5 => load!(self.ctx, "40"),
            6 => load!(self.ctx, "48"),
            7 => load!(self.ctx, "56"),
            8 => load!(self.ctx, "64"),
            9 => load!(self.ctx, "72"),
            10 => load!(self.ctx, "80"),
            11 => load!(self.ctx, "88"),
            _ => return None,
        })
    }

    /// kprobes: `struct pt_regs` of x86-64, in the order of the System V calling convention.
    #[cfg(bpf_target_arch = "x86_64")]
    #[inline(always)]
    fn register(&self, slot: u16) -> Option<u64> {
        Some(match slot {
            0 => load!(self.ctx, "112"),
            1 => load!(self.ctx, "104"),
            2 => load!(self.ctx, "96"),
            3 => load!(self.ctx, "88"),
            4 => load!(self.ctx, "72"),
            5 => load!(self.ctx, "64"),
            _ => return None,
        })
    }

    /// What a function returned, at a kretprobe.
    #[cfg(bpf_target_arch = "x86_64")]
    #[inline(always)]
    pub fn returned(&self) -> u64 {
        load!(self.ctx, "80")
    }

    /// Stack pointer at a kprobe: at a function's entry it points to the return address.
    #[cfg(bpf_target_arch = "x86_64")]
    #[inline(always)]
    pub fn stack_pointer(&self) -> u64 {
        load!(self.ctx, "152")
    }

    /// Argument `n` of a `syscalls:sys_enter_*` tracepoint. Each system call event has an 8-byte common part, the
    /// call's number, and one word an argument; `n` 0 is also the result at `sys_exit_*`.
    #[inline(always)]
    pub fn syscall_word(&self, n: u8) -> u64 {
        match n {
            0 => load!(self.ctx, "16"),
            1 => load!(self.ctx, "24"),
            _ => load!(self.ctx, "32"),
        }
    }
}
