//! The first file system of a guest: the test binary as `/init`, modules, and the few tools that scenarios call.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use tcpx_guest::cpio::Archive;
use tcpx_guest::{modules, tools as guest_tools};

use super::kernels::Kernel;
use crate::{apt, command, paths};

/// Taken from this machine, where `cargo xtask setup` put them, with the libraries that they load.
const TOOLS: &[&str] = &["ip", "nft", "ss", "tc"];

/// What one guest runs.
pub(crate) struct Job {
    /// Program and arguments. The test binary itself is `/init`.
    pub(crate) command: Vec<String>,
    /// `NAME=value` for its environment.
    pub(crate) environment: Vec<String>,
    /// Whether what it prints is the result; else it goes to the console, and report lines are the result.
    pub(crate) output_is_result: bool,
}

/// Writes the file system of a guest to `file`: several archives, one after the other.
pub(crate) fn write(file: &Path, kernel: &Kernel, init: &Path, job: &Job) -> Result<()> {
    // Guests start two at a time, of one xtask or of several; what both need is fetched and stripped by the first.
    let preparing = paths::target_folder("guest")?.join("preparing.lock");
    let preparing = File::create(&preparing)
        .and_then(|file| file.lock().map(|()| file))
        .with_context(|| format!("locking {}", preparing.display()))?;
    let mut bytes = tools().context("collecting the guest's tools")?;
    bytes.extend(program(init).context("preparing the test binary")?);
    drop(preparing);
    bytes.extend(modules::archive(kernel, false).context("collecting the guest's modules")?);
    bytes.extend(job_files(job));
    paths::write(file, bytes)
}

fn tools() -> Result<Vec<u8>> {
    let mut archive = Archive::default();
    let missing = guest_tools::add(&mut archive, TOOLS)?;
    ensure!(missing.is_empty(), "no {} here; `cargo xtask setup` installs it", missing.join(", "));
    archive.file("bin/busybox", &paths::read(&busybox()?)?);
    archive.link("bin/sh", "busybox");
    Ok(archive.finish())
}

/// A shell for `cargo xtask vm shell`, fetched once and not installed.
fn busybox() -> Result<PathBuf> {
    let folder = paths::target_folder("guest")?.join("busybox");
    let places = ["usr/bin/busybox", "bin/busybox"].map(|place| folder.join(place));
    if !places.iter().any(|place| place.exists()) {
        apt::open("trixie")?.unpack("busybox-static", &folder)?;
    }
    places.into_iter().find(|place| place.exists()).context("the package busybox-static holds no busybox")
}

/// The test binary without its debugging sections, which would only slow the start.
fn program(init: &Path) -> Result<Vec<u8>> {
    let stripped = init.with_extension("stripped");
    let fresh = |file: &Path| file.metadata().and_then(|meta| meta.modified()).ok();
    if fresh(&stripped) <= fresh(init) {
        // One that is interrupted must not leave half a file.
        let partial = init.with_extension("stripped-part");
        command::quiet(Command::new("strip").arg("-o").arg(&partial).arg(init))?;
        std::fs::rename(&partial, &stripped).with_context(|| format!("writing {}", stripped.display()))?;
    }
    let mut archive = Archive::default();
    archive.file("init", &paths::read(&stripped)?);
    Ok(archive.finish())
}

fn job_files(job: &Job) -> Vec<u8> {
    let mut archive = Archive::default();
    archive.file("guest/command", job.command.join("\n").as_bytes());
    archive.file("guest/environment", job.environment.join("\n").as_bytes());
    if job.output_is_result {
        archive.file("guest/output-is-result", b"");
    }
    archive.finish()
}
