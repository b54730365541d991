//! Who gets the lines of a daemon.

use std::{cell::RefCell, io, rc::Rc, sync::Arc};

use crate::{line::Line, sink::Sink};

/// Gets each line. It must not wait: what it cannot take it counts and lets go.
pub trait Consumer {
    /// A line that was published.
    fn line(&mut self, line: &Arc<Line>);

    /// Nothing more is at hand: called some times a second.
    fn pause(&mut self) {}
}

/// Who gets lines now: may be exchanged between two lines.
pub type Consumers = Rc<RefCell<Vec<Box<dyn Consumer>>>>;

/// The sink of a daemon's session: hands each line to all.
pub struct Hub {
    consumers: Consumers,
    shown: u64,
}

impl Hub {
    /// In this order.
    #[must_use]
    pub const fn new(consumers: Consumers) -> Self {
        Self { consumers, shown: 0 }
    }

    fn hand_on(&mut self, line: &Arc<Line>) {
        self.shown += 1;
        for consumer in self.consumers.borrow_mut().iter_mut() {
            consumer.line(line);
        }
    }
}

impl Sink for Hub {
    fn line(&mut self, line: &Line) -> io::Result<()> {
        self.hand_on(&Arc::new(line.clone()));
        Ok(())
    }

    fn take(&mut self, line: Line) -> io::Result<()> {
        self.hand_on(&Arc::new(line));
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.consumers.borrow_mut().iter_mut().for_each(|consumer| consumer.pause());
        Ok(())
    }

    fn shown(&self) -> u64 {
        self.shown
    }
}
