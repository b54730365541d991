//! What hooks rely on, against the types of every kernel in the cache: the test binary knows the questions.

use std::process::Command;

use anyhow::{Result, bail};

use crate::vm::kernels;
use crate::{command, paths, vm};

/// Compares, and names what moved.
pub(crate) fn run() -> Result<()> {
    let cached: Vec<_> =
        kernels::SERIES.iter().filter(|series| kernels::cached_release(series).is_some()).collect();
    if cached.is_empty() {
        bail!("no kernel is in the cache; `cargo xtask vm fetch` brings those of the matrix");
    }
    let mut protos = Command::new(vm::test_binary()?);
    protos.arg("--protos").arg(paths::workspace().join("tcpx-user/tests/data/btf"));
    for series in cached {
        let types = kernels::types(&kernels::obtain(series)?)?;
        protos.arg(format!("{}={}", series.name, types.display()));
    }
    command::run(&mut protos)
}
