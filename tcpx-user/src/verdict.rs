//! Why an attempt, a reset or a drop ended as it did: the ids, and what is known about each.

pub mod catalogue;
pub mod id;
pub mod rules;

pub use catalogue::{Entry, entry};
pub use id::{Group, VerdictId};
