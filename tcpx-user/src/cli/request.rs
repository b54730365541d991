//! What the command line means: every value checked, every default decided.

mod convert;
mod daemon;
mod lab;
mod query;

use std::{ffi::OsString, net::SocketAddr, num::NonZeroU64, path::PathBuf, time::Duration};

use crate::{event::Backend, record::Destination, text::lang::Lang};

pub(crate) use convert::{bytes, time};
pub use daemon::{Action, Daemon};
pub use lab::{Kernels, Lab, Tasks, View};
pub use query::{Asked, Query, QueryForm};

use super::{
    args::{Args, Format, When},
    failure::Failure,
    filter::Filter,
    report::Report,
};

/// One command, ready to be carried out.
#[derive(Debug)]
pub enum Request {
    /// Watch live.
    Trace(Box<Trace>),
    /// Watch live, for later.
    Record(Box<Record>),
    /// Watch what was recorded.
    Replay(Box<Replay>),
    /// Lay out what was recorded.
    Report(Box<Report>),
    /// Write packets of what was recorded.
    Export(Box<Export>),
    /// Look at it in full screen.
    Top(Box<Top>),
    /// Ask recordings.
    Query(Box<Query>),
    /// Stay, and tell whoever asks.
    Daemon(Daemon),
    /// Play scenarios.
    Lab(Lab),
    /// Connect once.
    Probe(Probe),
    /// Say what works here.
    Check(Check),
    /// Look something up.
    Explain(Explain),
}

/// `tcpx trace`
#[derive(Debug)]
pub struct Trace {
    /// What to keep.
    pub filter: Filter,
    /// Whose connections.
    pub scope: ScopeRequest,
    /// What to attach.
    pub hooks: Hooks,
    /// Where results go.
    pub output: Output,
    /// Written once all is attached.
    pub ready_file: Option<PathBuf>,
    /// When to stop of its own accord.
    pub limit: Limit,
    /// The status says losses even when CMD ran.
    pub loss_status: bool,
    /// Where all of it is recorded.
    pub record: Option<Destination>,
    /// There are no results: stdout is CMD's own.
    pub silent: bool,
}

/// `tcpx record`
#[derive(Debug)]
pub struct Record {
    /// What is watched.
    pub trace: Trace,
    /// Where it goes.
    pub to: Destination,
    /// An index for queries is made of it.
    pub index: bool,
}

/// `tcpx replay`
#[derive(Debug)]
pub struct Replay {
    /// The files of one recording, in their order.
    pub files: Vec<PathBuf>,
    /// What to keep.
    pub filter: Filter,
    /// Also what was not shown when it was recorded.
    pub everything: bool,
    /// Where results go.
    pub output: Output,
    /// When to stop.
    pub limit: Limit,
}

/// `tcpx export`
#[derive(Debug)]
pub struct Export {
    /// The files of one recording, in their order.
    pub files: Vec<PathBuf>,
    /// Where to; `None` is stdout.
    pub to: Option<PathBuf>,
    /// Attempts for columnar engines, not packets.
    pub parquet: bool,
    /// What to keep.
    pub filter: Filter,
    /// Also what was not shown when it was recorded.
    pub everything: bool,
    /// When to stop.
    pub limit: Limit,
}

/// `tcpx top`
#[derive(Debug)]
pub struct Top {
    /// The files of one recording; none is this host.
    pub files: Vec<PathBuf>,
    /// What to keep.
    pub filter: Filter,
    /// Whose connections, of this host.
    pub scope: ScopeRequest,
    /// Of a recording, also what was not shown when it was recorded.
    pub everything: bool,
    /// What to attach.
    pub hooks: Hooks,
    /// How it looks.
    pub output: Output,
}

/// Whose connections are shown.
#[derive(Debug, PartialEq, Eq)]
pub enum ScopeRequest {
    /// Of the whole host.
    Host,
    /// Of the network namespace of this process.
    NamespaceOf(u32),
    /// Of a command that tcpx starts.
    Command(Command),
}

/// A command to start.
#[derive(Debug, PartialEq, Eq)]
pub struct Command {
    /// Program and arguments; not empty.
    pub argv: Vec<OsString>,
    /// User to run it as; `None` is who called sudo.
    pub user: Option<String>,
    /// Show the rest of the host too.
    pub everything: bool,
}

/// When tracing ends of its own accord.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limit {
    /// After so many results.
    pub count: Option<NonZeroU64>,
    /// After so long.
    pub duration: Option<Duration>,
}

/// Which hooks are attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeSet {
    /// What sends or receives a RST.
    Resets,
    /// What runs when something is refused, reset, dropped or changes state.
    Path,
    /// Also the receive path and both lookups.
    Lookup,
}

impl ProbeSet {
    /// As it is typed and printed.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Resets => "resets",
            Self::Path => "path",
            Self::Lookup => "lookup",
        }
    }
}

/// How much the programs may write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Records of one hook on one CPU in a second; more are counted and not told one by one.
    pub most_per_second: u64,
    /// Size of the ring between the programs and the reader: a power of two, and whole pages.
    pub ring_bytes: u32,
}

impl Flow {
    /// More than one CPU makes at full speed of a storm of refused connections, and what it writes in 50 ms.
    pub const DEFAULT: Self = Self { most_per_second: 500_000, ring_bytes: 4 << 20 };
}

/// What to attach, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hooks {
    /// The only backend to use; `None` is the best for each hook.
    pub backend: Option<Backend>,
    /// Which hooks.
    pub probes: ProbeSet,
    /// Add kernel stacks.
    pub stacks: bool,
    /// Show what the programs log.
    pub bpf_log: bool,
    /// How much the programs may write.
    pub flow: Flow,
}

/// Where results go, and how they look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// Text or JSON.
    pub format: Format,
    /// A file instead of stdout.
    pub path: Option<PathBuf>,
    /// How much.
    pub detail: Detail,
    /// Also what worked.
    pub all: bool,
    /// When to colour.
    pub color: When,
    /// The language of what is said around results; JSON has none.
    pub lang: Lang,
}

/// How much text says of each connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// What happened and why.
    Quiet,
    /// The kernel's path too.
    #[default]
    Normal,
    /// And times, namespaces, near misses and stacks.
    Verbose,
}

/// `tcpx probe`
#[derive(Debug)]
pub struct Probe {
    /// Where to, in the order in which they are tried.
    pub targets: Vec<SocketAddr>,
    /// Give up after this long.
    pub timeout: Duration,
    /// From the network namespace of this process.
    pub inside: Option<u32>,
    /// What to attach.
    pub hooks: Hooks,
    /// Where results go.
    pub output: Output,
}

/// `tcpx check`
#[derive(Debug)]
pub struct Check {
    /// The only backend to use.
    pub backend: Option<Backend>,
    /// Where results go.
    pub output: Output,
}

/// `tcpx explain`
#[derive(Debug)]
pub struct Explain {
    /// What is asked.
    pub question: Question,
    /// Where the answer goes.
    pub output: Output,
}

/// What `tcpx explain` is asked.
#[derive(Debug, PartialEq, Eq)]
pub enum Question {
    /// The catalogue.
    All,
    /// Where backends see less.
    Backends,
    /// One thing.
    About(String),
}

impl Request {
    /// What `args` mean on a machine with this hosts file.
    ///
    /// # Errors
    /// [`Failure::Usage`] with the value that means nothing, and what would.
    pub fn new(args: Args, hosts: &str) -> Result<Self, Failure> {
        convert::request(args, hosts)
    }
}

#[cfg(test)]
mod tests;
