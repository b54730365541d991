//! The kernels of the test guests: Debian's cloud kernels, fetched once, unpacked, never installed.
//!
//! A name such as `6.12` means the newest kernel of that series in its suites on the day it was first fetched.
//! `target/guest/6.12/` then holds `release`, `vmlinuz`, `vmlinux.btf`, `modules/` and `modules.load`; removing the
//! folder fetches it anew.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::{modules, vmlinux};
use crate::apt::Suite;
use crate::paths;

/// One series of kernels and where Debian keeps it.
pub(crate) struct Series {
    /// What the user types.
    pub(crate) name: &'static str,
    /// The newest of any of these is taken; a suite that is no longer there is passed over.
    suites: &'static [&'static str],
    /// Series to take where a suite has dropped this one.
    nearest: &'static [&'static str],
}

/// Every kernel that guests can have, oldest first.
pub(crate) const SERIES: &[Series] = &[
    Series { name: "5.10", suites: &["bullseye-security", "bullseye"], nearest: &[] },
    Series { name: "6.1", suites: &["bookworm-security", "bookworm"], nearest: &[] },
    Series { name: "6.12", suites: &["trixie-security", "trixie"], nearest: &[] },
    Series { name: "6.16", suites: &["trixie-backports"], nearest: &["6.17"] },
    Series { name: "6.18", suites: &["trixie-backports"], nearest: &["6.19", "6.17", "6.16"] },
    Series { name: "7.2", suites: &["trixie-backports"], nearest: &["7.1", "7.3"] },
    Series { name: "7.3", suites: &["trixie-backports", "experimental"], nearest: &[] },
];

/// A kernel that is ready to boot.
#[derive(Clone)]
pub(crate) struct Kernel {
    /// The series that was asked for.
    pub(crate) name: String,
    /// What `uname -r` says in the guest.
    pub(crate) release: String,
    folder: PathBuf,
}

impl Kernel {
    pub(crate) fn image(&self) -> PathBuf {
        self.folder.join("vmlinuz")
    }

    /// The kernel's own type information.
    pub(crate) fn types(&self) -> PathBuf {
        self.folder.join("vmlinux.btf")
    }

    pub(crate) fn modules(&self) -> PathBuf {
        self.folder.join("modules")
    }

    /// File names in `modules()`, dependencies first, parameters after a space.
    pub(crate) fn load_order(&self) -> Result<Vec<String>> {
        let text = paths::read(&self.folder.join("modules.load"))?;
        Ok(String::from_utf8_lossy(&text).lines().map(str::to_owned).collect())
    }

    /// The kernel of a series if it is there already.
    fn cached(name: &str) -> Result<Option<Self>> {
        let folder = paths::target_folder("guest")?.join(name);
        let Ok(release) = std::fs::read_to_string(folder.join("release")) else { return Ok(None) };
        let wanted = std::fs::read_to_string(folder.join("modules.wanted")).unwrap_or_default();
        // A longer list of modules needs the packages again: only what was wanted has been kept.
        if wanted != modules::wanted_text() {
            return Ok(None);
        }
        Ok(Some(Self { name: name.to_owned(), release: release.trim().to_owned(), folder }))
    }
}

/// The series of this name.
pub(crate) fn series(name: &str) -> Result<&'static Series> {
    SERIES.iter().find(|series| series.name == name).with_context(|| {
        let known: Vec<_> = SERIES.iter().map(|series| series.name).collect();
        format!("no kernel series `{name}`; known are {}", known.join(", "))
    })
}

/// The release of a series that was fetched before.
pub(crate) fn cached_release(series: &Series) -> Option<String> {
    Kernel::cached(series.name).ok().flatten().map(|kernel| kernel.release)
}

/// A kernel ready to boot, fetched if it is not in the cache.
pub(crate) fn obtain(series: &Series) -> Result<Kernel> {
    if let Some(kernel) = Kernel::cached(series.name)? {
        return Ok(kernel);
    }
    let (suite, package) = resolve(series)?;
    eprintln!("  fetching {package} for the guests of {}", series.name);
    let folder = paths::target_folder("guest")?.join(series.name);
    paths::remove_folder(&folder)?;
    let unpacked = folder.join("unpacked");
    paths::make_folder(&unpacked)?;
    fetch(&suite, &package, &unpacked).and_then(|()| digest(&unpacked, &folder))?;
    paths::remove_folder(&unpacked)?;
    Kernel::cached(series.name)?.context("a kernel that was just fetched is not in the cache")
}

/// The newest package of a series, or of the nearest one to be had.
fn resolve(series: &Series) -> Result<(Suite, String)> {
    let mut said = Vec::new();
    let mut suites = Vec::new();
    for name in series.suites {
        match Suite::open(name) {
            Ok(suite) => suites.push(suite),
            Err(error) => said.push(format!("{error:#}")),
        }
    }
    for version in std::iter::once(&series.name).chain(series.nearest) {
        let mut best: Option<(usize, String)> = None;
        for (at, suite) in suites.iter().enumerate() {
            let newest = newest_image(suite.names("linux-image-")?, version);
            if newest.as_ref().is_some_and(|n| best.as_ref().is_none_or(|(_, b)| sort_key(n) > sort_key(b))) {
                best = newest.map(|package| (at, package));
            }
        }
        if let Some((at, package)) = best {
            return Ok((suites.swap_remove(at), package));
        }
    }
    bail!("no cloud kernel {} in {}: {}", series.name, series.suites.join(", "), said.join("; "))
}

/// The newest image package of a version, leaving aside debug packages and metapackages.
fn newest_image(names: Vec<String>, version: &str) -> Option<String> {
    names.into_iter().filter(|name| is_image(name, version)).max_by_key(|name| sort_key(name))
}

fn is_image(package: &str, version: &str) -> bool {
    let Some(release) = release_of(package) else { return false };
    // A release candidate has no third number. Elsewhere that is a metapackage, which sorts before all that have one.
    release == version || release.strip_prefix(version).is_some_and(|rest| rest.starts_with('.'))
}

fn release_of(package: &str) -> Option<&str> {
    package.strip_prefix("linux-image-")?.strip_suffix("-cloud-amd64")
}

/// The numbers in a release: `6.1.0-56` sorts after `6.1.0-9`, and after `6.1.0-0.deb11.52`.
fn sort_key(package: &str) -> Vec<u64> {
    let release = release_of(package).unwrap_or_default();
    release.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect()
}

/// From about 6.19 on the image package is empty, and depends on one with the binary and one with the modules.
fn fetch(suite: &Suite, package: &str, folder: &Path) -> Result<()> {
    suite.unpack(package, folder)?;
    let parts = suite.depends(package)?;
    for part in
        parts.iter().filter(|name| name.starts_with("linux-binary-") || name.starts_with("linux-modules-"))
    {
        suite.unpack(part, folder)?;
    }
    Ok(())
}

/// Keeps of an unpacked kernel what a guest needs. `release` comes last: with it the folder counts as complete.
fn digest(unpacked: &Path, folder: &Path) -> Result<()> {
    let tree = module_tree(unpacked)?;
    let release = tree.file_name().context("the module tree has no name")?.to_string_lossy().into_owned();
    let image = [unpacked.join(format!("boot/vmlinuz-{release}")), tree.join("vmlinuz")];
    let image = image.iter().find(|file| file.exists()).context("the kernel package holds no vmlinuz")?;
    let bytes = paths::read(image)?;
    paths::write(&folder.join("vmlinux.btf"), vmlinux::btf(&bytes)?)?;
    paths::write(&folder.join("vmlinuz"), bytes)?;
    modules::collect(&tree, folder)?;
    paths::write(&folder.join("modules.wanted"), modules::wanted_text())?;
    paths::write(&folder.join("release"), release)
}

fn module_tree(unpacked: &Path) -> Result<PathBuf> {
    let places = [unpacked.join("usr/lib/modules"), unpacked.join("lib/modules")];
    let found =
        places.iter().filter_map(|place| place.read_dir().ok()).find_map(|mut entries| entries.next());
    Ok(found.context("the kernel package holds no module tree")??.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn newest(names: &[&str], version: &str) -> Option<String> {
        newest_image(names.iter().map(|name| (*name).to_owned()).collect(), version)
    }

    #[test]
    fn newest_is_by_number_and_never_a_metapackage_or_debug_symbols() {
        let names = [
            "linux-image-6.1-cloud-amd64",
            "linux-image-6.1.0-9-cloud-amd64",
            "linux-image-6.1.0-56-cloud-amd64",
            "linux-image-6.1.0-57-cloud-amd64-dbg",
            "linux-image-6.1.0-0.deb11.99-cloud-amd64",
            "linux-image-6.12.1+deb13-cloud-amd64",
        ];
        assert_eq!(newest(&names, "6.1").as_deref(), Some("linux-image-6.1.0-56-cloud-amd64"));
        assert_eq!(newest(&names, "6.12").as_deref(), Some("linux-image-6.12.1+deb13-cloud-amd64"));
        assert_eq!(newest(&names, "5.10"), None);
    }
}
