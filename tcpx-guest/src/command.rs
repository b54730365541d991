//! Running other programs, with errors that say which one failed and what it said.

use std::{
    ffi::OsStr,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

use anyhow::{Context, Result, bail};

/// The command as one would type it, for messages.
#[must_use]
pub fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

/// Runs a command silently; its output appears only in the error.
pub fn quiet(command: &mut Command) -> Result<Vec<u8>> {
    let output =
        command.stdin(Stdio::null()).output().with_context(|| format!("starting `{}`", line(command)))?;
    checked(command, output)
}

/// What a command prints, as text.
pub fn text(command: &mut Command) -> Result<String> {
    Ok(String::from_utf8_lossy(&quiet(command)?).into_owned())
}

/// The output of a command that succeeded.
pub fn checked(command: &Command, output: Output) -> Result<Vec<u8>> {
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    bail!("`{}` failed: {}\n{}", line(command), output.status, String::from_utf8_lossy(&said).trim_end())
}

/// Whether a program of this name is in the path.
#[must_use]
pub fn exists(program: &str) -> bool {
    find(program).is_some()
}

/// Where a program is: root's folders are looked at even if the user's path lacks them.
#[must_use]
pub fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/usr/bin", "/sbin", "/bin"].map(Into::into))
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}
