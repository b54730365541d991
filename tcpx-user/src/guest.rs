//! A lab in a guest: QEMU with another kernel, in which this executable is the first process and the only program.
//!
//! `machine` starts one and hears what it tells, `inside` is what runs there. [`tcpx_guest`] has what the trials use too.

mod choose;
mod frames;
mod host;
pub mod inside;
mod job;
pub mod keeper;
mod machine;

pub use choose::{cache, choose, fetch};
pub use host::{Host, at_once, files};
pub use job::{File, Job};
pub use machine::{GuestError, Heard, Order, PAGE, run};
