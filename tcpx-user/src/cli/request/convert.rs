//! From [`crate::cli::args`] to [`super::Request`].

use std::{num::NonZeroU64, path::PathBuf, str::FromStr, time::Duration};

use super::{
    Check, Command, Detail, Explain, Export, Flow, Hooks, Limit, Output, Probe, ProbeSet, Question, Record,
    Replay, Request, ScopeRequest, Top, Trace, daemon, lab, query,
};
use crate::{
    cli::{
        args::{
            self, Args, BackendArg, CheckArgs, ExplainArgs, ExportArgs, FilterArgs, Format, HookArgs,
            OutputArgs, ProbeArgs, ProbesArg, RecordArgs, ReplayArgs, RotationArgs, TopArgs, TraceArgs, When,
            WorkArgs,
        },
        failure::Failure,
        filter::Filter,
        report::report,
        target,
    },
    event::Backend,
    record::{Destination, Rotation},
    text::lang::Lang,
};

/// A file smaller than this holds little more than the facts with which each begins.
const SMALLEST: u64 = 64_000;

type Result<T> = std::result::Result<T, Failure>;

pub(super) fn request(args: Args, hosts: &str) -> Result<Request> {
    let color = args.color;
    Ok(match args.command {
        args::Command::Trace(typed) => Request::Trace(Box::new(trace(*typed, color)?)),
        args::Command::Record(typed) => Request::Record(Box::new(record(*typed, color)?)),
        args::Command::Replay(typed) => Request::Replay(Box::new(replay(*typed, color)?)),
        args::Command::Report(typed) => Request::Report(Box::new(report(*typed)?)),
        args::Command::Export(typed) => Request::Export(Box::new(export(*typed)?)),
        args::Command::Top(typed) => Request::Top(Box::new(top(*typed, color)?)),
        args::Command::Query(typed) => Request::Query(Box::new(query::query(*typed)?)),
        args::Command::Daemon(typed) => Request::Daemon(daemon::daemon(typed)),
        args::Command::Lab(typed) => Request::Lab(lab::lab(typed, color)?),
        args::Command::Probe(typed) => Request::Probe(probe(typed, hosts, color)?),
        args::Command::Check(typed) => Request::Check(check(typed, color)),
        args::Command::Explain(typed) => Request::Explain(explain(&typed, color)),
    })
}

fn trace(typed: TraceArgs, color: When) -> Result<Trace> {
    let rotation = rotation(&typed.rotation)?;
    let record = typed.write.map(|path| destination(path, rotation)).transpose()?;
    Ok(Trace {
        filter: filter(&typed.filters)?,
        record,
        ..work("trace", typed.work, &typed.hooks, output(typed.output, color))?
    })
}

fn record(typed: RecordArgs, color: When) -> Result<Record> {
    let rotation = rotation(&typed.rotation)?;
    // clap has asked for it.
    let to = destination(typed.write.unwrap_or_default(), rotation)?;
    let args = OutputArgs { verbose: typed.stacks, ..OutputArgs::default() };
    let trace = work("record", typed.work, &typed.hooks, output(args, color))?;
    Ok(Record { trace: Trace { silent: true, ..trace }, to, index: typed.index })
}

fn replay(typed: ReplayArgs, color: When) -> Result<Replay> {
    Ok(Replay {
        filter: filter(&typed.filters)?,
        limit: Limit {
            count: typed.count.as_deref().map(|typed| from_one_on("-c", typed)).transpose()?,
            duration: None,
        },
        everything: typed.everything,
        output: output(typed.output, color),
        files: typed.files,
    })
}

fn export(typed: ExportArgs) -> Result<Export> {
    let count = typed.count.as_deref().map(|typed| from_one_on("-c", typed)).transpose()?;
    Ok(Export {
        parquet: typed.write.extension().is_some_and(|ending| ending == "parquet"),
        to: capture(typed.write)?,
        files: typed.files,
        filter: filter(&typed.filters)?,
        everything: typed.everything,
        limit: Limit { count, duration: None },
    })
}

/// Where it goes. A name that promises another format would mislead whoever opens the file.
fn capture(path: PathBuf) -> Result<Option<PathBuf>> {
    const OTHERS: [&str; 6] = ["cap", "csv", "html", "json", "pcap", "tcpx"];
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    if OTHERS.contains(&ending) {
        let typed = path.display();
        let message = format!(
            "-w: \"{typed}\" is not valid: what is written is pcapng or Parquet: NAME.pcapng or NAME.parquet"
        );
        return Err(Failure::Usage(message));
    }
    Ok(Some(path).filter(|path| path.as_os_str() != "-"))
}

fn top(typed: TopArgs, color: When) -> Result<Top> {
    if !typed.files.is_empty() && typed.hooks != HookArgs::default() {
        let message = "top: a recording has its hooks: --backend, --probes, --buffer-size and \
                       --max-events-per-second are for this host";
        return Err(Failure::Usage(message.to_owned()));
    }
    Ok(Top {
        files: typed.files,
        filter: filter(&typed.filters)?,
        scope: match typed.inside.as_deref() {
            Some(inside) => ScopeRequest::NamespaceOf(pid(inside)?),
            None => ScopeRequest::Host,
        },
        everything: typed.everything,
        hooks: hooks(&typed.hooks, ProbeSet::Path, false)?,
        output: output(OutputArgs { all: typed.all, ..OutputArgs::default() }, color),
    })
}

pub(super) fn filter(typed: &FilterArgs) -> Result<Filter> {
    Filter::parse(typed).map_err(|wrong| Failure::Usage(wrong.to_string()))
}

/// What `tcpx trace` and `tcpx record` have in common.
fn work(command: &str, typed: WorkArgs, hook: &HookArgs, output: Output) -> Result<Trace> {
    if !typed.stray.is_empty() {
        let words: Vec<_> = typed.stray.iter().map(|word| word.to_string_lossy()).collect();
        let words = words.join(" ");
        let message = format!("{command}: a command stands behind --: tcpx {command} -- {words} …");
        return Err(Failure::Usage(message));
    }
    let default = if typed.command.is_empty() { ProbeSet::Path } else { ProbeSet::Lookup };
    Ok(Trace {
        filter: Filter::default(),
        hooks: hooks(hook, default, output.detail == Detail::Verbose)?,
        limit: Limit {
            count: typed.count.as_deref().map(|typed| from_one_on("-c", typed)).transpose()?,
            duration: typed.duration.as_deref().map(|time| duration("--duration", time)).transpose()?,
        },
        ready_file: typed.ready_file,
        loss_status: typed.loss_status,
        output,
        scope: match (typed.inside.as_deref(), typed.command) {
            (Some(inside), _) => ScopeRequest::NamespaceOf(pid(inside)?),
            (None, argv) if argv.is_empty() => ScopeRequest::Host,
            (None, argv) => {
                ScopeRequest::Command(Command { argv, user: typed.user, everything: typed.everything })
            }
        },
        record: None,
        silent: false,
    })
}

fn destination(path: PathBuf, rotation: Rotation) -> Result<Destination> {
    if path.as_os_str() == "-" {
        let message = "-w: a recording is a file, as it is replayed from one: -w NAME.tcpx";
        return Err(Failure::Usage(message.to_owned()));
    }
    Ok(Destination { path, rotation })
}

fn rotation(typed: &RotationArgs) -> Result<Rotation> {
    Ok(Rotation {
        earlier: 0,
        size: typed.rotate_size.as_deref().map(|typed| size("--rotate-size", typed)).transpose()?,
        time: typed.rotate_time.as_deref().map(|time| duration("--rotate-time", time)).transpose()?,
        keep: typed.keep.as_deref().map(|typed| from_one_on("--keep", typed)).transpose()?,
    })
}

fn probe(typed: ProbeArgs, hosts: &str, color: When) -> Result<Probe> {
    let targets = target::parse(&typed.target, hosts)
        .map_err(|wrong| Failure::Usage(format!("probe: \"{}\" is no target: {wrong}", typed.target)))?;
    Ok(Probe {
        targets,
        timeout: duration("--timeout", &typed.timeout)?,
        inside: typed.inside.as_deref().map(pid).transpose()?,
        hooks: hooks(&typed.hooks, ProbeSet::Lookup, typed.output.verbose)?,
        // The one attempt is what was asked for, also when it works.
        output: Output { all: true, ..output(typed.output, color) },
    })
}

fn check(typed: CheckArgs, color: When) -> Check {
    let detail = if typed.verbose { Detail::Verbose } else { Detail::Normal };
    let lang = Lang::default();
    let output = Output { format: typed.format, path: typed.output, detail, all: true, color, lang };
    Check { backend: backend(typed.backend), output }
}

fn explain(typed: &ExplainArgs, color: When) -> Explain {
    let words = typed.query.join(" ");
    let question = match (typed.backends, words.trim()) {
        (true, _) => Question::Backends,
        (false, "") => Question::All,
        (false, words) => Question::About(words.to_owned()),
    };
    let lang = typed.lang.lang();
    let output = Output { format: typed.format, path: None, detail: Detail::Normal, all: true, color, lang };
    Explain { question, output }
}

pub(super) fn hooks(typed: &HookArgs, default: ProbeSet, stacks: bool) -> Result<Hooks> {
    let probes = match typed.probes {
        Some(ProbesArg::Resets) => ProbeSet::Resets,
        Some(ProbesArg::Path) => ProbeSet::Path,
        Some(ProbesArg::Lookup) => ProbeSet::Lookup,
        None => default,
    };
    Ok(Hooks { backend: backend(typed.backend), probes, stacks, bpf_log: typed.bpf_log, flow: flow(typed)? })
}

fn flow(typed: &HookArgs) -> Result<Flow> {
    let most = typed
        .max_events_per_second
        .as_deref()
        .map(|typed| from_one_on("--max-events-per-second", typed))
        .transpose()?;
    let ring = typed.buffer_size.as_deref().map(ring).transpose()?;
    Ok(Flow {
        most_per_second: most.map_or(Flow::DEFAULT.most_per_second, NonZeroU64::get),
        ring_bytes: ring.unwrap_or(Flow::DEFAULT.ring_bytes),
    })
}

/// The kernel takes powers of two, and positions in its ring are 30 bits wide.
fn ring(typed: &str) -> Result<u32> {
    const LARGEST: u64 = 1 << 30;
    let bytes = size("--buffer-size", typed)?.next_power_of_two();
    u32::try_from(bytes).ok().filter(|_| bytes <= LARGEST).ok_or_else(|| {
        Failure::Usage(format!("--buffer-size: \"{typed}\" is not valid: it must be 1G at most"))
    })
}

const fn backend(typed: BackendArg) -> Option<Backend> {
    match typed {
        BackendArg::Auto => None,
        BackendArg::Tracepoint => Some(Backend::Tracepoint),
        BackendArg::Fentry => Some(Backend::Fentry),
        BackendArg::Kprobe => Some(Backend::Kprobe),
    }
}

pub(super) fn output(typed: OutputArgs, color: When) -> Output {
    let detail = match (typed.quiet, typed.verbose) {
        (true, _) => Detail::Quiet,
        (false, true) => Detail::Verbose,
        (false, false) => Detail::Normal,
    };
    let all = typed.all || typed.format == Format::Json;
    Output { format: typed.format, path: typed.output, detail, all, color, lang: Lang::default() }
}

/// A number without zero.
pub(super) fn from_one_on<T: FromStr>(option: &str, typed: &str) -> Result<T> {
    typed.parse().map_err(|_| {
        Failure::Usage(format!("{option}: \"{typed}\" is not valid: it must be a number from 1 on"))
    })
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

/// Bytes, with `k`, `M` or `G` for powers of 1000.
fn size(option: &str, typed: &str) -> Result<u64> {
    let wrong = || {
        let message =
            format!("{option}: \"{typed}\" is not valid: it must be a size from 64k on, such as 100M");
        Failure::Usage(message)
    };
    bytes(typed).filter(|&bytes| bytes >= SMALLEST).ok_or_else(wrong)
}

/// A number of bytes, with `k`, `M` or `G` for powers of 1000.
pub(crate) fn bytes(typed: &str) -> Option<u64> {
    let unit_at = typed.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(typed.len());
    let (number, unit) = typed.split_at(unit_at);
    let unit: u64 = match unit {
        "" => 1,
        "k" | "K" => 1_000,
        "M" => 1_000_000,
        "G" => 1_000_000_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(unit)
}

/// A number with `ms`, `s` (also without unit), `m` or `h`.
fn duration(option: &str, typed: &str) -> Result<Duration> {
    let wrong = || {
        let message = format!(
            "{option}: \"{typed}\" is not valid: it must be a time above 0, such as 10, 1.5s, 500ms, 2m"
        );
        Failure::Usage(message)
    };
    time(typed).ok_or_else(wrong)
}

/// A time above 0, with `ms`, `s` (also without unit), `m` or `h`.
pub(crate) fn time(typed: &str) -> Option<Duration> {
    let unit_at = typed.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(typed.len());
    let (number, unit) = typed.split_at(unit_at);
    let seconds = match unit {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return None,
    };
    let number: f64 = number.parse().ok()?;
    Duration::try_from_secs_f64(number * seconds).ok().filter(|time| !time.is_zero())
}
