//! Waiting for observable facts, with a deadline. Nothing in the lab sleeps for a guessed time.

use std::{
    os::fd::{AsFd, OwnedFd},
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
    time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, timerfd_create, timerfd_settime},
};

use super::LabError;

/// The end of patience, far beyond what any step needs: an emulated guest may be fifty times slower than a host.
const PATIENCE: Duration = Duration::from_secs(20);

/// How often a fact that cannot be polled for is looked at again.
const TICK: Duration = Duration::from_millis(5);

/// A point in time after which waiting is an error.
#[derive(Debug, Clone, Copy)]
pub struct Deadline(Instant);

impl Default for Deadline {
    fn default() -> Self {
        Self::after(PATIENCE)
    }
}

impl Deadline {
    /// A deadline that far from now.
    #[must_use]
    pub fn after(span: Duration) -> Self {
        Self(Instant::now() + span)
    }

    /// Waits until `fd` has one of `events` (errors and hang-ups always count) and says which.
    pub fn poll(self, fd: impl AsFd, events: PollFlags, what: &str) -> Result<PollFlags, LabError> {
        loop {
            let left = self.0.saturating_duration_since(Instant::now());
            let timeout = Timespec {
                tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
                tv_nsec: left.subsec_nanos().into(),
            };
            let mut fds = [PollFd::new(&fd, events)];
            match poll(&mut fds, Some(&timeout)) {
                Ok(0) => return Err(LabError::Deadline { what: what.to_owned() }),
                Ok(_) => return Ok(fds[0].revents()),
                Err(Errno::INTR) => {}
                Err(error) => return Err(LabError::io(format!("poll for {what}"))(error)),
            }
        }
    }

    /// Looks again at every tick of a timer until `probe` finds what it looks for.
    pub fn until<T>(
        self,
        what: &str,
        mut probe: impl FnMut() -> Result<Option<T>, LabError>,
    ) -> Result<T, LabError> {
        let ticker = ticker().map_err(LabError::io("timerfd"))?;
        loop {
            if let Some(found) = probe()? {
                return Ok(found);
            }
            // A slow probe finds the ticker ready each time.
            if Instant::now() >= self.0 {
                return Err(LabError::Deadline { what: what.to_owned() });
            }
            self.poll(&ticker, PollFlags::IN, what)?;
            rustix::io::read(&ticker, &mut [0; 8]).map_err(LabError::io("read timerfd"))?;
        }
    }
}

fn ticker() -> rustix::io::Result<OwnedFd> {
    let tick = Timespec { tv_sec: 0, tv_nsec: TICK.subsec_nanos().into() };
    let fd = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::CLOEXEC)?;
    timerfd_settime(&fd, TimerfdTimerFlags::empty(), &Itimerspec { it_interval: tick, it_value: tick })?;
    Ok(fd)
}
