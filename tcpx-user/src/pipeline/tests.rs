//! Specifications: what happened in the kernel, and the line that must come of it.

mod deaths;
mod early;
mod handshake;
mod keys;
mod nat;
mod near;
mod own_accord;
mod properties;
mod refused;
mod resets;
mod scene;
mod silence;
mod snapshots;
mod told;
mod worked;
