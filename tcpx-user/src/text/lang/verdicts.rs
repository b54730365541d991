//! The catalogue of verdicts in another language: the English entries, with their texts replaced.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::phrases::Phrases;
use crate::verdict::{Entry, VerdictId, entry};

/// What is said of one verdict in sentences of its own.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Texts {
    pub(super) title: String,
    pub(super) meaning: String,
    /// As many as in English, in its order.
    pub(super) conditions: Vec<String>,
    pub(super) advice: String,
}

/// All entries, by place in [`VerdictId::ALL`].
pub(super) fn parse(text: &str, phrases: &Phrases) -> Result<Vec<Entry>, toml::de::Error> {
    let mut texts = table(text)?;
    let entries = VerdictId::ALL.iter().map(|id| {
        let texts = texts.remove(id).ok_or_else(|| serde::de::Error::custom(format!("{id} is missing")))?;
        Ok(translated(entry(*id), texts, phrases))
    });
    entries.collect()
}

pub(super) fn table(text: &str) -> Result<BTreeMap<VerdictId, Texts>, toml::de::Error> {
    toml::from_str(text)
}

fn translated(english: &Entry, texts: Texts, phrases: &Phrases) -> Entry {
    let Texts { title, meaning, conditions, advice } = texts;
    let mut entry = Entry { title, meaning, conditions, advice, ..english.clone() };
    for function in entry.kernel.iter_mut().flat_map(|path| &mut path.functions) {
        *function = function_in(function, phrases);
    }
    for setting in &mut entry.sysctls {
        if let Some((name, what)) = setting.split_once(": ") {
            *setting = format!("{name}: {}", phrases.must(what));
        }
    }
    for check in &mut entry.confirm {
        if !is_name(&check.look) {
            check.look = phrases.must(&check.look).to_owned();
        }
    }
    entry
}

/// A function with its result.
fn function_in(text: &str, phrases: &Phrases) -> String {
    let part = |text: &str| match phrases.find(text) {
        Some(found) => found.into_owned(),
        None => text.to_owned(),
    };
    text.split_once(": ")
        .map_or_else(|| part(text), |(name, result)| format!("{}: {}", part(name), part(result)))
}

/// Without an English word: the name of a function, a flag or a reason is the same in every language.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let word = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
    !text.split([' ', ',', '(', ')']).any(word)
}
