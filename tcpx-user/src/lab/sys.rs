//! The lab's boundary to system calls that have no safe wrapper.
#![expect(unsafe_code, reason = "unshare, TUNSETIFF, TCP_INFO and Landlock have no safe wrapper in rustix")]

use std::{
    io,
    os::fd::{AsFd, AsRawFd},
};

use rustix::{io::Errno, thread::UnshareFlags};

/// Moves the calling thread into a new, empty network namespace.
pub(super) fn unshare_net() -> io::Result<()> {
    // SAFETY: only NEWNET is passed; the file descriptor table, which the function's contract is about, stays shared.
    unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWNET) }.map_err(Into::into)
}

/// Makes `fd`, an open `/dev/net/tun`, the device `name` in the calling thread's namespace: layer 3, bare packets.
pub(super) fn attach_tun(fd: impl AsFd, name: &str) -> io::Result<()> {
    // SAFETY: ifreq is plain old data for which all-zero bytes are valid.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(name.bytes().take(libc::IFNAMSIZ - 1)) {
        *to = from.cast_signed();
    }
    request.ifr_ifru.ifru_flags = (libc::IFF_TUN | libc::IFF_NO_PI) as libc::c_short;
    // SAFETY: TUNSETIFF reads and writes one ifreq, which lives across the call.
    let result = unsafe { libc::ioctl(fd.as_fd().as_raw_fd(), libc::TUNSETIFF as _, &raw mut request) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// `tcpi_retransmits` of a TCP socket: how often its current segment (here: the SYN) was sent again by the timer.
pub(super) fn tcp_retransmits(fd: impl AsFd) -> io::Result<u32> {
    // SAFETY: tcp_info is plain old data for which all-zero bytes are valid.
    let mut info: libc::tcp_info = unsafe { std::mem::zeroed() };
    let mut size = size_of::<libc::tcp_info>() as libc::socklen_t;
    // SAFETY: the kernel writes at most `size` bytes into `info`, both of which live across the call.
    let result = unsafe {
        libc::getsockopt(
            fd.as_fd().as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            (&raw mut info).cast(),
            &raw mut size,
        )
    };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(info.tcpi_retransmits.into()) }
}

/// Puts the calling thread into a Landlock domain in which TCP may neither bind nor connect (Linux 6.7 and later; the
/// system call numbers are the same on all architectures).
pub(super) fn forbid_tcp() -> io::Result<()> {
    const CREATE_RULESET: libc::c_long = 444;
    const RESTRICT_SELF: libc::c_long = 446;
    /// `struct landlock_ruleset_attr`: no file access, `LANDLOCK_ACCESS_NET_BIND_TCP` and `_CONNECT_TCP`.
    const ATTR: [u64; 2] = [0, 3];
    // SAFETY: the kernel reads `size_of_val(&ATTR)` bytes, and makes a descriptor.
    let ruleset = unsafe { libc::syscall(CREATE_RULESET, ATTR.as_ptr(), size_of_val(&ATTR), 0) };
    if ruleset < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: a number in, no pointers.
    let result = unsafe { libc::syscall(RESTRICT_SELF, ruleset, 0) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// `SO_BINDTOIFINDEX`: a socket of the device with this index, in the caller's namespace.
pub(super) fn bind_to_device(fd: impl AsFd, index: u32) -> Result<(), Errno> {
    const SO_BINDTOIFINDEX: libc::c_int = 62;
    set(fd, libc::SOL_SOCKET, SO_BINDTOIFINDEX, index.cast_signed())
}

/// `SO_ATTACH_REUSEPORT_EBPF`: the program chooses in the socket's group.
pub(super) fn choose_by(fd: impl AsFd, program: &impl AsRawFd) -> Result<(), Errno> {
    const SO_ATTACH_REUSEPORT_EBPF: libc::c_int = 52;
    set(fd, libc::SOL_SOCKET, SO_ATTACH_REUSEPORT_EBPF, program.as_raw_fd())
}

/// `setsockopt(2)` with an int: not all options have a safe wrapper.
pub(super) fn set(fd: impl AsFd, level: i32, option: i32, value: i32) -> Result<(), Errno> {
    let size = size_of::<libc::c_int>() as libc::socklen_t;
    // SAFETY: the kernel reads `size` bytes of `value`, which lives across the call.
    let result = unsafe {
        let value = (&raw const value).cast();
        libc::setsockopt(fd.as_fd().as_raw_fd(), level, option, value, size)
    };
    if result < 0 {
        let error = io::Error::last_os_error();
        return Err(Errno::from_io_error(&error).unwrap_or(Errno::IO));
    }
    Ok(())
}
