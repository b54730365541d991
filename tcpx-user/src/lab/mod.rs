//! The lab: real kernel TCP situations, provoked in private network namespaces.
//!
//! A scenario is a script over a [`Stage`]: namespaces of its own, *actors* (child processes that make real system
//! calls), a *peer* (TCP in userspace behind a tun device, so truly not this host's TCP) and nftables rules.
//! Nothing here traces. A scenario calls [`Stage::ready`] between set-up and action, where a tracer attaches, and
//! records what it provoked as [`Facts`], which a test compares with what the tracer said.
//!
//! Rules of the module: no sleeps (everything waits for an observable fact, with a deadline), nothing outside the
//! private namespaces is touched, and nothing but `/proc`, `/sys` and `/dev/net/tun` is needed, except `nft` for the
//! scenarios with a firewall.
#![expect(
    clippy::missing_errors_doc,
    reason = "everything here fails with LabError, whose variants say when"
)]

pub mod actor;
pub mod bpf;
mod cgroup;
#[cfg(target_arch = "x86_64")]
mod compat;
mod destroy;
mod error;
mod facts;
mod file;
mod keeper;
mod link;
mod lsm;
mod netns;
mod nft;
mod peer;
mod provoke;
mod relay;
mod script;
mod sockets;
mod stage;
mod steer;
mod sys;
mod tables;
mod tool;
mod tun;
mod uring;
mod wait;
pub mod wire;

pub use actor::{Actor, Fd, Pending, Reply, TcpOption};
pub use cgroup::Cgroup;
pub use error::LabError;
pub use facts::{
    AttemptFact, CallFact, DeathFact, DropFact, Endpoint, Facts, Family, Holder, Nat, Process, Program,
    ResetFact, RuleFact, Side,
};
pub use file::{EXAMPLES, Expect, File, Role, Task};
pub use link::{Address, loopback_up, veth_pair};
pub use netns::Namespace;
pub use nft::{apply as nft, handle as nft_handle};
pub use peer::{Conn, Peer};
pub use provoke::{Scenario, find, scenarios};
pub use relay::{End, Held, Relay};
pub(crate) use script::monotonic_ns;
pub use script::{Line, Script, What};
pub use sockets::SocketRow;
pub use stage::Stage;
pub use tables::{Row, Table, Tables};
pub use tool::run;
pub use tun::Tun;
pub use wait::Deadline;
