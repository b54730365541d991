//! Firings at which the kernel did not run a program, because the same program was already running on that CPU: a softirq
//! or another task had interrupted it. Nothing of such a firing reaches the ring, so only the kernel's own count
//! (`recursion_misses`, since Linux 5.12) tells that something may be missing.

use std::{
    fs,
    os::fd::{AsFd as _, AsRawFd as _, RawFd},
};

use aya::Ebpf;

/// The loaded programs, to be asked for their misses while they live.
#[derive(Clone, Debug)]
pub struct Misses(Vec<RawFd>);

impl Misses {
    /// Those of an object that are loaded.
    #[must_use]
    pub fn of(programs: &Ebpf) -> Self {
        let loaded = programs.programs().filter_map(|(_, program)| program.fd().ok());
        Self(loaded.map(|fd| fd.as_fd().as_raw_fd()).collect())
    }

    /// The sum over all programs; `None` if this kernel does not count.
    #[must_use]
    pub fn read(&self) -> Option<u64> {
        self.0.iter().map(|fd| misses(&fs::read_to_string(format!("/proc/self/fdinfo/{fd}")).ok()?)).sum()
    }
}

/// `bpf_prog_show_fdinfo`: one `name:\tvalue` a line.
fn misses(fdinfo: &str) -> Option<u64> {
    fdinfo.lines().find_map(|line| line.strip_prefix("recursion_misses:"))?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::misses;

    #[test]
    fn only_a_kernel_that_counts_has_a_number() {
        assert_eq!(
            misses("prog_type:\t17\nrun_cnt:\t0\nrecursion_misses:\t3\nverified_insns:\t9\n"),
            Some(3)
        );
        assert_eq!(misses("prog_type:\t17\nrun_cnt:\t0\n"), None);
    }
}
