//! Words of a file that are from a list: another one is an error where it stands.

use serde::{Deserialize, Deserializer, de};

use crate::{
    cli::filter::OUTCOMES,
    text::state::state_name,
    verdict::{VerdictId, rules::words},
};

pub(super) fn verdict<'de, D: Deserializer<'de>>(from: D) -> Result<VerdictId, D::Error> {
    let text = String::deserialize(from)?;
    let unknown = || de::Error::custom(format!("\"{text}\" is no verdict; \"tcpx explain\" lists them"));
    text.parse().map_err(|_| unknown())
}

pub(super) fn outcome<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    one_of(from, "outcome", OUTCOMES.iter().map(|(name, _)| *name))
}

pub(super) fn errno_or_none<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    one_of(from, "errno", ["none"].into_iter().chain(words::errnos()))
}

pub(super) fn errno_or_zero<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    one_of(from, "result of a call", ["0"].into_iter().chain(words::errnos()))
}

pub(super) fn state<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    one_of(from, "state", (1..=u8::MAX).map_while(state_name))
}

fn one_of<'de, D: Deserializer<'de>>(
    from: D,
    what: &str,
    allowed: impl Iterator<Item = &'static str>,
) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(from)?;
    let allowed: Vec<&str> = allowed.collect();
    if allowed.contains(&text.as_str()) {
        return Ok(Some(text));
    }
    Err(de::Error::custom(format!("\"{text}\" is no {what}; allowed: {}", allowed.join(", "))))
}
