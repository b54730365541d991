//! Where things are. Everything that xtask fetches or builds stays below the target folder.

use std::path::{Path, PathBuf};

use anyhow::Result;
pub(crate) use tcpx_guest::files::{make_folder, read, remove_folder, write};

/// The workspace's folder, whatever the current one is.
pub(crate) fn workspace() -> PathBuf {
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    manifest.parent().map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

/// Cargo's target folder, which `CARGO_TARGET_DIR` may have moved.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| workspace().join("target"), |dir| workspace().join(dir))
}

/// A folder below the target folder, made if need be.
pub(crate) fn target_folder(name: &str) -> Result<PathBuf> {
    let folder = target().join(name);
    make_folder(&folder)?;
    Ok(folder)
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
