//! A cgroup of the lab's own, for the programs that are attached to one.

use std::{
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    sync::atomic::{AtomicU32, Ordering},
};

use rustix::{
    fs::{AtFlags, Mode, OFlags, mkdirat, openat, unlinkat},
    mount::{FsMountFlags, FsOpenFlags, MountAttrFlags, fsconfig_create, fsmount, fsopen},
};

use super::{Actor, LabError};

/// An empty cgroup of the unified hierarchy; it goes with this, once nobody is in it.
#[derive(Debug)]
pub struct Cgroup {
    root: OwnedFd,
    name: String,
    folder: OwnedFd,
}

impl Cgroup {
    /// Makes one below the root of the hierarchy, which is mounted for us alone, and nowhere: neither a test guest nor
    /// every host has it mounted.
    pub fn create() -> Result<Self, LabError> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let root = hierarchy().map_err(unavailable)?;
        let name = format!("tcpx-lab-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        mkdirat(&root, &name, Mode::from_raw_mode(0o755)).map_err(unavailable)?;
        let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC;
        let folder = openat(&root, &name, flags, Mode::empty()).map_err(LabError::io("open a cgroup"))?;
        Ok(Self { root, name, folder })
    }

    /// Moves an actor into it. A socket belongs to the cgroup in which its process was when it made it.
    pub fn add(&self, actor: &Actor) -> Result<(), LabError> {
        let flags = OFlags::WRONLY | OFlags::CLOEXEC;
        let file = openat(&self.folder, "cgroup.procs", flags, Mode::empty())
            .map_err(LabError::io("open cgroup.procs"))?;
        let pid = actor.process().pid.to_string();
        rustix::io::write(&file, pid.as_bytes()).map_err(LabError::io("write cgroup.procs"))?;
        Ok(())
    }
}

impl AsFd for Cgroup {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.folder.as_fd()
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        // An actor that still runs would keep it: the stage ends its actors first.
        let _ = unlinkat(&self.root, &self.name, AtFlags::REMOVEDIR);
    }
}

fn hierarchy() -> rustix::io::Result<OwnedFd> {
    let context = fsopen("cgroup2", FsOpenFlags::FSOPEN_CLOEXEC)?;
    fsconfig_create(&context)?;
    fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, MountAttrFlags::empty())
}

fn unavailable(error: rustix::io::Errno) -> LabError {
    LabError::Unavailable {
        what: "a cgroup".to_owned(),
        why: format!("cgroup2: {error}"),
        advice: "run as root, on a kernel with cgroups",
    }
}
