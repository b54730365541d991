//! What the kernel says of a process: memory, CPU time, BPF programs and maps.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};

/// Ticks of `/proc/PID/stat` in a second (`USER_HZ`, the same on all architectures that tcpx runs on).
const USER_HZ: u64 = 100;

/// A process.
#[derive(Clone, Copy)]
pub(super) struct Process(pub(super) u32);

impl Process {
    fn path(self, name: &str) -> PathBuf {
        format!("/proc/{}/{name}", self.0).into()
    }

    fn read(self, name: &str) -> Result<String> {
        fs::read_to_string(self.path(name)).with_context(|| format!("reading {}", self.path(name).display()))
    }

    /// A size of `/proc/PID/status` in bytes, such as `VmRSS` or `VmHWM`.
    pub(super) fn size(self, key: &str) -> Result<u64> {
        let kib = number(&self.read("status")?, key);
        Ok(kib.with_context(|| format!("no {key}"))? * 1024)
    }

    /// User and system time.
    pub(super) fn cpu(self) -> Result<Duration> {
        let stat = self.read("stat")?;
        // The name may hold spaces and parentheses; utime and stime are the 12th and 13th after it.
        let rest = stat.rsplit_once(')').context("no name in stat")?.1;
        let ticks: u64 =
            rest.split_whitespace().skip(11).take(2).filter_map(|word| word.parse::<u64>().ok()).sum();
        Ok(Duration::from_millis(ticks * 1000 / USER_HZ))
    }

    /// How often its programs ran, while `kernel.bpf_stats_enabled` is 1.
    pub(super) fn runs(self) -> Result<u64> {
        Ok(self.descriptors("prog_id")?.iter().filter_map(|info| number(info, "run_cnt")).sum())
    }

    /// Memory that its maps take in the kernel.
    pub(super) fn maps(self) -> Result<u64> {
        Ok(self.descriptors("map_id")?.iter().filter_map(|info| number(info, "memlock")).sum())
    }

    /// It has a program, and more perf events than a buffer for each CPU: one on which the program stands.
    pub(super) fn has_attached(self) -> bool {
        let entries = fs::read_dir(self.path("fd")).into_iter().flatten().flatten();
        let links: Vec<_> = entries.filter_map(|entry| fs::read_link(entry.path()).ok()).collect();
        let count = |kind: &str| links.iter().filter(|link| link.to_string_lossy().contains(kind)).count();
        let cpus = std::thread::available_parallelism().map_or(1, usize::from);
        count("bpf-prog") > 0 && count("perf_event") > cpus
    }

    /// What the kernel tells of each descriptor that has an `id`; several descriptors may be of one object.
    fn descriptors(self, id: &str) -> Result<Vec<String>> {
        let mut seen = BTreeSet::new();
        let folder = self.path("fdinfo");
        let entries = fs::read_dir(&folder).with_context(|| format!("listing {}", folder.display()))?;
        let infos = entries.flatten().filter_map(|entry| fs::read_to_string(entry.path()).ok());
        Ok(infos.filter(|info| number(info, id).is_some_and(|id| seen.insert(id))).collect())
    }
}

/// The number behind `key:` in lines of that form.
fn number(text: &str, key: &str) -> Option<u64> {
    let value = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?;
    value.split_whitespace().next()?.parse().ok()
}
