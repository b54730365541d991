//! Guests under QEMU, each with a kernel of its own: how kernels are got and unpacked, what a guest's first file system holds,
//! how QEMU is called, and what the first process of a guest does.
//!
//! `tcpx lab --kernel` and `cargo xtask vm` are made of it. It knows neither what a guest runs nor what it tells.
#![expect(clippy::missing_errors_doc, reason = "each error says what was done, to what, and why it failed")]

pub mod apt;
pub mod command;
pub mod cpio;
pub mod files;
pub mod first;
pub mod image;
pub mod kernels;
pub mod modules;
pub mod qemu;
pub mod tools;
