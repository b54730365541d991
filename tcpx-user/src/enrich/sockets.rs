//! Socket inode → process.
//!
//! Three sources, the surest first: the process that the kernel named when it called bind() or listen(), if it
//! still holds the socket; a descriptor found before, read again; a pass over all of /proc. A socket's inode number
//! is not used again for 2^32 sockets, so an owner that was right stays the last known one after it has ended:
//! that is the process to name, as the event is about the past.

use std::sync::Arc;

use crate::{event::Task, line};

use super::{
    budget::Budget,
    cache::Cache,
    clock::boot_now,
    process::{self, Processes},
    scan::{self, Place, Scan},
};

const CAPACITY: usize = 65_536;
/// What is known of one socket.
#[derive(Default)]
struct Known {
    /// Who holds it, or held it last.
    owner: Option<Arc<line::Process>>,
    /// By which descriptor.
    place: Option<Place>,
    /// The kernel named the owner.
    told: Option<u32>,
    /// Latest event that asked, boot clock.
    wanted: u64,
    /// /proc was asked after this, boot clock.
    checked: u64,
}

/// Owners of sockets.
pub(crate) struct Sockets {
    visible: bool,
    known: Cache<u64, Known>,
    scan: Scan,
    budget: Budget,
}

impl Sockets {
    /// Starts from a pass over /proc.
    pub(crate) fn new(visible: bool, scan: Scan) -> Self {
        let budget = Budget::new(scan.begun);
        Self { visible, known: Cache::new(CAPACITY), scan, budget }
    }

    /// The kernel said that this process bound the socket, or made it listen.
    pub(crate) fn told(&mut self, inode: u64, task: Task, owner: Arc<line::Process>) {
        let known = self.known.entry(inode, Known::default);
        known.told = Some(task.tgid);
        // A new caller may be another process than the one found before; /proc is asked again when it matters.
        known.place = known.place.filter(|place| place.pid == task.tgid);
        known.owner = Some(owner);
    }

    /// An event at `time` is about this socket: finds its owner now, as it may be gone later.
    pub(crate) fn seen(&mut self, inode: u64, time: u64, processes: &mut Processes) {
        let known = self.known.entry(inode, Known::default);
        known.wanted = known.wanted.max(time);
        self.owner(inode, time, processes);
    }

    /// The owner at the latest event about the socket; `latest` is that of any event.
    pub(crate) fn owner(
        &mut self,
        inode: u64,
        latest: u64,
        processes: &mut Processes,
    ) -> Option<Arc<line::Process>> {
        let mut known =
            std::mem::take(self.known.entry(inode, || Known { wanted: latest, ..Known::default() }));
        if self.visible && known.checked <= known.wanted {
            self.check(inode, &mut known, processes);
        }
        let owner = known.owner.clone();
        self.known.insert(inode, known);
        owner
    }

    /// Asks /proc. `checked` moves only if the answer is certain for `wanted`.
    fn check(&mut self, inode: u64, known: &mut Known, processes: &mut Processes) {
        let now = boot_now();
        let place = near(inode, known)
            .or_else(|| self.scan.sockets.get(&inode).copied().filter(|place| place.holds(inode)))
            .or_else(|| self.rescan(known.wanted)?.sockets.get(&inode).copied());
        if let Some(place) = place {
            let unchanged = known.owner.as_ref().is_some_and(|owner| owner.pid == place.pid);
            if !unchanged && let Some(owner) = read(place.pid, now, processes) {
                known.owner = Some(owner);
            }
            known.place = Some(place);
            known.checked = now.max(known.wanted + 1);
        } else if self.scan.begun > known.wanted {
            known.checked = self.scan.begun;
        }
    }

    /// A new pass if the last one cannot know of `wanted`, and there is time for one.
    fn rescan(&mut self, wanted: u64) -> Option<&Scan> {
        if self.scan.begun > wanted || !self.budget.allows(boot_now()) {
            return None;
        }
        self.scan = Scan::all();
        self.budget.spend(self.scan.took);
        Some(&self.scan)
    }
}

/// The descriptor known before, or another one of the processes known to have held the socket.
fn near(inode: u64, known: &Known) -> Option<Place> {
    let again = known.place.filter(|place| place.holds(inode));
    let pids = [known.told, known.place.map(|place| place.pid)];
    again.or_else(|| pids.into_iter().flatten().find_map(|pid| scan::in_process(pid, inode)))
}

fn read(pid: u32, now: u64, processes: &mut Processes) -> Option<Arc<line::Process>> {
    let facts = processes.at(pid, b"", now)?;
    Some(Arc::new(of_facts(pid, facts)))
}

/// A process of which only /proc has told.
pub(crate) fn of_facts(pid: u32, facts: &process::Facts) -> line::Process {
    line::Process {
        pid,
        tid: None,
        ns_pid: facts.ns_pid,
        comm: facts.comm.clone(),
        exe: facts.exe.clone(),
        uid: facts.uid,
        cgroup: facts.cgroup.clone(),
        container: facts.container.clone(),
    }
}

#[cfg(test)]
mod tests {
    use std::{net::TcpListener, os::fd::AsRawFd as _};

    use super::*;
    use crate::enrich::proc;

    fn inode_of(socket: &TcpListener) -> u64 {
        proc::link_number(format!("/proc/self/fd/{}", socket.as_raw_fd()), "socket").expect("socket inode")
    }

    fn fresh(scan: Scan) -> (Sockets, Processes) {
        (Sockets::new(true, scan), Processes::new(true))
    }

    fn someone(pid: u32) -> line::Process {
        line::Process { pid, comm: "gone".to_owned(), ..line::Process::default() }
    }

    #[test]
    fn a_socket_older_than_tcpx_is_found_by_the_first_pass() {
        let socket = TcpListener::bind("127.0.0.1:0").expect("bind");
        let (mut sockets, mut processes) = fresh(Scan::all());
        let owner = sockets.owner(inode_of(&socket), boot_now(), &mut processes).expect("owner");
        assert_eq!(owner.pid, std::process::id());
        assert!(!owner.comm.is_empty());
    }

    #[test]
    fn a_newer_socket_is_found_by_a_new_pass_and_stays_named_after_its_end() {
        let (mut sockets, mut processes) = fresh(Scan::default());
        let socket = TcpListener::bind("127.0.0.1:0").expect("bind");
        let inode = inode_of(&socket);
        sockets.seen(inode, boot_now(), &mut processes);
        drop(socket);
        let owner = sockets.owner(inode, boot_now(), &mut processes).expect("owner");
        assert_eq!(owner.pid, std::process::id());
    }

    #[test]
    fn a_socket_that_nobody_holds_costs_one_pass() {
        let (mut sockets, mut processes) = fresh(Scan::default());
        let time = boot_now();
        sockets.seen(u64::MAX, time, &mut processes);
        let begun = sockets.scan.begun;
        assert!(begun > 0);
        assert_eq!(sockets.owner(u64::MAX, time, &mut processes), None);
        sockets.seen(u64::MAX - 1, time, &mut processes);
        assert_eq!(sockets.scan.begun, begun, "the pass after the event already knew that nobody holds it");
    }

    #[test]
    fn a_flood_of_unknown_sockets_is_limited_and_what_was_put_off_is_looked_up_later() {
        let (mut sockets, mut processes) = fresh(Scan { begun: boot_now(), ..Scan::default() });
        sockets.budget.spend(3_600_000_000_000);
        sockets.budget.allows(boot_now() + 60_000_000_000);
        sockets.budget.spend(3_600_000_000_000);
        let socket = TcpListener::bind("127.0.0.1:0").expect("bind");
        let inode = inode_of(&socket);
        sockets.seen(inode, boot_now(), &mut processes);
        assert_eq!(sockets.owner(inode, boot_now(), &mut processes), None);
        sockets.budget = Budget::new(boot_now());
        assert!(sockets.owner(inode, boot_now(), &mut processes).is_some());
    }

    #[test]
    fn whom_the_kernel_named_is_believed_until_proc_knows_better() {
        let (mut sockets, mut processes) = fresh(Scan::default());
        let socket = TcpListener::bind("127.0.0.1:0").expect("bind");
        let inode = inode_of(&socket);
        let gone = Task { tgid: u32::MAX, tid: u32::MAX };
        sockets.told(inode, gone, someone(u32::MAX).into());
        sockets.seen(inode, boot_now(), &mut processes);
        let heir = sockets.owner(inode, boot_now(), &mut processes).expect("owner");
        assert_eq!(heir.pid, std::process::id(), "the socket was passed on");
        sockets.told(u64::MAX, gone, someone(u32::MAX).into());
        sockets.seen(u64::MAX, boot_now(), &mut processes);
        let last = sockets.owner(u64::MAX, boot_now(), &mut processes).expect("owner");
        assert_eq!(last.comm, "gone", "nobody holds it now: the last known owner");
    }
}
