//! Ctrl-C while the database works: it asks now and then whether it is to go on.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
};

use rusqlite::Connection;

use crate::{
    cli::failure::Failure,
    run::{session::runtime, stop::Signals},
};

/// Instructions of SQLite's machine between two questions: some tenths of a millisecond.
const EACH: i32 = 10_000;

/// Whether somebody has asked tcpx to stop.
#[derive(Clone, Debug, Default)]
pub(super) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// From now on signals that end a program ask it to stop.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub(super) fn watch() -> Result<Self, Failure> {
        let interrupt = Self::default();
        let (watching, ready) = mpsc::channel();
        let flag = Arc::clone(&interrupt.0);
        let watcher = thread::Builder::new().name("signals".to_owned());
        let spawned = watcher.spawn(move || wait(&flag, &watching));
        spawned.map_err(Failure::io("starting a thread"))?;
        let ready = ready.recv().unwrap_or_else(|_| Err(io::Error::other("the thread has ended")));
        ready.map_err(Failure::io("taking over signals"))?;
        Ok(interrupt)
    }

    /// Makes a database ask.
    ///
    /// # Errors
    /// Of the database.
    pub(super) fn reach(&self, database: &mut Connection) -> rusqlite::Result<()> {
        let flag = Arc::clone(&self.0);
        database.progress_handler(EACH, Some(move || flag.load(Ordering::Relaxed)))
    }

    /// As if somebody had.
    #[cfg(test)]
    pub(super) fn stop(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Ends what was interrupted.
    ///
    /// # Errors
    /// When it was.
    pub(super) fn check(&self) -> Result<(), Failure> {
        let stopped = self.0.load(Ordering::Relaxed);
        if stopped { Err(interrupted()) } else { Ok(()) }
    }
}

/// What became of a query that was stopped.
pub(super) fn interrupted() -> Failure {
    Failure::Other(anyhow::anyhow!("interrupted: the query was not carried out to its end"))
}

fn wait(flag: &AtomicBool, watching: &mpsc::Sender<io::Result<()>>) {
    let Ok(runtime) = runtime() else { return };
    runtime.block_on(async {
        match Signals::take() {
            Err(error) => drop(watching.send(Err(error))),
            Ok(mut signals) => {
                // Whoever asked may have gone.
                let _ = watching.send(Ok(()));
                signals.next().await;
                flag.store(true, Ordering::Relaxed);
            }
        }
    });
}
