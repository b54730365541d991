//! `tcpx lab --kernel` as a student has it: an unprivileged user, whose kernels lie in the user's own cache.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;
use std::{env, fs};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::summary::{Count, Summary};
use crate::vm::kernels::{self, Series};
use crate::{command, paths};

/// The oldest kernel, and the newest that is no release candidate.
pub(super) const KERNELS: [&str; 2] = ["5.10", "7.2"];

type Trial = (&'static str, fn(&Place) -> Result<()>);
const TRIALS: [Trial; 2] =
    [("lab-kernel/bound-not-listening", reasons_are_new), ("lab-kernel/self-connect", both_stand)];

/// Runs what has this word in its name.
pub(super) fn run(only: Option<&str>, summary: &mut Summary) -> Result<()> {
    let wanted: Vec<_> =
        TRIALS.iter().filter(|(name, _)| only.is_none_or(|word| name.contains(word))).collect();
    if wanted.is_empty() {
        println!("   no trial has such a name");
        return Ok(());
    }
    let place = Place::new()?;
    let (start, mut count) = (Instant::now(), Count::default());
    let mut failed = Ok(());
    for (name, trial) in wanted {
        let begun = Instant::now();
        let result = trial(&place).with_context(|| (*name).to_owned());
        let word = if result.is_ok() { "ok" } else { "FAILED" };
        println!("    {word:7} {name} ({:.2} s)", begun.elapsed().as_secs_f64());
        count.passed += usize::from(result.is_ok());
        count.failed += usize::from(result.is_err());
        failed = failed.and(result);
    }
    count.time = start.elapsed();
    summary.add(&format!("guests {}", KERNELS.join(", ")), "lab", count);
    failed
}

/// What Linux says of a RST since 5.19 or later it did not before.
fn reasons_are_new(place: &Place) -> Result<()> {
    let text = place.tcpx(&["lab", "bound-not-listening", "--kernel", &KERNELS.join(",")])?;
    for part in ["this kernel names no reason", "reason NO_SOCKET", "as expected on all 2 kernels"] {
        ensure!(text.contains(part), "no \"{part}\" in\n{text}");
    }
    Ok(())
}

/// The connection stands on both; the lines are those of a trace.
fn both_stand(place: &Place) -> Result<()> {
    let text = place.tcpx(&["lab", "self-connect", "--kernel", &KERNELS.join(","), "-o", "json"])?;
    let kernels: Vec<Value> =
        text.lines().map(serde_json::from_str).collect::<Result<_, _>>().context(text.clone())?;
    let names: Vec<_> = kernels.iter().filter_map(|kernel| kernel["data"]["name"].as_str()).collect();
    ensure!(names == KERNELS, "objects of {names:?}");
    for kernel in &kernels {
        let data = &kernel["data"];
        let lines = data["lines"].as_array().context("no lines")?;
        let attempt = lines.iter().find(|line| line["type"] == "attempt").context("no attempt")?;
        ensure!(attempt["data"]["verdict"]["id"] == "self-connect", "{attempt}");
        let started = lines.iter().find(|line| line["type"] == "start").context("no start")?;
        ensure!(
            started["data"]["kernel"] == data["release"],
            "{} runs as {}",
            data["release"],
            started["data"]
        );
    }
    Ok(())
}

/// A folder that anybody may read, with all that the user has. It goes with this value.
struct Place(PathBuf);

impl Place {
    fn new() -> Result<Self> {
        let place = Self(env::temp_dir().join(format!("tcpx-lab-{}", std::process::id())));
        paths::remove_folder(&place.0)?;
        for folder in ["home", "tmp"] {
            paths::make_folder(&place.0.join(folder))?;
            mode(&place.0.join(folder), 0o1777)?;
        }
        for name in KERNELS {
            let series: &Series = kernels::series(name)?;
            copy(kernels::obtain(series)?.folder(), &place.0.join("cache/tcpx/kernels").join(name))?;
        }
        let words = ["build", "--package", "tcpx-user", "--bin", "tcpx", "--profile", "guest"];
        let tcpx = command::built(&words, "tcpx")?;
        // Its debugging sections would only slow the start.
        command::quiet(Command::new("strip").arg("-o").arg(place.0.join("tcpx")).arg(tcpx))?;
        open(&place.0)?;
        Ok(place)
    }

    /// What tcpx writes to stdout; it must succeed.
    fn tcpx(&self, words: &[&str]) -> Result<String> {
        let tcpx = self.0.join("tcpx");
        let mut command = if command::is_root()? { command::as_nobody(&tcpx) } else { Command::new(tcpx) };
        let path = env::var_os("PATH").unwrap_or_default();
        command.args(words).current_dir(self.0.join("home")).env_clear().env("PATH", path);
        command.env("HOME", self.0.join("home")).env("XDG_CACHE_HOME", self.0.join("cache"));
        command.env("TMPDIR", self.0.join("tmp")).env("LC_ALL", "C.UTF-8").env("COLUMNS", "80");
        command::text(&mut command)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        drop(paths::remove_folder(&self.0));
    }
}

/// Files, and one level of folders.
fn copy(from: &Path, to: &Path) -> Result<()> {
    paths::make_folder(to)?;
    for entry in from.read_dir().with_context(|| format!("listing {}", from.display()))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target).with_context(|| format!("copying to {}", target.display()))?;
        }
    }
    Ok(())
}

/// Others may read what is there, and what this user alone could.
fn open(path: &Path) -> Result<()> {
    if path.is_dir() {
        for entry in path.read_dir().with_context(|| format!("listing {}", path.display()))? {
            open(&entry?.path())?;
        }
    }
    let before =
        path.metadata().with_context(|| format!("asking for {}", path.display()))?.permissions().mode();
    mode(path, if path.is_dir() { before | 0o555 } else { before | 0o444 })
}

fn mode(path: &Path, mode: u32) -> Result<()> {
    let set = fs::set_permissions(path, fs::Permissions::from_mode(mode));
    set.with_context(|| format!("setting the mode of {}", path.display()))
}
