//! Carries out what reads events: the loop from a source through the pipeline to a sink, and when it ends.
//!
//! The loop knows no kernel and no terminal: [`Source`], [`Engine`], [`Work`](work::Work) and [`Sink`](crate::sink::Sink) are its
//! edges.

mod commands;
pub mod connect;
mod daemon;
mod export;
pub(crate) mod judge;
pub mod lab;
pub mod live;
pub mod ready;
pub mod replay;
mod report;
pub mod scope;
pub mod select;
pub mod session;
pub mod sharing;
pub mod stop;
mod top;
pub mod work;

use std::{future::Future, io, time::Duration};

pub use commands::{probe, record, trace};
pub use daemon::daemon;
pub use export::export;
pub use replay::replay;
pub use report::report;
pub use top::top;

use crate::{cli::failure::Failure, event::Event, line::Line};

/// Where events come from: the ring, a recording, a test.
pub trait Source {
    /// Waits until there are events and appends them; [`What::Tick`](crate::event::What::Tick) is one, so time goes
    /// on. Comes back many times a second, with or without any, until there will be none any more. May be dropped while it waits: what was appended stays.
    ///
    /// # Errors
    /// When nothing more can be read.
    fn next(&mut self, events: &mut Vec<Event>) -> impl Future<Output = io::Result<()>>;

    /// Appends what is there without waiting, and a tick.
    ///
    /// # Errors
    /// When it cannot be read.
    fn drain(&mut self, events: &mut Vec<Event>) -> io::Result<()>;
}

/// What turns events into lines: enrichment, correlation, verdicts, audit.
pub trait Engine {
    /// Takes one event; appends the lines that are settled by it.
    fn push(&mut self, event: &Event, lines: &mut Vec<Line>);

    /// Why it cannot go on, if something keeps it from that; asked at each pause, some times a second, and at the end.
    fn failure(&mut self) -> Option<Failure> {
        None
    }

    /// How long a line may be held back for events that belong to it.
    fn grace(&self) -> Duration;

    /// Nothing more comes: appends what is left, and the summary last.
    fn finish(&mut self, lines: &mut Vec<Line>);
}
