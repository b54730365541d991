//! connect() as a 32-bit program makes it: socketcall(2) by the i386 interrupt, which a 64-bit process may raise too.
//!
//! The kernel goes through its compat table then, and no tracepoint of connect(2) fires.
#![expect(unsafe_code, reason = "an interrupt, and memory that 32-bit addresses reach")]

use std::{
    arch::asm,
    io,
    net::SocketAddr,
    os::fd::{AsFd, AsRawFd},
};

use super::sys;

/// Numbers of the i386 table (arch/x86/entry/syscalls/syscall_32.tbl).
const GETPID: u32 = 20;
const SOCKETCALL: u32 = 102;
/// `SYS_CONNECT` of linux/net.h.
const CONNECT: u32 = 3;
const PAGE: usize = 4096;
/// Where the address stands, behind the arguments.
const ADDRESS: usize = 16;

/// A page below 4 GiB.
struct Low(*mut u8);

impl Low {
    fn new() -> io::Result<Self> {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_32BIT;
        // SAFETY: a new mapping; no memory of ours is touched.
        let page = unsafe { libc::mmap(std::ptr::null_mut(), PAGE, protection, flags, -1, 0) };
        if page == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(Self(page.cast())) }
    }

    fn write(&self, at: usize, bytes: &[u8]) {
        assert!(at + bytes.len() <= PAGE, "a place in the page");
        // SAFETY: within the page, which nothing else refers to.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), self.0.add(at), bytes.len()) };
    }

    /// MAP_32BIT keeps it below 2 GiB.
    fn address(&self) -> u32 {
        self.0.addr() as u32
    }
}

impl Drop for Low {
    fn drop(&mut self) {
        // SAFETY: the mapping made in `new`, which nothing else refers to.
        unsafe { libc::munmap(self.0.cast(), PAGE) };
    }
}

/// A system call of the i386 table, of the process itself: its result, or a negative errno.
///
/// # Safety
/// The kernel has IA32 emulation, or a signal ends the process; what the arguments point to is as the call wants it.
unsafe fn call(number: u32, first: u32, second: u32) -> i32 {
    let result: i64;
    // SAFETY: the caller's. LLVM keeps rbx for itself, so it is put back; kernels clear r8 to r11.
    unsafe {
        asm!(
            "xchg rbx, {first}",
            "int 0x80",
            "xchg rbx, {first}",
            first = inout(reg) u64::from(first) => _,
            inlateout("rax") u64::from(number) => result,
            in("rcx") u64::from(second),
            out("r8") _,
            out("r9") _,
            out("r10") _,
            out("r11") _,
        );
    }
    result as i32
}

/// A child tries: without IA32 emulation the interrupt is a protection fault.
fn is_there() -> bool {
    // SAFETY: the actor has one thread, and the child does nothing but a system call before it ends.
    let child = unsafe { libc::fork() };
    if child == 0 {
        // SAFETY: no pointers; the signal that may come is what the parent waits for.
        unsafe { libc::_exit(i32::from(call(GETPID, 0, 0) <= 0)) };
    }
    let mut status = 0;
    // SAFETY: the child made above; `status` lives across the call.
    let ended = unsafe { libc::waitpid(child, &raw mut status, 0) };
    ended == child && libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0
}

/// connect(2) by socketcall(2) of the i386 table; 0, or the errno of the call.
///
/// # Errors
/// The kernel has no IA32 emulation.
pub(super) fn connect(fd: impl AsFd, to: SocketAddr) -> io::Result<i32> {
    if !is_there() {
        return Err(io::ErrorKind::Unsupported.into());
    }
    let (page, address) = (Low::new()?, sys::sockaddr(to));
    let arguments =
        [fd.as_fd().as_raw_fd().cast_unsigned(), page.address() + ADDRESS as u32, address.len() as u32];
    for (at, word) in arguments.into_iter().enumerate() {
        page.write(4 * at, &word.to_ne_bytes());
    }
    page.write(ADDRESS, &address);
    // SAFETY: the emulation is there, and the arguments and the address stand in the page, which lives until the call is done.
    let result = unsafe { call(SOCKETCALL, CONNECT, page.address()) };
    Ok(-result)
}
