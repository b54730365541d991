//! Lines on their way into an index, on a thread of its own: making them takes about as long as keeping them.

use std::{
    io, panic,
    sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel},
    thread::{self, JoinHandle},
};

use super::index::Index;
use crate::{line::Line, sink::Sink};

/// Lines that go from one thread to the other at a time.
const BATCH: usize = 256;
/// Batches that may wait: with 2 KiB a line, 4 MiB.
const WAITING: usize = 8;

/// Where lines go. When it is dropped, there are no more.
pub(super) struct Filling {
    lines: SyncSender<Vec<Line>>,
    /// Lines that are kept come back to be freed where they were allocated: freed by the other thread, they would make both
    /// wait for one lock of the allocator.
    done: Receiver<Vec<Line>>,
    batch: Vec<Line>,
    shown: u64,
}

/// The thread.
pub(super) struct Filler(JoinHandle<rusqlite::Result<Index>>);

/// Begins to fill the index.
///
/// # Errors
/// When the kernel gives no thread.
pub(super) fn begin(index: Index) -> io::Result<(Filling, Filler)> {
    let (lines, waiting) = sync_channel(WAITING);
    // No more come back than were sent: this one is as bounded.
    let (kept, done) = channel();
    let filler =
        thread::Builder::new().name("index".to_owned()).spawn(move || keep(index, &waiting, &kept))?;
    Ok((Filling { lines, done, batch: Vec::with_capacity(BATCH), shown: 0 }, Filler(filler)))
}

fn keep(
    mut index: Index,
    waiting: &Receiver<Vec<Line>>,
    kept: &Sender<Vec<Line>>,
) -> rusqlite::Result<Index> {
    for lines in waiting {
        index.take(&lines)?;
        // The last come back to nobody.
        let _ = kept.send(lines);
    }
    Ok(index)
}

impl Filler {
    /// The index, once there are no more lines.
    ///
    /// # Errors
    /// Of the database.
    pub(super) fn end(self) -> rusqlite::Result<Index> {
        self.0.join().unwrap_or_else(|panic| panic::resume_unwind(panic))
    }
}

impl Filling {
    fn send(&mut self) -> io::Result<()> {
        if self.batch.is_empty() {
            return Ok(());
        }
        let mut next = self.done.try_recv().unwrap_or_else(|_| Vec::with_capacity(BATCH));
        next.clear();
        let batch = std::mem::replace(&mut self.batch, next);
        // Why, the thread says at its end.
        self.lines.send(batch).map_err(|_| io::Error::other("the index takes no more"))
    }
}

impl Sink for Filling {
    fn line(&mut self, line: &Line) -> io::Result<()> {
        self.take(line.clone())
    }

    fn take(&mut self, line: Line) -> io::Result<()> {
        self.shown += 1;
        self.batch.push(line);
        if self.batch.len() < BATCH { Ok(()) } else { self.send() }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.send()
    }

    fn shown(&self) -> u64 {
        self.shown
    }
}
