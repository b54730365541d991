//! A line as text, made once for all who read texts.

use std::sync::Arc;

use bytes::Bytes;

use super::consumer::Consumer;
use crate::{line::Line, verdict::VerdictId};

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
    /// `data: {...}` and two newlines, as server-sent events have it; the other forms are parts of it.
    event: Bytes,
}

const BEFORE: usize = "data: ".len();

impl Text {
    /// Renders a line.
    #[must_use]
    pub fn of(line: &Line) -> Self {
        let mut text = b"data: ".to_vec();
        // Writing to memory, and every line can be written: a test does so with each kind.
        let _ = serde_json::to_writer(&mut text, line);
        text.extend(b"\n\n");
        let kind = match line {
            Line::Attempt(_) => Kind::Attempt,
            Line::Reset(_) => Kind::Reset,
            _ => Kind::Other,
        };
        Self { kind, verdict: line.verdict().map(|verdict| verdict.id), event: text.into() }
    }

    /// As a server-sent event.
    #[must_use]
    pub fn event(&self) -> Bytes {
        self.event.clone()
    }

    /// As a line, with its newline.
    #[must_use]
    pub fn line(&self) -> Bytes {
        self.event.slice(BEFORE..self.event.len() - 1)
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
pub struct Published(Vec<Box<dyn Reader>>);

impl Published {
    /// For these, in this order.
    #[must_use]
    pub fn new(readers: Vec<Box<dyn Reader>>) -> Self {
        Self(readers)
    }
}

impl Consumer for Published {
    fn line(&mut self, line: &Arc<Line>) {
        let text = Text::of(line);
        for reader in &mut self.0 {
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
            let text = Text::of(&line);
            let json = serde_json::to_string(&line).expect("serialisable");
            assert_eq!(text.line(), format!("{json}\n"));
            assert_eq!(text.event(), format!("data: {json}\n\n"));
            let about_trace = matches!(line, Line::Start(_) | Line::Loss(_) | Line::Summary(_));
            assert_eq!(text.verdict.is_none(), about_trace);
        }
    }
}
