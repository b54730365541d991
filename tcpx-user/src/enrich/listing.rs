//! All network namespaces that there are, each with a path that opens it.
//!
//! A namespace lives by its tasks, bind mounts and descriptors, and all of these are looked at. One that lives only
//! by an open socket whose creator has moved on, or by a descriptor in flight between two processes, is not found.

use std::{
    collections::{BTreeMap, HashSet},
    fs,
    os::unix::fs::{DirEntryExt as _, MetadataExt as _},
    path::{Path, PathBuf},
};

use super::{
    proc,
    scan::{Place, Scan},
};

/// Where `ip netns` keeps its names.
const NAMES: &str = "/run/netns";
/// Tasks looked at one by one; beyond, of each process only the first is asked.
const MAX_TASKS: usize = 20_000;

/// What was found, by inode number.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    /// The namespaces, each with what to open.
    pub(crate) namespaces: BTreeMap<u32, PathBuf>,
    /// Nothing was left out for its number.
    pub(crate) complete: bool,
}

impl Listing {
    /// Looks at all tasks, mounts and (in `scan`) descriptors.
    pub(crate) fn all(scan: &Scan) -> Self {
        let mut listing = Self { complete: true, ..Self::default() };
        listing.tasks();
        listing.mounts();
        for (&inum, &place) in &scan.namespaces {
            listing.add(inum, || Place::path(place).into());
        }
        listing
    }

    fn add(&mut self, inum: u32, path: impl FnOnce() -> PathBuf) {
        self.namespaces.entry(inum).or_insert_with(path);
    }

    fn tasks(&mut self) {
        let mut seen = 0;
        for pid in proc::pids() {
            self.task(format!("/proc/{pid}/ns/net"));
            // A thread may have left its process's namespace; tcpx's own threads do.
            for tid in proc::numbers(format!("/proc/{pid}/task")).filter(|&tid| tid != pid) {
                seen += 1;
                if seen > MAX_TASKS {
                    self.complete = false;
                    break;
                }
                self.task(format!("/proc/{pid}/task/{tid}/ns/net"));
            }
        }
    }

    fn task(&mut self, path: String) {
        if let Some(inum) = proc::netns_at(&path) {
            self.add(inum, || path.into());
        }
    }

    /// Bind mounts, in every mount namespace that some process is in.
    fn mounts(&mut self) {
        let mut seen = HashSet::new();
        for pid in proc::pids() {
            if proc::link_number(format!("/proc/{pid}/ns/mnt"), "mnt").is_some_and(|mnt| seen.insert(mnt)) {
                let text = fs::read(format!("/proc/{pid}/mountinfo")).unwrap_or_default();
                self.mounts_of(pid, &String::from_utf8_lossy(&text));
            }
        }
    }

    pub(crate) fn mounts_of(&mut self, pid: u32, mountinfo: &str) {
        for mount in mountinfo.lines().filter_map(proc::parse_mount).filter(|mount| mount.kind == "nsfs") {
            if let Some(inum) = proc::netns_of(mount.root.as_bytes()) {
                let path = format!("/proc/{pid}/root{}", proc::unescape(mount.point));
                self.add(inum, || path.into());
            }
        }
    }
}

/// Names that `ip netns` gave, by inode number.
pub(crate) fn names() -> BTreeMap<u32, String> {
    names_in(Path::new(NAMES))
}

/// An entry's own inode is that of the empty file below the mount, so the mounted file is asked.
pub(crate) fn names_in(directory: &Path) -> BTreeMap<u32, String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let name = |entry: fs::DirEntry| {
        let inode = fs::metadata(entry.path()).ok()?.ino();
        let mounted = inode != entry.ino();
        let inum = inode.try_into().ok()?;
        mounted.then(|| (inum, entry.file_name().to_string_lossy().into_owned()))
    };
    entries.filter_map(name).collect()
}
