//! For `tcpx record`: nothing of what happens is shown, only how far it has come, on a terminal.

use std::{
    io::{self, Write},
    time::{Duration, Instant},
};

use super::Sink;
use crate::{line::Line, record::Recorder, text::escape::escape};

/// How often a terminal is told.
const EACH: Duration = Duration::from_millis(500);

/// Counts, and says so on stderr.
pub struct Progress {
    recorder: Recorder,
    terminal: Option<Box<dyn Write>>,
    notes: Box<dyn Write>,
    said: Option<Instant>,
    shown: u64,
    lost: u64,
}

impl Progress {
    /// Of a recording; `terminal` is told while it goes on, `notes` at the end.
    #[must_use]
    pub fn new(recorder: Recorder, terminal: Option<Box<dyn Write>>, notes: Box<dyn Write>) -> Self {
        Self { recorder, terminal, notes, said: None, shown: 0, lost: 0 }
    }

    fn words(&self) -> String {
        let (records, bytes) = self.recorder.so_far();
        let lost =
            if self.lost > 0 { format!(", {} lost", count(self.lost, "record")) } else { String::new() };
        format!("{}, {}{lost}, {}", count(records, "record"), count(self.shown, "result"), size(bytes))
    }

    fn wipe(&mut self) -> io::Result<()> {
        match (&mut self.terminal, self.said.take()) {
            (Some(terminal), Some(_)) => terminal.write_all(b"\r\x1b[K"),
            _ => Ok(()),
        }
    }
}

impl Sink for Progress {
    fn line(&mut self, line: &Line) -> io::Result<()> {
        match line {
            Line::Attempt(_) | Line::Reset(_) | Line::Drop(_) | Line::Death(_) | Line::Call(_) => {
                self.shown += 1;
            }
            Line::Loss(loss) => self.lost += loss.count,
            Line::Start(_) => {}
            Line::Summary(_) => {
                self.wipe()?;
                self.terminal = None;
                let (files, last) = self.recorder.files();
                let many =
                    if files > 1 { format!("{files} files, the last of them ") } else { String::new() };
                let words = format!("recorded {} into {many}{}\n", self.words(), escape(&last));
                self.notes.write_all(words.as_bytes())?;
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.said.is_some_and(|said| said.elapsed() < EACH) {
            return Ok(());
        }
        let words = self.words();
        if let Some(terminal) = &mut self.terminal {
            write!(terminal, "\r\x1b[Krecording: {words}")?;
            terminal.flush()?;
            self.said = Some(Instant::now());
        }
        Ok(())
    }

    fn shown(&self) -> u64 {
        self.shown
    }
}

fn count(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// As `ls -h` would say it, in powers of ten.
fn size(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "one place behind the point is shown")]
    let as_float = bytes as f64;
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", as_float / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", as_float / 1e6),
        _ => format!("{:.1} GB", as_float / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_numbers_read_well() {
        assert_eq!([999, 1_000, 2_500_000].map(size), ["999 B", "1.0 kB", "2.5 MB"]);
        assert_eq!([count(1, "record"), count(0, "record")], ["1 record", "0 records"]);
    }
}
