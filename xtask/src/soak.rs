//! `cargo xtask soak`: tcpx daemon under load for an hour, or as long as one likes.

use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::command;

/// How long.
#[derive(Args)]
pub(crate) struct Options {
    /// Minutes, up to 130
    #[arg(long, default_value_t = 60.0)]
    minutes: f64,
}

/// Runs it, and shows what it says.
pub(crate) fn run(options: &Options) -> Result<()> {
    let status = play(options.minutes)?;
    if status.success() { Ok(()) } else { bail!("the soak ended with {status}") }
}

/// Builds it, and tcpx, as fast as guests want them, and runs it for so many minutes.
pub(crate) fn play(minutes: f64) -> Result<ExitStatus> {
    let words = ["test", "--package", "tcpx-user", "--test", "soak", "--no-run", "--profile", "guest"];
    let mut soak = Command::new(command::built(&words, "soak")?);
    soak.args(["--minutes", &minutes.to_string()]).stdin(Stdio::null());
    soak.status().with_context(|| format!("starting `{}`", command::line(&soak)))
}
