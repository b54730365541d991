//! `tcpx replay`: a recording as the source of a session. What follows the source cannot tell it from a live one.

mod engine;
mod source;
mod watched;

use std::{
    cell::{Cell, RefCell},
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    rc::Rc,
};

use tokio::sync::Notify;

use super::{
    scope::Scope,
    select::Selection,
    session::{Ended, Session, runtime},
    stop::{Signals, Stop},
    work::Work,
};
use crate::{
    cli::{
        failure::Failure,
        filter::Filter,
        request::{Limit, Replay},
    },
    line::Line,
    progress::Progress,
    record::{self, Broken, Summed},
    sink::{Sink, open::Results},
};

use self::watched::Watched;
pub use self::{engine::Replayed, source::Playback};

/// Carries out `tcpx replay`.
///
/// # Errors
/// When it cannot be done, or where the recording is broken: what came before has been shown.
pub fn replay(request: &Replay) -> Result<u8, Failure> {
    let opened = open(&request.files)?;
    let results = Results::open(&request.output)?;
    let to_file = request.output.path.is_some();
    let (ended, end) = play_opened(
        opened,
        Play {
            filter: request.filter.clone(),
            everything: request.everything,
            limit: request.limit,
            name: results.name.clone(),
            sink: results.into_sink(&request.output),
            progress: progress(&request.files, to_file),
        },
    )?;
    status(&ended, &end)
}

/// What is done with a recording.
pub struct Play {
    /// What to keep.
    pub filter: Filter,
    /// Also what was not shown when it was recorded.
    pub everything: bool,
    /// When to stop.
    pub limit: Limit,
    /// Where its lines go.
    pub sink: Box<dyn Sink>,
    /// What that is called in messages.
    pub name: String,
    /// How far reading has come.
    pub progress: Progress,
}

/// Shows a recording; how the session ended, and how the reading.
///
/// # Errors
/// When nothing of it can be read, or lines cannot be written.
pub fn play(files: &[PathBuf], what: Play) -> Result<(Ended, Rc<End>), Failure> {
    play_opened(open(files)?, what)
}

/// The same of one that was opened.
///
/// # Errors
/// When lines cannot be written.
pub fn play_opened(opened: Opened, what: Play) -> Result<(Ended, Rc<End>), Failure> {
    let (source, engine, end) = opened;
    let Play { filter, everything, limit, sink, name, progress } = what;
    let engine = engine.telling_only(filter.verdict.clone());
    let first = Line::Start(source.facts().start().into());
    let scope = scope(&source, everything);
    let session = Session {
        source,
        engine,
        work: Reading(Rc::clone(&end)),
        selection: Selection::new(filter, scope),
        sink: Box::new(Watched { sink, end: Rc::clone(&end), progress }),
        limit,
        name,
    };
    let ended = runtime()?.block_on(async {
        let signals = Signals::take().map_err(Failure::io("taking over signals"))?;
        session.run(first, signals).await
    })?;
    Ok((ended, end))
}

/// The exit status.
///
/// # Errors
/// Where the recording is broken.
pub(super) fn status(ended: &Ended, end: &End) -> Result<u8, Failure> {
    match end.failure() {
        Some(failure) => Err(failure),
        None => Ok(ended.exit(false)),
    }
}

/// Of reading these files, where results that go to stdout do not stand between.
pub(super) fn progress(files: &[PathBuf], to_file: bool) -> Progress {
    if to_file { Progress::over(size(files)) } else { Progress::silent() }
}

/// Whose lines are shown.
pub(super) fn scope(source: &Playback, everything: bool) -> Scope {
    if everything { Scope::Host } else { (&source.facts().scope).into() }
}

/// What is made of recordings must not take the place of one.
///
/// # Errors
/// When it would.
pub(super) fn spare(files: &[PathBuf], to: &Path) -> Result<(), Failure> {
    let id = |path: &Path| fs::metadata(path).ok().map(|there| (there.dev(), there.ino()));
    let Some(to) = id(to) else { return Ok(()) };
    match files.iter().find(|file| id(file) == Some(to)) {
        Some(file) => {
            let file = file.display();
            let message =
                format!("-w: {file} is the recording itself, which would be lost: name another file");
            Err(Failure::Usage(message))
        }
        None => Ok(()),
    }
}

/// Bytes of all files; what cannot be asked will fail when it is opened.
fn size(files: &[PathBuf]) -> u64 {
    files.iter().filter_map(|file| fs::metadata(file).ok()).map(|there| there.len()).sum()
}

/// Events, lines, and how far reading has come.
pub type Opened = (Playback, Replayed, Rc<End>);

/// What a session needs to read these files, of which there is at least one.
///
/// # Errors
/// When the first cannot be read.
pub fn open(files: &[PathBuf]) -> Result<Opened, Failure> {
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
    /// Bytes of the files that were read.
    read: Cell<u64>,
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

    /// So many bytes were read.
    fn come_to(&self, bytes: u64) {
        self.read.set(bytes);
    }

    /// Bytes that were read so far.
    #[must_use]
    pub const fn read(&self) -> u64 {
        self.read.get()
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
pub(super) struct Reading(pub(super) Rc<End>);

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
