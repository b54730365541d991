//! What traces: tcpx, or bpftrace for comparison.

use std::ffi::OsStr;
use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::{Bench, proc::Process};
use crate::{command, paths};

/// Where tracers run, away from the load.
const CPU: &str = "1";
const PATIENCE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(1);

/// One that is attached. Dropping it kills it.
pub(super) struct Tracer {
    child: Child,
    /// From the start of the program to the last hook.
    pub(super) started: Duration,
}

/// tcpx has done what it was asked. 3: events were lost, which rows count.
pub(super) fn is_done(status: ExitStatus) -> bool {
    matches!(status.code(), Some(0 | 3))
}

impl Bench {
    /// Starts tcpx with `words` and waits until its hooks are attached.
    pub(super) fn tcpx<W: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = W>) -> Result<Tracer> {
        let ready = self.file("ready");
        drop(std::fs::remove_file(&ready));
        let mut tcpx = Command::new("taskset");
        tcpx.args(["-c", CPU]).arg(&self.tcpx).args(words).arg("--ready-file").arg(&ready);
        Tracer::start(&mut tcpx, |_| ready.exists())
    }
}

/// Starts bpftrace with a script of one program that writes to `output`, and waits until it is attached.
pub(super) fn bpftrace(script: &str, output: &Path) -> Result<Tracer> {
    if !command::exists("bpftrace") {
        crate::apt::install(&["bpftrace"])?;
    }
    let mut bpftrace = Command::new("taskset");
    bpftrace.args(["-c", CPU, "bpftrace", "-o"]).arg(output).args(["-e", script]);
    Tracer::start(&mut bpftrace, Process::has_attached)
}

/// Where the kernel shows its tracepoints to bpftrace; mounted while this lives, if it was not.
pub(super) struct Tracefs {
    own: bool,
}

const TRACEFS: &str = "/sys/kernel/tracing";

impl Tracefs {
    pub(super) fn mounted() -> Result<Self> {
        let own = !Path::new(TRACEFS).join("events").exists();
        if own {
            command::quiet(Command::new("mount").args(["-t", "tracefs", "tracefs", TRACEFS]))?;
        }
        Ok(Self { own })
    }
}

impl Drop for Tracefs {
    fn drop(&mut self) {
        if self.own {
            drop(command::quiet(Command::new("umount").arg(TRACEFS)));
        }
    }
}

impl Tracer {
    /// Something that needs no time to be there, away from the load.
    pub(super) fn at_once(command: &mut Command) -> Result<Self> {
        let mut pinned = Command::new("taskset");
        pinned.args(["-c", CPU]).arg(command.get_program()).args(command.get_args());
        Self::start(&mut pinned, |_| true)
    }

    /// Lets it stand still.
    pub(super) fn pause(&self) -> Result<()> {
        self.signal("-STOP")
    }

    /// The end of that.
    pub(super) fn go_on(&self) -> Result<()> {
        self.signal("-CONT")
    }

    fn signal(&self, signal: &str) -> Result<()> {
        command::run(Command::new("kill").args([signal, &self.child.id().to_string()]))
    }

    fn start(command: &mut Command, ready: impl Fn(Process) -> bool) -> Result<Self> {
        let log = paths::target_folder("bench")?.join("stderr");
        let stderr = File::create(&log).with_context(|| format!("creating {}", log.display()))?;
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(stderr);
        let begun = Instant::now();
        let child = command.spawn().with_context(|| format!("starting `{}`", command::line(command)))?;
        let mut tracer = Self { child, started: Duration::ZERO };
        while !ready(tracer.process()) {
            let ended = tracer.child.try_wait().context("waiting for the tracer")?;
            if ended.is_some() || begun.elapsed() > PATIENCE {
                let said = paths::read(&log)?;
                bail!("`{}` did not attach: {}", command::line(command), String::from_utf8_lossy(&said));
            }
            std::thread::sleep(POLL);
        }
        tracer.started = begun.elapsed();
        Ok(tracer)
    }

    pub(super) fn process(&self) -> Process {
        Process(self.child.id())
    }

    /// Ends it as Ctrl-C does, and waits for the end.
    pub(super) fn stop(mut self) -> Result<()> {
        self.signal("-INT")?;
        let status = self.child.wait().context("waiting for the tracer")?;
        ensure!(is_done(status), "the tracer ended with {status}");
        Ok(())
    }
}

impl Drop for Tracer {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
