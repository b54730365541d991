//! The handle of a recording that source, engine and whoever answers them share.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard},
};

use super::{
    Destination, Facts, Item, Summed,
    file::Files,
    said::{Answer, Question},
    symbols::Asker,
    tape::Tape,
};
use crate::{
    cli::failure::Failure,
    event::{Event, Name, What},
    locked::locked,
};

/// Writes what it is told.
#[derive(Clone)]
pub struct Recorder(Arc<Mutex<Tape>>);

impl Recorder {
    /// Creates the file. Nothing is in it until [`begin`](Self::begin).
    ///
    /// # Errors
    /// When it cannot be created.
    pub fn create(to: Destination) -> Result<Self, Failure> {
        Ok(Self(Arc::new(Mutex::new(Tape::new(Files::create(to)?)))))
    }

    /// Writes what is known from the start on. To be called before the engine gets the first event.
    pub fn begin(&self, facts: Facts) {
        self.tape().begin(facts);
    }

    /// The source has read this. An item that becomes an event is told when the event is handed on, and no other.
    pub fn read(&self, item: &Item<'_>) {
        self.tape().read(item);
    }

    /// The engine has come to this event.
    pub fn advance(&self, event: &Event) {
        self.tape().advance(matches!(event.what, What::Tick));
    }

    /// It is done with it; `told` says that lines came of it.
    pub fn dealt_with(&self, told: bool) {
        self.tape().dealt_with(told);
    }

    /// While it is held it does not go on in a new file: another recorder may be about to take the next name.
    pub fn hold(&self, held: bool) {
        self.tape().hold(held);
    }

    /// No event follows.
    pub fn finish(&self) {
        self.tape().finish();
    }

    /// Writes the end.
    pub fn close(&self, summed: &Summed) {
        self.tape().close(summed);
    }

    /// Why nothing more is written, if that is so; told once.
    #[must_use]
    pub fn failure(&self) -> Option<Failure> {
        let (doing, source) = self.tape().failure()?;
        Some(Failure::Io { doing, source })
    }

    /// Records that were read, and bytes on disk.
    #[must_use]
    pub fn so_far(&self) -> (u64, u64) {
        self.tape().so_far()
    }

    /// How many files were begun, and the name of the last.
    #[must_use]
    pub fn files(&self) -> (u32, String) {
        self.tape().files()
    }

    /// Those of its files that are there: rotation removes the oldest.
    #[must_use]
    pub fn paths(&self) -> Vec<PathBuf> {
        self.tape().paths()
    }

    pub(super) fn symbol(&self, asker: Asker, address: u64, found: Option<&(Name, u64)>) {
        self.tape().symbol(asker, address, found);
    }

    /// The answer already given for the event in hand, or the one that `ask` gives.
    pub(super) fn ask(&self, question: Question, ask: impl FnOnce() -> Answer) -> Answer {
        let known = self.tape().answered(&question);
        known.unwrap_or_else(|| {
            // Not while the lock is held: who answers may ask for names.
            let answer = ask();
            self.tape().answer(question, answer)
        })
    }

    /// A panic elsewhere leaves whole items.
    fn tape(&self) -> MutexGuard<'_, Tape> {
        locked(&self.0)
    }
}
