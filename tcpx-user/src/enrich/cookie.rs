//! The cookie of the network namespace that the calling thread is in.
#![expect(unsafe_code, reason = "SO_NETNS_COOKIE has no safe wrapper in std or rustix")]

use std::os::fd::AsRawFd;

use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};

/// `net.net_cookie` of this thread's namespace; `None` before Linux 5.14, which has no such option.
pub(crate) fn netns_cookie() -> Option<u64> {
    let socket = socket_with(AddressFamily::INET, SocketType::DGRAM, SocketFlags::CLOEXEC, None).ok()?;
    let mut cookie = 0_u64;
    let mut size = libc::socklen_t::try_from(size_of::<u64>()).ok()?;
    // SAFETY: `cookie` and `size` are live and of the sizes that the call is told.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_NETNS_COOKIE,
            (&raw mut cookie).cast(),
            &raw mut size,
        )
    };
    (result == 0).then_some(cookie)
}
