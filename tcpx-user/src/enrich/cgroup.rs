//! cgroup id → path. The id that the kernel reports is the inode number of the cgroup's directory in cgroup2.

use std::{
    fs,
    os::unix::fs::{DirEntryExt as _, MetadataExt as _},
    path::{Path, PathBuf},
};

use super::{budget::Budget, cache::Cache, clock::boot_now, proc};

const CAPACITY: usize = 16_384;
/// Directories of one walk; a host has hundreds.
const MAX_WALK: usize = 65_536;

/// Paths of cgroups.
pub(crate) struct Cgroups {
    mount: Option<PathBuf>,
    paths: Cache<u64, String>,
    budget: Budget,
}

impl Cgroups {
    /// Finds where cgroup2 is mounted (on hybrid hosts at /sys/fs/cgroup/unified).
    pub(crate) fn new() -> Self {
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        Self { mount: mount_point(&mounts), paths: Cache::new(CAPACITY), budget: Budget::new(boot_now()) }
    }

    /// The path of a cgroup. `hint` is the path of a process that is likely in it, which spares the walk.
    pub(crate) fn path(&mut self, id: u64, hint: Option<&str>) -> Option<String> {
        if let Some(path) = self.paths.get(&id) {
            return Some(path.clone());
        }
        let mount = self.mount.clone()?;
        if let Some(hint) = hint
            && inode(&mount.join(hint.trim_start_matches('/'))) == Some(id)
        {
            self.paths.insert(id, hint.to_owned());
            return Some(hint.to_owned());
        }
        self.walk(&mount);
        self.paths.get(&id).cloned()
    }

    /// The folder of a cgroup.
    pub(crate) fn folder(&mut self, id: u64) -> Option<PathBuf> {
        let path = self.path(id, None)?;
        Some(self.mount.as_ref()?.join(path.trim_start_matches('/')))
    }

    /// Learns all paths that there are, if there is time.
    fn walk(&mut self, mount: &Path) {
        let begun = boot_now();
        if !self.budget.allows(begun) {
            return;
        }
        if let Some(root) = inode(mount) {
            self.paths.insert(root, "/".to_owned());
        }
        let mut open = vec![mount.to_owned()];
        let mut seen = 0;
        while let Some(directory) = open.pop() {
            for entry in fs::read_dir(&directory).into_iter().flatten().flatten() {
                if seen < MAX_WALK && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    seen += 1;
                    self.learn(mount, entry.ino(), &entry.path());
                    open.push(entry.path());
                }
            }
        }
        self.budget.spend(boot_now() - begun);
    }

    fn learn(&mut self, mount: &Path, id: u64, path: &Path) {
        if let Ok(below) = path.strip_prefix(mount) {
            self.paths.insert(id, format!("/{}", below.display()));
        }
    }
}

fn inode(path: &Path) -> Option<u64> {
    Some(fs::metadata(path).ok()?.ino())
}

fn mount_point(mountinfo: &str) -> Option<PathBuf> {
    let mounts: Vec<_> = mountinfo.lines().filter_map(proc::parse_mount).collect();
    // The whole hierarchy in a container with a cgroup namespace of its own, into which the host's was mounted: `/../..`.
    let above = |root: &str| root.starts_with("/..") && root[1..].split('/').all(|name| name == "..");
    let wanted =
        |root: &dyn Fn(&str) -> bool| mounts.iter().find(|mount| mount.kind == "cgroup2" && root(mount.root));
    let mount = wanted(&above).or_else(|| wanted(&|root| root == "/"))?;
    Some(proc::unescape(mount.point).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mount_is_found_on_unified_and_hybrid_hosts() {
        let unified = "35 24 0:30 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";
        assert_eq!(mount_point(unified), Some("/sys/fs/cgroup".into()));
        let hybrid = "30 25 0:26 / /sys/fs/cgroup ro - tmpfs tmpfs ro\n31 30 0:27 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
        assert_eq!(mount_point(hybrid), Some("/sys/fs/cgroup/unified".into()));
        let container = "35 24 0:30 / /sys/fs/cgroup ro - cgroup2 cgroup ro\n36 24 0:30 /../../.. /host/cgroup ro - cgroup2 cgroup2 ro\n";
        assert_eq!(mount_point(container), Some("/host/cgroup".into()));
        let part = "36 24 0:30 /../other /mnt ro - cgroup2 cgroup2 ro\n";
        assert_eq!(mount_point(part), None);
        assert_eq!(mount_point("garbage\n\n - "), None);
    }

    #[test]
    fn a_cgroup_of_this_machine_has_its_path() {
        let mut cgroups = Cgroups::new();
        let Some(mount) = cgroups.mount.clone() else {
            crate::enrich::testing::skipped("cgroup2 is not mounted here");
            return;
        };
        let root = inode(&mount).expect("inode of the mount");
        assert_eq!(cgroups.path(root, None).as_deref(), Some("/"));
        assert_eq!(cgroups.path(root, Some("/no/such")).as_deref(), Some("/"));
        assert_eq!(cgroups.path(u64::MAX, None), None);
    }
}
