//! connect() by io_uring: one ring of one entry for one call, by the bare system calls.
//!
//! No system call tracepoint of connect(2) fires then. The first try is made in the caller's context, without
//! blocking; what is not done at once is waited for by a worker of the kernel.
#![expect(unsafe_code, reason = "io_uring is memory shared with the kernel")]

use std::{
    io,
    net::SocketAddr,
    os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd},
    sync::atomic::{AtomicU32, Ordering},
};

use super::sys;

/// `struct io_uring_params` as 32-bit words: sizes first, then where things are in the rings.
type Params = [u32; 30];
const FEATURES: usize = 5;
const SQ_TAIL: usize = 11;
const SQ_ARRAY: usize = 16;
const CQ_CQES: usize = 25;
/// Both rings are one mapping (Linux 5.4).
const FEAT_SINGLE_MMAP: u32 = 1;
/// Larger than both rings of one entry; the kernel maps no more than there is, in whole pages.
const PAGE: usize = 4096;
const OFFSET_RINGS: libc::off_t = 0;
const OFFSET_ENTRIES: libc::off_t = 0x1000_0000;
const OP_CONNECT: u8 = 16;
const ENTER_GETEVENTS: libc::c_long = 1;

/// One page of the ring, shared with the kernel.
struct Shared(*mut u8);

impl Shared {
    fn map(ring: &OwnedFd, offset: libc::off_t) -> io::Result<Self> {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: a new mapping of the ring; no memory of ours is touched.
        let page = unsafe {
            libc::mmap(std::ptr::null_mut(), PAGE, protection, libc::MAP_SHARED, ring.as_raw_fd(), offset)
        };
        if page == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(Self(page.cast())) }
    }

    /// The word at a place that the kernel has named.
    fn word(&self, at: usize) -> &AtomicU32 {
        assert!(at + 4 <= PAGE && at.is_multiple_of(4), "a place in the page");
        // SAFETY: within the page, aligned, and shared as atomics are.
        unsafe { AtomicU32::from_ptr(self.0.add(at).cast()) }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // SAFETY: the mapping made in `map`, which nothing else refers to.
        unsafe { libc::munmap(self.0.cast(), PAGE) };
    }
}

/// connect(2) by a ring of its own; 0, or the errno of the call.
///
/// # Errors
/// The kernel has no io_uring for us.
pub(super) fn connect(fd: impl AsFd, to: SocketAddr) -> io::Result<i32> {
    let mut params: Params = [0; 30];
    // SAFETY: the kernel writes one `struct io_uring_params`, of which `params` has the size.
    let ring = unsafe { libc::syscall(libc::SYS_io_uring_setup, 1, params.as_mut_ptr()) };
    let number = i32::try_from(ring).unwrap_or(-1);
    if number < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor just made.
    let ring = unsafe { OwnedFd::from_raw_fd(number) };
    if params[FEATURES] & FEAT_SINGLE_MMAP == 0 {
        return Err(io::ErrorKind::Unsupported.into());
    }
    let rings = Shared::map(&ring, OFFSET_RINGS)?;
    let entries = Shared::map(&ring, OFFSET_ENTRIES)?;
    let address = sys::sockaddr(to);
    entry(&entries, fd.as_fd().as_raw_fd(), &address);
    rings.word(params[SQ_ARRAY] as usize).store(0, Ordering::Relaxed);
    rings.word(params[SQ_TAIL] as usize).store(1, Ordering::Release);
    // SAFETY: numbers and no pointers; what the entry points to, `address`, lives until the call is done.
    let entered =
        unsafe { libc::syscall(libc::SYS_io_uring_enter, ring.as_raw_fd(), 1, 1, ENTER_GETEVENTS, 0, 0) };
    if entered < 0 {
        return Err(io::Error::last_os_error());
    }
    let result = rings.word(params[CQ_CQES] as usize + 8).load(Ordering::Acquire).cast_signed();
    Ok(-result)
}

/// `struct io_uring_sqe`: the operation, its descriptor, the address and its length.
fn entry(entries: &Shared, fd: i32, address: &[u8]) {
    let place = address.as_ptr() as u64;
    let words = [
        u32::from(OP_CONNECT),
        fd.cast_unsigned(),
        address.len() as u32,
        0,
        place as u32,
        (place >> 32) as u32,
    ];
    for (at, word) in words.into_iter().enumerate() {
        entries.word(4 * at).store(word, Ordering::Relaxed);
    }
}
