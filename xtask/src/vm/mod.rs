//! Test guests: any of Debian's kernels under QEMU, with the test binary as its only process.

pub(crate) mod debian;
mod initramfs;
pub(crate) mod kernels;
mod qemu;
mod vmlinux;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Subcommand;

pub(crate) use initramfs::Job;
use kernels::Kernel;
use qemu::Guest;

use crate::command;
use crate::trials::{Course, Ended, Event};

/// A busybox shell prefers its own applets, also to the real tools.
const PREPARE: &str =
    r#"/bin/busybox --install -s /bin; ip() { /usr/bin/ip "$@"; }; tc() { /usr/bin/tc "$@"; }; "#;

/// `cargo xtask vm`.
#[derive(Subcommand)]
pub(crate) enum Vm {
    /// Runs trials in a guest: arguments are those of the test binary, such as a filter or `--backend B`
    Run {
        /// The kernel series, as `list` names it
        #[arg(short, long, default_value = "6.12")]
        kernel: String,
        /// Seconds after which the guest is killed
        #[arg(long, default_value_t = 600)]
        limit: u64,
        /// Arguments of the test binary
        #[arg(last = true)]
        args: Vec<String>,
    },
    /// Runs a shell command in a guest and shows what it prints
    Shell {
        /// The kernel series, as `list` names it
        #[arg(short, long, default_value = "6.12")]
        kernel: String,
        /// Seconds after which the guest is killed
        #[arg(long, default_value_t = 120)]
        limit: u64,
        /// The command, for a busybox shell; `ip`, `nft`, `ss` and `tc` are there, the test binary is /init
        #[arg(last = true, required = true)]
        command: Vec<String>,
    },
    /// Lists kernels, and which are in the cache
    List,
    /// Fetches kernels without running them: those named, else all
    Fetch {
        /// Kernel series
        kernels: Vec<String>,
    },
}

/// Runs one of the commands.
pub(crate) fn main(vm: Vm) -> Result<()> {
    match vm {
        Vm::Run { kernel, limit, args } => run(&kernel, Duration::from_secs(limit), &args),
        Vm::Shell { kernel, limit, command } => shell(&kernel, Duration::from_secs(limit), &command),
        Vm::List => {
            list();
            Ok(())
        }
        Vm::Fetch { kernels } => fetch(&kernels),
    }
}

fn run(kernel: &str, limit: Duration, args: &[String]) -> Result<()> {
    let kernel = kernels::obtain(kernels::series(kernel)?)?;
    let binary = test_binary()?;
    let start = Instant::now();
    let course = run_trials(&kernel, &binary, args, limit, |name, ended| println!("{}", told(name, ended)))?;
    course.check(&listed(&binary, args)?)?;
    let failed = course.failed();
    println!(
        "{} trials on {} in {:.1} s",
        course.trials.len(),
        kernel.release,
        start.elapsed().as_secs_f64()
    );
    if failed == 0 { Ok(()) } else { bail!("{failed} failed") }
}

/// One ended trial in words.
pub(crate) fn told(name: &str, ended: &Ended) -> String {
    let word = match ended.event {
        Event::Started => "started",
        Event::Passed => "ok",
        Event::Failed => "FAILED",
        Event::Skipped => "skipped",
    };
    let detail = ended.detail.trim_end().replace('\n', "\n        ");
    let separator = if detail.is_empty() { "" } else { ": " };
    format!("    {word:7} {name} ({:.2} s){separator}{detail}", Duration::from_millis(ended.ms).as_secs_f64())
}

/// Runs trials in a guest and tells of each as it ends.
pub(crate) fn run_trials(
    kernel: &Kernel,
    binary: &Path,
    args: &[String],
    limit: Duration,
    mut ended: impl FnMut(&str, &Ended),
) -> Result<Course> {
    let job = Job {
        command: std::iter::once("/init".to_owned()).chain(args.iter().cloned()).collect(),
        environment: vec![format!("TCPX_GUEST_RELEASE={}", kernel.release)],
        output_is_result: false,
    };
    let fill = |initrd: &Path| initramfs::write(initrd, kernel, binary, &job);
    let guest = Guest::start(&kernel.name, kernel, limit, "", fill)?;
    let mut course = Course::default();
    let followed = guest.follow(|line| {
        if let Some((name, trial)) = course.line(line) {
            ended(name, trial);
        }
    });
    let console = followed.with_context(|| unfinished(&course, kernel))?;
    if course.exit.is_none() {
        bail!("{}\n{console}", unfinished(&course, kernel));
    }
    Ok(course)
}

fn unfinished(course: &Course, kernel: &Kernel) -> String {
    let running = course.trials.iter().find(|(_, ended)| ended.event == Event::Started);
    let during = running.map_or_else(String::new, |(name, _)| format!(" during {name}"));
    format!("the guest with {} ended{during} without a result", kernel.release)
}

fn shell(kernel: &str, limit: Duration, words: &[String]) -> Result<()> {
    let kernel = kernels::obtain(kernels::series(kernel)?)?;
    let text = format!("{PREPARE}{}", words.join(" ")).replace('\n', "; ");
    let command = vec!["/bin/sh".to_owned(), "-c".to_owned(), text];
    let job = Job { command, environment: Vec::new(), output_is_result: true };
    let binary = test_binary()?;
    let fill = |initrd: &Path| initramfs::write(initrd, &kernel, &binary, &job);
    let guest = Guest::start(&format!("shell-{}", kernel.name), &kernel, limit, "", fill)?;
    let mut exit = Course::default();
    let console = guest.follow(|line| {
        if line.starts_with("{\"exit\":") {
            exit.line(line);
        } else {
            println!("{line}");
        }
    })?;
    match exit.exit {
        Some(0) => Ok(()),
        Some(code) => bail!("the command ended with {code}"),
        None => bail!("the guest ended without a result\n{console}"),
    }
}

fn list() {
    for series in kernels::SERIES {
        let release = kernels::cached_release(series).unwrap_or_else(|| "not fetched yet".to_owned());
        println!("{:6} {release}", series.name);
    }
}

fn fetch(names: &[String]) -> Result<()> {
    for series in kernels::SERIES
        .iter()
        .filter(|series| names.is_empty() || names.iter().any(|name| name == series.name))
    {
        let kernel = kernels::obtain(series)?;
        println!("{:6} {}", series.name, kernel.release);
    }
    Ok(())
}

/// Builds the test binary and says where it is.
pub(crate) fn test_binary() -> Result<PathBuf> {
    let words = ["test", "--package", "tcpx-user", "--test", "kernel", "--no-run", "--profile", "guest"];
    command::built(&words, "kernel")
}

/// The names of the trials that these arguments choose.
pub(crate) fn listed(binary: &Path, args: &[String]) -> Result<Vec<String>> {
    let text = command::text(Command::new(binary).args(args).arg("--list"))?;
    Ok(text.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect())
}
