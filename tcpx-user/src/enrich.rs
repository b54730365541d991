//! Names for numbers: processes, sockets, namespaces, containers, times.
//!
//! [`Enrich`] answers the questions of [`Who`] on a live system. [`Enrich::observe`] is shown every event before the
//! correlator is, and looks up at once what may be gone when the verdict is made. Everything is cached and bounded,
//! and what cannot be known for certain of the moment of the event stays absent.

mod asked;
mod budget;
mod cache;
mod cgroup;
mod clock;
pub(crate) mod container;
mod cookie;
mod devices;
pub(crate) mod diag;
mod elsewhere;
mod half_open;
mod inside;
mod links;
mod listing;
mod netlink;
mod netns;
mod nftables;
pub(crate) mod proc;
mod process;
mod programs;
mod rises;
mod route;
mod scan;
mod seen;
mod sockets;
#[cfg(test)]
pub(crate) mod testing;
mod whose;

use std::{
    io,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard},
};

use tcpx_common::abi::state;

use crate::{
    audit::Counters,
    event::{Ends, Event, Netns, Task},
    line,
    locked::locked,
    ruleset::Ruleset,
    who::{CgroupHook, Connection, Elsewhere, PortHolders, Tellings, Who},
};

pub use self::{
    clock::{WallClock, boot_now},
    netns::{Census, Known, Limits},
    seen::{Caller, Seen, each_seen},
};

use self::{
    asked::Asked, cgroup::Cgroups, devices::Devices, elsewhere::Elsewheres, half_open::HalfOpen,
    inside::inside_each, netns::Namespaces, process::Processes, rises::Rises, scan::Scan, sockets::Sockets,
};

/// What is behind the numbers of this host.
pub struct Enrich {
    clock: WallClock,
    /// One lock for all: events come one by one, and only a line being written asks at the same time.
    state: Mutex<State>,
}

struct State {
    processes: Processes,
    sockets: Sockets,
    namespaces: Namespaces,
    cgroups: Cgroups,
    devices: Devices,
    elsewhere: Elsewheres,
    rises: Rises,
    asked: Asked,
    half_open: HalfOpen,
    /// Time of the latest event.
    latest: u64,
}

impl Enrich {
    /// Looks at all processes and namespaces once. To be called after the hooks are attached: what changes later
    /// is told by events.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        let visible = proc::shows_root_pids();
        let scan = if visible { Scan::all() } else { Scan::default() };
        let mut namespaces = Namespaces::new(limits, visible, &scan);
        let state = State {
            processes: Processes::new(visible),
            rises: Rises::new(&namespaces.all_held(), namespaces.census(false).start_complete),
            namespaces,
            sockets: Sockets::new(visible, scan),
            cgroups: Cgroups::new(),
            devices: Devices::default(),
            elsewhere: Elsewheres::new(),
            asked: Asked::new(),
            half_open: HalfOpen::new(),
            latest: boot_now(),
        };
        Self { clock: WallClock::sample(), state: Mutex::new(state) }
    }

    /// Learns from an event, and looks up what it names. To be called with each event, before it is correlated.
    pub fn observe(&self, event: &Event) {
        let state = &mut *self.lock();
        each_seen(event, &mut |seen| state.see(seen));
    }

    /// Looks up one thing that an event named.
    pub fn see(&self, seen: Seen) {
        self.lock().see(seen);
    }

    /// Sockets that hold a port of a namespace now: for when the kernel's own walk is absent or incomplete.
    ///
    /// # Errors
    /// The namespace is not held open, or the kernel does not answer.
    pub fn bound_sockets(&self, netns: Netns, port: u16) -> io::Result<PortHolders> {
        let held = self.lock().namespaces.get(netns);
        let held = held.ok_or_else(|| {
            let why = format!("network namespace {} had ended before tcpx could open it", netns.inum);
            io::Error::new(io::ErrorKind::NotFound, why)
        })?;
        diag::port_holders(std::os::fd::AsFd::as_fd(&held), port)
    }

    /// What turns times of events into those that people read.
    #[must_use]
    pub const fn clock(&self) -> WallClock {
        self.clock
    }

    /// The namespaces that tcpx holds open; `look_again` searches for new ones first.
    #[must_use]
    pub fn census(&self, look_again: bool) -> Census {
        self.lock().namespaces.census(look_again)
    }

    /// A panic elsewhere leaves the caches usable: they hold nothing but copies.
    fn lock(&self) -> MutexGuard<'_, State> {
        locked(&self.state)
    }
}

impl State {
    fn see(&mut self, seen: Seen) {
        match seen {
            Seen::Time(time) => self.latest = self.latest.max(time),
            Seen::Namespace(netns, pid) => self.namespaces.hold(netns, pid),
            Seen::Child(pid) => self.namespaces.hold_that_of(pid),
            Seen::Caller(caller) => self.caller(&caller),
            Seen::Socket(inode, time) => self.sockets.seen(inode, time, &mut self.processes),
            Seen::Device(netns, ifindex, name) => self.devices.learn(netns, ifindex, &name),
            Seen::HalfOpen(netns, ends) => self.half_open.ask(netns, ends, &self.namespaces),
        }
    }

    /// The running task made the system call: what /proc says of it is read while it is there.
    fn caller(&mut self, caller: &Caller) {
        let Caller { time, task, comm, uid, cgroup, inode } = caller;
        let owner = self.process(*task, comm, Some(*uid), *cgroup, *time);
        if let Some(inode) = inode {
            self.sockets.told(*inode, *task, owner);
        }
    }

    fn process(
        &mut self,
        task: Task,
        comm: &[u8],
        uid: Option<u32>,
        cgroup: Option<u64>,
        time: u64,
    ) -> Arc<line::Process> {
        let facts = self.processes.at(task.tgid, comm, time).cloned();
        self.merge(task, comm, uid, cgroup, facts)
    }

    /// The kernel's words first; /proc adds.
    fn merge(
        &mut self,
        task: Task,
        comm: &[u8],
        uid: Option<u32>,
        cgroup: Option<u64>,
        facts: Option<process::Facts>,
    ) -> Arc<line::Process> {
        let facts = facts.unwrap_or_default();
        let path = cgroup.and_then(|id| self.cgroups.path(id, facts.cgroup.as_deref())).or(facts.cgroup);
        let container = path.as_deref().and_then(container::container_id).map(str::to_owned);
        Arc::new(line::Process {
            pid: task.tgid,
            tid: Some(task.tid).filter(|&tid| tid != 0),
            ns_pid: facts.ns_pid,
            comm: if comm.is_empty() { facts.comm } else { String::from_utf8_lossy(comm).into_owned() },
            exe: facts.exe,
            uid: uid.or(facts.uid),
            cgroup: path,
            container: container.or(facts.container),
        })
    }
}

/// Who answers for this host, live: enrichment in this process, or one that asks another process.
pub trait Informant: Who {
    /// Learns from an event, before it is correlated.
    fn observe(&self, event: &Event);

    /// What turns times of events into those that people read.
    fn clock(&self) -> WallClock;

    /// The namespaces that are held open; `look_again` searches for new ones first.
    fn census(&self, look_again: bool) -> Census;

    /// The counters of namespaces now, read from inside, in the same order.
    fn counters(&self, of: &[Known]) -> Vec<io::Result<Counters>>;
}

impl Informant for Enrich {
    fn observe(&self, event: &Event) {
        Self::observe(self, event);
    }

    fn clock(&self) -> WallClock {
        self.clock
    }

    fn census(&self, look_again: bool) -> Census {
        Self::census(self, look_again)
    }

    fn counters(&self, of: &[Known]) -> Vec<io::Result<Counters>> {
        let held = self.lock().namespaces.all_held();
        let find = |known: &Known| held.iter().find(|held| held.inum == known.inum);
        let found: Vec<_> = of.iter().filter_map(find).cloned().collect();
        let mut read = inside_each(&found, |_| Counters::read()).into_iter();
        let gone = || Err(io::Error::other("the namespace is not held open"));
        of.iter().map(|known| find(known).and_then(|_| read.next()).unwrap_or_else(gone)).collect()
    }
}

impl Who for Enrich {
    fn holder(&self, inode: u64) -> Option<Arc<line::Process>> {
        let state = &mut *self.lock();
        state.sockets.owner(inode, state.latest, &mut state.processes)
    }

    fn process(&self, task: Task, comm: &[u8], uid: Option<u32>, cgroup: Option<u64>) -> Arc<line::Process> {
        let state = &mut *self.lock();
        let facts = state.processes.known(task.tgid, comm, state.latest).cloned();
        state.merge(task, comm, uid, cgroup, facts)
    }

    fn cgroup(&self, id: u64) -> Option<String> {
        self.lock().cgroups.path(id, None)
    }

    fn netns(&self, netns: Netns) -> line::Netns {
        let (name, of) = self.lock().namespaces.name(netns);
        line::Netns { inum: netns.inum, name, of }
    }

    fn device(&self, netns: Netns, ifindex: u32) -> Option<String> {
        let state = &mut *self.lock();
        state.devices.name(netns, ifindex, || state.namespaces.get(netns))
    }

    fn elsewhere(&self, netns: Netns, port: u16) -> Vec<Elsewhere> {
        let state = &mut *self.lock();
        let held = state.namespaces.all_held();
        state.elsewhere.of(netns, port, &held)
    }

    fn tellings(&self, netns: Netns) -> Option<Arc<Tellings>> {
        let state = &mut *self.lock();
        state.rises.of(netns, || state.namespaces.get(netns))
    }

    fn route(&self, netns: Netns, to: IpAddr) -> Option<Result<(), i32>> {
        let state = &mut *self.lock();
        let held = state.namespaces.get(netns)?;
        state.asked.route(&held, to)
    }

    fn sysctl(&self, netns: Netns, path: &'static str) -> Option<String> {
        let state = &mut *self.lock();
        let held = state.namespaces.get(netns)?;
        state.asked.sysctl(&held, path)
    }

    fn connections(&self, netns: Netns) -> Option<Arc<Vec<Connection>>> {
        let state = &mut *self.lock();
        let held = state.namespaces.get(netns)?;
        state.asked.connections(&held)
    }

    fn ruleset(&self, netns: Netns) -> Option<Arc<Ruleset>> {
        let state = &mut *self.lock();
        let held = state.namespaces.get(netns)?;
        state.asked.ruleset(&held)
    }

    fn cgroup_programs(&self, cgroup: u64, hook: CgroupHook) -> Option<usize> {
        let state = &mut *self.lock();
        let folder = state.cgroups.folder(cgroup)?;
        state.asked.programs(cgroup, &folder, hook)
    }

    fn is_half_open(&self, netns: Netns, ends: Ends) -> Option<bool> {
        self.lock().half_open.get(netns, ends).map(|found| found == state::SYN_RECV)
    }

    fn is_left(&self, netns: Netns, ends: Ends) -> Option<bool> {
        self.lock().half_open.get(netns, ends).map(|found| found != state::LISTEN)
    }

    fn port_holders(&self, netns: Netns, port: u16) -> Option<PortHolders> {
        self.bound_sockets(netns, port).ok()
    }

    fn time(&self, boot_ns: u64) -> String {
        self.clock.rfc3339(boot_ns)
    }
}

#[cfg(test)]
mod tests;
