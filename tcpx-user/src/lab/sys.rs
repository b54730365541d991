//! The lab's boundary to system calls that have no safe wrapper.
#![expect(
    unsafe_code,
    reason = "unshare, TUNSETIFF, TCP_INFO, Landlock and some socket options have no safe wrapper in rustix"
)]

use std::{
    io,
    net::{IpAddr, SocketAddr},
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
    set_option(fd, libc::SOL_SOCKET, SO_BINDTOIFINDEX, &index)
}

/// `SO_ATTACH_REUSEPORT_EBPF`: the program chooses in the socket's group.
pub(super) fn choose_by(fd: impl AsFd, program: &impl AsRawFd) -> Result<(), Errno> {
    const SO_ATTACH_REUSEPORT_EBPF: libc::c_int = 52;
    set_option(fd, libc::SOL_SOCKET, SO_ATTACH_REUSEPORT_EBPF, &program.as_raw_fd())
}

/// An option of TCP's that is a number.
pub(super) fn set_tcp(fd: impl AsFd, option: libc::c_int, value: libc::c_int) -> Result<(), Errno> {
    set(fd, libc::IPPROTO_TCP, option, value)
}

/// `setsockopt(2)` with an int: not all options have a safe wrapper.
pub(super) fn set(fd: impl AsFd, level: i32, option: i32, value: i32) -> Result<(), Errno> {
    set_option(fd, level, option, &value)
}

/// The smallest TTL or hop limit that a socket takes (RFC 5082).
pub(super) fn set_min_ttl(fd: impl AsFd, ipv6: bool, ttl: u8) -> Result<(), Errno> {
    const IP_MINTTL: i32 = 21;
    const IPV6_MINHOPCOUNT: i32 = 73;
    let (level, name) =
        if ipv6 { (libc::IPPROTO_IPV6, IPV6_MINHOPCOUNT) } else { (libc::IPPROTO_IP, IP_MINTTL) };
    set_option(fd, level, name, &i32::from(ttl))
}

/// `struct tcp_md5sig` (include/uapi/linux/tcp.h).
#[repr(C)]
struct Md5Key {
    address: libc::sockaddr_storage,
    flags: u8,
    prefix: u8,
    length: u16,
    ifindex: i32,
    key: [u8; 80],
}

/// Segments to and from `peer` must be signed with this key of one byte (RFC 2385).
pub(super) fn set_md5_key(fd: impl AsFd, peer: IpAddr, key: u8) -> Result<(), Errno> {
    const TCP_MD5SIG: i32 = 14;
    // SAFETY: plain old data for which all-zero bytes are valid.
    let mut option: Md5Key = unsafe { std::mem::zeroed() };
    (option.length, option.key[0]) = (1, key);
    match peer {
        IpAddr::V4(ip) => {
            let address = libc::sockaddr_in {
                sin_family: libc::AF_INET as libc::sa_family_t,
                sin_port: 0,
                sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes(ip.octets()) },
                sin_zero: [0; 8],
            };
            // SAFETY: sockaddr_storage is made to hold any address, and aligned for all.
            unsafe { (&raw mut option.address).cast::<libc::sockaddr_in>().write(address) };
        }
        IpAddr::V6(ip) => {
            let address = libc::sockaddr_in6 {
                sin6_family: libc::AF_INET6 as libc::sa_family_t,
                sin6_port: 0,
                sin6_flowinfo: 0,
                sin6_addr: libc::in6_addr { s6_addr: ip.octets() },
                sin6_scope_id: 0,
            };
            // SAFETY: as above.
            unsafe { (&raw mut option.address).cast::<libc::sockaddr_in6>().write(address) };
        }
    }
    set_option(fd, libc::IPPROTO_TCP, TCP_MD5SIG, &option)
}

/// A classic BPF filter that keeps no byte of any segment.
pub(super) fn refuse_all(fd: impl AsFd) -> Result<(), Errno> {
    let mut program = [libc::sock_filter { code: (libc::BPF_RET | libc::BPF_K) as u16, jt: 0, jf: 0, k: 0 }];
    let filter = libc::sock_fprog { len: 1, filter: program.as_mut_ptr() };
    set_option(fd, libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, &filter)
}

fn set_option<T>(fd: impl AsFd, level: i32, name: i32, value: &T) -> Result<(), Errno> {
    let size = size_of::<T>() as libc::socklen_t;
    // SAFETY: the kernel reads `size` bytes of `value`, and what they point to lives in the caller across the call.
    let result = unsafe {
        libc::setsockopt(fd.as_fd().as_raw_fd(), level, name, std::ptr::from_ref(value).cast(), size)
    };
    if result < 0 {
        let error = io::Error::last_os_error();
        return Err(Errno::from_io_error(&error).unwrap_or(Errno::IO));
    }
    Ok(())
}

/// `struct sockaddr_in` or `sockaddr_in6`.
pub(super) fn sockaddr(to: SocketAddr) -> Vec<u8> {
    let (family, mut rest) = match to {
        SocketAddr::V4(to) => (libc::AF_INET, to.ip().octets().to_vec()),
        SocketAddr::V6(to) => (libc::AF_INET6, [&[0; 4][..], &to.ip().octets()].concat()),
    };
    // AF_INET and AF_INET6 are small.
    let mut bytes = (family.cast_unsigned() as u16).to_ne_bytes().to_vec();
    bytes.extend(to.port().to_be_bytes());
    bytes.append(&mut rest);
    bytes.resize(if to.is_ipv4() { 16 } else { 28 }, 0);
    bytes
}
