//! What is installed elsewhere: a package for Debian, and the files of which a container image is made.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::{command, paths};

/// Makes the package; 2.x knows less of what the manifest says.
const CARGO_DEB: &str = "3.8.0";
/// What `deploy/Containerfile` copies beside the program.
const NOTICES: [&str; 3] = ["NOTICE", "LICENSE-APACHE", "LICENSE-MIT"];

/// What is packaged.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Package a build without optimisation, to try the package itself
    #[arg(long)]
    pub(crate) dev: bool,
}

/// Builds the program, and puts the package and what an image needs into `target/package`.
pub(crate) fn run(options: &Options) -> Result<()> {
    let profile = if options.dev { "dev" } else { "release" };
    let build =
        ["build", "--locked", "--package", "tcpx-user", "--bin", "tcpx", "--profile", profile, "--target"];
    let program = command::built(&[&build[..], &[TARGET]].concat(), "tcpx")?;
    let folder = paths::target().join("package");
    paths::remove_folder(&folder)?;
    paths::make_folder(&folder)?;
    let copy = folder.join("tcpx");
    command::quiet(Command::new("strip").arg("-o").arg(&copy).arg(&program))?;
    for notice in NOTICES {
        paths::write(&folder.join(notice), paths::read(&paths::workspace().join(notice))?)?;
    }
    debian(profile, &folder)?;
    println!("an image of {}: deploy/Containerfile", folder.display());
    Ok(())
}

/// Also for a machine of that kind the target is named, as `.cargo/config.toml` does.
const TARGET: &str = "x86_64-unknown-linux-gnu";

fn debian(profile: &str, folder: &Path) -> Result<()> {
    let mut deb = Command::new(cargo_deb()?);
    deb.current_dir(paths::workspace().join("tcpx-user")).env("CARGO", env!("CARGO"));
    deb.args(["--no-build", "--strip", "--locked", "--target", TARGET, "--profile", profile]);
    let said = command::text(deb.arg("--output").arg(folder))?;
    println!("install it as root: apt install {}", said.trim());
    Ok(())
}

/// The program, built first if it is not there yet.
fn cargo_deb() -> Result<PathBuf> {
    let root = paths::target_folder("tools")?;
    let program = root.join("bin/cargo-deb");
    let version = command::text(Command::new(&program).arg("--version"));
    if !version.is_ok_and(|text| text.contains(CARGO_DEB)) {
        println!("  building cargo-deb {CARGO_DEB} into {} (about a minute, once)", root.display());
        let mut install = Command::new(env!("CARGO"));
        install.current_dir(paths::workspace()).args([
            "install",
            "--quiet",
            "cargo-deb",
            "--version",
            CARGO_DEB,
        ]);
        // Without its own xz, which is C: it uses the program.
        install.args(["--locked", "--force", "--no-default-features", "--root"]).arg(&root);
        command::run(&mut install).context("building cargo-deb")?;
    }
    Ok(program)
}
