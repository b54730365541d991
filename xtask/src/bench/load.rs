//! The load: a program of its own (`tcpx-user/benches/load.rs`), pinned to one CPU. Tracers run on the other.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;

use super::Bench;
use crate::{command, paths};

/// Where the load runs.
const CPU: &str = "0";

/// Builds it, and says where it is.
pub(super) fn build() -> Result<PathBuf> {
    let mut build = Command::new(env!("CARGO"));
    build.current_dir(paths::workspace());
    build.args(["bench", "--quiet", "--package", "tcpx-user", "--bench", "load", "--no-run"]);
    let text = command::text(build.args(["--message-format", "json"]))?;
    let messages = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let own = messages.filter(|message| message["target"]["name"] == "load");
    let mut binaries = own.filter_map(|message| message["executable"].as_str().map(PathBuf::from));
    binaries.next().context("cargo named no executable for the load")
}

impl Bench {
    /// Runs the load pinned; how long it took by its own clock.
    pub(super) fn load(&self, words: &[&str]) -> Result<Duration> {
        timed(Command::new("taskset").args(["-c", CPU]).arg(&self.load).args(words))
    }

    /// The same on all CPUs, for loads with two ends.
    pub(super) fn load_anywhere(&self, words: &[&str]) -> Result<Duration> {
        timed(Command::new(&self.load).args(words))
    }
}

fn timed(command: &mut Command) -> Result<Duration> {
    let text = command::text(command)?;
    let ns: u64 = text.trim().parse().with_context(|| format!("the load said {text:?}"))?;
    Ok(Duration::from_nanos(ns))
}
