//! bpf-linker, of the version that carries the LLVM of the pinned compiler.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::{command, paths};

/// Later versions are built for newer compilers' LLVM.
const VERSION: &str = "0.10.3";

/// The linker, built first if it is not there yet.
pub(super) fn obtain() -> Result<PathBuf> {
    let root = paths::target_folder("tools")?;
    let linker = root.join("bin/bpf-linker");
    let version = command::text(Command::new(&linker).arg("--version"));
    if !version.is_ok_and(|text| text.contains(VERSION)) {
        println!("  building bpf-linker {VERSION} into {} (about a minute, once)", root.display());
        install(&root).context("building bpf-linker")?;
    }
    Ok(linker)
}

fn install(root: &PathBuf) -> Result<()> {
    let build = root.join("build");
    let mut install = Command::new(env!("CARGO"));
    install
        .args(["install", "--quiet", "bpf-linker", "--version", VERSION, "--locked", "--force", "--root"])
        .arg(root)
        // Away from this workspace, whose flags would link it statically: it loads the compiler's LLVM when it runs.
        .current_dir("/")
        .env("CARGO_TARGET_DIR", &build)
        .env("RUSTUP_TOOLCHAIN", toolchain());
    command::run(&mut install)?;
    paths::remove_folder(&build)
}

/// The toolchain that cargo runs this program with; outside the workspace another one may be the default.
fn toolchain() -> String {
    std::env::var("RUSTUP_TOOLCHAIN").unwrap_or_else(|_| env!("CARGO_PKG_RUST_VERSION").to_owned() + ".0")
}
