//! The shape of a block: a headline, then lines at one indent. All text from outside is escaped here, once.

use std::borrow::Cow;

use super::{Look, Meaning};
use crate::{
    cli::request::Detail,
    line::{Confidence, Verdict},
    text::{
        escape::escape,
        width::{columns, wrap},
    },
};

/// Columns of the label, and the indent of what follows.
const INDENT: usize = 9;
/// Column at which verdicts stand below each other.
const VERDICT: usize = 42;

/// Lines about one event.
pub(super) struct Block {
    look: Look,
    detail: Detail,
    text: String,
    said: Vec<String>,
}

impl Block {
    pub(super) const fn new(look: Look, detail: Detail) -> Self {
        Self { look, detail, text: String::new(), said: Vec::new() }
    }

    pub(super) const fn look(&self) -> Look {
        self.look
    }

    pub(super) fn is_verbose(&self) -> bool {
        self.detail == Detail::Verbose
    }

    pub(super) fn shows_path(&self) -> bool {
        self.detail >= Detail::Normal
    }

    /// `LABEL    subject                 verdict`; the verdict gets a line of its own where it does not fit.
    pub(super) fn head(&mut self, meaning: Meaning, label: &str, subject: &str, verdict: &Verdict) {
        let indent = " ".repeat(INDENT);
        let mut lines = wrap(&self.clean(subject), self.look.width, &indent, &indent);
        let used = lines.last().map_or(0, |line| columns(line));
        let lang = self.look.lang;
        let sure = if verdict.confidence == Confidence::Derived { lang.run(" (derived)") } else { "".into() };
        let room = |from: usize| from + verdict.id.as_str().len() + columns(&sure) <= self.look.width;
        let gap = match used {
            used if used + 2 <= VERDICT && room(VERDICT) => " ".repeat(VERDICT - used),
            used if room(used + 2) => "  ".to_owned(),
            _ => format!("\n{indent}"),
        };
        let label = lang.run(label);
        let gap_after = " ".repeat(INDENT.saturating_sub(columns(&label)));
        let label = format!("{}{gap_after}", self.look.paint(meaning, &label));
        if let Some(first) = lines.first_mut() {
            first.replace_range(..INDENT, &label);
        }
        let id = self.look.paint(Meaning::Cause, verdict.id.as_str());
        let sure = self.look.paint(Meaning::Dim, &sure);
        self.text.extend([lines.join("\n").as_str(), &gap, &id, &sure, "\n"]);
    }

    /// A sentence, unless it has been said.
    pub(super) fn sentence(&mut self, text: &str) {
        self.hanging(Meaning::Plain, "", text);
    }

    /// All sentences of a verdict that have not been said.
    pub(super) fn evidence(&mut self, verdict: &Verdict) {
        for sentence in verdict.evidence.iter() {
            self.sentence(sentence);
        }
    }

    /// What to do next, unless the evidence says so already.
    pub(super) fn next(&mut self, advice: &str) {
        self.hanging(Meaning::Plain, &self.look.lang.run("next: "), advice);
    }

    /// Detail that explains nothing but helps to find the culprit.
    pub(super) fn detail(&mut self, text: &str) {
        self.hanging(Meaning::Dim, "", text);
    }

    /// Text with something before it, both indented, later lines aligned with the text.
    pub(super) fn hanging(&mut self, meaning: Meaning, before: &str, text: &str) {
        let text = self.clean(&self.look.lang.sentence(text.trim())).into_owned();
        if text.is_empty() || self.said.iter().any(|said| said.contains(&text)) {
            return;
        }
        let first = format!("{:INDENT$}{before}", "");
        let rest = " ".repeat(columns(&first));
        for line in wrap(&text, self.look.width, &first, &rest) {
            self.line(meaning, &line);
        }
        self.said.push(text);
    }

    /// Pieces with `joint` between them, broken at joints; `mark` closes the last piece.
    pub(super) fn chain(&mut self, before: &str, pieces: &[String], joint: &str, mark: &str) {
        let mut line = format!("{:INDENT$}{before}", "");
        let rest = " ".repeat(columns(&line));
        for (n, piece) in pieces.iter().enumerate() {
            let joint = if n == 0 { String::new() } else { format!("{joint} ") };
            let mark =
                if n + 1 < pieces.len() || mark.is_empty() { String::new() } else { format!("  {mark}") };
            let piece = format!("{joint}{}{mark}", self.clean(piece));
            let fresh = n == 0;
            if !fresh && columns(&line) + 1 + columns(&piece) > self.look.width {
                self.line(Meaning::Dim, &std::mem::replace(&mut line, rest.clone()));
            } else if !fresh {
                line.push(' ');
            }
            line = self.overlong(line, &piece, &rest);
        }
        self.line(Meaning::Dim, &line);
    }

    /// Appends a piece; one that is wider than a line is broken at its own spaces.
    fn overlong(&mut self, line: String, piece: &str, rest: &str) -> String {
        if columns(&line) + columns(piece) <= self.look.width {
            return line + piece;
        }
        let mut lines = wrap(piece, self.look.width, &line, &format!("{rest}  "));
        let last = lines.pop().unwrap_or_default();
        for line in &lines {
            self.line(Meaning::Dim, line);
        }
        last
    }

    fn line(&mut self, meaning: Meaning, line: &str) {
        self.text.push_str(&self.look.paint(meaning, line.trim_end()));
        self.text.push('\n');
    }

    /// Harmless, with signs that this locale can show.
    fn clean<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match escape(text) {
            Cow::Borrowed(text) => self.look.signs(text),
            Cow::Owned(text) => Cow::Owned(self.look.signs(&text).into_owned()),
        }
    }

    pub(super) fn finish(self) -> String {
        self.text
    }
}
