//! The eBPF object: output the same, byte for byte, on every machine, and committed.
//!
//! So that `cargo build` needs stable Rust and nothing else. What could differ between machines is pinned: the compiler
//! (`rust-toolchain.toml`), the linker, the source of `core` (by hash), dependencies (`Cargo.lock`), paths and crate
//! identities (`wrapper`).

mod frames;
mod functions;
mod linker;
mod rust_src;
mod strip;
mod ways;
pub(crate) mod wrapper;

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

pub(crate) use ways::MOST as MOST_FOR_A_SEGMENT;

use crate::{command, paths};

const TARGET: &str = "bpfel-unknown-none";
const OBJECT: &str = "tcpx-user/bpf/tcpx-x86_64.bpf.o";

/// Builds the object and writes it into the tree.
pub(crate) fn build() -> Result<()> {
    let bytes = object(&[])?;
    let file = paths::workspace().join(OBJECT);
    if std::fs::read(&file).is_ok_and(|committed| committed == bytes) {
        println!("{OBJECT} is up to date ({} bytes)", bytes.len());
        return Ok(());
    }
    paths::make_folder(file.parent().context("the object lies in a folder")?)?;
    paths::write(&file, &bytes)?;
    println!("wrote {OBJECT} ({} bytes)", bytes.len());
    Ok(())
}

/// Builds the object that logs, beside the tree.
pub(crate) fn build_logging() -> Result<()> {
    let file = target_folder()?.join("tcpx-log.bpf.o");
    paths::write(&file, &object(&["--features", "log"])?)?;
    println!(
        "wrote {0}; now: TCPX_BPF_OBJECT={0} cargo run --features bpf-log -- trace --bpf-log",
        file.display()
    );
    Ok(())
}

/// Builds the object and compares it with the one in the tree.
pub(crate) fn check() -> Result<()> {
    let bytes = object(&[])?;
    let committed = paths::read(&paths::workspace().join(OBJECT))?;
    if committed == bytes {
        println!("{OBJECT} equals what its source builds ({} bytes)", bytes.len());
        return Ok(());
    }
    let rebuilt = paths::target_folder("ebpf")?.join("rebuilt.bpf.o");
    paths::write(&rebuilt, &bytes)?;
    let at = committed.iter().zip(&bytes).take_while(|(a, b)| a == b).count();
    bail!(
        "{OBJECT} ({} bytes) is not what its source builds ({} bytes; first difference at byte {at}): \
         run `cargo xtask build-ebpf` and commit the result. Rebuilt object: {}",
        committed.len(),
        bytes.len(),
        rebuilt.display()
    )
}

/// Instructions that the object in the tree takes for a segment that is no SYN with `--probes lookup`, by how it is met; at most
/// [`MOST_FOR_A_SEGMENT`] are allowed.
pub(crate) fn instructions_of_a_segment() -> Result<Vec<(&'static str, u32)>> {
    let object = paths::read(&paths::workspace().join(OBJECT))?;
    ways::count(&functions::functions(&object)?)
}

/// Lints the programs for the target that they run on.
pub(crate) fn clippy() -> Result<()> {
    let mut clippy = cargo("clippy")?;
    command::run(clippy.args(["--", "-D", "warnings"]))
}

fn object(features: &[&str]) -> Result<Vec<u8>> {
    let mut build = cargo("build")?;
    build.args(features);
    build.env("CARGO_TARGET_BPFEL_UNKNOWN_NONE_LINKER", linker::obtain()?);
    command::run(&mut build)?;
    let output = target_folder()?.join(TARGET).join("release/tcpx-ebpf");
    let stripped = strip::debug_info(&paths::read(&output)?);
    let stripped = stripped.with_context(|| format!("stripping {}", output.display()))?;
    if features.is_empty() {
        let functions = functions::functions(&stripped)?;
        frames::check(&functions)?;
        for (backend, instructions) in ways::check(&functions)? {
            println!(
                "a segment that is no SYN takes at most {instructions} instructions ({backend}, --probes lookup)"
            );
        }
    }
    Ok(stripped)
}

/// A folder of its own: its flags would make cargo rebuild what the host build has there, and the reverse.
fn target_folder() -> Result<PathBuf> {
    paths::target_folder("ebpf")
}

/// Cargo for the BPF target. `core` has no prebuilt form there, and building it is unstable: hence the bootstrap flag.
fn cargo(task: &str) -> Result<Command> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .current_dir(paths::workspace())
        .args([task, "--quiet", "--release", "--locked", "-Z", "build-std=core"])
        .args(["--package", "tcpx-ebpf", "--target", TARGET])
        // Symbols and BTF go when binaries are stripped; `strip` takes away the rest.
        .args(["--config", "profile.release.strip=false", "--config", "profile.release.opt-level=3"])
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_DIR", target_folder()?)
        .env("CARGO_ENCODED_RUSTFLAGS", FLAGS.join("\x1f"))
        .env("CARGO_INCREMENTAL", "0");
    let library = rust_src::obtain()?;
    wrapper::configure(&mut cargo, &library)?;
    cargo.env("__CARGO_TESTS_ONLY_SRC_ROOT", &library);
    Ok(cargo)
}

/// `debuginfo` here, not only in the profile: without it for `core` too the kernel refuses the function records.
const FLAGS: &[&str] = &["--cfg=bpf_target_arch=\"x86_64\"", "-Cdebuginfo=2", "-Clink-arg=--btf"];
