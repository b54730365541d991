//! When tracing ends: Ctrl-C, SIGTERM, a limit, or its work being done.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Why it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Ctrl-C: whoever typed it sent it to the command too, if both have the terminal.
    Interrupt,
    /// SIGTERM or SIGHUP, which only tcpx got.
    Terminate,
    /// `--duration` or `-c`.
    Limit,
    /// The work is done.
    Done,
}

/// Signals that end tracing. From the moment that this exists they no longer end the process.
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Signals {
    /// Takes them over.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn take() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Ends with the next one.
    pub async fn next(&mut self) -> Stop {
        tokio::select! {
            _ = self.interrupt.recv() => Stop::Interrupt,
            _ = self.terminate.recv() => Stop::Terminate,
            _ = self.hangup.recv() => Stop::Terminate,
        }
    }
}
