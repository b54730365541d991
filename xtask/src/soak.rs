//! `cargo xtask soak`: tcpx daemon under load for an hour, or as long as one likes.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::command;

/// With this status the soak says that it cannot be tried here.
pub(crate) const CANNOT: i32 = 77;

/// How long.
#[derive(Args)]
pub(crate) struct Options {
    /// Minutes, up to 130
    #[arg(long, default_value_t = 60.0)]
    minutes: f64,
}

/// Runs it, and shows what it says.
pub(crate) fn run(options: &Options) -> Result<()> {
    let mut soak = command(&binary()?, options.minutes);
    let status = soak.status().with_context(|| format!("starting `{}`", command::line(&soak)))?;
    if status.success() { Ok(()) } else { bail!("the soak ended with {status}") }
}

/// Builds it, and tcpx, as fast as guests want them.
pub(crate) fn binary() -> Result<PathBuf> {
    let words = ["test", "--package", "tcpx-user", "--test", "soak", "--no-run", "--profile", "guest"];
    command::built(&words, "soak")
}

/// For so many minutes.
pub(crate) fn command(binary: &std::path::Path, minutes: f64) -> Command {
    let mut soak = Command::new(binary);
    soak.args(["--minutes", &minutes.to_string()]).stdin(Stdio::null());
    soak
}
