//! The terminal: taken over for the view, and given back on leaving, on an error, on a signal and on a panic.
//!
//! A thread writes what was drawn, so that a slow line (ssh) keeps nobody waiting but that thread. While it writes, nothing
//! more is drawn: there is never more than one frame on its way.

use std::{
    cell::RefCell,
    fs::File,
    io::{self, Write},
    os::fd::AsFd as _,
    panic,
    rc::Rc,
    sync::{
        Once,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, Sender},
    },
    thread,
    time::{Duration, Instant},
};

use crossterm::{
    cursor, queue, style,
    terminal::{self, EnterAlternateScreen, LeaveAlternateScreen},
};
use ratatui::{Terminal, backend::CrosstermBackend};

use super::{
    state::State,
    view::{self, Theme},
};

/// How long the last frame is waited for on leaving. One that takes longer is waited for by the kernel.
const PATIENCE: Duration = Duration::from_secs(1);

/// There is one terminal: it is taken over.
static TAKEN: AtomicBool = AtomicBool::new(false);
/// A frame is on its way.
static WRITING: AtomicBool = AtomicBool::new(false);
/// The terminal took no more.
static BROKEN: AtomicBool = AtomicBool::new(false);
static HOOK: Once = Once::new();

/// The terminal, while it is taken over. Dropping it gives it back.
pub struct Screen {
    terminal: Terminal<CrosstermBackend<Sheet>>,
    sheet: Sheet,
    pen: Sender<Vec<u8>>,
    theme: Theme,
}

impl Screen {
    /// Takes it over.
    ///
    /// # Errors
    /// When it cannot be taken over; it is as it was then.
    pub fn enter(theme: Theme) -> io::Result<Self> {
        HOOK.call_once(give_back_on_panic);
        let out = File::from(io::stdout().as_fd().try_clone_to_owned()?);
        let (pen, frames) = mpsc::channel();
        thread::Builder::new().name("terminal".to_owned()).spawn(move || write(out, &frames))?;
        style::force_color_output(theme.color);
        terminal::enable_raw_mode()?;
        TAKEN.store(true, Ordering::SeqCst);
        let sheet = Sheet::default();
        let made = Terminal::new(CrosstermBackend::new(sheet.clone()));
        let mut screen = Self { terminal: made.inspect_err(|_| give_back())?, sheet, pen, theme };
        queue!(screen.sheet, EnterAlternateScreen, cursor::Hide)?;
        screen.send()?;
        Ok(screen)
    }

    /// Whether the terminal has taken all that was drawn.
    #[must_use]
    pub fn is_ready() -> bool {
        !WRITING.load(Ordering::SeqCst)
    }

    /// Draws it; to be called when the screen is ready.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn draw(&mut self, state: &mut State) -> io::Result<()> {
        let theme = self.theme;
        self.terminal.draw(|frame| {
            let area = frame.area();
            state.resize(area.width, area.height);
            view::draw(frame, state, theme);
        })?;
        self.send()
    }

    /// The next frame is drawn from nothing: something else has written on the terminal.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn forget(&mut self) -> io::Result<()> {
        self.terminal.clear()
    }

    fn send(&self) -> io::Result<()> {
        let bytes = self.sheet.take();
        if bytes.is_empty() {
            return Ok(());
        }
        WRITING.store(true, Ordering::SeqCst);
        if self.pen.send(bytes).is_err() || BROKEN.load(Ordering::SeqCst) {
            return Err(io::Error::other("the terminal is gone"));
        }
        Ok(())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

/// Where frames are made.
#[derive(Clone, Default)]
struct Sheet(Rc<RefCell<Vec<u8>>>);

impl Sheet {
    fn take(&self) -> Vec<u8> {
        self.0.take()
    }
}

impl Write for Sheet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The thread that writes frames.
fn write(mut out: File, frames: &Receiver<Vec<u8>>) {
    for frame in frames {
        let written = out.write_all(&frame);
        if written.is_err() {
            BROKEN.store(true, Ordering::SeqCst);
        }
        WRITING.store(false, Ordering::SeqCst);
    }
}

/// A release aborts on a panic and drops nothing, so that the hook is the only place.
fn give_back_on_panic() {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        give_back();
        before(panic);
    }));
}

/// Gives the terminal back as it was, if it is taken over; whoever is first does it.
fn give_back() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let end = Instant::now() + PATIENCE;
    while !Screen::is_ready() && Instant::now() < end {
        thread::sleep(Duration::from_millis(1));
    }
    let mut bytes = Vec::new();
    // Memory takes all.
    let _ = queue!(bytes, style::ResetColor, LeaveAlternateScreen, cursor::Show);
    // Behind the frame that is on its way. Nothing can be done about a terminal that is gone.
    let _ = io::stdout().write_all(&bytes).and_then(|()| io::stdout().flush());
    let _ = terminal::disable_raw_mode();
}
