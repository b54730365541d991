//! `tcpx trace`, `tcpx record` and `tcpx probe`: what is opened, attached and started, in which order.

use std::{
    collections::BTreeSet,
    fs,
    io::{self, IsTerminal as _},
    os::unix::fs::MetadataExt as _,
};

use super::{
    Source, connect,
    live::{self, Live},
    ready,
    scope::Scope,
    select::Selection,
    session::{Ended, Session, runtime},
    stop::Signals,
    work::Work,
};
use crate::{
    audit,
    cli::{
        failure::Failure,
        filter::Filter,
        request::{self, Hooks, Limit, Output, Probe, Record, ScopeRequest, Trace},
        surroundings::Surroundings,
    },
    command,
    line::Line,
    query,
    record::Recorder,
    sink::{Sink, open::Results, progress::Progress},
};

/// Carries out `tcpx trace`.
///
/// # Errors
/// When it cannot be done.
pub fn trace(request: &Trace) -> Result<u8, Failure> {
    Surroundings::read().check()?;
    let results = Results::open(&request.output)?;
    let recorder = request.record.clone().map(Recorder::create).transpose()?;
    follow(request, Shown::results(results, &request.output), recorder)
}

/// Carries out `tcpx record`.
///
/// # Errors
/// When it cannot be done.
pub fn record(request: &Record) -> Result<u8, Failure> {
    Surroundings::read().check()?;
    let Record { trace, to, index } = request;
    let recorder = Recorder::create(to.clone())?;
    let status = follow(trace, Shown::progress(&recorder), Some(recorder.clone()))?;
    if *index {
        query::make_ready(&recorder.paths());
    }
    Ok(status)
}

fn follow(request: &Trace, shown: Shown, recorder: Option<Recorder>) -> Result<u8, Failure> {
    let audited = audited(&request.scope)?;
    let command = matches!(request.scope, ScopeRequest::Command(_));
    let tracing = Tracing::begin(shown, &request.hooks, command, recorder)?;
    let ended = tracing.run(request.limit, &request.filter, audited, |namespaces| {
        request.ready_file.as_deref().map_or(Ok(()), ready::announce)?;
        start_work(request, namespaces)
    })?;
    Ok(ended.exit(request.loss_status))
}

/// Whose counters are compared.
pub(super) fn audited(scope: &ScopeRequest) -> Result<audit::Scope, Failure> {
    Ok(match scope {
        ScopeRequest::NamespaceOf(pid) => audit::Scope::Only([netns_of(*pid)?].into()),
        ScopeRequest::Host | ScopeRequest::Command(_) => audit::Scope::All,
    })
}

/// What is waited for, and whose lines are shown.
fn start_work(
    request: &Trace,
    namespaces: BTreeSet<u32>,
) -> Result<(Option<command::Running>, Scope), Failure> {
    let ScopeRequest::Command(asked) = &request.scope else { return Ok((None, scope(&request.scope)?)) };
    let own_stdout = request.silent || request.output.path.is_some();
    let running = command::start(&as_command(asked, own_stdout))?;
    let scope = if asked.everything { Scope::Host } else { Scope::command(namespaces) };
    Ok((Some(running), scope))
}

/// Whose lines are shown where no command is traced.
pub(super) fn scope(asked: &ScopeRequest) -> Result<Scope, Failure> {
    Ok(match asked {
        ScopeRequest::NamespaceOf(pid) => Scope::Namespaces([netns_of(*pid)?].into()),
        ScopeRequest::Host | ScopeRequest::Command(_) => Scope::Host,
    })
}

fn as_command(asked: &request::Command, own_stdout: bool) -> command::Request {
    let request::Command { argv, user, .. } = asked;
    command::Request { argv: argv.clone(), user: user.clone(), own_stdout }
}

/// Carries out `tcpx probe`.
///
/// # Errors
/// When it cannot be done.
pub fn probe(request: &Probe) -> Result<u8, Failure> {
    Surroundings::read().check()?;
    let shown = Shown::results(Results::open(&request.output)?, &request.output);
    let tracing = Tracing::begin(shown, &request.hooks, true, None)?;
    let ended = tracing.run(Limit::default(), &Filter::default(), audit::Scope::All, |_| {
        let connecting = connect::start(request.targets.clone(), request.timeout, request.inside)?;
        Ok((connecting, Scope::process(std::process::id())))
    })?;
    Ok(ended.exit(false))
}

/// Where lines go, and what that is called in messages.
pub(super) struct Shown {
    pub(super) sink: Box<dyn Sink>,
    pub(super) name: String,
}

impl Shown {
    fn results(results: Results, output: &Output) -> Self {
        let name = results.name.clone();
        Self { sink: results.into_sink(output), name }
    }

    /// Nothing but how far it has come.
    fn progress(recorder: &Recorder) -> Self {
        let terminal = io::stderr().is_terminal().then(|| Box::new(io::stderr()) as Box<dyn io::Write>);
        let sink = Progress::new(recorder.clone(), terminal, Box::new(io::stderr()));
        Self { sink: Box::new(sink), name: "progress".to_owned() }
    }
}

/// Attached, with somewhere to write to.
pub(super) struct Tracing<'a, S> {
    pub(super) live: Live<S>,
    pub(super) shown: Shown,
    pub(super) hooks: &'a Hooks,
}

impl<'a> Tracing<'a, ()> {
    fn begin(
        shown: Shown,
        hooks: &'a Hooks,
        command: bool,
        recorder: Option<Recorder>,
    ) -> Result<Tracing<'a, impl Source + use<>>, Failure> {
        Ok(Tracing { live: live::attach(hooks, command, recorder)?, shown, hooks })
    }
}

impl<S: Source> Tracing<'_, S> {
    /// Starts the work once all is attached and counted from, and shows what happens until the end. `start` is given
    /// the namespaces that were there before.
    pub(super) fn run<W: Work>(
        self,
        limit: Limit,
        filter: &Filter,
        audited: audit::Scope,
        start: impl FnOnce(BTreeSet<u32>) -> Result<(W, Scope), Failure>,
    ) -> Result<Ended, Failure> {
        let first = self.live.start(self.hooks);
        let Shown { sink, name } = self.shown;
        let (source, engine) = self.live.engage(audited);
        let engine = engine.telling_only(filter.verdict.clone());
        runtime()?.block_on(async {
            let signals = Signals::take().map_err(Failure::io("taking over signals"))?;
            let (work, scope) = start(engine.namespaces())?;
            engine.begin_recording(&first, &scope);
            let selection = Selection::new(filter.clone(), scope);
            Session { source, engine, work, selection, sink, limit, name }
                .run(Line::Start(first.into()), signals)
                .await
        })
    }
}

/// Inode number of the network namespace of a process.
fn netns_of(pid: u32) -> Result<u32, Failure> {
    let file = fs::metadata(format!("/proc/{pid}/ns/net")).map_err(|error| connect::no_netns(pid, &error))?;
    // Numbers of namespaces have 32 bits (struct ns_common).
    Ok(file.ino() as u32)
}
