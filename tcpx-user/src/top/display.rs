//! A state and the screen that shows it, for the two that work on it: results that come in, and keys.

use std::{
    cell::{Cell, RefCell, RefMut},
    io,
    time::{Duration, Instant},
};

use super::{screen::Screen, state::State};

/// Time between two frames at least.
const FRAME: Duration = Duration::from_millis(100);

/// Both.
pub struct Display {
    state: RefCell<State>,
    screen: RefCell<Option<Screen>>,
    drawn: Cell<Option<Instant>>,
}

impl Display {
    /// Shows a state on a screen; without one it only keeps it.
    #[must_use]
    pub const fn new(state: State, screen: Option<Screen>) -> Self {
        Self { state: RefCell::new(state), screen: RefCell::new(screen), drawn: Cell::new(None) }
    }

    /// The state, to change it. Not to be held while something is waited for.
    ///
    /// # Panics
    /// When it is held already.
    pub fn state(&self) -> RefMut<'_, State> {
        self.state.borrow_mut()
    }

    /// Draws, if there is something new, the last frame is some time ago, and the terminal has taken it. Never waits.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn refresh(&self) -> io::Result<()> {
        let early = self.drawn.get().is_some_and(|drawn| drawn.elapsed() < FRAME);
        let mut screen = self.screen.borrow_mut();
        let Some(screen) = screen.as_mut().filter(|_| !early && Screen::is_ready()) else { return Ok(()) };
        let mut state = self.state.borrow_mut();
        if !state.take_changed() {
            return Ok(());
        }
        self.drawn.set(Some(Instant::now()));
        screen.draw(&mut state)
    }

    /// Draws all anew with the next frame.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn redraw(&self) -> io::Result<()> {
        self.screen.borrow_mut().as_mut().map_or(Ok(()), Screen::forget)
    }

    /// Gives the terminal back. Counting may go on.
    pub fn leave(&self) {
        self.screen.take();
    }

    /// The terminal was given back.
    #[must_use]
    pub fn is_left(&self) -> bool {
        self.screen.borrow().is_none()
    }
}
