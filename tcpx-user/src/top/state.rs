//! What is shown, and what keys do to it. Pure: neither a terminal nor a clock is known here.

mod counted;
mod keys;
mod rows;

use std::rc::Rc;

pub use counted::Counted;
pub use rows::{Column, Pick, Sort, TableRow};

use super::{
    model::{Item, Losses, Model},
    search::Search,
};
use crate::line::{Loss, Start};

/// The four lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    /// By verdict.
    #[default]
    Verdicts,
    /// By process.
    Processes,
    /// By the other end.
    Peers,
    /// The latest results.
    Latest,
}

impl Tab {
    /// In their order.
    pub const ALL: [Self; 4] = [Self::Verdicts, Self::Processes, Self::Peers, Self::Latest];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Verdicts => "Verdicts",
            Self::Processes => "Processes",
            Self::Peers => "Peers",
            Self::Latest => "Latest",
        }
    }
}

/// Where results come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// This host, now.
    Live,
    /// A recording, by the name of its file.
    Recording(String),
}

/// How the source stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Reading {
    /// More may come.
    #[default]
    Going,
    /// All of the recording was read.
    Done,
    /// It could not be read on; why.
    Broken(String),
}

/// What stands still while counting goes on.
#[derive(Clone, Debug)]
struct Frozen {
    counted: Counted,
    now: u64,
}

/// A result that is shown whole.
#[derive(Clone, Debug)]
pub struct Opened {
    /// It.
    pub item: Rc<Item>,
    /// Lines that are scrolled out at the top.
    pub scroll: usize,
}

/// What is being typed behind `/`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Typing {
    /// So far.
    pub text: String,
    /// What is wrong with it.
    pub wrong: Option<String>,
}

/// All of the view but the terminal.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct State {
    /// Where results come from.
    pub origin: Origin,
    /// What the command line lets through, if not all, as words that follow "only".
    pub only: Option<String>,
    /// How tracing began.
    pub start: Option<Box<Start>>,
    /// How the source stands.
    pub reading: Reading,
    /// What was lost so far, also while paused.
    pub losses: Losses,
    /// The list that is shown.
    pub tab: Tab,
    /// Order of the tables.
    pub sort: Sort,
    /// Also what worked.
    pub all: bool,
    /// Processes are counted by name.
    pub by_name: bool,
    /// The latest of this row only.
    pub within: Option<Pick>,
    /// A result that is shown whole.
    pub opened: Option<Opened>,
    /// What is being typed.
    pub typing: Option<Typing>,
    /// Help is shown, with so many lines scrolled out at the top.
    pub help: Option<usize>,
    /// The user wants to leave.
    pub left: bool,
    /// The terminal's columns and rows.
    pub size: (u16, u16),
    /// Tcpx's own signs may be other than ASCII: decides how wide text is.
    pub unicode: bool,
    now: u64,
    counted: Counted,
    frozen: Option<Frozen>,
    picked: [Option<Pick>; Tab::ALL.len()],
    changed: bool,
}

impl State {
    /// Nothing has come yet.
    #[must_use]
    pub fn new(origin: Origin, all: bool, unicode: bool) -> Self {
        let column = if origin == Origin::Live { Column::Minute } else { Column::Total };
        Self {
            origin,
            only: None,
            start: None,
            reading: Reading::Going,
            losses: Losses::default(),
            tab: Tab::default(),
            sort: Sort { column, reversed: false },
            all,
            by_name: false,
            within: None,
            opened: None,
            typing: None,
            help: None,
            left: false,
            size: (80, 24),
            unicode,
            now: 0,
            counted: Counted::default(),
            frozen: None,
            picked: Default::default(),
            changed: true,
        }
    }

    /// Tracing has begun.
    pub fn begin(&mut self, start: &Start) {
        self.start = Some(Box::new(start.clone()));
        self.changed = true;
    }

    /// A result has come.
    pub fn take(&mut self, item: &Rc<Item>) {
        self.counted.take(item);
        self.changed = true;
    }

    /// Records were lost.
    pub fn lose(&mut self, loss: &Loss) {
        self.losses.add(loss);
        self.changed = true;
    }

    /// So many firings were passed over so far.
    pub fn miss(&mut self, missed: u64) {
        self.changed |= self.losses.missed != missed;
        self.losses.missed = missed;
    }

    /// No more comes.
    pub fn end(&mut self, reading: Reading) {
        self.reading = reading;
        self.changed = true;
    }

    /// The running second. Windows move only while something is in them.
    pub fn tick(&mut self, now: u64) {
        let model = &self.counted.all;
        let in_windows = |now| model.failed.last(60, now) + model.worked.last(60, now) > 0;
        self.changed |= now != self.now && (in_windows(self.now) || in_windows(now));
        self.now = now;
    }

    /// The terminal has another size.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        self.changed |= self.size != (columns, rows);
        self.size = (columns, rows);
    }

    /// Says once whether there is something new to draw.
    pub const fn take_changed(&mut self) -> bool {
        std::mem::replace(&mut self.changed, false)
    }

    /// What is shown: the counts, and the second that they are of.
    #[must_use]
    pub fn shown(&self) -> (&Model, u64) {
        match &self.frozen {
            Some(frozen) => (frozen.counted.shown(), frozen.now),
            None => (self.counted.shown(), self.now),
        }
    }

    /// What is looked for.
    #[must_use]
    pub fn search(&self) -> Option<&Search> {
        self.counted.search()
    }

    /// While it is paused: the second since when, and what came since.
    #[must_use]
    pub fn paused(&self) -> Option<(u64, u64)> {
        let sum = |counted: &Counted| {
            let total = counted.all.total();
            total.failed + total.worked
        };
        self.frozen.as_ref().map(|frozen| (frozen.now, sum(&self.counted) - sum(&frozen.counted)))
    }

    fn pause(&mut self) {
        self.frozen = match self.frozen.take() {
            Some(_) => None,
            None => Some(Frozen { counted: self.counted.clone(), now: self.now }),
        };
    }

    fn look_for(&mut self, search: Option<&Search>) {
        self.counted.look_for(search);
        if let Some(frozen) = &mut self.frozen {
            frozen.counted.look_for(search);
        }
    }
}

#[cfg(test)]
mod tests;
