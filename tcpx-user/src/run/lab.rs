//! `tcpx lab`: plays scenarios, retells each, and says whether tcpx saw what there was to see.

mod compare;
mod tracer;

pub use compare::Expected;
pub use tracer::{Played, Tracer};
