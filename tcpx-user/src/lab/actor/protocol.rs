//! What a stage and its actors say to each other: one JSON object a line.

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use crate::lab::LabError;

/// One system call, or one wait for what it started. Descriptors are the actor's own numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Call {
    Socket {
        ipv6: bool,
        nonblocking: bool,
    },
    MptcpSocket {
        ipv6: bool,
    },
    Bind(SocketAddr),
    Listen(i32),
    Connect(SocketAddr),
    /// The same, by io_uring.
    ConnectByRing(SocketAddr),
    /// The same, as a 32-bit program makes it.
    ConnectBySocketcall(SocketAddr),
    Accept,
    Receive,
    ShutdownWrite,
    ShutdownBoth,
    V6Only(bool),
    ReuseAddress,
    ReusePort,
    /// The device with this index.
    BindToDevice(u32),
    /// Leaves the choice in the socket's SO_REUSEPORT group to a program that refuses all.
    RefuseByProgram,
    /// Seconds.
    DeferAccept(i32),
    Linger(u64),
    Option(TcpOption, i32),
    /// connect() with AF_UNSPEC.
    Disconnect,
    /// SOCK_DESTROY of the connection with these ends.
    Destroy(SocketAddr, SocketAddr),
    /// Waits until a non-blocking connect() is decided; value 0, or the errno of SO_ERROR.
    AwaitConnect,
    /// Waits until the SYN (or the first unacknowledged segment) has been sent again that often.
    AwaitRetransmits(u32),
    /// Waits until there is something to read, and leaves it there.
    AwaitReadable,
    Close,
    BecomeNobody,
    /// A Landlock domain in which TCP may neither bind nor connect.
    ForbidTcp,
    Ping(IpAddr),
    /// IP_MINTTL or IPV6_MINHOPCOUNT.
    MinTtl {
        ipv6: bool,
        ttl: u8,
    },
    /// TCP_MD5SIG with a key of one byte.
    Md5Key {
        peer: IpAddr,
        key: u8,
    },
    /// SO_ATTACH_FILTER with a filter that refuses all.
    RefuseAll,
}

/// Options of a TCP socket that are an int.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TcpOption {
    /// SO_KEEPALIVE.
    KeepAlive,
    /// TCP_KEEPIDLE, in seconds.
    KeepIdle,
    /// TCP_KEEPINTVL, in seconds.
    KeepInterval,
    /// TCP_KEEPCNT.
    KeepCount,
    /// TCP_USER_TIMEOUT, in ms.
    UserTimeout,
    /// TCP_LINGER2, in seconds; negative: no FIN_WAIT2 after close().
    Linger2,
    /// TCP_FASTOPEN_CONNECT: connect() sends nothing, the first data goes with the SYN.
    FastOpenConnect,
    /// IP_TRANSPARENT.
    Transparent,
    /// IPV6_TRANSPARENT.
    Transparent6,
}

impl TcpOption {
    /// Lets a socket take segments for addresses that are not this host's, in the family of `at`.
    #[must_use]
    pub const fn transparent(at: SocketAddr) -> Self {
        if at.is_ipv4() { Self::Transparent } else { Self::Transparent6 }
    }

    /// Level, number and name.
    pub(super) const fn parts(self) -> (i32, i32, &'static str) {
        match self {
            Self::KeepAlive => (libc::SOL_SOCKET, libc::SO_KEEPALIVE, "SO_KEEPALIVE"),
            Self::KeepIdle => (libc::IPPROTO_TCP, libc::TCP_KEEPIDLE, "TCP_KEEPIDLE"),
            Self::KeepInterval => (libc::IPPROTO_TCP, libc::TCP_KEEPINTVL, "TCP_KEEPINTVL"),
            Self::KeepCount => (libc::IPPROTO_TCP, libc::TCP_KEEPCNT, "TCP_KEEPCNT"),
            Self::UserTimeout => (libc::IPPROTO_TCP, libc::TCP_USER_TIMEOUT, "TCP_USER_TIMEOUT"),
            Self::Linger2 => (libc::IPPROTO_TCP, libc::TCP_LINGER2, "TCP_LINGER2"),
            Self::FastOpenConnect => (libc::IPPROTO_TCP, libc::TCP_FASTOPEN_CONNECT, "TCP_FASTOPEN_CONNECT"),
            Self::Transparent => (libc::IPPROTO_IP, libc::IP_TRANSPARENT, "IP_TRANSPARENT"),
            Self::Transparent6 => (libc::IPPROTO_IPV6, libc::IPV6_TRANSPARENT, "IPV6_TRANSPARENT"),
        }
    }
}

/// What an actor is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Command {
    Call {
        fd: i32,
        call: Call,
    },
    Send {
        fd: i32,
        data: String,
    },
    /// connect() and send() in one: the data goes with the SYN if it may.
    SendFirst {
        fd: i32,
        data: String,
        to: SocketAddr,
    },
}

/// What became of a command.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// What the call returned; -1 on failure.
    pub value: i64,
    /// The errno's name on failure.
    pub errno: Option<String>,
    /// getsockname() after the call.
    pub local: Option<SocketAddr>,
    /// getpeername() after the call.
    pub remote: Option<SocketAddr>,
    /// Data received.
    pub data: String,
    /// The call as strace would write it.
    pub text: String,
    /// When it began (CLOCK_MONOTONIC, ns).
    pub began_ns: u64,
    /// When it returned (CLOCK_MONOTONIC, ns).
    pub ended_ns: u64,
}

impl Reply {
    /// The value, if the call succeeded.
    pub fn ok(&self) -> Result<i64, LabError> {
        match self.errno {
            None => Ok(self.value),
            Some(_) => Err(self.unexpected("success")),
        }
    }

    /// Nothing, if the call failed with this errno.
    pub fn failed_with(&self, errno: &str) -> Result<(), LabError> {
        if self.errno.as_deref() == Some(errno) { Ok(()) } else { Err(self.unexpected(errno)) }
    }

    fn unexpected(&self, expected: &str) -> LabError {
        let got = self.errno.clone().unwrap_or_else(|| self.value.to_string());
        LabError::Unexpected { what: self.text.clone(), expected: expected.to_owned(), got }
    }
}
