//! A sink beside which a line says how far reading has come.

use std::{io, rc::Rc};

use super::End;
use crate::{line::Line, progress::Progress, sink::Sink};

/// The sink, and the line.
pub(super) struct Watched {
    pub(super) sink: Box<dyn Sink>,
    pub(super) end: Rc<End>,
    pub(super) progress: Progress,
}

impl Watched {
    /// What is no result is said on stderr, where the line stands.
    fn make_room(&mut self, line: &Line) {
        if matches!(line, Line::Start(_) | Line::Loss(_) | Line::Summary(_)) {
            self.progress.hide();
        }
    }
}

impl Sink for Watched {
    fn line(&mut self, line: &Line) -> io::Result<()> {
        self.make_room(line);
        self.sink.line(line)
    }

    fn take(&mut self, line: Line) -> io::Result<()> {
        self.make_room(&line);
        self.sink.take(line)
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.end.is_reached() {
            self.progress.at(self.end.read());
        }
        self.sink.flush()
    }

    fn shown(&self) -> u64 {
        self.sink.shown()
    }
}
