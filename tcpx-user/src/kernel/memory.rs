//! Memory that starting takes and running does not need: the kernel's types alone are megabytes, and glibc keeps what is
//! freed between things that stay.
#![expect(unsafe_code, reason = "malloc_trim(3) is a function of the C library")]

/// Gives back to the kernel what is free.
pub fn give_back() {
    // SAFETY: it may be called at any time, and touches nothing that is in use.
    unsafe { libc::malloc_trim(0) };
}
