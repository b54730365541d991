//! The helper: a process that keeps the few rights which enrichment needs, and answers the daemon, which has none.
//!
//! What it looks up belongs to others: /proc of their processes, their network namespaces, cgroups, rules. It gets
//! facts of events ([`Seen`](crate::enrich::Seen)) and questions as values ([`Question`](crate::record::Question)) over a socket pair, and nothing else: no
//! path, no address and no program to run comes from the daemon but what these types can say. It ends when the daemon does.
//!
//! The daemon starts it before it gives its own rights away. If it dies, what only it could tell is absent from then on; it is not started again,
//! as nobody has the rights to. Or systemd starts one for each connection to a socket (`--helper`): then the daemon never has these rights, and
//! a helper that dies is followed by another.

mod kept;
mod protocol;
mod remote;
mod serve;

pub use remote::{Remote, start};
pub use serve::main;

/// The first argument of a process that is to be the helper.
pub const ARGUMENT: &str = "__daemon-helper";
