//! A guest that is a Debian host with systemd: its whole file system is in memory.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tcpx_guest::cpio::Archive;

use super::kernels::{self, Kernel};
use super::qemu::Guest;
use crate::{apt, command, paths};

/// Debian's release, and the series of the kernel that it has.
const SUITE: &str = "trixie";
const SERIES: &str = "6.12";
/// What a small server has, and what the trial asks with.
const PACKAGES: &str = "systemd-sysv,init-system-helpers,procps,curl";
/// Memory is dear in a guest.
const UNNEEDED: [&str; 2] = ["usr/share/doc", "usr/share/locale"];

/// A program that runs once the host is up, and files that it finds in `/trial`.
pub(crate) struct Trial<'a> {
    /// A script for `sh`: what it prints is the result. The host ends with it.
    pub(crate) script: &'a str,
    /// Names and places of files.
    pub(crate) files: &'a [(&'a str, &'a Path)],
}

/// Boots the host, hands over each line that the script prints; the last lines of the console where it came to no end.
pub(crate) fn run(trial: &Trial<'_>, limit: Duration, mut line: impl FnMut(&str)) -> Result<()> {
    let kernel: Kernel = kernels::obtain(kernels::series(SERIES)?)?;
    let host = host()?;
    let fill = |initrd: &Path| {
        let mut bytes = paths::read(&host)?;
        bytes.extend(added(trial)?);
        paths::write(initrd, bytes)
    };
    let guest = Guest::start("debian", &kernel, limit, "", fill)?;
    let mut ended = false;
    let console = guest.follow(|text| {
        ended |= text == END;
        if text != END {
            line(text);
        }
    })?;
    ensure!(ended, "the host ended before the script had\n{console}");
    Ok(())
}

/// The last line of a script that came to its end.
const END: &str = "trial: ends";

/// The host's file system as the kernel unpacks it, made once.
fn host() -> Result<PathBuf> {
    let folder = paths::target_folder("guest")?.join("debian");
    let archive = folder.join(format!("{SUITE}.cpio"));
    if archive.exists() {
        return Ok(archive);
    }
    ensure!(command::is_root()?, "only root can make a Debian host (mmdebstrap, chroot)");
    println!("  making a Debian host ({SUITE}, about 100 MB of packages, once)");
    apt::install(&["mmdebstrap", "cpio"])?;
    let root = folder.join("root");
    paths::remove_folder(&folder)?;
    paths::make_folder(&folder)?;
    let sources = apt::open(SUITE)?.sources().context("a suite has sources")?;
    let mut make = Command::new("mmdebstrap");
    make.args(["--mode=root", "--variant=minbase", "--include", PACKAGES, SUITE]).arg(&root).arg(sources);
    command::quiet(&mut make)?;
    for unneeded in UNNEEDED {
        paths::remove_folder(&root.join(unneeded))?;
    }
    let part = archive.with_extension("part");
    let pack = format!("find . -print0 | cpio --quiet --null --create --format newc > '{}'", part.display());
    command::quiet(Command::new("sh").args(["-c", &pack]).current_dir(&root))?;
    std::fs::rename(&part, &archive).with_context(|| format!("writing {}", archive.display()))?;
    paths::remove_folder(&root)?;
    Ok(archive)
}

/// The service that runs the script when all else is up, and ends the host with it.
const SERVICE: &str = "\
[Unit]
Description=the trial
After=multi-user.target
SuccessAction=reboot-force
FailureAction=reboot-force
[Service]
Type=oneshot
ExecStart=/bin/sh /trial/script
StandardOutput=tty
StandardError=tty
TTYPath=/dev/ttyS1
";

fn added(trial: &Trial<'_>) -> Result<Vec<u8>> {
    let mut archive = Archive::default();
    archive.link("init", "usr/lib/systemd/systemd");
    archive.file("trial/script", format!("{}\necho '{END}'\n", trial.script).as_bytes());
    for (name, place) in trial.files {
        archive.file(&format!("trial/{name}"), &paths::read(place)?);
    }
    archive.file("etc/systemd/system/trial.service", SERVICE.as_bytes());
    archive.link("etc/systemd/system/multi-user.target.wants/trial.service", "../trial.service");
    Ok(archive.finish())
}
