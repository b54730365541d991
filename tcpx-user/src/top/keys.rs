//! Keys, until the user wants to leave.

use std::{cell::RefCell, future::poll_fn, io, pin::Pin, rc::Rc};

use crossterm::event::{Event, EventStream, KeyCode, KeyEvent, KeyModifiers};
use futures_core::Stream as _;

use super::display::Display;

/// What is typed on the terminal.
pub struct Keys {
    events: RefCell<EventStream>,
    display: Rc<Display>,
}

impl Keys {
    /// Reads them from now on.
    #[must_use]
    pub fn new(display: Rc<Display>) -> Self {
        Self { events: RefCell::new(EventStream::new()), display }
    }

    /// Ends when the user wants to leave or the terminal is gone; the terminal has been given back by then. May be dropped
    /// while it waits.
    pub async fn until_left(&self) {
        while !self.display.is_left() {
            match self.next().await {
                Some(Ok(Event::Key(key))) => self.pressed(key),
                Some(Ok(Event::Resize(columns, rows))) => self.display.state().resize(columns, rows),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => self.display.state().left = true,
            }
            if self.display.state().left {
                self.display.leave();
            }
            // Where it fails, the next flush of the sink says so.
            let _ = self.display.refresh();
        }
    }

    fn pressed(&self, key: KeyEvent) {
        if key.code == KeyCode::Char('l') && key.modifiers.contains(KeyModifiers::CONTROL) {
            let _ = self.display.redraw();
        }
        self.display.state().key(key);
    }

    /// The stream is borrowed for each poll, never while something is waited for.
    async fn next(&self) -> Option<io::Result<Event>> {
        poll_fn(|context| Pin::new(&mut *self.events.borrow_mut()).poll_next(context)).await
    }
}
