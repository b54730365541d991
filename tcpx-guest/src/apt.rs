//! Debian packages of other suites, without touching the machine's own package state.
//!
//! A private apt configuration for each suite lives in a folder of the caller's. The mirror's address is read from the
//! machine's own apt sources, so none stands in this tree; signatures are checked against Debian's keyring.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};

use crate::{command, files};

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
/// Package lists older than this are fetched again.
const FRESH: Duration = Duration::from_hours(12);

/// One suite of Debian's archive, or all that this machine's own sources have; its lists are fetched.
pub struct Suite {
    name: String,
    /// `None`: the machine's own.
    config: Option<PathBuf>,
}

impl Suite {
    /// What this machine's own sources have, as of its last `apt-get update`.
    #[must_use]
    pub fn own() -> Self {
        Self { name: "this machine's apt sources".to_owned(), config: None }
    }

    /// Opens a suite such as `trixie-backports` with its state below `folder`, fetching its lists unless that was done a short
    /// while ago.
    pub fn open(name: &str, folder: &Path) -> Result<Self> {
        let folder = folder.join(name);
        for part in ["state/lists/partial", "cache/archives/partial"] {
            files::make_folder(&folder.join(part))?;
        }
        let config = folder.join("apt.conf");
        let source = format!("deb [arch=amd64 signed-by={KEYRING}] {} {name} main\n", site_of(name)?);
        files::write(&folder.join("sources.list"), source)?;
        files::write(&config, configuration(&folder))?;
        let suite = Self { name: name.to_owned(), config: Some(config) };
        suite.update(&folder.join("updated"))?;
        Ok(suite)
    }

    /// The file that says where its packages are, for other programs than apt; `None` for this machine's own sources.
    #[must_use]
    pub fn sources(&self) -> Option<PathBuf> {
        self.config.as_ref().map(|config| config.with_file_name("sources.list"))
    }

    fn update(&self, stamp: &Path) -> Result<()> {
        if is_fresh(stamp) {
            return Ok(());
        }
        command::quiet(self.apt("apt-get").args(["-q", "-o", "APT::Update::Error-Mode=any", "update"]))
            .with_context(|| format!("fetching the package lists of Debian's suite {}", self.name))?;
        files::write(stamp, "")
    }

    fn apt(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.envs(self.config.iter().map(|file| ("APT_CONFIG", file))).env("LC_ALL", "C");
        command
    }

    /// Names of packages that start with `prefix`.
    pub fn names(&self, prefix: &str) -> Result<Vec<String>> {
        let text = command::text(self.apt("apt-cache").args(["pkgnames", prefix]))?;
        Ok(text.lines().map(str::to_owned).collect())
    }

    /// The versions of a package in this suite, newest first.
    pub fn versions(&self, package: &str) -> Result<Vec<String>> {
        let text = command::text(self.apt("apt-cache").args(["madison", package]))?;
        Ok(text.lines().filter_map(|line| line.split('|').nth(1)).map(|v| v.trim().to_owned()).collect())
    }

    /// What a package depends on directly, alternatives included, versions left out.
    pub fn depends(&self, package: &str) -> Result<Vec<String>> {
        let text = command::text(self.apt("apt-cache").args(["depends", "--important", package]))?;
        Ok(text
            .lines()
            .filter_map(|line| line.split_once("Depends: "))
            .map(|(_, p)| p.trim().to_owned())
            .collect())
    }

    /// Downloads a package (`name` or `name=version`) and unpacks it into `folder`. Nothing is installed.
    pub fn unpack(&self, package: &str, folder: &Path) -> Result<()> {
        let download = folder.with_extension("deb.d");
        files::remove_folder(&download)?;
        files::make_folder(&download)?;
        command::quiet(self.apt("apt-get").args(["-q", "download", package]).current_dir(&download))
            .with_context(|| format!("downloading {package} from {}", self.name))?;
        for entry in download.read_dir().with_context(|| format!("listing {}", download.display()))? {
            command::quiet(Command::new("dpkg").arg("-x").arg(entry?.path()).arg(folder))?;
        }
        files::remove_folder(&download)
    }
}

/// Whether packages of Debian's suites can be had here.
#[must_use]
pub fn is_debian() -> bool {
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
