//! On what the output in the book was made. Elsewhere the kernel does something else, or lets tcpx see more or less of it: what
//! needs root and BPF can then be shown, but not compared.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::command;

/// The kernel, as CI's machine has it: Linux 6.18 with tracepoints and nothing else for tcpx to attach to.
const SERIES: &str = "6.18";

/// Why commands that trace cannot be compared here; `None` where they can.
pub(super) fn why_not(tcpx: &Path) -> Result<Option<String>> {
    if !command::is_root()? {
        return Ok(Some("they need root".to_owned()));
    }
    let check = Command::new(tcpx).args(["check", "-o", "json"]).output()?;
    if !check.status.success() {
        let said = String::from_utf8_lossy(&check.stderr);
        return Ok(Some(format!("BPF is refused here: {}", said.trim())));
    }
    let release = command::text(Command::new("uname").arg("-r"))?;
    if !release.starts_with(SERIES) {
        return Ok(Some(format!("the book shows Linux {SERIES}, and this is {}", release.trim())));
    }
    let told: Value =
        serde_json::from_slice(&check.stdout).context("reading what `tcpx check -o json` prints")?;
    let works = |name: &str| {
        let backends = told["data"]["backends"].as_array().into_iter().flatten();
        backends.clone().any(|one| one["backend"] == name && one["works"] == true)
    };
    Ok(if !works("tracepoint") {
        Some("tcpx can attach to no tracepoint here".to_owned())
    } else if works("fentry") || works("kprobe") {
        Some("the book shows what tracepoints see, and this kernel lets tcpx see more".to_owned())
    } else {
        None
    })
}
