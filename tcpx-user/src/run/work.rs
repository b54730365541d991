//! What tracing waits for: nothing, a command, a connection attempt of tcpx's own.

use std::{future, future::Future, io};

use rustix::process::{Pid, Signal, getpgrp, kill_process};

use super::stop::Stop;
use crate::command::Running;

/// Something that is traced and ends.
pub trait Work {
    /// Ends when all of it has ended. May be dropped while it waits.
    fn ended(&mut self) -> impl Future<Output = ()>;

    /// Asks it to end.
    fn stop(&mut self, why: Stop);

    /// Whether it is worth waiting for after it was asked to end.
    fn is_running(&self) -> bool;

    /// Its exit status, if it has ended and has one.
    fn status(&self) -> Option<u8>;
}

/// No work at all does not end: the whole host is watched until something else ends it.
impl<W: Work> Work for Option<W> {
    async fn ended(&mut self) {
        match self {
            Some(work) => work.ended().await,
            None => future::pending().await,
        }
    }

    fn stop(&mut self, why: Stop) {
        if let Some(work) = self {
            work.stop(why);
        }
    }

    fn is_running(&self) -> bool {
        self.as_ref().is_some_and(W::is_running)
    }

    fn status(&self) -> Option<u8> {
        self.as_ref().and_then(W::status)
    }
}

impl Work for Running {
    async fn ended(&mut self) {
        self.all_ended().await;
    }

    fn stop(&mut self, why: Stop) {
        let signal = match why {
            Stop::Done => return,
            Stop::Interrupt if has_terminal() => return,
            Stop::Interrupt => Signal::INT,
            Stop::Terminate | Stop::Limit => Signal::TERM,
        };
        if let Some(pid) = i32::try_from(self.pid()).ok().and_then(Pid::from_raw)
            && self.exit_code().is_none()
        {
            // It may just have ended, which is what was wanted.
            let _ = kill_process(pid, signal);
        }
    }

    fn is_running(&self) -> bool {
        self.exit_code().is_none()
    }

    fn status(&self) -> Option<u8> {
        self.exit_code()
    }
}

/// The terminal sends Ctrl-C to every process of this one's group, the command among them.
fn has_terminal() -> bool {
    rustix::termios::tcgetpgrp(io::stdin()).is_ok_and(|group| group == getpgrp())
}
