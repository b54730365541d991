//! What this machine has for guests.

use std::{fs, fs::OpenOptions, thread};

use anyhow::Result;
use tcpx_guest::{command, cpio::Archive, kernels::Kernel, modules, qemu, tools};

use super::{
    job::{File, Job, PLACE},
    machine::GuestError,
};
use crate::cli::failure::Failure;

/// What a guest with 1 GiB takes of a host's memory at most beside what it has itself, MiB.
const BESIDE: u64 = 128;

/// Checked once, before any guest is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Host {
    /// /dev/kvm may be used.
    pub kvm: bool,
    /// Memory that is available, MiB; `None` if the kernel does not say.
    pub memory: Option<u64>,
}

impl Host {
    /// Looks.
    ///
    /// # Errors
    /// [`Failure::Unavailable`] if guests cannot be started here.
    pub fn look() -> Result<Self, Failure> {
        if !cfg!(target_arch = "x86_64") {
            return Err(Failure::Unavailable(
                "lab: --kernel: guests are x86-64 machines, and this is none".to_owned(),
            ));
        }
        if command::find(qemu::PROGRAM).is_none() {
            return Err(Failure::Unavailable(format!("lab: --kernel: {}", GuestError::NoQemu)));
        }
        let memory = fs::read_to_string("/proc/meminfo").ok().as_deref().and_then(available);
        let kvm = OpenOptions::new().read(true).write(true).open("/dev/kvm").is_ok();
        let host = Self { kvm, memory };
        match memory {
            Some(memory) if memory < needed(1) => Err(Failure::Unavailable(format!(
                "lab: --kernel: a guest needs {} MiB of memory, and {memory} MiB are available here; end other programs",
                needed(1)
            ))),
            _ => Ok(host),
        }
    }
}

const fn needed(guests: u64) -> u64 {
    guests * (qemu::MEMORY as u64 + BESIDE)
}

fn available(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? / 1024)
}

/// How many guests of so many run at a time: each has two processors, and keeps one of ours busy where they are emulated.
#[must_use]
pub fn at_once(host: Host, guests: usize) -> usize {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    fitting(processors, host.memory, guests)
}

fn fitting(processors: usize, memory: Option<u64>, guests: usize) -> usize {
    let memory =
        memory.map_or(usize::MAX, |memory| usize::try_from(memory / needed(1)).unwrap_or(usize::MAX));
    (processors / 2).min(memory).min(guests).max(1)
}

/// The first file system of a guest: this executable, modules, the job, and what the lab calls.
///
/// # Errors
/// When a file cannot be read.
pub fn files(kernel: &Kernel, job: &Job, files: &[File]) -> Result<Vec<u8>> {
    let mut bytes = modules::archive(kernel, job.shares)?;
    let mut archive = Archive::default();
    archive.file("init", &tcpx_guest::files::read("/proc/self/exe".as_ref())?);
    archive.file(PLACE.trim_start_matches('/'), &serde_json::to_vec(job)?);
    if !job.shares {
        // Those that are not here are missed only by labs that call them, which say so.
        tools::add(&mut archive, tools::CALLED)?;
        archive.folder(job.directory.trim_start_matches('/'));
        for file in files {
            archive.file(file.path.trim_start_matches('/'), &file.content);
        }
    }
    bytes.extend(archive.finish());
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_and_processors_say_how_many_run_at_a_time() {
        assert_eq!(available("MemTotal: 9 kB\nMemAvailable:    4096000 kB\n"), Some(4000));
        assert_eq!(available(""), None);
        assert_eq!(fitting(1, None, 3), 1);
        assert_eq!(fitting(8, None, 3), 3);
        assert_eq!(fitting(8, Some(4000), 9), 3);
        assert_eq!(fitting(8, Some(10), 9), 1);
    }
}
