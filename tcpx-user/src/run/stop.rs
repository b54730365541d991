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
    /// Not where a hangup means something else.
    hangup: Option<Signal>,
}

impl Signals {
    /// Takes them over.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn take() -> io::Result<Self> {
        Ok(Self { hangup: Some(signal(SignalKind::hangup())?), ..Self::but_hangup()? })
    }

    /// Takes them over, but not SIGHUP, which is left to somebody else.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn but_hangup() -> io::Result<Self> {
        let (interrupt, terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        Ok(Self { interrupt, terminate, hangup: None })
    }

    /// Ends with the next one.
    pub async fn next(&mut self) -> Stop {
        tokio::select! {
            _ = self.interrupt.recv() => Stop::Interrupt,
            _ = self.terminate.recv() => Stop::Terminate,
            () = hung_up(self.hangup.as_mut()) => Stop::Terminate,
        }
    }
}

async fn hung_up(hangup: Option<&mut Signal>) {
    match hangup {
        Some(hangup) => drop(hangup.recv().await),
        None => std::future::pending().await,
    }
}
