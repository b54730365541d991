//! Waiting for the command and for all that it started.

use std::thread;

use rustix::{
    io::Errno,
    process::{WaitOptions, WaitStatus, wait},
};
use tokio::sync::watch;

use super::CommandError;

/// How far it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Progress {
    /// Exit code of the command itself.
    main: Option<u8>,
    /// No child is left.
    over: bool,
}

/// A command that was started.
#[derive(Debug)]
pub struct Running {
    pid: u32,
    progress: watch::Receiver<Progress>,
}

impl Running {
    /// Reaps from now on, on a thread of its own: SIGCHLD may be merged and a pidfd knows one process only, while
    /// wait() knows when there is no child left, orphans included.
    pub(crate) fn new(pid: u32) -> Result<Self, CommandError> {
        let (tell, progress) = watch::channel(Progress::default());
        thread::Builder::new()
            .name("tcpx-reaper".to_owned())
            .spawn(move || reap(pid, &tell))
            .map_err(|error| CommandError::System("start a thread", error))?;
        Ok(Self { pid, progress })
    }

    /// Process id of the command, as tcpx's pid namespace has it.
    #[must_use]
    pub const fn pid(&self) -> u32 {
        self.pid
    }

    /// Ends when the command itself has ended, with its exit code (128+n for a signal).
    pub async fn main_ended(&mut self) -> u8 {
        self.until(|progress| progress.main.is_some() || progress.over).await
    }

    /// Ends when the command and all its descendants have ended, with the command's exit code.
    pub async fn all_ended(&mut self) -> u8 {
        self.until(|progress| progress.over).await
    }

    /// The exit code, if the command itself has ended.
    #[must_use]
    pub fn exit_code(&self) -> Option<u8> {
        self.progress.borrow().main
    }

    async fn until(&mut self, reached: impl FnMut(&Progress) -> bool) -> u8 {
        // The reaper says that all is over before it goes, and its last word can still be read then.
        let last = self.progress.wait_for(reached).await.map(|progress| *progress);
        last.unwrap_or_default().main.unwrap_or(1)
    }
}

fn reap(main: u32, tell: &watch::Sender<Progress>) {
    loop {
        match wait(WaitOptions::empty()) {
            Ok(Some((pid, status))) if pid.as_raw_nonzero().get().unsigned_abs() == main => {
                tell.send_modify(|progress| progress.main = Some(code(status)));
            }
            Ok(_) | Err(Errno::INTR) => {}
            Err(_) => break,
        }
    }
    tell.send_modify(|progress| progress.over = true);
}

/// As shells have it.
fn code(status: WaitStatus) -> u8 {
    let signal = status.terminating_signal().map(|signal| 128 + signal);
    let code = status.exit_status().or(signal).unwrap_or(1);
    u8::try_from(code & 0xff).unwrap_or(1)
}
