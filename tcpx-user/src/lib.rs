//! tcpx says why a TCP connection on this host was refused, reset, dropped, or stands although nobody listened.
//!
//! One pipeline: `source` (ring or recording) → `decode` → `correlate` → `verdict` → `sink`. See ARCHITECTURE.md.

pub mod abilities;
pub mod event;
pub mod line;
pub mod verdict;
pub mod who;
