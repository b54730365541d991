//! Going through steps at the reader's pace: a key for each, on a terminal; without one all of them at once.

use std::{
    io::{self, IsTerminal as _, Read as _, Write},
    thread,
};

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::{course::Words, tell::Page};
use crate::{
    cli::{color::Environment, failure::Failure},
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

/// Who turns the pages.
pub(super) struct Reader {
    keys: Option<UnboundedReceiver<u8>>,
    /// The terminal can take back a line.
    erases: bool,
}

impl Reader {
    /// Waits for keys if both ends are a terminal: `to_terminal` says that results go to stdout.
    ///
    /// # Errors
    /// When no thread can be started.
    pub(super) fn new(to_terminal: bool) -> io::Result<Self> {
        let wanted = to_terminal && io::stdin().is_terminal() && io::stdout().is_terminal();
        let keys = wanted.then(keys).transpose()?;
        Ok(Self { keys, erases: !Environment::of(&io::stdout()).dumb })
    }

    /// Whether there is somebody to wait for.
    pub(super) const fn waits(&self) -> bool {
        self.keys.is_some()
    }

    /// Shows these pages, one after the other.
    ///
    /// # Errors
    /// When they cannot be written, or the terminal's mode cannot be changed.
    pub(super) async fn walk(
        &mut self,
        pages: Vec<Page>,
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
pub(super) fn show(out: &mut dyn Write, text: &str) -> Result<(), Failure> {
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
