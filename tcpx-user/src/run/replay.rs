//! `tcpx replay`: a recording as the source of a session. What follows the source cannot tell it from a live one.

mod engine;
mod source;

use std::{
    cell::{Cell, RefCell},
    path::PathBuf,
    rc::Rc,
};

use tokio::sync::Notify;

use super::{
    scope::Scope,
    select::Selection,
    session::{Session, runtime},
    stop::{Signals, Stop},
    work::Work,
};
use crate::{
    cli::{failure::Failure, request::Replay},
    line::Line,
    record::{self, Broken, Summed},
    sink::open::Results,
};

pub use self::{engine::Replayed, source::Playback};

/// Carries out `tcpx replay`.
///
/// # Errors
/// When it cannot be done, or where the recording is broken: what came before has been shown.
pub fn replay(request: &Replay) -> Result<u8, Failure> {
    let (source, engine, end) = open(&request.files)?;
    let first = Line::Start(source.facts().start().into());
    let scope = if request.everything { Scope::Host } else { (&source.facts().scope).into() };
    let results = Results::open(&request.output)?;
    let name = results.name.clone();
    let session = Session {
        source,
        engine,
        work: Reading::new(&end),
        selection: Selection::new(request.filter.clone(), scope),
        sink: results.into_sink(&request.output),
        limit: request.limit,
        name,
    };
    let ended = runtime()?.block_on(async {
        let signals = Signals::take().map_err(Failure::io("taking over signals"))?;
        session.run(first, signals).await
    })?;
    match end.failure() {
        Some(failure) => Err(failure),
        None => Ok(ended.exit(false)),
    }
}

/// What a session needs to read these files, of which there is at least one.
///
/// # Errors
/// When the first cannot be read.
pub fn open(files: &[PathBuf]) -> Result<(Playback, Replayed, Rc<End>), Failure> {
    let (first, others) =
        files.split_first().ok_or_else(|| Failure::Usage("replay: which file?".to_owned()))?;
    let reader = record::open(first)?;
    let end = Rc::new(End::default());
    let source = Playback::new(reader, others.to_vec(), Rc::clone(&end));
    let engine = Replayed::new(source.facts(), source.told(), source.symbols(), Rc::clone(&end));
    Ok((source, engine, end))
}

/// How reading ended, for whoever has to know.
#[derive(Default)]
pub struct End {
    reached: Cell<bool>,
    notify: Notify,
    failure: RefCell<Option<Failure>>,
    summed: RefCell<Option<Summed>>,
}

impl End {
    /// All was read; what the recording host summed up, or why it did not.
    fn reach(&self, summed: Summed) {
        self.summed.replace(Some(summed));
        self.reached.set(true);
        self.notify.notify_one();
    }

    /// No more can be read.
    fn fail(&self, failure: Failure) {
        self.failure.replace(Some(failure));
        self.reach(Summed::not_known("the recording could not be read to its end"));
    }

    /// Nothing more will be read.
    #[must_use]
    pub const fn is_reached(&self) -> bool {
        self.reached.get()
    }

    fn summed(&self) -> Summed {
        let stopped = || Summed::not_known("the replay was stopped before the end of the recording");
        self.summed.take().unwrap_or_else(stopped)
    }

    /// Why not all was read.
    #[must_use]
    pub fn failure(&self) -> Option<Failure> {
        self.failure.take()
    }
}

/// The work of a replay: that there is something left to read.
pub(super) struct Reading(Rc<End>);

impl Reading {
    pub(super) fn new(end: &Rc<End>) -> Self {
        Self(Rc::clone(end))
    }
}

impl Work for Reading {
    async fn ended(&mut self) {
        while !self.0.is_reached() {
            self.0.notify.notified().await;
        }
    }

    fn stop(&mut self, _: Stop) {}

    fn is_running(&self) -> bool {
        false
    }

    fn status(&self) -> Option<u8> {
        None
    }
}

impl From<Broken> for Failure {
    fn from(broken: Broken) -> Self {
        Self::Other(broken.into())
    }
}
