//! `tcpx explain`: the catalogue for people who have a verdict, an errno, or only what a program printed.
//!
//! Pure: a question goes in, an [`Answer`] comes out, which is written as JSON or laid out as lines for a terminal.

pub mod aside;
pub mod backends;
#[cfg(test)]
mod book;
pub mod errno;
mod page;

use serde::{Serialize, Serializer};

pub use page::{Kind, Line};

use crate::text::{escape::escape, lang::Lang};
use crate::verdict::{Entry, Group, VerdictId, entry};
use backends::Cell;
use errno::Errno;

/// Names that `tcpx lab` knows beside the verdict ids; people ask for them here too.
const LAB_ALIASES: &[(&str, VerdictId)] = &[("no-listen", VerdictId::BoundNotListening)];

/// How many names are offered in place of a word that is not known.
const NEAREST: usize = 5;

/// What the catalogue has for a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum Answer {
    /// All about one verdict.
    Verdict {
        /// Its id.
        id: VerdictId,
        /// What is known about it.
        #[serde(flatten)]
        entry: &'static Entry,
    },
    /// The errors that a message names, each with the verdicts that lead to it.
    Errors {
        /// In the order of the message.
        errors: Vec<ErrorAnswer>,
        /// What else the message may be about.
        asides: Vec<&'static str>,
    },
    /// Every verdict, by family.
    Catalogue {
        /// In the contract's order.
        groups: Vec<GroupAnswer>,
    },
    /// Where a backend sees less than the others.
    Backends {
        /// In the contract's order.
        cells: &'static [Cell],
    },
}

/// One errno and where it may come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ErrorAnswer {
    /// Name, number and text.
    #[serde(flatten)]
    pub errno: &'static Errno,
    /// The verdicts that lead to it.
    pub verdicts: Vec<Brief>,
}

/// The verdicts of one family.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GroupAnswer {
    /// What they have in common.
    #[serde(rename = "heading", serialize_with = "heading")]
    pub group: Group,
    /// In the contract's order.
    pub verdicts: Vec<Brief>,
}

/// A verdict in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Brief {
    /// Its id.
    pub id: VerdictId,
    /// Its title.
    pub title: &'static str,
    /// Whether this version reports it.
    pub implemented: bool,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExplainError {
    /// The question names nothing that the catalogue knows.
    #[error("{query:?} is no verdict and names no error of TCP{}; \"tcpx explain\" lists all verdicts", did_you_mean(.near))]
    Unknown {
        /// What was asked, made harmless for a terminal.
        query: String,
        /// The nearest names, the nearest first.
        near: Vec<&'static str>,
    },
}

/// Answers a question: a verdict id, a lab alias, an errno by name or number, or an error message; without a question,
/// everything there is.
///
/// # Errors
/// When the question names nothing known; the error says which names are near.
pub fn explain(query: Option<&str>) -> Result<Answer, ExplainError> {
    let Some(query) = query.map(str::trim).filter(|query| !query.is_empty()) else { return Ok(catalogue()) };
    by_verdict(query)
        .or_else(|| by_errno(query))
        .or_else(|| by_message(query))
        .ok_or_else(|| ExplainError::Unknown { query: escape(query).into_owned(), near: nearest(query) })
}

/// The cells in which a backend sees less, for `tcpx explain --backends`.
#[must_use]
pub fn backends() -> Answer {
    Answer::Backends { cells: backends::CELLS }
}

impl Answer {
    /// The answer as lines of at most `width` columns; words that are longer stay whole.
    #[must_use]
    pub fn lines(&self, width: usize, lang: Lang) -> Vec<Line> {
        page::lay_out(self, width, lang)
    }
}

impl Brief {
    fn of(id: VerdictId) -> Self {
        let entry = entry(id);
        Self { id, title: &entry.title, implemented: entry.implemented }
    }
}

fn catalogue() -> Answer {
    let briefs = |group: Group| group.ids().iter().copied().map(Brief::of).collect();
    let groups = Group::ALL.iter().map(|&group| GroupAnswer { group, verdicts: briefs(group) });
    Answer::Catalogue { groups: groups.collect() }
}

/// By id in any spelling ("Closed port"), by lab alias, by the name of a lab scenario (`id/variant`), or by title.
fn by_verdict(query: &str) -> Option<Answer> {
    let word = kebab(query);
    let name = word.split_once('/').map_or(word.as_str(), |(id, _)| id);
    let alias = LAB_ALIASES.iter().find(|(alias, _)| *alias == name).map(|&(_, id)| id);
    let has = |id| Lang::ALL.iter().any(|lang| lang.entry(id).title.eq_ignore_ascii_case(query));
    let titled = || VerdictId::ALL.iter().copied().find(|&id| has(id));
    let id = alias.or_else(|| name.parse().ok()).or_else(titled)?;
    Some(Answer::Verdict { id, entry: entry(id) })
}

fn by_errno(query: &str) -> Option<Answer> {
    let number = query.parse().ok().and_then(Errno::by_number);
    let errno = number.or_else(|| Errno::by_name(query))?;
    Some(Answer::Errors { errors: vec![error_answer(errno)], asides: Vec::new() })
}

fn by_message(query: &str) -> Option<Answer> {
    let errors: Vec<_> = errno::in_message(query).into_iter().map(error_answer).collect();
    let asides = aside::asides(query);
    (!errors.is_empty() || !asides.is_empty()).then_some(Answer::Errors { errors, asides })
}

fn error_answer(errno: &'static Errno) -> ErrorAnswer {
    let leads = |id: &VerdictId| entry(*id).errno.iter().any(|name| name == errno.name);
    let verdicts = VerdictId::ALL.iter().copied().filter(leads).map(Brief::of).collect();
    ErrorAnswer { errno, verdicts }
}

/// The names nearest to a word: those that hold it, those that differ in few letters, those with a word like it.
fn nearest(query: &str) -> Vec<&'static str> {
    let word = kebab(query);
    let allowed = (word.len() / 3).max(2);
    let ids = VerdictId::ALL.iter().map(|id| id.as_str());
    let aliases = LAB_ALIASES.iter().map(|&(alias, _)| alias);
    let names = ids.chain(aliases).chain(errno::ALL.iter().map(|errno| errno.name));
    let mut near: Vec<_> =
        names.filter_map(|name| Some((distance(&word, &name.to_lowercase(), allowed)?, name))).collect();
    near.sort_by_key(|&(distance, _)| distance);
    near.into_iter().map(|(_, name)| name).take(NEAREST).collect()
}

fn distance(word: &str, name: &str, allowed: usize) -> Option<usize> {
    if word.len() > 2 && name.contains(word) {
        return Some(0);
    }
    let whole = Some(strsim::damerau_levenshtein(word, name)).filter(|&distance| distance <= allowed);
    // One slip in one word of the name: "listner" means the family of listener-….
    let part = || name.split('-').any(|part| part.len() > 3 && strsim::damerau_levenshtein(word, part) <= 1);
    whole.or_else(|| part().then_some(allowed + 1))
}

/// A question as an id would be written.
fn kebab(query: &str) -> String {
    query.to_lowercase().split([' ', '_', '-']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-")
}

fn did_you_mean(near: &[&str]) -> String {
    if near.is_empty() { String::new() } else { format!("; nearest: {}", near.join(", ")) }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn heading<S: Serializer>(group: &Group, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(group.heading())
}

#[cfg(test)]
mod tests;
