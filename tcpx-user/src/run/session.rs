//! The loop. It ends when told to, when a limit is reached, or when its work is done and all of it is told.

use std::{
    io,
    time::{Duration, Instant},
};

use tokio::time::sleep_until;

use super::{
    Engine, Source,
    select::Selection,
    stop::{Signals, Stop},
    work::Work,
};
use crate::{
    cli::{failure::Failure, request::Limit},
    event::{Event, What},
    line::Line,
    sink::Sink,
};

/// How often the sink may look after itself, and what is still held back is pushed out. No timer of its own:
/// [`Source::next`] comes back more often.
const PAUSE: Duration = Duration::from_millis(100);
/// How long work that was asked to end may take.
const LEAVE: Duration = Duration::from_secs(2);
/// How many times the engine's grace is waited for events of what was done last: they are read late, not at once.
const GRACES: u32 = 2;

/// What is read, made of it, wanted of it, and where it goes.
pub struct Session<S, E, W> {
    /// Events.
    pub source: S,
    /// Lines.
    pub engine: E,
    /// What ends it.
    pub work: W,
    /// Which lines.
    pub selection: Selection,
    /// Where to.
    pub sink: Box<dyn Sink>,
    /// When at the latest.
    pub limit: Limit,
    /// What results go to, for messages.
    pub name: String,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Records that were lost.
    pub lost: u64,
    /// Exit status of the work, if it has one.
    pub status: Option<u8>,
}

impl Ended {
    /// tcpx's own exit status (contract section 1).
    #[must_use]
    pub fn exit(self, loss_status: bool) -> u8 {
        match self.status {
            Some(status) if !(loss_status && self.lost > 0) => status,
            _ if self.lost > 0 => 3,
            _ => 0,
        }
    }
}

impl<S: Source, E: Engine, W: Work> Session<S, E, W> {
    /// Shows `start`, then all that happens until the end, then the summary.
    ///
    /// # Errors
    /// When events cannot be read or results not be written.
    pub async fn run(mut self, start: Line, mut signals: Signals) -> Result<Ended, Failure> {
        self.show(start)?;
        let stop = self.until_stopped(&mut signals).await?;
        if stop != Stop::Done {
            self.work.stop(stop);
            self.until_work_ends(stop, &mut signals).await?;
        }
        self.until_settled(&mut signals).await?;
        self.finish()
    }

    async fn until_stopped(&mut self, signals: &mut Signals) -> Result<Stop, Failure> {
        let end = self.limit.duration.map(|time| Instant::now() + time);
        // The first line is there before anything happens.
        self.flush()?;
        let mut flushed = Instant::now();
        let mut events = Vec::new();
        let stop = loop {
            tokio::select! {
                read = self.source.next(&mut events) => read.map_err(Failure::io("reading events"))?,
                () = self.work.ended() => break Stop::Done,
                stop = signals.next() => break stop,
                () = until(end) => break Stop::Limit,
            }
            self.take(&mut events)?;
            if flushed.elapsed() >= PAUSE {
                self.flush()?;
                flushed = Instant::now();
            }
            if self.limit.count.is_some_and(|count| self.sink.shown() >= count.get()) {
                break Stop::Limit;
            }
        };
        // A read that was broken off may have left some.
        self.take(&mut events)?;
        Ok(stop)
    }

    /// After Ctrl-C the work has as long as it takes, or until the second Ctrl-C, as it may be asking its user whether
    /// to end. In other cases nobody is there to be asked.
    async fn until_work_ends(&mut self, stop: Stop, signals: &mut Signals) -> Result<(), Failure> {
        let end = (stop != Stop::Interrupt).then(|| Instant::now() + LEAVE);
        let mut events = Vec::new();
        while self.work.is_running() {
            tokio::select! {
                read = self.source.next(&mut events) => read.map_err(Failure::io("reading events"))?,
                () = self.work.ended() => break,
                _ = signals.next() => break,
                () = until(end) => break,
            }
            self.take(&mut events)?;
        }
        self.take(&mut events)
    }

    async fn until_settled(&mut self, signals: &mut Signals) -> Result<(), Failure> {
        let end = Some(Instant::now() + GRACES * self.engine.grace());
        let mut events = Vec::new();
        loop {
            tokio::select! {
                // In a storm there are always more events.
                biased;
                () = until(end) => break,
                _ = signals.next() => break,
                read = self.source.next(&mut events) => read.map_err(Failure::io("reading events"))?,
            }
            self.take(&mut events)?;
        }
        self.source.drain(&mut events).map_err(Failure::io("reading events"))?;
        self.take(&mut events)
    }

    fn finish(mut self) -> Result<Ended, Failure> {
        let mut lines = Vec::new();
        self.engine.finish(&mut lines);
        let lost = lines.iter().rev().find_map(|line| match line {
            Line::Summary(summary) => Some(summary.lost.kernel + summary.lost.user),
            _ => None,
        });
        self.select(&mut lines)?;
        self.flush()?;
        Ok(Ended { lost: lost.unwrap_or(0), status: self.work.status() })
    }

    /// What came of the events goes out at once when that was all: nobody waits for a line that is made. In a storm there is
    /// always more, and lines go out in bulk.
    fn take(&mut self, events: &mut Vec<Event>) -> Result<(), Failure> {
        let is_all = events.last().is_some_and(|event| matches!(event.what, What::Tick));
        let before = self.sink.shown();
        let mut lines = Vec::new();
        for event in events.drain(..) {
            self.selection.observe(&event);
            self.engine.push(&event, &mut lines);
            // At once: the lines of a whole batch would not stay in the processor's caches.
            self.select(&mut lines)?;
        }
        if is_all && self.sink.shown() > before {
            self.sink.push().map_err(Failure::writing(self.name.as_str()))?;
        }
        Ok(())
    }

    fn select(&mut self, lines: &mut Vec<Line>) -> Result<(), Failure> {
        let mut wanted = Vec::new();
        for line in lines.drain(..) {
            self.selection.select(line, &mut wanted);
        }
        wanted.into_iter().try_for_each(|line| self.show(line))
    }

    /// One result too many would be as wrong as one too few, but the summary always comes.
    fn show(&mut self, line: Line) -> Result<(), Failure> {
        let result = matches!(
            line,
            Line::Attempt(_) | Line::Reset(_) | Line::Drop(_) | Line::Death(_) | Line::Call(_)
        );
        let full = self.limit.count.is_some_and(|count| self.sink.shown() >= count.get());
        if result && full {
            return Ok(());
        }
        self.sink.take(line).map_err(Failure::writing(self.name.as_str()))
    }

    fn flush(&mut self) -> Result<(), Failure> {
        self.sink.flush().map_err(Failure::writing(self.name.as_str()))?;
        self.engine.failure().map_or(Ok(()), Err)
    }
}

/// At that time, or never.
async fn until(end: Option<Instant>) {
    match end {
        Some(end) => sleep_until(end.into()).await,
        None => std::future::pending().await,
    }
}

/// A runtime for one session: one thread, as one reader of the ring is all there is to do.
///
/// # Errors
/// When the kernel refuses what it needs.
pub fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    let built: io::Result<_> = tokio::runtime::Builder::new_current_thread().enable_all().build();
    built.map_err(Failure::io("starting the runtime"))
}

#[cfg(test)]
mod tests;
