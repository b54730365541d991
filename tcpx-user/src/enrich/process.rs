//! What /proc says of a process, if it is still the one that the event was about.
//!
//! A process id is used again. /proc is believed only if the process that has the id now started before the event,
//! and before and after reading is the same one. What is not believed is absent: the kernel's own words (id, name,
//! user) remain.

use std::{fs, path::PathBuf};

use super::{cache::Cache, proc};

/// How long, in the time of the events, a look at /proc holds.
///
/// Within a tenth of a second no process id goes round; each event of a busy process would otherwise cost four
/// files.
const FRESH_NS: u64 = 100_000_000;
/// For so long what was known stands in for a process that has ended since.
const KEPT_NS: u64 = 1_000_000_000;
const CAPACITY: usize = 16_384;

/// What /proc says of a process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    /// Name of the main thread.
    pub(crate) comm: String,
    /// Path of the program, as the link says.
    pub(crate) exe: Option<String>,
    /// Real user id, as the kernel gives it to BPF programs.
    pub(crate) uid: Option<u32>,
    /// Its id in its own PID namespace, where that is not the one of this /proc.
    pub(crate) ns_pid: Option<u32>,
    /// cgroup path, v2 if there is one.
    pub(crate) cgroup: Option<String>,
    /// Container, from any hierarchy.
    pub(crate) container: Option<String>,
    /// Start, in clock ticks since boot.
    start_ticks: u64,
}

struct Look {
    facts: Option<Facts>,
    at: u64,
}

/// Facts of processes, cached.
pub(crate) struct Processes {
    visible: bool,
    tick_ns: u64,
    /// The name is part of the key: after execve the program is another one under the same id and start.
    looks: Cache<(u32, Vec<u8>), Look>,
}

impl Processes {
    /// `visible`: this /proc shows root process ids ([`proc::shows_root_pids`]).
    pub(crate) fn new(visible: bool) -> Self {
        let tick_ns = 1_000_000_000 / rustix::param::clock_ticks_per_second().max(1);
        Self { visible, tick_ns, looks: Cache::new(CAPACITY) }
    }

    /// Facts of the process that had this id at `time` (boot clock).
    pub(crate) fn at(&mut self, pid: u32, comm: &[u8], time: u64) -> Option<&Facts> {
        if !self.visible || pid == 0 {
            return None;
        }
        let tick_ns = self.tick_ns;
        let look = self
            .looks
            .entry((pid, comm.to_vec()), || Look { facts: started_by(pid, time, tick_ns), at: time });
        if time.saturating_sub(look.at) > FRESH_NS {
            let facts = started_by(pid, time, tick_ns);
            if facts.is_some() || time - look.at > KEPT_NS {
                *look = Look { facts, at: time };
            }
        }
        look.facts.as_ref()
    }

    /// What was found for this process before, else a look now.
    pub(crate) fn known(&mut self, pid: u32, comm: &[u8], now: u64) -> Option<&Facts> {
        let time = self.looks.get(&(pid, comm.to_vec())).map_or(now, |look| look.at);
        self.at(pid, comm, time)
    }
}

/// Reads a process that started at or before `time`.
fn started_by(pid: u32, time: u64, tick_ns: u64) -> Option<Facts> {
    read(pid).filter(|facts| facts.start_ticks.saturating_mul(tick_ns) <= time)
}

/// Reads a process; `None` if it ended, or became another, meanwhile.
pub(crate) fn read(pid: u32) -> Option<Facts> {
    let start_ticks = proc::start_ticks(pid)?;
    let directory = PathBuf::from(format!("/proc/{pid}"));
    let lossy = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let text = |name| fs::read(directory.join(name)).map(lossy).unwrap_or_default();
    let (cgroup, container) = parse_cgroup(&text("cgroup"));
    let status = text("status");
    let facts = Facts {
        comm: text("comm").strip_suffix('\n').map(str::to_owned).unwrap_or_default(),
        exe: fs::read_link(directory.join("exe")).ok().map(|path| path.to_string_lossy().into_owned()),
        uid: parse_uid(&status),
        ns_pid: parse_ns_pid(&status),
        cgroup,
        container,
        start_ticks,
    };
    (proc::start_ticks(pid) == Some(start_ticks)).then_some(facts)
}

fn parse_uid(status: &str) -> Option<u32> {
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

/// The last number of `NSpid:`, which has one for each PID namespace from this /proc's down to the process's own.
/// `None` if there is only one: they are the same.
fn parse_ns_pid(status: &str) -> Option<u32> {
    let line = status.lines().find_map(|line| line.strip_prefix("NSpid:"))?;
    line.split_ascii_whitespace().skip(1).last()?.parse().ok()
}

/// Path and container of /proc/PID/cgroup.
///
/// Runtimes on v1 leave the v2 path at `/` and write the container's into the controllers', so all lines are asked
/// for the container.
pub(crate) fn parse_cgroup(text: &str) -> (Option<String>, Option<String>) {
    let path = |line: &str| line.splitn(3, ':').nth(2).map(str::to_owned);
    let v2 = text.lines().find(|line| line.starts_with("0::"));
    let named = text.lines().find(|line| line.contains(":name=systemd:"));
    let cgroup = v2.or(named).or_else(|| text.lines().next()).and_then(path);
    let container = |line| super::container::container_id(&path(line)?).map(str::to_owned);
    (cgroup, text.lines().find_map(container))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::enrich::clock::boot_now;

    #[test]
    fn tcpx_itself_is_found() {
        let mut processes = Processes::new(true);
        let facts = processes.at(std::process::id(), b"x", boot_now()).expect("own facts");
        assert_eq!(facts.exe, std::env::current_exe().ok().map(|path| path.to_string_lossy().into_owned()));
        assert_eq!(facts.uid, Some(rustix::process::getuid().as_raw()));
        assert!(facts.cgroup.is_some());
    }

    #[test]
    fn a_process_that_started_after_the_event_is_another_one() {
        let mut processes = Processes::new(true);
        assert_eq!(processes.at(std::process::id(), b"x", 1), None);
    }

    #[test]
    fn foreign_process_ids_are_not_looked_up() {
        assert_eq!(Processes::new(false).at(std::process::id(), b"x", boot_now()), None);
    }

    #[test]
    fn v1_lines_are_asked_for_the_container_too() {
        let id = "a".repeat(64);
        let text =
            format!("9:name=systemd:/docker/{id}\n4:memory:/docker/{id}\n0::/system.slice/docker.service\n");
        assert_eq!(parse_cgroup(&text), (Some("/system.slice/docker.service".to_owned()), Some(id)));
        assert_eq!(parse_cgroup("0::/\n"), (Some("/".to_owned()), None));
        assert_eq!(parse_cgroup(""), (None, None));
    }

    #[test]
    fn the_innermost_pid_namespace_counts() {
        let status = |numbers: &str| format!("Name:\tx\nPid:\t4711\nNSpid:\t{numbers}\nNSpgid:\t4711\t8\n");
        assert_eq!(parse_ns_pid(&status("4711")), None);
        assert_eq!(parse_ns_pid(&status("4711\t7")), Some(7));
        assert_eq!(parse_ns_pid(&status("4711\t300\t1")), Some(1));
        assert_eq!(parse_ns_pid("Name:\tx\n"), None);
    }

    proptest! {
        #[test]
        fn garbage_never_panics(text: String) {
            let _ = (parse_cgroup(&text), parse_uid(&text), parse_ns_pid(&text));
        }
    }
}
