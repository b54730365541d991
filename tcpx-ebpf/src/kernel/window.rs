//! Several members of a kernel structure, read in one piece: a call of the helper costs as much as copying hundreds of bytes.

use core::{arch::asm, mem::MaybeUninit};

use aya_ebpf::helpers::generated::bpf_probe_read_kernel;

use tcpx_common::offsets::ABSENT;

use super::field_or_zero;

/// So many words of a structure from the one on in which a certain member begins, of one moment.
///
/// Read into a place that the caller has, as in `Window::unread().read(base, first)`: by value the compiler would make a second
/// copy on the stack.
pub struct Window<const WORDS: usize>(MaybeUninit<[u64; WORDS]>);

impl<const WORDS: usize> Window<WORDS> {
    /// Room for one. Before [`Self::read`] it must not be asked.
    #[inline(always)]
    pub const fn unread() -> Self {
        Self(MaybeUninit::uninit())
    }

    /// Of the structure at `base`, from the word with the offset `first` on; zeros where it cannot be read.
    #[inline(always)]
    pub fn read(&mut self, base: u64, first: u16) -> &Self {
        let place = base + u64::from(word(first));
        // SAFETY: the helper writes all words, with zeros on failure, and never faults.
        unsafe {
            let size = (WORDS * size_of::<u64>()) as u32;
            bpf_probe_read_kernel(self.0.as_mut_ptr().cast(), size, place as *const _);
        }
        self
    }

    /// The member at an offset, with `base` and `first` as for [`Self::read`], or zero where this kernel has none. What is not
    /// within the words is read on its own.
    #[inline(always)]
    pub fn get<T: Copy + Default>(&self, base: u64, first: u16, offset: u16) -> T {
        let at = usize::from(offset.wrapping_sub(word(first)));
        if offset == ABSENT || at + size_of::<T>() > WORDS * size_of::<u64>() {
            return field_or_zero(base, offset);
        }
        self.inside(first, offset)
    }

    /// The same of a member that is known to be within the words.
    #[inline(always)]
    pub fn inside<T: Copy + Default>(&self, first: u16, offset: u16) -> T {
        let at = u64::from(offset.wrapping_sub(word(first)));
        let mut place = self.0.as_ptr().expose_provenance();
        // SAFETY: within the words (else the verifier refuses the program), which `read` has written, and members of kernel
        // structures are aligned. Where the compiler knows that the bits of both differ, it would add by OR, which the verifier
        // allows for no pointer.
        unsafe {
            asm!("{place} += {at}", place = inout(reg) place, at = in(reg) at, options(pure, nomem, nostack));
            core::ptr::with_exposed_provenance::<T>(place).read()
        }
    }
}

/// Offset of the word in which a member begins.
#[inline(always)]
const fn word(offset: u16) -> u16 {
    offset & !7
}
