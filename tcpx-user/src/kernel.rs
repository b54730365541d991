//! The running kernel: what it offers (`types`, `facts`, `features`, `symbols`), what tcpx makes of that (`plan`, pure,
//! over `table`), how the programs get into it (`attach`; `survey` only tries), what that lets tcpx see (`sight`), and
//! what comes out (`live`).

pub mod attach;
#[cfg(feature = "bpf-log")]
pub mod bpf_log;
pub mod facts;
pub mod features;
pub mod live;
mod memory;
pub mod misses;
pub mod plan;
mod ring;
mod sight;
pub mod survey;
pub mod symbols;
pub mod table;
pub mod types;
mod vigil;

pub use attach::{AttachError, attach};
pub use facts::KernelFacts;
pub use live::{Counts, Fills, Live, names};
pub use memory::give_back;
pub use plan::{Asked, BackendChoice, Probes};
