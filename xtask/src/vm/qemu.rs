//! One run of one guest under QEMU: console to one file, results to another, killed at its deadline.
//!
//! Emulation, not virtualisation: it works on any machine, also inside another virtual machine.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tcpx_guest::qemu::{Accelerator, machine};

use super::kernels::Kernel;
use crate::paths;
use crate::tail::Tail;

/// Enough of the console to hold a kernel's stack trace.
const LAST_LINES: usize = 40;

/// A guest that is about to run.
pub(crate) struct Guest {
    folder: PathBuf,
    child: Child,
    limit: Duration,
}

impl Guest {
    /// Starts a guest. `name` tells runs at the same time apart, and names the folder where their files stay; `fill` writes its
    /// first file system, and `more` are words for its kernel.
    pub(crate) fn start(
        name: &str,
        kernel: &Kernel,
        limit: Duration,
        more: &str,
        fill: impl FnOnce(&Path) -> Result<()>,
    ) -> Result<Self> {
        let folder =
            paths::target_folder("guest")?.join("runs").join(format!("{name}-{}", std::process::id()));
        paths::remove_folder(&folder)?;
        paths::make_folder(&folder)?;
        fill(&folder.join("initrd"))?;
        paths::write(&folder.join("results"), "")?;
        let child = qemu(&folder, kernel, more)
            .spawn()
            .context("starting qemu-system-x86_64; `cargo xtask setup` installs it")?;
        Ok(Self { folder, child, limit })
    }

    /// Waits for the end, hands over every line of the results as it comes, and gives the last lines of its console, for error messages.
    pub(crate) fn follow(mut self, line: impl FnMut(&str)) -> Result<String> {
        let results = Tail::open(&self.folder.join("results"))?;
        match results.follow(&mut self.child, self.limit, line)? {
            Some(status) => self.check(status)?,
            None => bail!(
                "the guest still ran after {} s and was killed\n{}",
                self.limit.as_secs(),
                self.console()
            ),
        }
        let console = self.console();
        paths::remove_folder(&self.folder)?;
        Ok(console)
    }

    fn check(&self, status: ExitStatus) -> Result<()> {
        if status.success() { Ok(()) } else { bail!("qemu failed: {status}\n{}", self.console()) }
    }

    /// The last lines of the console, for error messages.
    fn console(&self) -> String {
        let bytes = std::fs::read(self.folder.join("console")).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes).replace('\r', "");
        let lines: Vec<_> = text.lines().collect();
        let tail = &lines[lines.len().saturating_sub(LAST_LINES)..];
        format!("last lines of the console:\n  | {}", tail.join("\n  | "))
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Emulation, not virtualisation: trials must run on any machine, and here they take turns anyway.
fn qemu(folder: &Path, kernel: &Kernel, more: &str) -> Command {
    let mut command = machine(Accelerator::Tcg, &kernel.image(), &folder.join("initrd"), more);
    command
        .args(["-serial", &format!("file:{}", folder.join("console").display())])
        .args(["-serial", &format!("file:{}", folder.join("results").display())])
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    command
}
