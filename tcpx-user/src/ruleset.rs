//! The rules that nf_tables has for a namespace, as far as they say who rejects or drops a segment: nft's own, and those
//! of iptables-nft, which are the same tables.
//!
//! Nothing here was seen to act. [`Ruleset::suspects`] says which rules can have: a rule goes only if an expression that
//! is understood cannot have matched, and what is not understood leaves it possible. The types stand in recordings, as those of
//! [`who`](crate::who) do.

mod packet;
mod registers;
mod set;
mod text;
mod walk;

use serde::{Deserialize, Serialize};

pub use packet::Packet;
pub use set::{Element, Known, Role, Set, Verdict};
pub use walk::{Deed, Suspect};

/// All chains of a namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ruleset {
    /// Those of tables that are not dormant.
    pub chains: Vec<Chain>,
    /// Those that rules look values up in; one that is not there may have any value. Recordings of before have none.
    #[serde(default)]
    pub sets: Vec<Set>,
    /// iptables-legacy has tables there too, whose rules are not among these.
    pub legacy: bool,
}

/// `struct nft_chain`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chain {
    /// `NFPROTO_*`.
    pub family: u8,
    /// Its table.
    pub table: String,
    /// Name within the table.
    pub name: String,
    /// Where it begins, unless it is only jumped to.
    pub base: Option<Base>,
    /// In the order in which they are evaluated.
    pub rules: Vec<Rule>,
}

/// What only chains at a hook have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Base {
    /// `enum nf_inet_hooks`, or that of the family.
    pub hook: u32,
    /// Lower ones come first.
    pub priority: i32,
    /// The policy is drop.
    pub drops: bool,
}

/// `struct nft_rule`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// What `nft delete rule` takes.
    pub handle: u64,
    /// In order.
    pub expressions: Vec<Expression>,
}

/// `struct nft_expr`. Registers are numbered as in `enum nft_registers`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Expression {
    /// What is beside the packet.
    Meta {
        /// `enum nft_meta_keys`.
        key: u32,
        /// Register.
        to: u32,
    },
    /// Bytes of the packet.
    Payload {
        /// `enum nft_payload_bases`.
        base: u32,
        /// First byte.
        offset: u32,
        /// How many.
        length: u32,
        /// Register.
        to: u32,
    },
    /// A property of the connection, which is not known here.
    Ct {
        /// `enum nft_ct_keys`.
        key: u32,
        /// Register.
        to: u32,
    },
    /// `to = (from & mask) ^ xor`.
    Bitwise {
        /// Register.
        from: u32,
        /// Register.
        to: u32,
        /// As long as the value.
        mask: Vec<u8>,
        /// As long as the value.
        xor: Vec<u8>,
    },
    /// Goes on if it holds.
    Compare {
        /// Register.
        from: u32,
        /// `enum nft_cmp_ops`.
        op: u32,
        /// With what.
        value: Vec<u8>,
    },
    /// Goes on if the value is in the range, or if it is not.
    Range {
        /// Register.
        from: u32,
        /// Not in the range.
        not: bool,
        /// Lowest.
        low: Vec<u8>,
        /// Highest.
        high: Vec<u8>,
    },
    /// Whether a set has the value, or what a map makes of it.
    Lookup {
        /// Register.
        from: u32,
        /// Name of the set.
        set: String,
        /// It is a map of verdicts.
        verdicts: bool,
        /// It goes on if the set has it not.
        #[serde(default)]
        inverted: bool,
    },
    /// Decides.
    Verdict(Verdict),
    /// Answers and drops.
    Reject(Answer),
    /// A match of iptables.
    Match {
        /// `xt_match.name`.
        name: String,
        /// Its own structure.
        info: Vec<u8>,
    },
    /// Counts or logs.
    Neutral(String),
    /// Anything else, by name.
    Unknown(String),
}

/// How a rule rejects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// With a RST.
    Reset,
    /// With this code of ICMP's or ICMPv6's destination unreachable, by the packet's family.
    Icmp(u8),
    /// With what stands for this code in either (`enum nft_reject_inet_code`).
    Icmpx(u8),
    /// With what TCP does not heed.
    Other,
}

impl Answer {
    /// The code of a destination unreachable message about an IPv4 or IPv6 packet.
    fn code(self, ipv4: bool) -> Option<u8> {
        /// `icmp_code_v4` and `icmp_code_v6`: no route, port, host, prohibited.
        const BOTH: [(u8, u8); 4] = [(0, 0), (3, 4), (1, 3), (13, 1)];
        match self {
            Self::Icmp(code) => Some(code),
            Self::Icmpx(code) => BOTH.get(usize::from(code)).map(|&(v4, v6)| if ipv4 { v4 } else { v6 }),
            Self::Reset | Self::Other => None,
        }
    }
}

/// `NFPROTO_*`.
pub mod family {
    /// IPv4 and IPv6.
    pub const INET: u8 = 1;
    /// IPv4.
    pub const IPV4: u8 = 2;
    /// A device's ingress or egress.
    pub const NETDEV: u8 = 5;
    /// Bridges.
    pub const BRIDGE: u8 = 7;
    /// IPv6.
    pub const IPV6: u8 = 10;
}

/// Codes of verdicts.
mod verdict {
    pub(super) const DROP: i32 = 0;
    pub(super) const ACCEPT: i32 = 1;
    pub(super) const JUMP: i32 = -3;
    pub(super) const GOTO: i32 = -4;
    pub(super) const RETURN: i32 = -5;
}

/// `enum nft_meta_keys`.
mod meta {
    pub(super) const PROTOCOL: u32 = 1;
    pub(super) const MARK: u32 = 3;
    pub(super) const IIF: u32 = 4;
    pub(super) const OIF: u32 = 5;
    pub(super) const IIFNAME: u32 = 6;
    pub(super) const OIFNAME: u32 = 7;
    pub(super) const NFPROTO: u32 = 15;
    pub(super) const L4PROTO: u32 = 16;
}

/// `enum nft_payload_bases`.
mod payload {
    pub(super) const NETWORK: u32 = 1;
    pub(super) const TRANSPORT: u32 = 2;
}

#[cfg(test)]
mod tests;
