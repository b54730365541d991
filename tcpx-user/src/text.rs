//! Small pure helpers for text that goes to a terminal.

pub mod escape;
pub mod json;
pub mod lang;
pub mod state;
pub mod width;
pub mod wrong;
