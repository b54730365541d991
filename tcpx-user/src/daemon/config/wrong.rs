//! Where a configuration is wrong, as an editor wants to be told.

use std::{fmt, ops::Range};

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    file: String,
    /// Line and column, counted from 1.
    at: Option<(usize, usize)>,
    what: String,
}

impl Wrong {
    pub(super) fn of(text: &str, error: &toml::de::Error) -> Self {
        // Its words may have several lines, as for a terminal of its own.
        let what = error.message().lines().collect::<Vec<_>>().join("; ");
        Self::new(text, error.span(), what)
    }

    pub(super) fn new(text: &str, span: Option<Range<usize>>, what: String) -> Self {
        Self { file: String::new(), at: span.map(|span| position(text, span.start)), what }
    }

    pub(super) fn at(self, file: &str) -> Self {
        Self { file: file.to_owned(), ..self }
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
