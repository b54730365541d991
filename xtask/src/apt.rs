//! Debian's packages: of other suites without touching the machine's own package state, and installed for good.

use std::process::Command;

use anyhow::{Context, Result, bail};
pub(crate) use tcpx_guest::apt::{Suite, is_debian};

use crate::{command, paths};

/// Opens a suite such as `trixie-backports`, whose lists are kept below the target folder.
pub(crate) fn open(suite: &str) -> Result<Suite> {
    Suite::open(suite, &paths::target_folder("apt")?)
}

/// Installs packages on this machine for good, refreshing its lists first if they are needed.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    let mut install = Command::new("apt-get");
    install.env("DEBIAN_FRONTEND", "noninteractive").args(["-q", "-y", "--no-install-recommends", "install"]);
    install.args(packages);
    if command::quiet(&mut install).is_ok() {
        return Ok(());
    }
    command::quiet(Command::new("apt-get").args(["-q", "update"]))
        .context("refreshing this machine's package lists")?;
    match command::quiet(&mut install) {
        Ok(_) => Ok(()),
        Err(error) => {
            bail!("{error:?}\napt could not install {}; do it by hand, as root", packages.join(" "))
        }
    }
}
