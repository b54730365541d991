//! Where a file that people write is wrong, as an editor wants to be told.

use std::{fmt, ops::Range};

/// What is wrong, and where: `FILE:LINE:COLUMN: what`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Wrong {
    file: String,
    /// Line and column, counted from 1.
    at: Option<(usize, usize)>,
    what: String,
}

impl Wrong {
    /// `span` is in bytes of `text`, which is what the file holds.
    pub(crate) fn new(file: &str, text: &str, span: Option<Range<usize>>, what: impl Into<String>) -> Self {
        Self { file: file.to_owned(), at: span.map(|span| position(text, span.start)), what: what.into() }
    }
}

/// Line and column of a byte; columns are characters.
fn position(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte).unwrap_or(text);
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count();
    (before.matches('\n').count() + 1, column + 1)
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            Some((line, column)) => write!(f, "{}:{line}:{column}: {}", self.file, self.what),
            None => write!(f, "{}: {}", self.file, self.what),
        }
    }
}
