//! xtask as cargo's `RUSTC_WRAPPER`: takes the machine out of what the compiler sees.
//!
//! Paths are remapped here rather than in RUSTFLAGS, which cargo remembers. And cargo derives each crate's identity,
//! which ends up in symbol names and so in BTF, from absolute paths among other things; here it is derived from the
//! crate's name and version.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use crate::paths;

const REMAP: &str = "TCPX_XTASK_REMAP";

/// Makes a cargo command use this program as its wrapper.
pub(super) fn configure(cargo: &mut Command, library: &Path) -> Result<()> {
    let wrapper = std::env::current_exe().context("asking for xtask's own path")?;
    cargo.env("RUSTC_WRAPPER", wrapper).env(REMAP, remaps(library)?.join("\x1f"));
    Ok(())
}

/// The wrapper's own entry, taken when the environment says that cargo called it.
pub(crate) fn main() -> Option<ExitCode> {
    let remaps = std::env::var(REMAP).ok()?;
    let mut args: Vec<OsString> = std::env::args_os().skip(1).collect();
    if args.is_empty() {
        return None;
    }
    let rustc = args.remove(0);
    if args.iter().any(|arg| arg == super::TARGET) {
        args.iter_mut().for_each(replace_identity);
        args.extend(remaps.split('\x1f').map(|pair| format!("--remap-path-prefix={pair}").into()));
    }
    let error = Command::new(&rustc).args(args).exec();
    eprintln!("error: cannot start {}: {error}", rustc.display());
    Some(ExitCode::FAILURE)
}

fn replace_identity(arg: &mut OsString) {
    if arg.to_string_lossy().starts_with("metadata=") {
        let part = |name| std::env::var(name).unwrap_or_default();
        let names = ["CARGO_PKG_NAME", "CARGO_PKG_VERSION", "CARGO_CRATE_NAME"].map(part).join(" ");
        *arg = format!("metadata={}", paths::hex(&Sha256::digest(names)[..8])).into();
    }
}

/// Pairs for `--remap-path-prefix`; of those that match, the compiler takes the last.
fn remaps(library: &Path) -> Result<Vec<String>> {
    let mut pairs = vec![pair(&paths::workspace(), "/tcpx"), pair(library, "/rust-src")];
    pairs.push(pair(&library.canonicalize().context("resolving the path of rust-src")?, "/rust-src"));
    // The folder's name says which registry a crate came from, and that may be a mirror.
    let sources = cargo_home()?.join("registry/src");
    for entry in sources.read_dir().into_iter().flatten() {
        pairs.push(pair(&entry?.path(), "/crates"));
    }
    Ok(pairs)
}

fn pair(path: &Path, name: &str) -> String {
    format!("{}={name}", path.display())
}

fn cargo_home() -> Result<PathBuf> {
    if let Some(home) = std::env::var_os("CARGO_HOME") {
        return Ok(home.into());
    }
    let home = std::env::home_dir().context("neither CARGO_HOME nor HOME is set")?;
    Ok(home.join(".cargo"))
}
