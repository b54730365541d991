//! The source of `core`, which the BPF target is built from: found, fetched, and pinned by its content.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow, bail};
use sha2::{Digest, Sha256};

use crate::apt;
use crate::{command, paths};

/// Of rust-src 1.95.0. The one that rustup brings and Debian's package agree in these files.
const PINNED: &str = "5b301de198b43dd2b662d92827ce71724a5bce1b212be4114f77f1da8968d6e0";

/// What `core` and `compiler_builtins` are compiled from, below `library/`.
const COMPILED: &[&str] = &[
    "Cargo.lock",
    "Cargo.toml",
    "compiler-builtins/compiler-builtins",
    "compiler-builtins/libm/src",
    "core/Cargo.toml",
    "core/src",
    "portable-simd/crates/core_simd/src",
    "stdarch/crates/core_arch/src",
];

/// Where Debian keeps compilers that are newer than its release.
const SUITES: &[&str] = &["trixie-backports", "sid"];

/// The `library` folder, at a place that is the same, seen from the workspace, on every machine.
pub(super) fn obtain() -> Result<PathBuf> {
    let link = paths::workspace().join("target/rust-src/library");
    let source = find()?;
    let found = content_hash(&source)?;
    if found != PINNED {
        bail!(
            "the rust-src in {} is not the one that this tree is pinned to (sha256 {found}, expected {PINNED}): \
             reinstall it, or, after a change of rust-toolchain.toml, change PINNED in {}",
            source.display(),
            file!()
        );
    }
    if std::fs::read_link(&link).ok().as_ref() != Some(&source) {
        paths::make_folder(link.parent().context("the link lies in a folder")?)?;
        drop(std::fs::remove_file(&link));
        std::os::unix::fs::symlink(&source, &link)
            .with_context(|| format!("making the link {}", link.display()))?;
    }
    Ok(link)
}

/// rustup's if it is there or can be had, else Debian's.
fn find() -> Result<PathBuf> {
    let mut rustc = Command::new("rustc");
    let sysroot = command::text(rustc.current_dir(paths::workspace()).args(["--print", "sysroot"]))?;
    let installed = Path::new(sysroot.trim()).join("lib/rustlib/src/rust/library");
    if is_library(&installed) {
        return Ok(installed);
    }
    let unpacked = paths::target_folder("rust-src")?;
    if let Some(library) = debian_library(&unpacked) {
        return Ok(library);
    }
    println!("  installing rust-src with rustup, for `core` on the BPF target");
    // Without a way to its server rustup tries for many minutes.
    let mut rustup = Command::new("timeout");
    rustup.current_dir(paths::workspace()).args(["180", "rustup", "component", "add", "rust-src"]);
    let added = command::quiet(&mut rustup);
    // rustup also succeeds when its records, unlike the disk, say that the component is there.
    if is_library(&installed) {
        return Ok(installed);
    }
    let refused = added.err().unwrap_or_else(|| anyhow!("rustup says it is installed, but it is not there"));
    println!(
        "  rustup cannot ({}); taking Debian's package",
        refused.to_string().lines().next().unwrap_or_default()
    );
    from_debian(&unpacked)
        .with_context(|| format!("rust-src is neither to be had from rustup ({refused:#}) nor from Debian"))
}

fn is_library(folder: &Path) -> bool {
    folder.join("core/src/lib.rs").exists() && folder.join("Cargo.lock").exists()
}

fn from_debian(folder: &Path) -> Result<PathBuf> {
    if !apt::is_debian() {
        bail!("this is not Debian");
    }
    let version = rustc_version()?;
    for name in SUITES {
        let suite = apt::open(name)?;
        let found = suite.versions("rust-src")?.into_iter().find(|v| v.starts_with(&format!("{version}+")));
        if let Some(package) = found {
            suite.unpack(&format!("rust-src={package}"), folder)?;
            return debian_library(folder).context("the package rust-src holds no library folder");
        }
    }
    bail!("no rust-src {version} in {}", SUITES.join(", "))
}

/// Debian's package unpacks to `usr/src/rustc-VERSION`.
fn debian_library(folder: &Path) -> Option<PathBuf> {
    let version = rustc_version().ok()?;
    let library = folder.join(format!("usr/src/rustc-{version}/library"));
    is_library(&library).then_some(library)
}

fn rustc_version() -> Result<String> {
    let text = command::text(Command::new("rustc").current_dir(paths::workspace()).arg("--version"))?;
    text.split_whitespace().nth(1).map(str::to_owned).context("rustc does not tell its version")
}

/// Over path, length and content of each file, in the order of paths.
fn content_hash(library: &Path) -> Result<String> {
    let mut files = Vec::new();
    for name in COMPILED {
        list(&library.join(name), &mut files)?;
    }
    files.sort();
    let mut hash = Sha256::new();
    for file in files {
        let content = paths::read(&file)?;
        let name = file.strip_prefix(library).context("a file outside its folder")?;
        hash.update(format!("{}\0{}\0", name.display(), content.len()));
        hash.update(content);
    }
    Ok(paths::hex(&hash.finalize()))
}

/// All files at or below a path. Licence texts are left out: the two packagings differ in where they put them.
fn list(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if path.is_dir() {
        for entry in path.read_dir().with_context(|| format!("listing {}", path.display()))? {
            list(&entry?.path(), files)?;
        }
    } else if !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("LICENSE")) {
        files.push(path.to_path_buf());
    }
    Ok(())
}
