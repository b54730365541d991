//! `tcpx trace` and `tcpx probe`: what is opened, attached and started, in which order.

use std::{collections::BTreeSet, fs, os::unix::fs::MetadataExt as _};

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
        request::{self, Hooks, Limit, Output, Probe, ScopeRequest, Trace},
        surroundings::Surroundings,
    },
    command,
    sink::open::Results,
};

/// Carries out `tcpx trace`.
///
/// # Errors
/// When it cannot be done.
pub fn trace(request: &Trace) -> Result<u8, Failure> {
    let audited = match request.scope {
        ScopeRequest::NamespaceOf(pid) => audit::Scope::Only([netns_of(pid)?].into()),
        ScopeRequest::Host | ScopeRequest::Command(_) => audit::Scope::All,
    };
    let command = matches!(request.scope, ScopeRequest::Command(_));
    let tracing = Tracing::begin(&request.output, &request.hooks, command)?;
    let ended = tracing.run(request.limit, &request.filter, audited, |namespaces| {
        request.ready_file.as_deref().map_or(Ok(()), ready::announce)?;
        start_work(request, namespaces)
    })?;
    Ok(ended.exit(request.loss_status))
}

/// What is waited for, and whose lines are shown.
fn start_work(
    request: &Trace,
    namespaces: BTreeSet<u32>,
) -> Result<(Option<command::Running>, Scope), Failure> {
    Ok(match &request.scope {
        ScopeRequest::Host => (None, Scope::Host),
        ScopeRequest::NamespaceOf(pid) => (None, Scope::Namespaces([netns_of(*pid)?].into())),
        ScopeRequest::Command(asked) => {
            let running = command::start(&as_command(asked, &request.output))?;
            let scope = if asked.everything { Scope::Host } else { Scope::command(namespaces) };
            (Some(running), scope)
        }
    })
}

fn as_command(asked: &request::Command, output: &Output) -> command::Request {
    let request::Command { argv, user, .. } = asked;
    command::Request { argv: argv.clone(), user: user.clone(), own_stdout: output.path.is_some() }
}

/// Carries out `tcpx probe`.
///
/// # Errors
/// When it cannot be done.
pub fn probe(request: &Probe) -> Result<u8, Failure> {
    let tracing = Tracing::begin(&request.output, &request.hooks, true)?;
    let ended = tracing.run(Limit::default(), &Filter::default(), audit::Scope::All, |_| {
        let connecting = connect::start(request.targets.clone(), request.timeout, request.inside)?;
        Ok((connecting, Scope::process(std::process::id())))
    })?;
    Ok(ended.exit(false))
}

/// Attached, with somewhere to write to.
struct Tracing<'a, S> {
    live: Live<S>,
    results: Results,
    output: &'a Output,
    hooks: &'a Hooks,
}

impl<'a> Tracing<'a, ()> {
    /// Nothing is attached if there is nowhere to write to or no way to do it.
    fn begin(
        output: &'a Output,
        hooks: &'a Hooks,
        command: bool,
    ) -> Result<Tracing<'a, impl Source + use<>>, Failure> {
        Surroundings::read().check()?;
        let results = Results::open(output)?;
        Ok(Tracing { live: live::attach(hooks, command)?, results, output, hooks })
    }
}

impl<S: Source> Tracing<'_, S> {
    /// Starts the work once all is attached and counted from, and shows what happens until the end. `start` is given
    /// the namespaces that were there before.
    fn run<W: Work>(
        self,
        limit: Limit,
        filter: &Filter,
        audited: audit::Scope,
        start: impl FnOnce(BTreeSet<u32>) -> Result<(W, Scope), Failure>,
    ) -> Result<Ended, Failure> {
        let first = self.live.start(self.hooks);
        let name = self.results.name.clone();
        let sink = self.results.into_sink(self.output);
        let (source, engine) = self.live.engage(audited);
        runtime()?.block_on(async {
            let signals = Signals::take().map_err(Failure::io("taking over signals"))?;
            let (work, scope) = start(engine.namespaces())?;
            let selection = Selection::new(filter.clone(), scope);
            Session { source, engine, work, selection, sink, limit, name }.run(first, signals).await
        })
    }
}

/// Inode number of the network namespace of a process.
fn netns_of(pid: u32) -> Result<u32, Failure> {
    let file = fs::metadata(format!("/proc/{pid}/ns/net")).map_err(|error| connect::no_netns(pid, &error))?;
    // Numbers of namespaces have 32 bits (struct ns_common).
    Ok(file.ino() as u32)
}
