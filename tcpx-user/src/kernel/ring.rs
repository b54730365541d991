//! Whether the ring holds more than could be read. Readers get records in the order in which they were begun, and one that is
//! not finished hides all behind it: its program may be interrupted, or preempted for as long as the scheduler likes. Then
//! what was read is not all that was there, however empty the ring seems.
#![expect(unsafe_code, reason = "the kernel shares the ring's positions as memory (kernel/bpf/ringbuf.c)")]

use std::{
    io,
    os::fd::AsFd,
    sync::atomic::{AtomicUsize, Ordering},
};

use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

/// Up to where it was read and up to where it was begun to be written, as the kernel sees it: one page each.
pub(super) struct Positions {
    pages: *mut std::ffi::c_void,
    page: usize,
}

impl Positions {
    /// Of the ring with this descriptor.
    ///
    /// # Errors
    /// When the kernel does not share them.
    pub(super) fn of(ring: impl AsFd) -> io::Result<Self> {
        let page = rustix::param::page_size();
        // SAFETY: a new mapping, that is only read.
        let pages = unsafe {
            mmap(std::ptr::null_mut(), 2 * page, ProtFlags::READ, MapFlags::SHARED, ring.as_fd(), 0)?
        };
        Ok(Self { pages, page })
    }

    /// Records were begun that were not read yet.
    pub(super) fn are_apart(&self) -> bool {
        self.position(0) != self.position(self.page)
    }

    /// Bytes that were read so far. Positions begin at 0 and only rise.
    pub(super) fn read(&self) -> u64 {
        self.position(0) as u64
    }

    /// Bytes that were begun to be written so far.
    pub(super) fn written(&self) -> u64 {
        self.position(self.page) as u64
    }

    fn position(&self, at: usize) -> usize {
        // SAFETY: each page begins with a position, which is aligned, and mapped as long as this lives.
        unsafe { &*self.pages.byte_add(at).cast::<AtomicUsize>() }.load(Ordering::Acquire)
    }
}

impl Drop for Positions {
    fn drop(&mut self) {
        // SAFETY: mapped by `of`, and nobody has a reference any more. What cannot be unmapped goes with the process.
        let _ = unsafe { munmap(self.pages, 2 * self.page) };
    }
}
