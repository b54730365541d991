//! Going through steps at the reader's pace: a key for each, on a terminal; without one all of them at once.

use std::{
    io::{self, IsTerminal as _, Read as _, Write},
    thread,
};

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::{
    course::{Course, Words},
    tell::Page,
};
use crate::{
    cli::{color::Environment, failure::Failure, request::View},
    run::stop::Signals,
    sink::text::{Look, Meaning},
};

/// Whether the reader has seen all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Walked {
    /// To the end.
    Through,
    /// Left before, by q or a signal.
    Left,
}

/// Texts of a lab that are ready for the terminal.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Texts {
    pub(super) title: String,
    pub(super) pages: Vec<Page>,
    pub(super) diagram: String,
    pub(super) ending: String,
}

/// Shows labs, one after the other, to one reader.
pub(super) struct Walker<'a> {
    view: &'a View,
    look: Look,
    reader: Reader,
    /// One was shown before.
    begun: bool,
}

impl<'a> Walker<'a> {
    /// `to_terminal` says that results go to stdout.
    ///
    /// # Errors
    /// When no thread can be started for keys.
    pub(super) fn new(view: &'a View, look: Look, to_terminal: bool) -> Result<Self, Failure> {
        let reader =
            Reader::new(to_terminal && view.steps).map_err(Failure::io("starting a thread for keys"))?;
        if view.steps && !reader.waits() {
            // A word to those who wonder; stderr may not take it.
            let _ = writeln!(io::stderr(), "lab: {}", Course::of(look.lang).words.straight);
        }
        Ok(Self { view, look, reader, begun: false })
    }

    /// Shows one. Whoever leaves early has seen enough: that is no failure.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) async fn show(
        &mut self,
        texts: &Texts,
        out: &mut dyn Write,
        signals: &mut Signals,
    ) -> Result<Walked, Failure> {
        if std::mem::replace(&mut self.begun, true) {
            show(out, "\n")?;
        }
        let Self { view, look, reader, .. } = self;
        let words = &Course::of(look.lang).words;
        show(out, &texts.title)?;
        if view.steps && reader.walk(&texts.pages, (words, *look), out, signals).await? == Walked::Left {
            return Ok(Walked::Left);
        }
        if view.diagram {
            show(out, &texts.diagram)?;
        }
        show(out, &texts.ending)?;
        Ok(Walked::Through)
    }
}

/// Who turns the pages.
struct Reader {
    keys: Option<UnboundedReceiver<u8>>,
    /// The terminal can take back a line.
    erases: bool,
}

impl Reader {
    /// Waits for keys if both ends are a terminal: `to_terminal` says that results go to stdout.
    ///
    /// # Errors
    /// When no thread can be started.
    fn new(to_terminal: bool) -> io::Result<Self> {
        let wanted = to_terminal && io::stdin().is_terminal() && io::stdout().is_terminal();
        let keys = wanted.then(keys).transpose()?;
        Ok(Self { keys, erases: !Environment::of(&io::stdout()).dumb })
    }

    /// Whether there is somebody to wait for.
    const fn waits(&self) -> bool {
        self.keys.is_some()
    }

    /// Shows these pages, one after the other.
    ///
    /// # Errors
    /// When they cannot be written, or the terminal's mode cannot be changed.
    async fn walk(
        &mut self,
        pages: &[Page],
        (words, look): (&Words, Look),
        out: &mut dyn Write,
        signals: &mut Signals,
    ) -> Result<Walked, Failure> {
        for page in pages {
            show(out, &page.before)?;
            if page.asks && self.pause(&words.answer, look, out, signals).await? == Walked::Left {
                return Ok(Walked::Left);
            }
            show(out, &page.after)?;
            if self.pause(&words.more, look, out, signals).await? == Walked::Left {
                return Ok(Walked::Left);
            }
        }
        Ok(Walked::Through)
    }

    async fn pause(
        &mut self,
        prompt: &str,
        look: Look,
        out: &mut dyn Write,
        signals: &mut Signals,
    ) -> Result<Walked, Failure> {
        let Some(keys) = &mut self.keys else { return Ok(Walked::Through) };
        // First, so that what is typed at the prompt is a key.
        let terminal = Quiet::begin().map_err(Failure::io("setting the terminal's mode"))?;
        show(out, &look.paint(Meaning::Dim, &format!("  [{prompt}] ")))?;
        let walked = loop {
            tokio::select! {
                key = keys.recv() => match key {
                    Some(b'\n' | b'\r' | b' ') => break Walked::Through,
                    // Ctrl-D, and the end of what is read.
                    Some(b'q' | b'Q' | 4) | None => break Walked::Left,
                    Some(_) => {}
                },
                _ = signals.next() => break Walked::Left,
            }
        };
        drop(terminal);
        show(out, if self.erases { "\r\x1b[2K" } else { "\n" })?;
        Ok(walked)
    }
}

/// Writes it at once.
fn show(out: &mut dyn Write, text: &str) -> Result<(), Failure> {
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(Failure::writing("results"))
}

/// What is typed. The thread ends with the process: nothing can wake it from a read.
fn keys() -> io::Result<UnboundedReceiver<u8>> {
    let (tell, keys) = unbounded_channel();
    thread::Builder::new().name("keys".to_owned()).spawn(move || {
        let mut one = [0];
        while let Ok(1) = io::stdin().read(&mut one) {
            if tell.send(one[0]).is_err() {
                break;
            }
        }
    })?;
    Ok(keys)
}

/// A terminal that gives each key at once and does not show it. Ctrl-C stays a signal. Ends with the value.
struct Quiet(Termios);

impl Quiet {
    fn begin() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
        quiet.special_codes[SpecialCodeIndex::VMIN] = 1;
        quiet.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(io::stdin(), OptionalActions::Now, &quiet)?;
        Ok(Self(before))
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // Nothing can be done about a terminal that has gone.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}
