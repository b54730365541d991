//! The names by which the kernel's things are told apart: namespaces, tasks, sockets, ends, and words.

use std::{hash::Hash, hash::Hasher, net::SocketAddr, sync::Arc};

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

/// A network namespace: the inode number is what people see, the cookie tells two with the same number apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Netns {
    /// `net.ns.inum`; 0 if unknown.
    pub inum: u32,
    /// `net.net_cookie`; 0 where the kernel gives none (up to 5.11, lazily).
    pub cookie: u64,
}

/// The running task, by its numbers in the root namespace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Task {
    /// Process id.
    pub tgid: u32,
    /// Thread id.
    pub tid: u32,
}

/// Address of a `struct sock`: a name that is reused after the socket's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SockPtr(pub u64);

/// Two ends. For a socket `a` is local, for a packet `a` is the source. Either may have port 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Ends {
    /// Local end, or source.
    pub a: SocketAddr,
    /// Remote end, or destination.
    pub b: SocketAddr,
}

impl Ends {
    /// The same two ends seen from the other side.
    #[must_use]
    pub const fn flipped(self) -> Self {
        Self { a: self.b, b: self.a }
    }
}

impl Hash for Ends {
    /// Many tables are asked by it for each record, so what is all of two IPv4 ends goes in at once.
    fn hash<H: Hasher>(&self, state: &mut H) {
        match (self.a, self.b) {
            (SocketAddr::V4(a), SocketAddr::V4(b)) => {
                state.write_u64(u64::from(a.ip().to_bits()) << 32 | u64::from(b.ip().to_bits()));
                state.write_u32(u32::from(a.port()) << 16 | u32::from(b.port()));
            }
            both => both.hash(state),
        }
    }
}

/// The name of an enum value of the kernel that reported it.
pub type Name = Arc<str>;

/// The name of a task, as the kernel has it: any bytes, at most 15.
pub type Comm = SmallVec<[u8; 16]>;
