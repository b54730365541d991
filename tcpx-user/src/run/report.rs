//! `tcpx report`: a replay whose lines are counted and laid out as a page.

use std::{
    io::{self, Write as _},
    path::PathBuf,
};

use super::replay::{self, End};
use crate::{
    cli::{failure::Failure, report::Report, request::Limit},
    report::{
        Collector,
        losses::Ended,
        page::{Origin, page, shown},
    },
    sink::{Sink as _, whole::Whole},
    text::{escape::escape, lang::Lang},
};

/// Carries out `tcpx report`.
///
/// # Errors
/// When it cannot be done, or where the recording is broken: the page then tells of what came before.
pub fn report(request: &Report) -> Result<u8, Failure> {
    let out = match &request.to {
        Some(path) => {
            replay::spare(&request.files, path)?;
            Whole::file(path)?
        }
        None => Whole::stdout(),
    };
    let collector = Collector::default();
    let what = replay::Play {
        filter: request.filter.clone(),
        everything: request.everything,
        limit: Limit::default(),
        sink: Box::new(collector.clone()),
        name: "the report".to_owned(),
        progress: replay::progress(&request.files, request.to.is_some()),
    };
    let (ended, end) = replay::play(&request.files, what)?;
    let failure = end.failure();
    let origin = origin(request, how_it_ended(&end, failure.as_ref()));
    let text = collector.with(|report| page(report, &origin));
    write(out, &text)?;
    say(request, &collector, text.len());
    match failure {
        Some(failure) => Err(failure),
        None => Ok(ended.exit(false)),
    }
}

fn origin(request: &Report, ended: Ended) -> Origin {
    let name = |path: &PathBuf| path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into();
    Origin {
        files: request.files.iter().map(name).collect(),
        filters: request.typed.clone(),
        ended,
        lab: None,
        lang: Lang::English,
    }
}

fn how_it_ended(end: &End, failure: Option<&Failure>) -> Ended {
    match failure {
        Some(failure) => Ended::Broken(failure.to_string()),
        None if end.is_reached() => Ended::Whole,
        None => Ended::Stopped,
    }
}

fn write(mut out: Whole, text: &str) -> Result<(), Failure> {
    let name = out.name().to_owned();
    out.write_all(text.as_bytes()).and_then(|()| out.finish()).map_err(Failure::writing(name))
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
