//! Every trial there is.

use std::fs;

use anyhow::{Context, Result, ensure};
use libtest_mimic::Trial;

use crate::report::{Outcome, trial};

/// The kernel release that `cargo xtask vm` booted; absent outside a guest.
const EXPECTED_RELEASE: &str = "TCPX_GUEST_RELEASE";

/// All trials, the same on every kernel: what a kernel cannot do is skipped by the trial itself, with a reason.
pub(crate) fn all() -> Vec<Trial> {
    vec![trial("auto/kernel-facts", kernel_facts)]
}

/// The guest runs the kernel that was asked for, and its BTF, on which everything else stands, can be read.
fn kernel_facts() -> Result<Outcome> {
    let uname = rustix::system::uname();
    let release = uname.release().to_string_lossy();
    if let Ok(expected) = std::env::var(EXPECTED_RELEASE) {
        ensure!(release == expected, "this kernel is {release}, expected {expected}");
    }
    let btf = fs::read("/sys/kernel/btf/vmlinux").context("reading the kernel's BTF")?;
    ensure!(btf.starts_with(&[0x9f, 0xeb]), "the kernel's BTF starts with {:x?}", &btf[..2]);
    Ok(Outcome::Passed)
}
