//! Where: namespaces, addresses, and what NAT made of them.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::who::Whose;

/// A namespace.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub struct Netns {
    /// Inode number.
    pub inum: u32,
    /// Name given by `ip netns`, or the container's.
    pub name: Option<String>,
    /// Whose it is; never known of the root one, which is the host's.
    pub of: Option<Whose>,
}

/// An address with a port.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub struct Endpoint {
    /// Address.
    pub addr: IpAddr,
    /// Port; 0 if the kernel had not chosen one.
    pub port: u16,
}

impl From<std::net::SocketAddr> for Endpoint {
    fn from(addr: std::net::SocketAddr) -> Self {
        Self { addr: addr.ip(), port: addr.port() }
    }
}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::net::SocketAddr::new(self.addr, self.port).fmt(f)
    }
}

/// Both ends of a translated flow.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub struct Nat {
    /// Local end.
    pub local: Endpoint,
    /// Remote end.
    pub remote: Endpoint,
}

/// Address family.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq, Hash)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// IPv4
    Ipv4,
    /// IPv6
    Ipv6,
}

/// Addresses of the RST itself.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub struct FlowLine {
    /// Source address.
    pub saddr: IpAddr,
    /// Source port.
    pub sport: u16,
    /// Destination address.
    pub daddr: IpAddr,
    /// Destination port.
    pub dport: u16,
}
