//! The kernels of guests: packages that are fetched once, unpacked, never installed.
//!
//! A name such as `6.12` means the newest kernel of that series in its suites on the day it was first fetched. A folder of that
//! name in the cache then holds `release`, `vmlinuz`, `modules/`, `modules.load`, `modules.share` and `modules.wanted`; removing
//! the folder fetches it anew.

mod names;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::{apt, apt::Suite, command, files, image, modules};
use names::{newest_image, series_of, sort_key};

/// One series of kernels and where Debian keeps it.
pub struct Series {
    /// What the user types.
    pub name: &'static str,
    /// The newest of any of these is taken; a suite that is no longer there is passed over.
    suites: &'static [&'static str],
    /// Series to take where a suite has dropped this one.
    nearest: &'static [&'static str],
}

/// Every series that Debian's suites have, oldest first.
pub const SERIES: &[Series] = &[
    Series { name: "5.10", suites: &["bullseye-security", "bullseye"], nearest: &[] },
    Series { name: "6.1", suites: &["bookworm-security", "bookworm"], nearest: &[] },
    Series { name: "6.12", suites: &["trixie-security", "trixie"], nearest: &[] },
    Series { name: "6.16", suites: &["trixie-backports"], nearest: &["6.17"] },
    Series { name: "6.18", suites: &["trixie-backports"], nearest: &["6.19", "6.17", "6.16"] },
    Series { name: "7.2", suites: &["trixie-backports"], nearest: &["7.1", "7.3"] },
    Series { name: "7.3", suites: &["trixie-backports", "experimental"], nearest: &[] },
];

/// A kernel that is ready to boot.
#[derive(Clone, Debug)]
pub struct Kernel {
    /// What was asked for: a series, or what a file is called.
    pub name: String,
    /// What `uname -r` says in the guest.
    pub release: String,
    folder: PathBuf,
}

impl Kernel {
    /// The image to boot.
    #[must_use]
    pub fn image(&self) -> PathBuf {
        self.folder.join("vmlinuz")
    }

    /// Where it is.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where its modules are.
    #[must_use]
    pub fn modules(&self) -> PathBuf {
        self.folder.join("modules")
    }

    /// File names in `modules()`, dependencies first, parameters after a space; with those that sharing files takes, if wanted.
    pub fn load_order(&self, sharing: bool) -> Result<Vec<String>> {
        let lists: &[_] = if sharing { &["modules.load", "modules.share"] } else { &["modules.load"] };
        let mut order = Vec::new();
        for list in lists {
            let text = files::read(&self.folder.join(list))?;
            order.extend(String::from_utf8_lossy(&text).lines().map(str::to_owned));
        }
        Ok(order)
    }

    /// Whether its modules can share files of the host. Those of cloud kernels cannot.
    #[must_use]
    pub fn shares(&self) -> bool {
        let order = self.load_order(true).unwrap_or_default();
        ["9p.ko", "9pnet_virtio.ko"].iter().all(|&name| order.iter().any(|known| known == name))
    }

    /// The kernel in a folder of the cache.
    fn in_folder(name: &str, folder: PathBuf) -> Option<Self> {
        let release = std::fs::read_to_string(folder.join("release")).ok()?;
        let wanted = std::fs::read_to_string(folder.join("modules.wanted")).unwrap_or_default();
        // A longer list of modules needs the packages again: only what was wanted has been kept.
        (wanted == modules::wanted_text()).then(|| Self {
            name: name.to_owned(),
            release: release.trim().to_owned(),
            folder,
        })
    }
}

/// The series of this name.
pub fn series(name: &str) -> Result<&'static Series> {
    SERIES
        .iter()
        .find(|series| series.name == name)
        .with_context(|| format!("no kernel series `{name}`; known are {}", known()))
}

/// The names of all series.
#[must_use]
pub fn known() -> String {
    SERIES.iter().map(|series| series.name).collect::<Vec<_>>().join(", ")
}

/// Where kernels are kept and how they are fetched.
#[derive(Clone, Debug)]
pub struct Cache {
    /// Kernels, one folder each.
    pub kernels: PathBuf,
    /// Package lists of other suites.
    pub lists: PathBuf,
    /// What ends the names of image packages, best first: `cloud-amd64` is small, `amd64` has all drivers.
    pub flavours: &'static [&'static str],
}

impl Cache {
    /// The kernel of that name, if it has been fetched.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Kernel> {
        Kernel::in_folder(name, self.kernels.join(name))
    }

    /// The names of all that have been fetched, oldest first.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let entries = self.kernels.read_dir().into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let mut names: Vec<_> = names.filter(|name| self.get(name).is_some()).collect();
        names.sort_by_key(|name| sort_key(name));
        names
    }

    /// A kernel ready to boot, fetched if it is not in the cache; `say` hears what is fetched.
    pub fn obtain(&self, name: &str, say: &dyn Fn(&str)) -> Result<Kernel> {
        if let Some(kernel) = self.get(name) {
            return Ok(kernel);
        }
        let (suite, package) = self.resolve(name)?;
        say(&package);
        self.make(name, |unpacked| fetch(&suite, &package, unpacked))
    }

    /// The kernel in a package (`.deb`) that is here.
    pub fn unpack(&self, name: &str, package: &Path) -> Result<Kernel> {
        self.make(name, |folder| {
            let mut dpkg = std::process::Command::new("dpkg-deb");
            command::quiet(dpkg.arg("-x").arg(package).arg(folder)).map(drop)
        })
    }

    /// Lets `fill` unpack packages, and keeps what a guest needs. A folder of that name is there as a whole or not at all.
    fn make(&self, name: &str, fill: impl FnOnce(&Path) -> Result<()>) -> Result<Kernel> {
        let partial = self.kernels.join(format!(".{name}.{}", std::process::id()));
        let folder = self.kernels.join(name);
        files::remove_folder(&partial)?;
        let unpacked = partial.join("unpacked");
        files::make_folder(&unpacked)?;
        let made = fill(&unpacked).and_then(|()| {
            let (image, tree) = parts(&unpacked)?;
            digest(&image, Some(&tree), &partial)?;
            files::remove_folder(&unpacked)?;
            files::remove_folder(&folder)?;
            std::fs::rename(&partial, &folder).with_context(|| format!("naming {}", folder.display()))
        });
        files::remove_folder(&partial)?;
        made?;
        self.get(name).context("a kernel that was just unpacked is not in the cache")
    }

    /// The newest package of a series, or of the nearest one to be had.
    fn resolve(&self, name: &str) -> Result<(Suite, String)> {
        let known = SERIES.iter().find(|series| series.name == name);
        match known.filter(|_| apt::is_debian()) {
            Some(series) => self.in_suites(series),
            None => self.in_own_sources(name),
        }
    }

    fn in_suites(&self, series: &Series) -> Result<(Suite, String)> {
        let mut said = Vec::new();
        let mut suites = Vec::new();
        for name in series.suites {
            match Suite::open(name, &self.lists) {
                Ok(suite) => suites.push(suite),
                Err(error) => said.push(format!("{error:#}")),
            }
        }
        for version in std::iter::once(&series.name).chain(series.nearest) {
            let mut best: Option<(usize, String)> = None;
            for (at, suite) in suites.iter().enumerate() {
                let newest = newest_image(&suite.names("linux-image-")?, version, self.flavours);
                if newest
                    .as_ref()
                    .is_some_and(|n| best.as_ref().is_none_or(|(_, b)| sort_key(n) > sort_key(b)))
                {
                    best = newest.map(|package| (at, package));
                }
            }
            if let Some((at, package)) = best {
                return Ok((suites.swap_remove(at), package));
            }
        }
        bail!("no kernel {} in {}: {}", series.name, series.suites.join(", "), said.join("; "))
    }

    fn in_own_sources(&self, name: &str) -> Result<(Suite, String)> {
        let suite = Suite::own();
        let names = suite.names("linux-image-")?;
        if let Some(package) = newest_image(&names, name, self.flavours) {
            return Ok((suite, package));
        }
        let there = series_of(&names, self.flavours);
        let there = if there.is_empty() { "none (apt-get update?)".to_owned() } else { there.join(", ") };
        if apt::is_debian() {
            bail!(
                "there is no kernel {name}: Debian has {}; this machine's package lists have {there}",
                known()
            );
        }
        bail!("there is no kernel {name}: this machine's package lists have {there}")
    }
}

/// From about 6.19 on the image package is empty, and depends on one with the binary and one with the modules. Ubuntu's modules have
/// always had packages of their own.
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

/// A kernel that lies on this machine as files: an image, and modules where its package has put them or beside it. What a guest needs
/// of it is made anew, in `folder`.
pub fn from_image(image: &Path, folder: &Path) -> Result<Kernel> {
    let release = image::release(image)?;
    let beside = image.parent().unwrap_or(Path::new(".")).to_owned();
    let places = [
        beside.join("lib/modules").join(&release),
        beside.join("usr/lib/modules").join(&release),
        beside.join("modules").join(&release),
        Path::new("/lib/modules").join(&release),
        Path::new("/usr/lib/modules").join(&release),
    ];
    let tree = places.iter().find(|place| place.join("kernel").is_dir());
    files::make_folder(folder)?;
    digest(image, tree.map(PathBuf::as_path), folder)?;
    Kernel::in_folder(&release, folder.to_owned()).context("a kernel that was just prepared is not there")
}

/// A folder that `--fetch-kernel` or `cargo xtask vm fetch` has made.
#[must_use]
pub fn from_folder(folder: &Path) -> Option<Kernel> {
    let name = folder.file_name()?.to_string_lossy().into_owned();
    Kernel::in_folder(&name, folder.to_owned())
}

/// Keeps of a kernel what a guest needs. `release` comes last: with it the folder counts as complete.
fn digest(image: &Path, tree: Option<&Path>, folder: &Path) -> Result<()> {
    let release = image::release(image)?;
    std::fs::copy(image, folder.join("vmlinuz")).with_context(|| format!("keeping {}", image.display()))?;
    match tree {
        Some(tree) => modules::collect(tree, folder)?,
        None => modules::none(folder)?,
    }
    files::write(&folder.join("modules.wanted"), modules::wanted_text())?;
    files::write(&folder.join("release"), release)
}

/// The image and the module tree of unpacked packages.
fn parts(unpacked: &Path) -> Result<(PathBuf, PathBuf)> {
    let tree = module_tree(unpacked)?;
    let release = tree.file_name().context("the module tree has no name")?.to_string_lossy().into_owned();
    let images = [unpacked.join(format!("boot/vmlinuz-{release}")), tree.join("vmlinuz")];
    let image = images.into_iter().find(|file| file.exists());
    Ok((image.context("the package holds no vmlinuz: the kernel itself is in another one")?, tree))
}

fn module_tree(unpacked: &Path) -> Result<PathBuf> {
    let places = [unpacked.join("usr/lib/modules"), unpacked.join("lib/modules")];
    let found =
        places.iter().filter_map(|place| place.read_dir().ok()).find_map(|mut entries| entries.next());
    Ok(found.context("the package holds no modules of a kernel")??.path())
}
