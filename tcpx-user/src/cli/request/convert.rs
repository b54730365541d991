//! From [`crate::cli::args`] to [`super::Request`].

use std::{num::NonZeroU64, time::Duration};

use super::{
    Check, Command, Detail, Explain, Hooks, Lab, Limit, Output, Probe, ProbeSet, Question, Request,
    ScopeRequest, Trace,
};
use crate::{
    cli::{
        args::{
            self, Args, BackendArg, CheckArgs, ExplainArgs, Format, HookArgs, LabArgs, OutputArgs, ProbeArgs,
            ProbesArg, TraceArgs, When,
        },
        failure::Failure,
        filter::Filter,
        target,
    },
    event::Backend,
};

type Result<T> = std::result::Result<T, Failure>;

pub(super) fn request(args: Args, hosts: &str) -> Result<Request> {
    let color = args.color;
    Ok(match args.command {
        args::Command::Trace(typed) => Request::Trace(Box::new(trace(*typed, color)?)),
        args::Command::Lab(typed) => Request::Lab(lab(typed, color)?),
        args::Command::Probe(typed) => Request::Probe(probe(typed, hosts, color)?),
        args::Command::Check(typed) => Request::Check(check(typed, color)),
        args::Command::Explain(typed) => Request::Explain(explain(&typed, color)),
    })
}

fn trace(typed: TraceArgs, color: When) -> Result<Trace> {
    if !typed.stray.is_empty() {
        let words: Vec<_> = typed.stray.iter().map(|word| word.to_string_lossy()).collect();
        let words = words.join(" ");
        return Err(Failure::Usage(format!("trace: a command stands behind --: tcpx trace -- {words} …")));
    }
    let default = if typed.command.is_empty() { ProbeSet::Path } else { ProbeSet::Lookup };
    Ok(Trace {
        filter: Filter::parse(&typed.filters).map_err(|wrong| Failure::Usage(wrong.to_string()))?,
        hooks: hooks(&typed.hooks, default, typed.output.verbose),
        limit: Limit {
            count: typed.count.as_deref().map(count).transpose()?,
            duration: typed.duration.as_deref().map(|time| duration("--duration", time)).transpose()?,
        },
        ready_file: typed.ready_file,
        loss_status: typed.loss_status,
        output: output(typed.output, color),
        scope: match (typed.inside.as_deref(), typed.command) {
            (Some(inside), _) => ScopeRequest::NamespaceOf(pid(inside)?),
            (None, argv) if argv.is_empty() => ScopeRequest::Host,
            (None, argv) => {
                ScopeRequest::Command(Command { argv, user: typed.user, everything: typed.everything })
            }
        },
    })
}

fn lab(typed: LabArgs, color: When) -> Result<Lab> {
    if typed.names.is_empty() && !typed.list {
        let message = "lab: which scenario? \"tcpx lab --list\" shows them, \"tcpx lab all\" plays them all";
        return Err(Failure::Usage(message.to_owned()));
    }
    let hooks = hooks(&typed.hooks, ProbeSet::Lookup, typed.output.verbose);
    Ok(Lab { play: typed.names, hooks, output: output(typed.output, color) })
}

fn probe(typed: ProbeArgs, hosts: &str, color: When) -> Result<Probe> {
    let targets = target::parse(&typed.target, hosts)
        .map_err(|wrong| Failure::Usage(format!("probe: \"{}\" is no target: {wrong}", typed.target)))?;
    Ok(Probe {
        targets,
        timeout: duration("--timeout", &typed.timeout)?,
        inside: typed.inside.as_deref().map(pid).transpose()?,
        hooks: hooks(&typed.hooks, ProbeSet::Lookup, typed.output.verbose),
        // The one attempt is what was asked for, also when it works.
        output: Output { all: true, ..output(typed.output, color) },
    })
}

fn check(typed: CheckArgs, color: When) -> Check {
    let detail = if typed.verbose { Detail::Verbose } else { Detail::Normal };
    let output = Output { format: typed.format, path: typed.output, detail, all: true, color };
    Check { backend: backend(typed.backend), output }
}

fn explain(typed: &ExplainArgs, color: When) -> Explain {
    let words = typed.query.join(" ");
    let question = match (typed.backends, words.trim()) {
        (true, _) => Question::Backends,
        (false, "") => Question::All,
        (false, words) => Question::About(words.to_owned()),
    };
    let output = Output { format: typed.format, path: None, detail: Detail::Normal, all: true, color };
    Explain { question, output }
}

fn hooks(typed: &HookArgs, default: ProbeSet, stacks: bool) -> Hooks {
    let probes = match typed.probes {
        Some(ProbesArg::Path) => ProbeSet::Path,
        Some(ProbesArg::Lookup) => ProbeSet::Lookup,
        None => default,
    };
    Hooks { backend: backend(typed.backend), probes, stacks, bpf_log: typed.bpf_log }
}

const fn backend(typed: BackendArg) -> Option<Backend> {
    match typed {
        BackendArg::Auto => None,
        BackendArg::Tracepoint => Some(Backend::Tracepoint),
        BackendArg::Fentry => Some(Backend::Fentry),
        BackendArg::Kprobe => Some(Backend::Kprobe),
    }
}

fn output(typed: OutputArgs, color: When) -> Output {
    let detail = match (typed.quiet, typed.verbose) {
        (true, _) => Detail::Quiet,
        (false, true) => Detail::Verbose,
        (false, false) => Detail::Normal,
    };
    let all = typed.all || typed.format == Format::Json;
    Output { format: typed.format, path: typed.output, detail, all, color }
}

fn count(typed: &str) -> Result<NonZeroU64> {
    typed
        .parse()
        .map_err(|_| Failure::Usage(format!("-c: \"{typed}\" is not valid: it must be a number from 1 on")))
}

fn pid(typed: &str) -> Result<u32> {
    let wrong = || {
        let message = format!(
            "--in: \"{typed}\" is not valid: it must be a process id; for a container give the id of one of its \
             processes (docker inspect -f '{{{{.State.Pid}}}}' NAME), names of containers come in a later version"
        );
        Failure::Usage(message)
    };
    typed.parse().ok().filter(|&pid| pid != 0).ok_or_else(wrong)
}

/// A number with `ms`, `s` (also without unit), `m` or `h`.
fn duration(option: &str, typed: &str) -> Result<Duration> {
    let wrong = || {
        let message = format!(
            "{option}: \"{typed}\" is not valid: it must be a time above 0, such as 10, 1.5s, 500ms, 2m"
        );
        Failure::Usage(message)
    };
    let unit_at = typed.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(typed.len());
    let (number, unit) = typed.split_at(unit_at);
    let seconds = match unit {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return Err(wrong()),
    };
    let number: f64 = number.parse().map_err(|_| wrong())?;
    Duration::try_from_secs_f64(number * seconds).ok().filter(|time| !time.is_zero()).ok_or_else(wrong)
}
