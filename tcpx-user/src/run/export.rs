//! `tcpx export`: a replay whose lines carry packets, and whose sink writes them.

use std::io::{self, IsTerminal as _, Write as _};

use super::replay;
use crate::{
    cli::{failure::Failure, request::Export},
    query,
    sink::{pcapng::Pcapng, whole::Whole},
    text::escape::escape,
};

/// Carries out `tcpx export`.
///
/// # Errors
/// When it cannot be done, or where the recording is broken: what came before has been written.
pub fn export(request: &Export) -> Result<u8, Failure> {
    if let Some(to) = request.to.as_deref().filter(|_| request.parquet) {
        replay::spare(&request.files, to)?;
        let Export { files, filter, everything, limit, .. } = request;
        return query::export_parquet(files, filter, *everything, limit, to);
    }
    let (source, engine, end) = replay::open(&request.files)?;
    let out = open(request)?;
    let name = out.name().to_owned();
    let stopped = stopped(&name);
    let sink = Box::new(Pcapng::new(out, source.facts().clock(), Box::new(io::stderr())));
    let what = replay::Play {
        filter: request.filter.clone(),
        everything: request.everything,
        limit: request.limit,
        sink,
        name,
        progress: replay::progress(&request.files, request.to.is_some()),
    };
    let (ended, end) = replay::play_opened((source, engine.with_packets(), end), what)?;
    let status = replay::status(&ended, &end)?;
    if !end.is_reached() && request.limit.count.is_none() {
        // Nothing can be done about a stderr that takes nothing.
        let _ = io::stderr().write_all(stopped.as_bytes());
    }
    Ok(status)
}

/// Nobody who finds the file later should take it for all there was.
fn stopped(name: &str) -> String {
    format!("stopped before the end of the recording: {} has what came before\n", escape(name))
}

fn open(request: &Export) -> Result<Whole, Failure> {
    let Some(path) = &request.to else {
        return if io::stdout().is_terminal() { Err(no_text()) } else { Ok(Whole::stdout()) };
    };
    replay::spare(&request.files, path)?;
    Whole::file(path)
}

fn no_text() -> Failure {
    let message =
        "-w -: stdout is a terminal, and pcapng is no text: name a file, or tcpx export … -w - | tshark -r -";
    Failure::Usage(message.to_owned())
}
