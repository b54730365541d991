//! The tests that need a kernel: live on this machine, and as `/init` of a test guest.
//!
//! Trials are named `{backend}/{scenario}`. `--backend B` keeps those of one backend; everything else is an
//! argument of libtest-mimic (a filter, `--exact`, `--list` …).

mod btf_fixture;
mod cells;
mod check;
mod data;
mod hidden;
mod init;
mod losses;
mod mixed;
mod protos;
mod recording;
mod report;
mod segments;
mod stand;
mod thousand;
mod trials;

use std::process::ExitCode;

use libtest_mimic::Arguments;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tcpx_user::lab::actor;

/// Scenarios wait most of their time, for a retransmission or for a deadline of the kernel.
const AT_A_TIME: usize = 4;

/// Asks only whether this machine lets this user load BPF; the answer is the exit status, the reason is printed.
const CAN_BPF: &str = "--can-bpf";

fn main() -> ExitCode {
    if std::process::id() == 1 {
        init::run();
    }
    if std::env::args_os().nth(1).is_some_and(|first| first == actor::ARGUMENT) {
        return actor::main(std::env::args_os().skip(2));
    }
    let mut args: Vec<String> = std::env::args().collect();
    if let Some(role) = args.get(1).filter(|arg| [thousand::CALLER, thousand::CHURN].contains(&arg.as_str()))
    {
        return thousand::act(role);
    }
    if args.get(1).is_some_and(|arg| arg == CAN_BPF) {
        return can_bpf();
    }
    let tools: [(&str, fn(&[String]) -> anyhow::Result<()>); 2] =
        [(btf_fixture::ARGUMENT, btf_fixture::main), (protos::ARGUMENT, protos::main)];
    if let Some((_, tool)) = tools.iter().find(|(name, _)| args.get(1).is_some_and(|arg| arg == name)) {
        return match tool(&args[2..]) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => refuse(&format!("{error:#}")),
        };
    }
    raise_open_files();
    let backend = take_backend(&mut args);
    let mut args = Arguments::from_iter(args);
    // Trials that need the machine for themselves say so (`stand::alone`).
    args.test_threads = args.test_threads.or(Some(AT_A_TIME));
    let trials = trials::all()
        .into_iter()
        .filter(|trial| backend.as_ref().is_none_or(|backend| in_backend(trial.name(), backend)))
        .collect();
    hidden::begin();
    let conclusion = libtest_mimic::run(&args, trials);
    hidden::end();
    conclusion.exit_code()
}

/// Each trial that runs beside others holds the namespaces of all of them open; 1,024 descriptors, as is usual, are too
/// few for a minute of mixed traffic.
fn raise_open_files() {
    const WANTED: Option<u64> = Some(65_536);
    let wanted = Rlimit { current: WANTED, maximum: WANTED };
    if setrlimit(Resource::Nofile, wanted).is_err() {
        let maximum = getrlimit(Resource::Nofile).maximum;
        setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).expect("no more than is allowed");
    }
}

/// Takes `--backend B` or `--backend=B` out of the arguments, which libtest-mimic would refuse.
fn take_backend(args: &mut Vec<String>) -> Option<String> {
    let at = args.iter().position(|arg| arg == "--backend" || arg.starts_with("--backend="))?;
    let option = args.remove(at);
    match option.split_once('=') {
        Some((_, backend)) => Some(backend.to_owned()),
        None if at < args.len() => Some(args.remove(at)),
        None => panic!("--backend needs a value: auto, tracepoint, fentry or kprobe"),
    }
}

fn in_backend(trial: &str, backend: &str) -> bool {
    trial.split_once('/').is_some_and(|(first, _)| first == backend)
}

fn can_bpf() -> ExitCode {
    match aya::sys::is_program_supported(aya::programs::ProgramType::RawTracePoint) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => refuse("this kernel has no raw tracepoint programs"),
        Err(error) => refuse(&format!("the kernel refused to load a BPF program: {error:?}")),
    }
}

fn refuse(reason: &str) -> ExitCode {
    eprintln!("{reason}");
    ExitCode::FAILURE
}
