//! How far the making of an index has come: on a terminal, once it has taken a second.

use std::time::Duration;

use crate::{progress::Status, text::escape::escape};

/// How often it is said.
const EACH: Duration = Duration::from_millis(500);

/// Says so on stderr.
pub(super) struct Progress {
    status: Status,
    /// What is read.
    name: String,
}

impl Progress {
    /// Of reading what has that name.
    pub(super) fn new(name: &str) -> Self {
        Self { status: Status::on_stderr(EACH), name: name.to_owned() }
    }

    /// It has come so far.
    pub(super) fn say(&mut self, words: impl FnOnce() -> String) {
        let Self { status, name } = self;
        status.say(|| format!("reading {}: {}", escape(name), words()));
    }

    /// It is done.
    pub(super) fn end(&mut self) {
        self.status.hide();
    }
}
