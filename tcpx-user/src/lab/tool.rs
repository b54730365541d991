//! `ip` and `tc`, for what takes more than one netlink message.

use std::{io, path::Path, process::Command};

use super::{LabError, Namespace};

/// Runs `command` (a program and its arguments, separated by spaces) in the namespace.
///
/// # Errors
/// [`LabError::Unavailable`] when there is no such program, or the kernel does not know what it asks for.
pub fn run(namespace: &Namespace, command: &'static str) -> Result<(), LabError> {
    let output = namespace.run(move || {
        let mut words = command.split_whitespace();
        Command::new(place(words.next().unwrap_or_default())).args(words).output()
    })?;
    let output = output.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => unavailable(command, "it is not installed".to_owned()),
        _ => LabError::io(format!("run {command}"))(error),
    })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    // What a kernel without the module answers; a command that is wrong gets a usage text.
    let unknown = ["not supported", "not found", "No such file", "not permitted", "Unknown", "not available"];
    if unknown.iter().any(|word| said.contains(word)) {
        return Err(unavailable(command, said));
    }
    Err(LabError::Unexpected { what: command.to_owned(), expected: "success".to_owned(), got: said })
}

fn unavailable(command: &str, why: String) -> LabError {
    let advice = "apt install iproute2, on a kernel with what the command asks for";
    LabError::Unavailable { what: format!("`{command}`"), why, advice }
}

/// They live in sbin, which a user's PATH often lacks.
fn place(program: &str) -> String {
    let places = ["/usr/sbin", "/sbin", "/usr/bin", "/bin"].map(|folder| format!("{folder}/{program}"));
    places.into_iter().find(|place| Path::new(place).exists()).unwrap_or_else(|| program.to_owned())
}
