//! Why an attempt, a reset or a drop ended as it did: the ids, and what is known about each.

pub mod catalogue;
pub mod counts;
pub mod id;
pub mod rules;
pub mod told;

pub use catalogue::{Entry, entry};
pub use id::{Group, VerdictId};
