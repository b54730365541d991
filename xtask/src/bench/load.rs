//! The load: a program of its own (`tcpx-user/benches/load.rs`), pinned to one CPU. Tracers run on the other.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::Bench;
use crate::command;

/// Where the load runs.
const CPU: &str = "0";

/// Builds it, and says where it is.
pub(super) fn build() -> Result<PathBuf> {
    command::built(&["bench", "--package", "tcpx-user", "--bench", "load", "--no-run"], "load")
}

impl Bench {
    /// Runs the load pinned; how long it took by its own clock.
    pub(super) fn load(&self, words: &[&str]) -> Result<Duration> {
        timed(Command::new("taskset").args(["-c", CPU]).arg(&self.load).args(words))
    }
}

fn timed(command: &mut Command) -> Result<Duration> {
    let text = command::text(command)?;
    let ns: u64 = text.trim().parse().with_context(|| format!("the load said {text:?}"))?;
    Ok(Duration::from_nanos(ns))
}
