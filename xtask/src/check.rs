//! Lints: formatting, clippy for this machine and for the BPF target, documentation.

use std::process::Command;

use anyhow::{Context, Result};

use crate::{command, ebpf, paths};

/// Fails on the first thing that is not as it should be.
pub(crate) fn run() -> Result<()> {
    cargo(&["fmt", "--all", "--check"]).context("`cargo fmt` puts the formatting right")?;
    cargo(&["clippy", "--quiet", "--all-targets", "--locked", "--", "-D", "warnings"])?;
    ebpf::clippy().context("clippy for the BPF target")?;
    let mut doc = Command::new(env!("CARGO"));
    doc.current_dir(paths::workspace()).args([
        "doc",
        "--quiet",
        "--no-deps",
        "--document-private-items",
        "--locked",
    ]);
    command::run(doc.env("RUSTDOCFLAGS", "-D warnings"))
}

fn cargo(args: &[&str]) -> Result<()> {
    command::run(Command::new(env!("CARGO")).current_dir(paths::workspace()).args(args))
}
