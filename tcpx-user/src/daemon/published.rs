//! A line as text, made once for all who read texts.

use std::{fmt, io::Write as _, sync::Arc};

use bytes::Bytes;
use jiff::Timestamp;

use super::consumer::Consumer;
use crate::{line::Line, text::json, verdict::VerdictId};

/// What kind of line it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An attempt.
    Attempt,
    /// A RST.
    Reset,
    /// Any other.
    Other,
}

/// A line as JSON.
#[derive(Clone, Debug)]
pub struct Text {
    /// What it is.
    pub kind: Kind,
    /// Its verdict, if such lines have one.
    pub verdict: Option<VerdictId>,
    /// Its number.
    pub number: Number,
    /// `data: {...}`, `id: ...` and an empty line, as server-sent events have it; the line is a part of it.
    event: Bytes,
    /// Of the JSON.
    length: usize,
}

const BEFORE: usize = "data: ".len();

/// Which daemon told a line, and as which of its lines, counted from 1: so a reader that comes again knows how many it missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number {
    /// When the daemon began, ms since 1970.
    pub run: i64,
    /// Of the line.
    pub line: u64,
}

#[cfg(test)]
impl Number {
    pub(super) const SOME: Self = Self { run: 17, line: 4 };
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.run, self.line)
    }
}

impl Text {
    /// Renders a line.
    #[must_use]
    pub fn of(line: &Line, number: Number) -> Self {
        let mut text = b"data: ".to_vec();
        // Writing to memory, and every line can be written: a test does so with each kind.
        let _ = json::append(line, &mut text);
        let length = text.len() - BEFORE;
        let _ = write!(text, "\nid: {number}\n\n");
        let kind = match line {
            Line::Attempt(_) => Kind::Attempt,
            Line::Reset(_) => Kind::Reset,
            _ => Kind::Other,
        };
        let verdict = line.verdict().map(|verdict| verdict.id);
        Self { kind, verdict, number, event: text.into(), length }
    }

    /// As a server-sent event that stands at another place in the stream.
    #[must_use]
    pub fn event_at(&self, number: Number) -> Bytes {
        [&self.event[..BEFORE + self.length], format!("\nid: {number}\n\n").as_bytes()].concat().into()
    }

    /// As a server-sent event.
    #[must_use]
    pub fn event(&self) -> Bytes {
        self.event.clone()
    }

    /// As a line, with its newline.
    #[must_use]
    pub fn line(&self) -> Bytes {
        self.event.slice(BEFORE..=BEFORE + self.length)
    }

    /// Bytes that it takes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.event.len()
    }
}

/// Gets each line as text; the rules are those of [`Consumer`].
pub trait Reader {
    /// A line.
    fn text(&mut self, text: &Text);
}

/// The consumer that makes texts.
pub struct Published {
    readers: Vec<Box<dyn Reader>>,
    last: Number,
}

impl Published {
    /// For these, in this order.
    #[must_use]
    pub fn new(readers: Vec<Box<dyn Reader>>) -> Self {
        Self { readers, last: Number { run: Timestamp::now().as_millisecond(), line: 0 } }
    }
}

impl Consumer for Published {
    fn line(&mut self, line: &Arc<Line>) {
        self.last.line += 1;
        let text = Text::of(line, self.last);
        for reader in &mut self.readers {
            reader.text(&text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::samples::{attempt, call_line, drop_line, loss, peer_reset, start, summary};

    #[test]
    fn every_kind_of_line_is_one_object_in_one_line() {
        for line in [start(), attempt(), peer_reset(), drop_line(), call_line(), loss(), summary()] {
            let text = Text::of(&line, Number::SOME);
            let json = serde_json::to_string(&line).expect("serialisable");
            assert_eq!(text.line(), format!("{json}\n"));
            assert_eq!(text.event(), format!("data: {json}\nid: 17-4\n\n"));
            let at = text.event_at(Number { run: 17, line: 9 });
            assert_eq!(at, format!("data: {json}\nid: 17-9\n\n"));
            let about_trace = matches!(line, Line::Start(_) | Line::Loss(_) | Line::Summary(_));
            assert_eq!(text.verdict.is_none(), about_trace);
        }
    }
}
