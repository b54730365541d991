//! How far something has come that takes longer than a second: one line on stderr, while that is a terminal.
//!
//! Results that go to a terminal would stand between: whoever writes there says nothing.

use std::{
    io::{self, IsTerminal as _, Write},
    time::{Duration, Instant},
};

/// What is done by then needs no word.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often the line changes.
const EACH: Duration = Duration::from_millis(250);
/// Places of the bar.
const WIDTH: u64 = 30;

/// The line, whatever it says. It goes when this is dropped.
pub struct Status {
    terminal: Option<Box<dyn Write + Send>>,
    began: Instant,
    each: Duration,
    said: Option<Instant>,
}

impl Status {
    /// On stderr, changed so often; silent if that is no terminal.
    #[must_use]
    pub fn on_stderr(each: Duration) -> Self {
        let terminal = io::stderr().is_terminal().then(|| Box::new(io::stderr()) as Box<dyn Write + Send>);
        Self { terminal, began: Instant::now(), each, said: None }
    }

    /// Says something, if it is time to. May be called as often as one likes.
    pub fn say(&mut self, words: impl FnOnce() -> String) {
        self.say_at(Instant::now(), words);
    }

    /// Something else is said on stderr: the line makes room until it says more.
    pub fn hide(&mut self) {
        if let (Some(terminal), Some(_)) = (&mut self.terminal, self.said.take()) {
            let _ = terminal.write_all(b"\r\x1b[K").and_then(|()| terminal.flush());
        }
    }

    fn say_at(&mut self, now: Instant, words: impl FnOnce() -> String) {
        let early = now.saturating_duration_since(self.began) < PATIENCE;
        let lately = self.said.is_some_and(|said| now.saturating_duration_since(said) < self.each);
        let Some(terminal) = self.terminal.as_mut().filter(|_| !early && !lately) else { return };
        let line = format!("\r\x1b[K{}", words());
        // Nothing depends on it: a terminal that has gone is no reason to end.
        let _ = terminal.write_all(line.as_bytes()).and_then(|()| terminal.flush());
        self.said = Some(now);
    }
}

impl Drop for Status {
    fn drop(&mut self) {
        self.hide();
    }
}

/// How much of all is done, and how long the rest will take.
pub struct Progress {
    total: u64,
    status: Status,
}

impl Progress {
    /// Of so many bytes, or whatever is counted; silent if stderr is no terminal.
    #[must_use]
    pub fn over(total: u64) -> Self {
        Self::new(total, Status::on_stderr(EACH))
    }

    /// Says nothing.
    #[must_use]
    pub fn silent() -> Self {
        Self::over(0)
    }

    /// Of nothing there is no part.
    fn new(total: u64, mut status: Status) -> Self {
        status.terminal = status.terminal.take().filter(|_| total > 0);
        Self { total, status }
    }

    /// So much is done. May be called as often as one likes.
    pub fn at(&mut self, done: u64) {
        self.at_time(done, Instant::now());
    }

    /// Something else is said on stderr: the line makes room until the next [`Self::at`].
    pub fn hide(&mut self) {
        self.status.hide();
    }

    fn at_time(&mut self, done: u64, now: Instant) {
        let (total, began) = (self.total, self.status.began);
        self.status.say_at(now, || line(done.min(total), total, now.saturating_duration_since(began)));
    }
}

fn line(done: u64, total: u64, taken: Duration) -> String {
    let part = |of: u64| u64::try_from(u128::from(of) * u128::from(done) / u128::from(total)).unwrap_or(of);
    let bar = "=".repeat(usize::try_from(part(WIDTH)).unwrap_or_default());
    let space = usize::try_from(WIDTH).unwrap_or_default();
    format!("[{bar:space$}] {:3} %{}", part(100), left(done, total, taken))
}

/// At the rate so far; before a hundredth is done nothing can be said.
fn left(done: u64, total: u64, taken: Duration) -> String {
    if u128::from(done) * 100 < u128::from(total) {
        return String::new();
    }
    let seconds = taken.as_millis() * u128::from(total - done) / u128::from(done) / 1000 + 1;
    match (seconds / 60, seconds % 60) {
        _ if done == total => String::new(),
        (0, seconds) => format!(", {seconds} s left"),
        (minutes, seconds) => format!(", {minutes} min {seconds:02} s left"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Terminal(Arc<Mutex<Vec<u8>>>);

    impl Write for Terminal {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("one thread").write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn said(total: u64, steps: &[(u64, u64)]) -> String {
        let (terminal, began) = (Terminal::default(), Instant::now());
        let status = Status { terminal: Some(Box::new(terminal.clone())), began, each: EACH, said: None };
        let mut progress = Progress::new(total, status);
        for &(done, ms) in steps {
            progress.at_time(done, began + Duration::from_millis(ms));
        }
        drop(progress);
        let said = terminal.0.lock().expect("one thread").clone();
        String::from_utf8(said).expect("text")
    }

    #[test]
    fn what_is_done_within_a_second_is_not_spoken_of() {
        assert_eq!(said(100, &[(10, 0), (99, 999)]), "");
    }

    #[test]
    fn the_line_says_how_much_and_how_long_and_goes_at_the_end() {
        assert_eq!(
            said(1000, &[(500, 2000), (501, 2100), (1000, 4000)]),
            "\r\x1b[K[===============               ]  50 %, 3 s left\
             \r\x1b[K[==============================] 100 %\r\x1b[K"
        );
    }

    #[test]
    fn long_waits_are_told_in_minutes_and_unknown_ones_not_at_all() {
        assert_eq!(left(1, 100, Duration::from_secs(2)), ", 3 min 19 s left");
        assert_eq!(left(1, 101, Duration::from_secs(2)), "");
    }

    #[test]
    fn more_than_all_is_all_and_of_nothing_there_is_no_part() {
        assert!(said(10, &[(20, 1000)]).contains("100 %"));
        assert_eq!(said(0, &[(20, 1000)]), "");
        assert!(line(u64::MAX, u64::MAX, Duration::MAX).contains("100 %"));
    }
}
