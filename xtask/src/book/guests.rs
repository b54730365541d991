//! Kernels for the labs that the book plays in guests: `tcpx lab --fetch-kernel` gets them, as it does for a reader.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::{command, paths};

/// Names the folder in which tcpx keeps what it has fetched.
pub(super) const CACHE: &str = "XDG_CACHE_HOME";

/// That folder: what a user of this machine has fetched is left alone.
pub(super) fn cache() -> PathBuf {
    paths::target().join("book").join("cache")
}

/// Fetches the kernels that these commands name, if they are not there.
pub(super) fn fetch(tcpx: &Path, commands: &[&str]) -> Result<()> {
    for kernel in commands.iter().copied().filter_map(kernel).collect::<BTreeSet<_>>() {
        command::run(Command::new(tcpx).args(["lab", "--fetch-kernel", kernel]).env(CACHE, cache()))?;
    }
    Ok(())
}

/// Whether a command starts a guest.
pub(super) fn plays(typed: &str) -> bool {
    kernel(typed).is_some()
}

/// The kernel that a command names.
fn kernel(typed: &str) -> Option<&str> {
    let mut words = typed.split_whitespace().skip_while(|word| *word != "--kernel");
    words.nth(1)
}

#[cfg(test)]
mod tests {
    use super::kernel;

    #[test]
    fn a_kernel_is_found_where_one_is_named() {
        assert_eq!(kernel("tcpx lab no-route --kernel 6.12 --step"), Some("6.12"));
        assert_eq!(kernel("tcpx lab no-route --step"), None);
    }
}
