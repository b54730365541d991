//! What stands between the programs in the kernel and the session: the source with all that is known about it, and the
//! engine that names, correlates, judges and audits.

use std::{collections::BTreeSet, time::Duration};

use tcpx_common::event::{NetnsKey, NetnsResets};

use super::{Engine, Source};
use crate::{
    abilities::Abilities,
    audit::{self, Audit},
    cli::{failure::Failure, request::Hooks},
    correlate::Limits,
    decode::Symbols,
    enrich::{self, Enrich},
    event::Event,
    line::{AttachedHook, Line, MissingHook, Start, Summary},
    pipeline::Pipeline,
};

/// Number of the format of lines.
const SCHEMA: u32 = 1;

/// Reads the map in which the programs count resets by namespace.
pub type Counted = Box<dyn Fn() -> Vec<(NetnsKey, NetnsResets)>>;

/// Attached programs, and what they can see.
pub struct Live<S> {
    /// Their ring.
    pub source: S,
    /// What works.
    pub hooks: Vec<AttachedHook>,
    /// What does not.
    pub missing: Vec<MissingHook>,
    /// What that lets tcpx see.
    pub abilities: Abilities,
    /// Names of kernel functions.
    pub symbols: Box<dyn Symbols + Send>,
    /// Resets as the programs count them.
    pub counted: Counted,
}

impl<S: Source> Live<S> {
    /// The first line.
    #[must_use]
    pub fn start(&self, asked: &Hooks) -> Line {
        let kernel = rustix::system::uname();
        Line::Start(Start {
            schema: SCHEMA,
            tcpx: env!("CARGO_PKG_VERSION").to_owned(),
            kernel: kernel.release().to_string_lossy().into_owned(),
            arch: kernel.machine().to_string_lossy().into_owned(),
            backend: asked.backend.map_or("auto", crate::event::Backend::name).to_owned(),
            probes: asked.probes.name().to_owned(),
            hooks: self.hooks.clone(),
            missing: self.missing.clone(),
        })
    }

    /// Looks at the host as it is now, and begins to count.
    #[must_use]
    pub fn engage(self, audited: audit::Scope) -> (S, Host) {
        let enrich = Enrich::new(enrich::Limits::default());
        let audit = Audit::begin(&enrich, &*self.counted);
        let pipeline = Pipeline::new(self.abilities, Limits::DEFAULT, self.symbols);
        let Self { source, abilities, counted, .. } = self;
        (source, Host { enrich, pipeline, audit, counted, abilities, audited })
    }
}

/// The engine of a live trace.
pub struct Host {
    enrich: Enrich,
    pipeline: Pipeline,
    audit: Audit,
    counted: Counted,
    abilities: Abilities,
    audited: audit::Scope,
}

impl Host {
    /// Namespaces that were there when tracing began: nobody's own.
    #[must_use]
    pub fn namespaces(&self) -> BTreeSet<u32> {
        let census = self.enrich.census(false);
        let held = census.held.iter().filter(|held| held.at_start).map(|held| held.inum);
        held.chain(census.unheld).collect()
    }

    /// The pipeline's counts, and what the kernel counted meanwhile.
    fn summary(&self) -> Summary {
        let outcome = self.audit.finish(&self.enrich, &*self.counted, &self.audited, &self.abilities);
        Summary {
            kernel: outcome.kernel,
            unaccounted: outcome.unaccounted,
            unaccounted_why: outcome.why,
            ..self.pipeline.summary().clone()
        }
    }
}

impl Engine for Host {
    fn push(&mut self, event: &Event, lines: &mut Vec<Line>) {
        self.enrich.observe(event);
        lines.extend(self.pipeline.push(event, &self.enrich));
    }

    fn grace(&self) -> Duration {
        Duration::from_nanos(Limits::DEFAULT.grace_ns)
    }

    fn finish(&mut self, lines: &mut Vec<Line>) {
        lines.extend(self.pipeline.finish(&self.enrich));
        lines.push(Line::Summary(self.summary()));
    }
}

/// Attaches what was asked for; `command` says that a command's processes have to be told from others.
///
/// # Errors
/// When the kernel refuses, with what to do.
pub fn attach(_asked: &Hooks, _command: bool) -> Result<Live<impl Source + use<>>, Failure> {
    // The wiring line: kernel::attach and its ring take the place of this.
    Err::<Live<Nothing>, _>(Failure::Other(anyhow::anyhow!("this build has no live source yet")))
}

/// Stands in for the ring.
enum Nothing {}

impl Source for Nothing {
    async fn next(&mut self, _: &mut Vec<Event>) -> std::io::Result<()> {
        match *self {}
    }

    fn drain(&mut self, _: &mut Vec<Event>) -> std::io::Result<()> {
        match *self {}
    }
}
