//! `tcpx export`: a replay whose lines carry packets, and whose sink writes them.

use std::{
    io::{self, IsTerminal as _, Write as _},
    rc::Rc,
};

use super::replay;
use crate::{
    cli::{failure::Failure, request::Export},
    sink::{pcapng::Pcapng, whole::Whole},
    text::escape::escape,
};

/// Carries out `tcpx export`.
///
/// # Errors
/// When it cannot be done, or where the recording is broken: what came before has been written.
pub fn export(request: &Export) -> Result<u8, Failure> {
    let (source, engine, end) = replay::open(&request.files)?;
    let out = open(request)?;
    let name = out.name().to_owned();
    let sink = Box::new(Pcapng::new(out, source.facts().clock(), Box::new(io::stderr())));
    let (reading, stopped) = (Rc::clone(&end), stopped(&name));
    let replaying = replay::Replaying { source, engine: engine.with_packets(), end, sink, name };
    let (filter, to_file) = (request.filter.clone(), request.to.is_some());
    let status = replaying.run(&request.files, filter, request.everything, request.limit, to_file)?;
    if !reading.is_reached() && request.limit.count.is_none() {
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
