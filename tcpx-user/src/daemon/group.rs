//! Users and groups of the configuration as numbers.

use super::config::Name;
use crate::{cli::failure::Failure, command};

/// Number of a user.
///
/// # Errors
/// There is none of that name.
pub fn uid(key: &str, name: &Name) -> Result<u32, Failure> {
    match name {
        Name::Number(number) => Ok(*number),
        Name::Text(text) => {
            command::find_user(text).map(|user| user.uid).ok_or_else(|| missing(key, "user", name))
        }
    }
}

/// Number of a group.
///
/// # Errors
/// There is none of that name.
pub fn gid(key: &str, name: &Name) -> Result<u32, Failure> {
    match name {
        Name::Number(number) => Ok(*number),
        Name::Text(text) => command::find_group(text).ok_or_else(|| missing(key, "group", name)),
    }
}

fn missing(key: &str, kind: &str, name: &Name) -> Failure {
    Failure::Machine {
        what: format!(
            "{key}: there is no {kind} \"{name}\" in /etc/{}",
            if kind == "user" { "passwd" } else { "group" }
        ),
        advice: format!("create it (systemd-sysusers, {kind}add), or give its number"),
    }
}
