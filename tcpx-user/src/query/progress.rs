//! How far the making of an index has come: on a terminal, once it has taken a second.

use std::{
    io::{self, IsTerminal as _, Write},
    time::{Duration, Instant},
};

use crate::text::escape::escape;

/// Who waits less than that needs no word.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often it is said.
const EACH: Duration = Duration::from_millis(500);

/// Says so on stderr.
pub(super) struct Progress {
    terminal: Option<Box<dyn Write>>,
    /// What is read.
    name: String,
    /// When it may be said next.
    due: Instant,
    said: bool,
}

impl Progress {
    /// Of reading what has that name.
    pub(super) fn new(name: &str) -> Self {
        let stderr = io::stderr();
        let terminal = stderr.is_terminal().then(|| Box::new(stderr) as Box<dyn Write>);
        Self { terminal, name: name.to_owned(), due: Instant::now() + PATIENCE, said: false }
    }

    /// It has come so far.
    pub(super) fn say(&mut self, words: impl FnOnce() -> String) {
        let Some(terminal) = self.terminal.as_mut().filter(|_| Instant::now() >= self.due) else { return };
        // A terminal that takes nothing is no reason to stop.
        let _ = write!(terminal, "\r\x1b[Kreading {}: {}", escape(&self.name), words());
        let _ = terminal.flush();
        self.said = true;
        self.due = Instant::now() + EACH;
    }

    /// It is done.
    pub(super) fn end(&mut self) {
        if let (true, Some(terminal)) = (self.said, &mut self.terminal) {
            let _ = terminal.write_all(b"\r\x1b[K");
        }
        self.said = false;
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.end();
    }
}
