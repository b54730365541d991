//! What only the running program knows: its own cost, what the kernel lost or passed over, how full its tables are.

use std::{
    fs::File,
    io,
    os::unix::fs::FileExt as _,
    time::{SystemTime, UNIX_EPOCH},
};

use rustix::time::{ClockId, clock_gettime};

/// All of it, at one moment. Counts are those since the start.
#[derive(Clone, Debug, Default)]
pub struct Vitals {
    /// Records that were not written, as there were more of one hook on one CPU than `--max-events-per-second`.
    pub shed: u64,
    /// Firings at which the kernel did not run a program; `None` where it does not count them (before 5.12).
    pub missed: Option<u64>,
    /// Tables, and how full they are.
    pub tables: Vec<Fill>,
    /// Bytes that the ring held at most in the last minute or two, and how many it has; `None` where there is none.
    pub ring: Option<[u64; 2]>,
    /// Lines that a consumer did not take, as it was behind.
    pub dropped: Vec<(&'static str, u64)>,
    /// CPU time, user and system, of tcpx itself, in nanoseconds.
    pub cpu_ns: u64,
    /// Resident memory of tcpx itself, in bytes; `None` where /proc does not say.
    pub resident: Option<u64>,
}

/// How full a table is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fill {
    /// What it holds.
    pub table: &'static str,
    /// Entries.
    pub used: u64,
    /// Entries that have room.
    pub capacity: u64,
}

/// Reads tcpx's own cost. The file is opened once, so that it can still be read when no file may be opened any more.
#[derive(Debug)]
pub struct Own {
    statm: Option<File>,
}

impl Own {
    /// Opens it.
    #[must_use]
    pub fn open() -> Self {
        Self { statm: File::open("/proc/self/statm").ok() }
    }

    /// Puts CPU time and memory in.
    pub fn read(&self, vitals: &mut Vitals) {
        let time = clock_gettime(ClockId::ProcessCPUTime);
        vitals.cpu_ns = time.tv_sec.unsigned_abs() * 1_000_000_000 + time.tv_nsec.unsigned_abs();
        vitals.resident = self.statm.as_ref().and_then(|statm| resident(statm).ok().flatten());
    }
}

/// `proc_pid_statm`: size, resident, … in pages.
fn resident(statm: &File) -> io::Result<Option<u64>> {
    let mut bytes = [0; 128];
    let read = statm.read_at(&mut bytes, 0)?;
    let text = String::from_utf8_lossy(&bytes[..read]);
    let pages: Option<u64> = text.split(' ').nth(1).and_then(|pages| pages.parse().ok());
    Ok(pages.map(|pages| pages * rustix::param::page_size() as u64))
}

/// Seconds since 1970.
pub(super) fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_costs_memory_and_time() {
        let own = Own::open();
        let mut vitals = Vitals::default();
        own.read(&mut vitals);
        let before = vitals.cpu_ns;
        assert!(before > 0 && vitals.resident.is_some_and(|bytes| bytes > 100_000), "{vitals:?}");
        own.read(&mut vitals);
        assert!(vitals.cpu_ns >= before);
    }
}
