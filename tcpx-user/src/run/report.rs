//! `tcpx report`: a replay whose lines are counted and laid out as a page.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use super::{
    replay::{self, End, Reading},
    scope::Scope,
    select::Selection,
    session::{Session, runtime},
    stop::Signals,
};
use crate::{
    cli::{failure::Failure, report::Report, request::Limit},
    line::Line,
    report::{
        Collector,
        losses::Ended,
        page::{Origin, page, shown},
    },
    sink::{Sink as _, whole::WholeFile},
    text::escape::escape,
};

/// Carries out `tcpx report`.
///
/// # Errors
/// When it cannot be done, or where the recording is broken: the page then tells of what came before.
pub fn report(request: &Report) -> Result<u8, Failure> {
    spare_recordings(request)?;
    let file = request.to.as_deref().map(WholeFile::create).transpose()?;
    let (source, engine, end) = replay::open(&request.files)?;
    let first = Line::Start(source.facts().start().into());
    let scope = if request.everything { Scope::Host } else { (&source.facts().scope).into() };
    let collector = Collector::default();
    let session = Session {
        source,
        engine,
        work: Reading::new(&end),
        selection: Selection::new(request.filter.clone(), scope),
        sink: Box::new(collector.clone()),
        limit: Limit::default(),
        name: "the report".to_owned(),
    };
    let ended = runtime()?.block_on(async {
        let signals = Signals::take().map_err(Failure::io("taking over signals"))?;
        session.run(first, signals).await
    })?;
    let failure = end.failure();
    let origin = origin(request, how_it_ended(&end, failure.as_ref()));
    let text = collector.with(|report| page(report, &origin));
    write(request, file, &text)?;
    say(request, &collector, text.len());
    match failure {
        Some(failure) => Err(failure),
        None => Ok(ended.exit(false)),
    }
}

/// A page must not take the place of what it tells of.
fn spare_recordings(request: &Report) -> Result<(), Failure> {
    let real = |path: &Path| fs::canonicalize(path).ok();
    let to = request.to.as_deref().and_then(real);
    match request.files.iter().find(|file| to.is_some() && real(file) == to) {
        Some(file) => {
            let message =
                format!("report: -w {} is the recording itself: choose another name", file.display());
            Err(Failure::Usage(message))
        }
        None => Ok(()),
    }
}

fn origin(request: &Report, ended: Ended) -> Origin {
    let name = |path: &PathBuf| path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into();
    Origin { files: request.files.iter().map(name).collect(), filters: request.typed.clone(), ended }
}

fn how_it_ended(end: &End, failure: Option<&Failure>) -> Ended {
    match failure {
        Some(failure) => Ended::Broken(failure.to_string()),
        None if end.is_reached() => Ended::Whole,
        None => Ended::Stopped,
    }
}

fn write(request: &Report, file: Option<WholeFile>, text: &str) -> Result<(), Failure> {
    let Some(mut file) = file else {
        let mut out = io::stdout().lock();
        let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        return written.map_err(Failure::writing("the report"));
    };
    let name = request.to.as_deref().unwrap_or_else(|| "-".as_ref()).display().to_string();
    file.write_all(text.as_bytes()).map_err(Failure::writing(name))?;
    file.keep()
}

/// A word on stderr, which may not take it.
fn say(request: &Report, collector: &Collector, bytes: usize) {
    let Some(path) = &request.to else { return };
    let (all, detailed) = (collector.shown(), collector.with(shown));
    #[expect(clippy::cast_precision_loss, reason = "one place behind the point is shown")]
    let size = bytes as f64 / 1e6;
    let name = escape(&path.display().to_string()).into_owned();
    let results = if all == 1 { "result" } else { "results" };
    let _ = writeln!(
        io::stderr(),
        "report: {all} {results}, {detailed} of them in full, {size:.1} MB into {name}"
    );
}
