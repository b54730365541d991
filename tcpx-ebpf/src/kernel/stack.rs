//! The caller of a function at whose entry a trampoline stands.

use aya_ebpf::{EbpfContext, helpers::generated::bpf_get_stack};

use crate::{
    args::Env,
    maps::{FRAMES, config},
};

/// The frame outside of the freeing function: the trampoline's own frames come first. 0 if it is not there.
/// A function of its own, so that the verifier forgets what went on inside when it returns.
#[inline(never)]
pub fn caller_from_stack(env: Env) -> u64 {
    let Some(frames) = FRAMES.get_ptr_mut(0) else { return 0 };
    // SAFETY: a per-CPU map value, filled and read within one run of one program.
    let frames = unsafe { &mut *frames };
    // SAFETY: the helper writes at most the size of the array, which the verifier checks.
    let got =
        unsafe { bpf_get_stack(env.as_ptr(), frames.as_mut_ptr().cast(), size_of_val(frames) as u32, 0) };
    if got <= 0 {
        return 0;
    }
    let mut inside = false;
    for frame in frames.iter().take(12) {
        if inside {
            return *frame;
        }
        inside = *frame >= config!(free_start) && *frame < config!(free_end);
    }
    0
}
