//! Specifications: what happened in the kernel, and the line that must come of it.

mod deaths;
mod discarded;
mod early;
mod firewall;
mod handshake;
mod icmp;
mod keys;
mod listener;
mod nat;
mod near;
mod only;
mod own_accord;
mod packets;
mod path;
mod properties;
mod quiet;
mod refused;
mod resets;
pub(crate) mod scene;
mod share;
mod silence;
mod snapshots;
mod told;
mod worked;
