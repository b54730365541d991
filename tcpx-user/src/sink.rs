//! Where lines go: renderers that make bytes, and the one place that opens files.

pub mod json;
pub mod open;
pub mod pcapng;
pub mod progress;
#[cfg(test)]
pub(crate) mod samples;
pub mod text;
pub mod whole;

use std::io;

use crate::line::Line;

/// Takes what the pipeline publishes. It renders and decides nothing.
pub trait Sink {
    /// Takes one line. It may be kept for a moment, until what belongs to it has come.
    ///
    /// # Errors
    /// Of the stream written to.
    fn line(&mut self, line: &Line) -> io::Result<()>;

    /// The same of a line that nobody else needs.
    ///
    /// # Errors
    /// Of the stream written to.
    fn take(&mut self, line: Line) -> io::Result<()> {
        self.line(&line)
    }

    /// All that was read is told: writes out what waits for nothing, where somebody may look at it at once.
    ///
    /// # Errors
    /// Of the stream written to.
    fn push(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Nothing more is at hand: writes out what was buffered. To be called at each pause, some times a second.
    ///
    /// # Errors
    /// Of the stream written to.
    fn flush(&mut self) -> io::Result<()>;

    /// How many results (attempts, resets, drops) have been shown.
    fn shown(&self) -> u64;
}
