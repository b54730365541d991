//! One pass over all descriptors of all processes: who holds which socket and which namespace.

use std::{collections::HashMap, fs, os::unix::ffi::OsStrExt as _};

use super::{clock::boot_now, proc};

/// A descriptor of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Process id.
    pub(crate) pid: u32,
    /// Descriptor.
    pub(crate) fd: u32,
}

impl Place {
    /// The link that tells what the descriptor is.
    pub(crate) fn path(self) -> String {
        format!("/proc/{}/fd/{}", self.pid, self.fd)
    }

    /// Whether the descriptor is this socket now.
    pub(crate) fn holds(self, inode: u64) -> bool {
        proc::link_number(self.path(), "socket") == Some(inode)
    }
}

/// All that a pass found.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    /// Boot clock when the pass began: a socket that is older and not here is held by nobody.
    pub(crate) begun: u64,
    /// How long it took, ns.
    pub(crate) took: u64,
    /// Socket inode to the lowest process that holds it.
    pub(crate) sockets: HashMap<u64, Place>,
    /// Network namespace to a descriptor of it.
    pub(crate) namespaces: HashMap<u32, Place>,
}

impl Scan {
    /// Looks through all of /proc.
    pub(crate) fn all() -> Self {
        let mut scan = Self { begun: boot_now(), ..Self::default() };
        for pid in proc::pids() {
            scan.process(pid);
        }
        scan.took = boot_now() - scan.begun;
        scan
    }

    fn process(&mut self, pid: u32) {
        for fd in proc::numbers(format!("/proc/{pid}/fd")) {
            let place = Place { pid, fd };
            let Ok(target) = fs::read_link(place.path()) else { continue };
            let target = target.as_os_str().as_bytes();
            if let Some(inode) = proc::bracketed(target, "socket") {
                self.sockets.entry(inode).or_insert(place);
            } else if let Some(inum) = proc::netns_of(target) {
                self.namespaces.entry(inum).or_insert(place);
            }
        }
    }
}

/// The descriptor by which one process holds a socket.
pub(crate) fn in_process(pid: u32, inode: u64) -> Option<Place> {
    let places = proc::numbers(format!("/proc/{pid}/fd")).map(|fd| Place { pid, fd });
    places.into_iter().find(|place| place.holds(inode))
}
