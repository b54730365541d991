//! A small disk that can be filled.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use rustix::{
    fs::{FallocateFlags, fallocate, statvfs},
    mount::{MountFlags, mount},
};

/// In memory, in this process' mount namespace, with which it goes.
pub(crate) struct Disk(PathBuf);

impl Disk {
    pub(crate) fn mount(at: PathBuf) -> Self {
        fs::create_dir_all(&at).expect("a directory");
        mount("tmpfs", &at, "tmpfs", MountFlags::empty(), c"size=96m").expect("a small disk");
        Self(at)
    }

    /// Nothing more can be written.
    pub(crate) fn fill(&self) {
        let filler = File::create(self.filler()).expect("room for a name");
        let (mut size, mut piece) = (0, 1 << 20);
        // While others write, too.
        while statvfs(&self.0).expect("a disk").f_bavail > 0 && piece > 0 {
            match fallocate(&filler, FallocateFlags::empty(), size, piece) {
                Ok(()) => size += piece,
                Err(_) => piece /= 2,
            }
        }
    }

    /// There is room again.
    pub(crate) fn free(&self) {
        fs::remove_file(self.filler()).expect("it was made");
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn filler(&self) -> PathBuf {
        Path::new(&self.0).join("filler")
    }
}
