//! `cargo xtask fuzz`: libFuzzer on whatever parses bytes that others may have written (`tcpx-user/fuzz`).
//!
//! The flags are those of cargo-fuzz, without a sanitizer: they need no unstable compiler, and what the parsers can do wrong
//! are panics, overflows (checked here) and endless loops.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::{command, paths};

const TARGETS: [&str; 2] = ["recording", "items"];

#[derive(Args)]
pub(crate) struct Options {
    /// Targets, by name; all if none is given
    targets: Vec<String>,
    /// Inputs for each
    #[arg(long, default_value_t = 10_000_000)]
    runs: u64,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    if let Some(unknown) = options.targets.iter().find(|name| !TARGETS.contains(&name.as_str())) {
        bail!("there is no target {unknown}; there are {}", TARGETS.join(", "));
    }
    let folder = build()?;
    let chosen =
        |name: &&&str| options.targets.is_empty() || options.targets.iter().any(|typed| typed == **name);
    for target in TARGETS.iter().filter(chosen) {
        fuzz(&folder, target, options.runs)?;
    }
    Ok(())
}

/// What is found interesting stays for the next time, beside the recordings that the tests keep.
fn fuzz(folder: &Path, target: &str, runs: u64) -> Result<()> {
    let corpus = paths::target_folder("fuzz/corpus")?.join(target);
    paths::make_folder(&corpus)?;
    let found = paths::target_folder("fuzz")?.join(format!("{target}-"));
    let mut fuzz = Command::new(folder.join(target));
    fuzz.arg(format!("-runs={runs}")).arg(format!("-artifact_prefix={}", found.display()));
    fuzz.args(["-max_len=65536", "-timeout=10", "-rss_limit_mb=1024", "-print_final_stats=1"]).arg(&corpus);
    if target == "recording" {
        fuzz.arg(paths::workspace().join("tcpx-user/tests/data/recordings"));
    }
    command::run(&mut fuzz).with_context(|| format!("fuzzing {target}"))
}

/// Builds all targets with libFuzzer's instruments; where they are.
fn build() -> Result<PathBuf> {
    let target = paths::target_folder("fuzz")?;
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .current_dir(paths::workspace())
        .args(["build", "--quiet", "--locked", "--profile", "fuzz", "--package", "tcpx-fuzz"])
        .env("RUSTFLAGS", FLAGS.join(" "))
        .env("CARGO_TARGET_DIR", &target);
    command::run(&mut cargo)?;
    Ok(target.join(HOST).join("fuzz"))
}

/// .cargo/config.toml names it for every build.
const HOST: &str = "x86_64-unknown-linux-gnu";

const FLAGS: [&str; 6] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Ccodegen-units=1",
];
