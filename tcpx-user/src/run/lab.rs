//! `tcpx lab`: plays scenarios, retells each, and says whether tcpx saw what there was to see.

mod compare;
mod expected;
mod tracer;

pub use expected::Expected;
pub use tracer::{Played, Tracer};
