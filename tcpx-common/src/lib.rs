//! What the eBPF programs of tcpx and their reader share, and nothing else: the records that travel through the
//! ring buffer, the hook table, and what the reader writes into the object before it is loaded.
//!
//! Nothing here knows a kernel version, and nothing but the `user` feature knows aya.
#![no_std]

pub mod abi;
pub mod config;
pub mod event;
pub mod layout;
pub mod offsets;

#[cfg(feature = "user")]
mod pod;
