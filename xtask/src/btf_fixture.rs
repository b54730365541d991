//! The kernels that tests of the plan know: their type information, reduced to what tcpx asks of it.
//!
//! The test binary does the reducing, as it knows the questions, and refuses a fixture that answers any of them
//! otherwise than the kernel.

use std::process::Command;

use anyhow::Result;

use crate::{command, paths, vm};

/// Makes one fixture for each kernel series.
pub(crate) fn run() -> Result<()> {
    let binary = vm::test_binary()?;
    let folder = paths::workspace().join("tcpx-user/tests/data/btf");
    paths::make_folder(&folder)?;
    for series in vm::kernels::SERIES {
        let kernel = vm::kernels::obtain(series)?;
        let fixture = folder.join(format!("{}.btf", series.name));
        command::run(
            Command::new(&binary).arg("--btf-fixture").args([vm::kernels::types(&kernel)?, fixture]),
        )?;
    }
    Ok(())
}
