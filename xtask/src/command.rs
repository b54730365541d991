//! Running other programs, with errors that say which one failed and what it said.

use std::ffi::OsStr;
use std::io::Write;
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, bail};

/// The command as one would type it, for messages.
pub(crate) fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

/// Runs a command whose output the user should see.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status =
        command.stdin(Stdio::null()).status().with_context(|| format!("starting `{}`", line(command)))?;
    if status.success() { Ok(()) } else { bail!("`{}` failed: {status}", line(command)) }
}

/// Runs a command silently; its output appears only in the error.
pub(crate) fn quiet(command: &mut Command) -> Result<Vec<u8>> {
    let output =
        command.stdin(Stdio::null()).output().with_context(|| format!("starting `{}`", line(command)))?;
    checked(command, output)
}

/// What a command prints, as text.
pub(crate) fn text(command: &mut Command) -> Result<String> {
    Ok(String::from_utf8_lossy(&quiet(command)?).into_owned())
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

/// The output of a command that succeeded.
pub(crate) fn checked(command: &Command, output: Output) -> Result<Vec<u8>> {
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    bail!("`{}` failed: {}\n{}", line(command), output.status, String::from_utf8_lossy(&said).trim_end())
}

/// Whether a program of this name is in the path.
pub(crate) fn exists(program: &str) -> bool {
    find(program).is_some()
}

/// Where a program is: root's folders are looked at even if the user's path lacks them.
pub(crate) fn find(program: &str) -> Option<std::path::PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/usr/bin", "/sbin", "/bin"].map(Into::into))
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// Whether this user is root.
pub(crate) fn is_root() -> Result<bool> {
    Ok(text(Command::new("id").arg("-u"))?.trim() == "0")
}
