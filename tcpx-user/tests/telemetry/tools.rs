//! Programs of other projects that `cargo xtask setup` fetches, and waiting for what they do.

use std::{
    io,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use tcpx_user::lab::Deadline;

/// Far above what anything here takes.
const DEADLINE: Duration = Duration::from_mins(1);

/// The folder of this repository.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A fetched program below `target/tools`, if it is there.
pub(crate) fn fetched(program: &str) -> Option<PathBuf> {
    let folders = Path::new(env!("CARGO_TARGET_TMPDIR")).ancestors();
    folders.map(|folder| folder.join("tools").join(program)).find(|file| file.exists())
}

/// Prometheus' programs.
pub(crate) fn prometheus(program: &str) -> Option<PathBuf> {
    fetched(&format!("prometheus/usr/bin/{program}"))
}

/// Waits until there is an answer, or says what did not come.
pub(crate) fn wait<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let answer = Deadline::after(DEADLINE).until(what, || Ok(ask()));
    answer.unwrap_or_else(|error| panic!("{what} did not come in {DEADLINE:?}: {error}"))
}

/// A program that runs until this is dropped.
pub(crate) struct Running(Child);

impl Running {
    /// Starts it, with its output where a failed test shows it.
    pub(crate) fn start(command: &mut Command, log: &Path) -> io::Result<Self> {
        let log = std::fs::File::create(log)?;
        let child = command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()?;
        Ok(Self(child))
    }

    /// Asks it to end, and waits until it has.
    pub(crate) fn terminate(&mut self) {
        let pid = rustix::process::Pid::from_child(&self.0);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)
            .expect("a child can be asked to end");
        drop(self.0.wait());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
