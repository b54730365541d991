//! Who answers at the door, for `tcpx daemon --reload`.

use std::{fs, io, os::unix::fs::MetadataExt as _};

use serde::{Deserialize, Serialize};

use crate::daemon::notify;

/// A daemon that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// Its process.
    pub pid: u32,
    /// What it runs.
    pub program: Program,
    /// How often its service manager wants to hear of it, microseconds: systemd tells that to the process which it starts as the service, and
    /// to no other.
    pub watchdog_us: Option<u64>,
}

/// A file that is executed: one that was installed in its place is another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
}

impl Running {
    /// This process.
    ///
    /// # Errors
    /// /proc/self/exe cannot be looked at.
    pub fn own() -> io::Result<Self> {
        let watchdog = notify::watchdog().map(|every| every.as_micros().try_into().unwrap_or(u64::MAX));
        Ok(Self { pid: std::process::id(), program: Program::own()?, watchdog_us: watchdog })
    }
}

impl Program {
    /// That of this process, also where its file has lost its name.
    ///
    /// # Errors
    /// /proc/self/exe cannot be looked at.
    pub fn own() -> io::Result<Self> {
        let there = fs::metadata("/proc/self/exe")?;
        let modified = (there.mtime(), there.mtime_nsec());
        Ok(Self { device: there.dev(), inode: there.ino(), size: there.size(), modified })
    }
}
