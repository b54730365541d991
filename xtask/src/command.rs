//! Running other programs, with errors that say which one failed and what it said.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;
pub(crate) use tcpx_guest::command::{checked, exists, line, quiet, text};

use crate::paths;

/// Runs a command whose output the user should see.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status =
        command.stdin(Stdio::null()).status().with_context(|| format!("starting `{}`", line(command)))?;
    if status.success() { Ok(()) } else { bail!("`{}` failed: {status}", line(command)) }
}

/// Lets cargo build in the workspace, with `words`, and says where the program `target` is that it has built.
pub(crate) fn built(words: &[&str], target: &str) -> Result<PathBuf> {
    let mut build = Command::new(env!("CARGO"));
    build.current_dir(paths::workspace()).args(words);
    build.args(["--quiet", "--message-format", "json-render-diagnostics"]).stderr(Stdio::inherit());
    let output = build.output().with_context(|| format!("starting `{}`", line(&build)))?;
    if !output.status.success() {
        bail!("`{}` failed", line(&build));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let messages = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let own = messages.filter(|message| message["target"]["name"] == target);
    let mut programs = own.filter_map(|message| message["executable"].as_str().map(PathBuf::from));
    programs.next().with_context(|| format!("cargo named no executable for `{target}`"))
}

/// What a command makes of `input`. Its status is left to the caller: decompressors complain of trailing bytes.
pub(crate) fn filter(command: &mut Command, input: Vec<u8>) -> Result<Output> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("starting `{}`", line(command)))?;
    let mut stdin = child.stdin.take().context("no pipe to the child")?;
    // A filter that has seen enough closes its input early; that is no failure.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().with_context(|| format!("reading from `{}`", line(command)))?;
    drop(writer.join());
    Ok(output)
}

/// Debian's `nobody` and `nogroup`.
pub(crate) const NOBODY: &str = "65534";

/// A program run by that user; only root can.
pub(crate) fn as_nobody(program: &Path) -> Command {
    let mut user = Command::new("setpriv");
    user.args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups", "--"]).arg(program);
    user
}

/// Whether this user is root.
pub(crate) fn is_root() -> Result<bool> {
    Ok(text(Command::new("id").arg("-u"))?.trim() == "0")
}
