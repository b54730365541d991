//! Why an attempt, a reset or a drop ended as it did: the ids, and what is known about each.

pub mod id;

pub use id::VerdictId;
