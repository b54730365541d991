//! Connections that are refused, and their lines.

use std::{
    io::ErrorKind,
    net::{Ipv4Addr, SocketAddr, TcpStream},
    os::fd::OwnedFd,
};

use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, getsockname, socket_with};
use serde_json::Value;

/// A port that nobody else can have while this lives, and on which nobody listens.
pub(crate) struct Refusing {
    pub(crate) addr: SocketAddr,
    _bound: OwnedFd,
}

impl Refusing {
    pub(crate) fn new() -> Self {
        let bound = socket_with(AddressFamily::INET, SocketType::STREAM, SocketFlags::CLOEXEC, None)
            .expect("a socket");
        bind(&bound, &SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).expect("a port");
        let addr = getsockname(&bound).expect("its name").try_into().expect("an address");
        Self { addr, _bound: bound }
    }

    /// Has so many connections refused.
    pub(crate) fn refuse(&self, times: usize) {
        for _ in 0..times {
            let error = TcpStream::connect(self.addr).expect_err("nobody listens");
            assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        }
    }

    /// A line is an attempt at this port.
    pub(crate) fn is_attempt(&self, line: &Value) -> bool {
        line["type"] == "attempt" && line["data"]["remote"]["port"] == self.addr.port()
    }

    pub(crate) fn attempts(&self, lines: &[Value]) -> usize {
        lines.iter().filter(|line| self.is_attempt(line)).count()
    }
}
