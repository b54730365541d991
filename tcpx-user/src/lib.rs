//! tcpx says why a TCP connection on this host was refused, reset, dropped, or stands although nobody listened.
//!
//! One pipeline: `source` (ring or recording) → `decode` → `correlate` → `verdict` → `sink`. See ARCHITECTURE.md.

pub mod abilities;
pub mod assemble;
pub mod audit;
pub mod check;
pub mod cli;
pub mod command;
pub mod correlate;
pub mod daemon;
pub mod decode;
pub mod enrich;
pub mod event;
pub mod explain;
pub mod guest;
pub mod kernel;
pub mod lab;
pub mod line;
mod locked;
pub mod metrics;
pub mod otlp;
pub mod packet;
pub mod pipeline;
pub mod progress;
pub mod query;
pub mod record;
pub mod report;
pub mod ruleset;
pub mod run;
pub mod sink;
pub mod text;
pub mod top;
pub mod verdict;
pub mod who;
