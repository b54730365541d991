//! Small pure helpers for text that goes to a terminal.

pub mod escape;
pub mod width;
