//! Phrases by their English. In a phrase `{a}`, `{b}`, `{c}` and `{d}` stand for one word, which is the same in every language;
//! a longer name stands for any text, which may be a phrase itself, and `{opt}` for one that may be missing.

use std::{borrow::Cow, collections::BTreeMap};

use unicode_width::UnicodeWidthChar as _;

/// The phrases of some files.
pub(super) struct Phrases {
    exact: BTreeMap<String, String>,
    /// Those with places, the longest English first: it says most.
    patterns: Vec<(String, String)>,
}

/// A piece of a phrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece<'a> {
    Text(&'a str),
    /// A place, by its name.
    Place(&'a str),
}

impl Phrases {
    pub(super) fn parse(files: &[&str]) -> Result<Self, toml::de::Error> {
        let mut exact = BTreeMap::new();
        for file in files {
            exact.extend(toml::from_str::<BTreeMap<String, String>>(file)?);
        }
        let mut patterns: Vec<_> =
            exact.clone().into_iter().filter(|(english, _)| english.contains('{')).collect();
        patterns.sort_by_key(|(english, _)| std::cmp::Reverse(english.len()));
        Ok(Self { exact, patterns })
    }

    pub(super) fn add(&mut self, english: &str, other: &str) {
        self.exact.insert(english.to_owned(), other.to_owned());
    }

    /// This phrase, which is there.
    ///
    /// # Panics
    /// In a build whose tests failed: one of them asks for every phrase.
    pub(super) fn must(&self, english: &str) -> &str {
        self.exact.get(english).unwrap_or_else(|| panic!("no translation of {english:?}"))
    }

    /// This phrase, or the first pattern that it is made by.
    pub(super) fn find(&self, text: &str) -> Option<Cow<'_, str>> {
        let exact = self.exact.get(text).map(|text| Cow::Borrowed(text.as_str()));
        exact.or_else(|| {
            self.patterns
                .iter()
                .find_map(|(english, other)| self.made_by(english, other, text))
                .map(Cow::Owned)
        })
    }

    /// `text` in the other language if it has the shape of `english`.
    fn made_by(&self, english: &str, other: &str, text: &str) -> Option<String> {
        let values = values(english, text)?;
        let value = |name: &str| {
            let value = values.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| *value);
            if is_word(name) { value.to_owned() } else { self.pieces(value).into_owned() }
        };
        let text = |piece| match piece {
            Piece::Text(text) => text.to_owned(),
            Piece::Place(name) => value(name),
        };
        Some(tight(&pieces(other).into_iter().map(text).collect::<String>()))
    }

    /// The same of a text that may be `name: phrase` or `phrase; phrase`.
    pub(super) fn pieces<'a>(&'a self, text: &'a str) -> Cow<'a, str> {
        if let Some(found) = self.find(text) {
            return found;
        }
        let cut = |at: usize| {
            let (head, tail) = (&text[..at], &text[at + 2..]);
            Cow::Owned(format!("{}{}{}", self.pieces(head), &text[at..at + 2], self.pieces(tail)))
        };
        text.find(": ").or_else(|| text.find("; ")).map_or(Cow::Borrowed(text), cut)
    }

    pub(super) const fn all(&self) -> &BTreeMap<String, String> {
        &self.exact
    }
}

/// Puts `values` into the places of a phrase: the first into `{a}`.
pub(super) fn fill(phrase: &str, values: &[&str]) -> String {
    let names = ["{a}", "{b}", "{c}", "{d}"];
    names.iter().zip(values).fold(phrase.to_owned(), |text, (name, value)| text.replace(name, value))
}

/// Without the spaces that stand between two Chinese characters where a place was for a word of Latin letters.
fn tight(text: &str) -> String {
    let wide = |c: char| c.width() == Some(2);
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let between =
            c == ' ' && out.chars().last().is_some_and(wide) && chars.peek().copied().is_some_and(wide);
        if !between {
            out.push(c);
        }
    }
    out
}

/// What stands in the places of `english` if `text` has its shape.
fn values<'a>(english: &'a str, text: &'a str) -> Option<Vec<(&'a str, &'a str)>> {
    let mut found = Vec::new();
    let mut left = text;
    let pieces = pieces(english);
    for (n, piece) in pieces.iter().enumerate() {
        match *piece {
            Piece::Text(expected) => left = left.strip_prefix(expected)?,
            Piece::Place(name) => {
                let end = match pieces.get(n + 1) {
                    Some(Piece::Text(next)) if n + 2 == pieces.len() => left.strip_suffix(next)?.len(),
                    Some(Piece::Text(next)) => left.find(next)?,
                    _ => left.len(),
                };
                let value = &left[..end];
                let empty = value.is_empty() && name != "opt";
                if empty || (is_word(name) && value.contains(char::is_whitespace)) {
                    return None;
                }
                found.push((name, value));
                left = &left[end..];
            }
        }
    }
    left.is_empty().then_some(found)
}

/// A place for one word.
const fn is_word(name: &str) -> bool {
    name.len() == 1
}

/// Text and places in turn.
fn pieces(phrase: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut left = phrase;
    while let Some((before, name, after)) = place(left) {
        pieces.extend((!before.is_empty()).then_some(Piece::Text(before)));
        pieces.push(Piece::Place(name));
        left = after;
    }
    pieces.extend((!left.is_empty()).then_some(Piece::Text(left)));
    pieces
}

fn place(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once('{')?;
    let (name, after) = rest.split_once('}')?;
    Some((before, name, after))
}

/// The places of a phrase, sorted: those of its translation are the same.
#[cfg(test)]
pub(super) fn places(phrase: &str) -> Vec<&str> {
    let mut names: Vec<_> = pieces(phrase)
        .into_iter()
        .filter_map(|piece| match piece {
            Piece::Place(name) => Some(name),
            Piece::Text(_) => None,
        })
        .collect();
    names.sort_unstable();
    names
}
