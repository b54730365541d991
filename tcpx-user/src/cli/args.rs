//! What was typed, word for word. Nothing here is checked beyond its shape: [`super::request`] says what it means.

use std::{ffi::OsString, path::PathBuf};

use clap::{Parser, Subcommand, ValueEnum};

use super::{
    help,
    report::{self, ReportArgs},
};

mod daemon;
mod explain;
mod lab;
mod lang;
mod output;
mod query;

pub use daemon::DaemonArgs;
pub use explain::ExplainArgs;
pub use lab::{CourseArgs, KernelArgs, LabArgs, ProgramArgs};
pub use lang::LangArgs;
pub use output::OutputArgs;
pub use query::{QueryArgs, RowFormat};

/// Why a TCP connection was refused, reset or dropped, or stands although nobody listened
#[derive(Debug, Parser)]
#[command(name = "tcpx", version, long_about = help::LONG, after_help = help::SHORT_AFTER, after_long_help = help::LONG_AFTER)]
#[command(max_term_width = 100, subcommand_required = true, arg_required_else_help = true)]
pub struct Args {
    /// The command.
    #[command(subcommand)]
    pub command: Command,
    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", hide_possible_values = false)]
    pub color: When,
}

/// One command each.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Watch connections live, of one command or of the whole host
    #[command(after_help = help::TRACE)]
    Trace(Box<TraceArgs>),
    /// Watch connections live and write down all of it, to look at later
    #[command(after_help = help::RECORD)]
    Record(Box<RecordArgs>),
    /// Read recordings as if it happened now; needs no privilege
    #[command(after_help = help::REPLAY)]
    Replay(Box<ReplayArgs>),
    /// Lay a recording out as one page for a browser; needs no privilege
    #[command(after_help = report::HELP)]
    Report(Box<ReportArgs>),
    /// Write the packets of recordings for Wireshark, each with its verdict, or attempts as Parquet
    #[command(after_help = help::EXPORT)]
    Export(Box<ExportArgs>),
    /// Show in full screen what fails, live or in a recording
    #[command(after_help = help::TOP)]
    Top(Box<TopArgs>),
    /// Ask recordings in SQL; needs no privilege
    #[command(after_help = help::QUERY)]
    Query(Box<QueryArgs>),
    /// Stay, and tell of what fails: a service for every host
    #[command(after_help = help::DAEMON)]
    Daemon(DaemonArgs),
    /// Play a scenario in private network namespaces while tracing it
    #[command(after_help = help::LAB)]
    Lab(LabArgs),
    /// Make one connection attempt and explain it
    #[command(after_help = help::PROBE)]
    Probe(ProbeArgs),
    /// Say what this kernel lets tcpx see
    #[command(after_help = help::CHECK)]
    Check(CheckArgs),
    /// Look up a verdict, an errno or an error text
    #[command(after_help = help::EXPLAIN)]
    Explain(ExplainArgs),
}

/// `auto`, `always`, `never`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// If stdout is a terminal that shows colour and NO_COLOR is not set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Form of the results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Text,
    /// One JSON object a line
    Json,
}

/// How hooks are attached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum BackendArg {
    /// For each hook the best that works here
    #[default]
    Auto,
    /// Tracepoints only
    Tracepoint,
    /// BPF trampolines only
    Fentry,
    /// Kprobes only
    Kprobe,
}

/// Which hooks are attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ProbesArg {
    /// Only what sends or receives a RST: the cheapest; attempts and silence are not told
    Resets,
    /// Only what runs when something is refused, reset, dropped or changes state
    Path,
    /// Also the receive path and both socket lookups
    Lookup,
}

/// Options about hooks.
#[derive(Debug, Default, PartialEq, Eq, clap::Args)]
#[command(next_help_heading = "Hooks")]
pub struct HookArgs {
    /// How hooks are attached
    #[arg(long, value_name = "BACKEND", default_value = "auto")]
    pub backend: BackendArg,
    /// Which hooks are attached [default: lookup; path for top, and for trace without a command]
    #[arg(long, value_name = "SET")]
    pub probes: Option<ProbesArg>,
    /// Records of one hook on one CPU in a second; more are counted, not told one by one [default: 500000]
    #[arg(long, value_name = "N")]
    pub max_events_per_second: Option<String>,
    /// Buffer between kernel and tcpx, rounded up to a power of two [default: 4M]; a larger one loses less in bursts
    #[arg(long, value_name = "SIZE")]
    pub buffer_size: Option<String>,
    /// Show what the eBPF programs log (debugging builds only)
    #[arg(long, hide = true)]
    pub bpf_log: bool,
}

/// Filters: several values mean "any of", several filters mean "all of".
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Filters (repeat or separate by commas for any of; several filters: all of)")]
pub struct FilterArgs {
    /// Process id
    #[arg(long, value_name = "PID", value_delimiter = ',')]
    pub pid: Vec<String>,
    /// Process name
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub comm: Vec<String>,
    /// User id
    #[arg(long, value_name = "UID", value_delimiter = ',')]
    pub uid: Vec<String>,
    /// Address or network at either end, such as 10.0.0.0/8
    #[arg(long, value_name = "CIDR", value_delimiter = ',')]
    pub addr: Vec<String>,
    /// Port at either end
    #[arg(long, value_name = "PORT", value_delimiter = ',')]
    pub port: Vec<String>,
    /// Port at the local end
    #[arg(long, value_name = "PORT", value_delimiter = ',')]
    pub lport: Vec<String>,
    /// Port at the remote end
    #[arg(long, value_name = "PORT", value_delimiter = ',')]
    pub rport: Vec<String>,
    /// Network namespace: inode number or name
    #[arg(long, value_name = "NETNS", value_delimiter = ',')]
    pub netns: Vec<String>,
    /// cgroup path; includes all below it
    #[arg(long, value_name = "PATH", value_delimiter = ',')]
    pub cgroup: Vec<String>,
    /// How the attempt ended, such as refused or timed-out
    #[arg(long, value_name = "OUTCOME", value_delimiter = ',')]
    pub outcome: Vec<String>,
    /// Why, such as closed-port ("tcpx explain" lists all)
    #[arg(long, value_name = "VERDICT", value_delimiter = ',')]
    pub verdict: Vec<String>,
}

/// Several files for one recording.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Rotation")]
pub struct RotationArgs {
    /// Go on in a new file at this size, such as 100M; NAME.tcpx becomes NAME.000001.tcpx and so on
    #[arg(long, value_name = "SIZE", requires = "write")]
    pub rotate_size: Option<String>,
    /// Go on in a new file after this long, such as 1h
    #[arg(long, value_name = "TIME", requires = "write")]
    pub rotate_time: Option<String>,
    /// Keep the last N files only
    #[arg(long, value_name = "N", requires = "rotation")]
    pub keep: Option<String>,
}

/// What is traced, and until when.
#[derive(Debug, Default, clap::Args)]
pub struct WorkArgs {
    /// Words that should have stood behind `--`: taken to say so
    #[arg(value_name = "WORD", hide = true)]
    pub stray: Vec<OsString>,
    /// Attach, then start CMD; stop when it and its children have ended
    #[arg(last = true, value_name = "CMD", num_args = 0..)]
    pub command: Vec<OsString>,
    /// Stop after N results
    #[arg(short = 'c', value_name = "N")]
    pub count: Option<String>,
    /// Stop after this long, such as 10, 1.5s, 500ms, 2m
    #[arg(long, value_name = "TIME")]
    pub duration: Option<String>,
    /// Show the whole host, not only what CMD does
    #[arg(long, requires = "command")]
    pub everything: bool,
    /// Only the network namespace of process PID
    #[arg(long = "in", value_name = "PID", conflicts_with_all = ["everything", "command"])]
    pub inside: Option<String>,
    /// Run CMD as this user [default: who called sudo]
    #[arg(long, value_name = "USER", requires = "command")]
    pub user: Option<String>,
    /// Exit with 3 if events were lost, whatever CMD's status
    #[arg(long, requires = "command")]
    pub loss_status: bool,
    /// Write FILE once all hooks are attached
    #[arg(long, value_name = "FILE")]
    pub ready_file: Option<PathBuf>,
}

/// `tcpx record`
#[derive(Debug, Default, clap::Args)]
#[command(override_usage = "tcpx record -w FILE [OPTIONS] [-- CMD [ARG]...]")]
#[command(group(clap::ArgGroup::new("rotation").args(["rotate_size", "rotate_time"]).multiple(true)))]
pub struct RecordArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "a doc comment here would become the command's help")]
    pub work: WorkArgs,
    /// Where to: a file, which is overwritten
    #[arg(short = 'w', long, value_name = "FILE", required = true)]
    pub write: Option<PathBuf>,
    /// Record kernel stacks, for "tcpx replay -v"
    #[arg(long)]
    pub stacks: bool,
    /// At the end, make the index that the first "tcpx query" would make
    #[arg(long)]
    pub index: bool,
    #[command(flatten)]
    #[expect(missing_docs, reason = "as above")]
    pub rotation: RotationArgs,
    #[command(flatten)]
    #[expect(missing_docs, reason = "as above")]
    pub hooks: HookArgs,
}

/// `tcpx replay`
#[derive(Debug, Default, clap::Args)]
pub struct ReplayArgs {
    /// Recordings: one, or the files of one in their order
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Stop after N results
    #[arg(short = 'c', value_name = "N")]
    pub count: Option<String>,
    /// Show all that was recorded, not only what CMD or the namespace had to do with
    #[arg(long)]
    pub everything: bool,
    #[command(flatten)]
    #[expect(missing_docs, reason = "as above")]
    pub output: OutputArgs,
    #[command(flatten)]
    #[expect(missing_docs, reason = "as above")]
    pub filters: FilterArgs,
}

/// `tcpx export`
#[derive(Debug, Default, clap::Args)]
pub struct ExportArgs {
    /// Recordings: one, or the files of one in their order
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Where to: a file, which is overwritten: NAME.pcapng, or NAME.parquet for the attempts; - is stdout (pcapng)
    #[arg(short = 'w', long, value_name = "FILE", required = true)]
    pub write: PathBuf,
    /// Stop after N results
    #[arg(short = 'c', value_name = "N")]
    pub count: Option<String>,
    /// Write all that was recorded, not only what CMD or the namespace had to do with
    #[arg(long)]
    pub everything: bool,
    #[command(flatten)]
    #[expect(missing_docs, reason = "as above")]
    pub filters: FilterArgs,
}

/// `tcpx top`
#[derive(Debug, Default, clap::Args)]
#[command(override_usage = "tcpx top [OPTIONS] [FILTERS] [RECORDING]...")]
pub struct TopArgs {
    /// Show recordings, one or the files of one in their order, instead of this host
    #[arg(value_name = "RECORDING")]
    pub files: Vec<PathBuf>,
    /// Only the network namespace of process PID
    #[arg(long = "in", value_name = "PID", conflicts_with = "files")]
    pub inside: Option<String>,
    /// Of a recording show all, not only what CMD or the namespace had to do with
    #[arg(long, requires = "files")]
    pub everything: bool,
    /// Show also what worked, as key a does
    #[arg(long)]
    pub all: bool,
    #[command(flatten)]
    #[expect(missing_docs, reason = "as above")]
    pub hooks: HookArgs,
    #[command(flatten)]
    #[expect(missing_docs, reason = "as above")]
    pub filters: FilterArgs,
}

/// `tcpx trace`
#[derive(Debug, Default, clap::Args)]
#[command(override_usage = "tcpx trace [OPTIONS] [FILTERS] [-- CMD [ARG]...]")]
#[command(group(clap::ArgGroup::new("rotation").args(["rotate_size", "rotate_time"]).multiple(true)))]
pub struct TraceArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "a doc comment here would become the command's help")]
    pub work: WorkArgs,
    /// Record it too, for "tcpx replay"; the file is overwritten
    #[arg(short = 'w', long, value_name = "FILE")]
    pub write: Option<PathBuf>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "as above")]
    pub output: OutputArgs,
    #[command(flatten)]
    #[expect(missing_docs, reason = "as above")]
    pub rotation: RotationArgs,
    #[command(flatten)]
    #[expect(missing_docs, reason = "as above")]
    pub hooks: HookArgs,
    #[command(flatten)]
    #[expect(missing_docs, reason = "as above")]
    pub filters: FilterArgs,
}

/// `tcpx probe`
#[derive(Debug, Default, clap::Args)]
pub struct ProbeArgs {
    /// Where to connect: 192.0.2.9:443, `[2001:db8::9]:443` or localhost:8080
    #[arg(value_name = "ADDR:PORT")]
    pub target: String,
    /// Give up after this long, such as 5, 1.5s, 500ms
    #[arg(long, value_name = "TIME", default_value = "5s")]
    pub timeout: String,
    /// Connect from the network namespace of process PID
    #[arg(long = "in", value_name = "PID")]
    pub inside: Option<String>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "as above")]
    pub output: OutputArgs,
    #[command(flatten)]
    #[expect(missing_docs, reason = "as above")]
    pub hooks: HookArgs,
}

/// `tcpx check`
#[derive(Debug, Default, clap::Args)]
pub struct CheckArgs {
    /// Form of the results
    #[arg(short = 'o', value_name = "FORMAT", default_value = "text")]
    pub format: Format,
    /// Write results to FILE instead of stdout
    #[arg(long, value_name = "FILE", value_parser = output::no_format)]
    pub output: Option<PathBuf>,
    /// Show why each other backend does not work
    #[arg(short, long)]
    pub verbose: bool,
    /// How hooks would be attached
    #[arg(long, value_name = "BACKEND", default_value = "auto")]
    pub backend: BackendArg,
}
