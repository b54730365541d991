//! The package on a Debian host with systemd: what docs/operating.md promises, each step as an administrator types it.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::replayed::{self, Given};
use super::summary::{Count, Summary};
use crate::vm::debian::{self, Trial};
use crate::{package, paths};

/// The steps: each prints `ok NAME` or `FAILED NAME` and what it heard.
const SCRIPT: &str = include_str!("installed.sh");
/// A host takes a minute to boot under emulation, and a watchdog another one.
const LIMIT: Duration = Duration::from_mins(15);

/// Installs the package there, and enters each step as a test.
pub(super) fn run(summary: &mut Summary) -> Result<()> {
    let begun = Instant::now();
    package::run(&package::Options { dev: true })?;
    let folder = paths::target().join("package");
    let packages = folder.read_dir().with_context(|| format!("listing {}", folder.display()))?;
    let package = packages
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|end| end == "deb"))
        .with_context(|| format!("no package in {}", folder.display()))?;
    let trial = Trial { script: SCRIPT, files: &[("tcpx.deb", &package)] };
    let (mut count, mut given) = (Count::default(), Given::new());
    debian::run(&trial, LIMIT, |line| {
        if let Some((name, text)) = line.strip_prefix("file ").and_then(|rest| rest.split_once(' ')) {
            given.insert(name.to_owned(), text.to_owned());
            return;
        }
        println!("    {line}");
        count.passed += usize::from(line.starts_with("ok "));
        count.failed += usize::from(line.starts_with("FAILED "));
    })?;
    let replayed = replayed::check(&given).context("what was recorded there, replayed here");
    println!("    {} replayed here", if replayed.is_ok() { "ok" } else { "FAILED" });
    count.passed += usize::from(replayed.is_ok());
    count.failed += usize::from(replayed.is_err());
    count.time = begun.elapsed();
    let (passed, failed) = (count.passed, count.failed);
    summary.add("Debian host", "-", count);
    replayed?;
    match (passed, failed) {
        (_, 1..) => bail!("{failed} of {} steps failed", passed + failed),
        (0, _) => bail!("no step was taken"),
        _ => Ok(()),
    }
}
