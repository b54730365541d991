//! Comma-separated values (RFC 4180, with lines that end as on Unix). NULL is nothing between two commas, an empty text is `""`.

use std::{
    borrow::Cow,
    io::{self, Write},
};

use super::{Form, Heading, Value};
use crate::{cli::failure::Failure, text::escape::escape};

/// Writes them.
pub(super) struct Csv<W> {
    out: W,
    name: String,
    /// It is a terminal: what could move its cursor is escaped. Programs get values as they are.
    is_seen: bool,
}

impl<W: Write> Csv<W> {
    pub(super) fn begin(out: W, name: String, headings: &[Heading], is_seen: bool) -> Result<Self, Failure> {
        let mut csv = Self { out, name, is_seen };
        let names = headings.iter().map(|heading| Some(Cow::Borrowed(heading.name.as_str())));
        csv.line(names).map_err(Failure::writing(csv.name.as_str()))?;
        Ok(csv)
    }

    fn line<'a>(&mut self, fields: impl Iterator<Item = Option<Cow<'a, str>>>) -> io::Result<()> {
        for (at, field) in fields.enumerate() {
            if at > 0 {
                self.out.write_all(b",")?;
            }
            if let Some(text) = field {
                let text = if self.is_seen { escape(&text) } else { Cow::Borrowed(&*text) };
                self.out.write_all(quoted(&text).as_bytes())?;
            }
        }
        self.out.write_all(b"\n")
    }
}

impl<W: Write> Form for Csv<W> {
    fn row(&mut self, values: &[Value<'_>]) -> Result<(), Failure> {
        self.line(values.iter().map(Value::plain)).map_err(Failure::writing(self.name.as_str()))
    }

    fn finish(mut self: Box<Self>) -> Result<(), Failure> {
        self.out.flush().map_err(Failure::writing(self.name))
    }
}

fn quoted(text: &str) -> Cow<'_, str> {
    let needs = text.is_empty() || text.contains([',', '"', '\n', '\r']) || text.trim() != text;
    if needs { format!("\"{}\"", text.replace('"', "\"\"")).into() } else { text.into() }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{rendered, sample};
    use super::*;

    #[test]
    fn names_of_processes_cannot_break_out_of_their_field() {
        let quotes = ["plain", "a,b", "say \"hi\"", "two\nlines", "", " edge", "=1+1"].map(quoted);
        let right = ["plain", "\"a,b\"", "\"say \"\"hi\"\"\"", "\"two\nlines\"", "\"\"", "\" edge\"", "=1+1"];
        assert_eq!(quotes, right);
    }

    #[test]
    fn null_and_empty_text_are_not_the_same() {
        let text = rendered(|out, headings| {
            Box::new(Csv::begin(out, String::new(), headings, false).expect("memory"))
        });
        assert_eq!(text.lines().next(), Some("id,complete,comm,evidence,share"));
        assert_eq!(text.lines().nth(2), Some("2,,\"\",,"));
        assert!(text.contains('\x1b'), "programs get values as they are");
        assert_eq!(sample().len(), 3);
    }

    #[test]
    fn a_terminal_gets_nothing_that_moves_its_cursor() {
        let text = rendered(|out, headings| {
            Box::new(Csv::begin(out, String::new(), headings, true).expect("memory"))
        });
        assert!(!text.contains('\x1b') && text.contains(r"\x1b[2J"), "{text}");
    }
}
