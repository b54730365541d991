//! The command line: what was typed ([`args`]) and what it means ([`request`]).

pub mod args;
pub mod cidr;
pub mod color;
pub mod explain;
pub mod failure;
pub mod filter;
mod help;
pub mod lab;
#[cfg(test)]
mod pages;
pub mod report;
pub mod request;
pub mod surroundings;
pub mod target;
