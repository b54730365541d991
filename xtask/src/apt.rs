//! Debian packages of other suites, without touching the machine's own package state.
//!
//! A private apt configuration for each suite lives below the target folder. The mirror's address is read from the
//! machine's own apt sources, so none stands in this tree; signatures are checked against Debian's keyring.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};

use crate::{command, paths};

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
/// Package lists older than this are fetched again.
const FRESH: Duration = Duration::from_hours(12);

/// One suite of Debian's archive, its lists fetched.
pub(crate) struct Suite {
    name: String,
    config: PathBuf,
}

impl Suite {
    /// Opens a suite such as `trixie-backports`, fetching its lists unless that was done a short while ago.
    pub(crate) fn open(name: &str) -> Result<Self> {
        let folder = paths::target_folder("apt")?.join(name);
        for part in ["state/lists/partial", "cache/archives/partial"] {
            paths::make_folder(&folder.join(part))?;
        }
        let suite = Self { name: name.to_owned(), config: folder.join("apt.conf") };
        let source = format!("deb [arch=amd64 signed-by={KEYRING}] {} {name} main\n", site_of(name)?);
        paths::write(&folder.join("sources.list"), source)?;
        paths::write(&suite.config, configuration(&folder))?;
        suite.update(&folder.join("updated"))?;
        Ok(suite)
    }

    fn update(&self, stamp: &Path) -> Result<()> {
        if is_fresh(stamp) {
            return Ok(());
        }
        command::quiet(self.apt("apt-get").args(["-q", "-o", "APT::Update::Error-Mode=any", "update"]))
            .with_context(|| format!("fetching the package lists of Debian's suite {}", self.name))?;
        paths::write(stamp, "")
    }

    fn apt(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("APT_CONFIG", &self.config).env("LC_ALL", "C");
        command
    }

    /// Names of packages that start with `prefix`.
    pub(crate) fn names(&self, prefix: &str) -> Result<Vec<String>> {
        let text = command::text(self.apt("apt-cache").args(["pkgnames", prefix]))?;
        Ok(text.lines().map(str::to_owned).collect())
    }

    /// The versions of a package in this suite, newest first.
    pub(crate) fn versions(&self, package: &str) -> Result<Vec<String>> {
        let text = command::text(self.apt("apt-cache").args(["madison", package]))?;
        Ok(text.lines().filter_map(|line| line.split('|').nth(1)).map(|v| v.trim().to_owned()).collect())
    }

    /// What a package depends on directly, alternatives included, versions left out.
    pub(crate) fn depends(&self, package: &str) -> Result<Vec<String>> {
        let text = command::text(self.apt("apt-cache").args(["depends", "--important", package]))?;
        Ok(text
            .lines()
            .filter_map(|line| line.split_once("Depends: "))
            .map(|(_, p)| p.trim().to_owned())
            .collect())
    }

    /// Downloads a package (`name` or `name=version`) and unpacks it into `folder`. Nothing is installed.
    pub(crate) fn unpack(&self, package: &str, folder: &Path) -> Result<()> {
        let download = folder.with_extension("deb.d");
        paths::remove_folder(&download)?;
        paths::make_folder(&download)?;
        command::quiet(self.apt("apt-get").args(["-q", "download", package]).current_dir(&download))
            .with_context(|| format!("downloading {package} from {}", self.name))?;
        for entry in download.read_dir().with_context(|| format!("listing {}", download.display()))? {
            command::quiet(Command::new("dpkg").arg("-x").arg(entry?.path()).arg(folder))?;
        }
        paths::remove_folder(&download)
    }
}

/// Whether apt can be used here at all.
pub(crate) fn is_debian() -> bool {
    command::exists("apt-get") && command::exists("dpkg") && Path::new(KEYRING).exists()
}

fn is_fresh(stamp: &Path) -> bool {
    let age =
        stamp.metadata().and_then(|meta| meta.modified()).map(|time| SystemTime::now().duration_since(time));
    matches!(age, Ok(Ok(age)) if age < FRESH)
}

/// The address of the archive that holds a suite: the security archive is another one.
fn site_of(suite: &str) -> Result<String> {
    let wants_security = suite.ends_with("-security");
    let targets = index_targets()?;
    let found = targets.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        let (kind, release, address) = (words.next()?, words.next()?, words.next()?);
        (kind == "Packages" && debian_release(release)? == wants_security).then(|| address.to_owned())
    });
    found.with_context(|| {
        let which = if wants_security { "security " } else { "" };
        format!("this machine's apt sources name no Debian {which}archive, where the suite {suite} would be")
    })
}

/// The indexes that this machine's apt knows; it knows none before its lists have been fetched once.
fn index_targets() -> Result<String> {
    let ask = || {
        let format = "$(CREATED_BY) $(RELEASE) $(SITE)";
        command::text(Command::new("apt-get").args(["indextargets", "--format", format]))
    };
    let targets = ask()?;
    if targets.contains("Packages") {
        return Ok(targets);
    }
    command::quiet(Command::new("apt-get").args(["-q", "update"]))
        .context("fetching this machine's package lists")?;
    ask()
}

/// Whether a release is of the security archive; `None` for one that is not Debian's.
fn debian_release(release: &str) -> Option<bool> {
    const CODENAMES: &[&str] =
        &["bullseye", "bookworm", "trixie", "forky", "sid", "stable", "testing", "unstable"];
    let (codename, pocket) = release.split_once(['-', '/']).unwrap_or((release, ""));
    CODENAMES.contains(&codename).then(|| pocket.starts_with("security"))
}

/// Valid-Until is not checked: old suites stay as they are, and apt checks the signature all the same.
fn configuration(folder: &Path) -> String {
    let folder = folder.display();
    format!(
        "Dir::State \"{folder}/state\";\n\
         Dir::State::status \"/dev/null\";\n\
         Dir::Cache \"{folder}/cache\";\n\
         Dir::Etc::sourcelist \"{folder}/sources.list\";\n\
         Dir::Etc::sourceparts \"/dev/null\";\n\
         Acquire::Languages \"none\";\n\
         Acquire::IndexTargets::deb::DEP-11::DefaultEnabled \"false\";\n\
         Acquire::Check-Valid-Until \"false\";\n\
         Acquire::Retries \"3\";\n\
         APT::Architecture \"amd64\";\n\
         APT::Sandbox::User \"root\";\n"
    )
}

/// Installs packages on this machine for good, refreshing its lists first if they are needed.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    let mut install = Command::new("apt-get");
    install.env("DEBIAN_FRONTEND", "noninteractive").args(["-q", "-y", "--no-install-recommends", "install"]);
    install.args(packages);
    if command::quiet(&mut install).is_ok() {
        return Ok(());
    }
    command::quiet(Command::new("apt-get").args(["-q", "update"]))
        .context("refreshing this machine's package lists")?;
    match command::quiet(&mut install) {
        Ok(_) => Ok(()),
        Err(error) => {
            bail!("{error:?}\napt could not install {}; do it by hand, as root", packages.join(" "))
        }
    }
}
