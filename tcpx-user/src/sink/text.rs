//! Text for someone at three in the morning: what happened, to whom, why, what next (contract section 5).
//!
//! Results go to one stream, everything else (start, losses, summary) to another. Every string from outside passes
//! [`crate::text::escape`] on its way into a `block::Block`.

mod attempt;
mod block;
mod brief;
mod call;
mod death;
mod drop;
mod fold;
mod look;
mod names;
mod notes;
mod path;
mod reset;
mod summary;

use std::io::{self, BufWriter, Write};

pub use look::{Look, Meaning};

use super::Sink;
use crate::{cli::request::Detail, line::Line};
pub(crate) use brief::{brief, is_noteworthy, whole};
pub(crate) use fold::{Fold, Group, Main};
pub(crate) use names::span;
pub(crate) use summary::losses;

/// Renders lines as text.
pub struct Text {
    out: BufWriter<Box<dyn Write>>,
    look: Look,
    notes: Box<dyn Write>,
    notes_look: Look,
    detail: Detail,
    all: bool,
    fold: Fold,
    shown: u64,
}

impl Text {
    /// Results to `out`, the rest to `notes`; `all` shows also what worked.
    #[must_use]
    pub fn new(
        out: Box<dyn Write>,
        notes: (Box<dyn Write>, Look),
        look: Look,
        detail: Detail,
        all: bool,
    ) -> Self {
        let (notes, notes_look) = notes;
        Self {
            out: BufWriter::new(out),
            look,
            notes,
            notes_look,
            detail,
            all,
            fold: Fold::default(),
            shown: 0,
        }
    }

    fn groups(&mut self, groups: Vec<Group>) -> io::Result<()> {
        for group in groups {
            self.out.write_all(whole(&group, self.look, self.detail).as_bytes())?;
            self.shown += 1;
        }
        Ok(())
    }

    /// Results first, so that both streams read in order on one terminal.
    fn note(&mut self, text: &str) -> io::Result<()> {
        self.out.flush()?;
        self.notes.write_all(text.as_bytes())?;
        self.notes.flush()
    }
}

impl Sink for Text {
    fn line(&mut self, line: &Line) -> io::Result<()> {
        match line {
            Line::Start(_) if self.detail == Detail::Quiet => {}
            Line::Start(start) => self.note(&notes::start(start, self.notes_look, self.detail))?,
            Line::Loss(loss) => self.note(&notes::loss(loss, self.notes_look))?,
            Line::Attempt(attempt) => {
                let groups = self.fold.attempt(attempt, self.all || attempt::is_noteworthy(attempt));
                self.groups(groups)?;
            }
            Line::Reset(reset) => {
                let groups = self.fold.reset(reset);
                self.groups(groups)?;
            }
            Line::Drop(drop) => {
                let groups = self.fold.drop(drop);
                self.groups(groups)?;
            }
            Line::Death(death) => self.groups(vec![Group::alone(Main::Death(death.clone()))])?,
            Line::Call(call) => self.groups(vec![Group::alone(Main::Call(call.clone()))])?,
            Line::Summary(summary) => {
                let groups = self.fold.finish();
                self.groups(groups)?;
                self.note(&summary::render(summary, self.notes_look))?;
            }
        }
        Ok(())
    }

    fn push(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    fn flush(&mut self) -> io::Result<()> {
        let groups = self.fold.pause();
        self.groups(groups)?;
        self.push()
    }

    fn shown(&self) -> u64 {
        self.shown
    }
}

#[cfg(test)]
mod tests;
