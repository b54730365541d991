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
mod container;
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
mod proc;
mod process;
mod programs;
mod rises;
mod route;
mod scan;
mod sockets;
#[cfg(test)]
pub(crate) mod testing;

use std::{
    io,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tcpx_common::abi::state;

use crate::{
    event::{Ends, Event, Holders, Netns, Segment, SockFacts, Task, What},
    line,
    ruleset::Ruleset,
    who::{CgroupHook, Connection, Elsewhere, PortHolders, Tellings, Who},
};

pub(crate) use self::inside::inside_each;
pub use self::{
    clock::WallClock,
    netns::{Census, Held, Limits},
};

use self::{
    asked::Asked, cgroup::Cgroups, devices::Devices, elsewhere::Elsewheres, half_open::HalfOpen,
    netns::Namespaces, process::Processes, rises::Rises, scan::Scan, sockets::Sockets,
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
            rises: Rises::new(&namespaces.census(false)),
            namespaces,
            sockets: Sockets::new(visible, scan),
            cgroups: Cgroups::new(),
            devices: Devices::default(),
            elsewhere: Elsewheres::new(),
            asked: Asked::new(),
            half_open: HalfOpen::new(),
            latest: clock::boot_now(),
        };
        Self { clock: WallClock::sample(), state: Mutex::new(state) }
    }

    /// Learns from an event, and looks up what it names. To be called with each event, before it is correlated.
    pub fn observe(&self, event: &Event) {
        self.lock().observe(event);
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
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn observe(&mut self, event: &Event) {
        self.latest = self.latest.max(event.time);
        self.namespaces.hold(event.netns, event.task.tgid);
        match &event.what {
            What::Bind(bind) => {
                self.caller(event, &bind.comm, bind.uid, bind.cgroup, bind.inode);
            }
            What::CallFailed(failed) => {
                let bind = &failed.bind;
                self.caller(event, &bind.comm, bind.uid, bind.cgroup, bind.inode);
                self.sockets(event.time, None, failed.holders.as_ref());
            }
            What::State(change) if change.caller => {
                // A client's own socket is named by its attempt; remembering it would drive out the listeners'.
                let inode = change.inode.filter(|_| change.new == state::LISTEN);
                self.caller(event, &change.comm, change.uid, change.cgroup, inode);
            }
            What::ConnectFailed(failed) => self.caller(event, &failed.comm, failed.uid, failed.cgroup, None),
            What::Reply(reply) => {
                self.segment(event.netns, &reply.segment);
                self.sockets(event.time, reply.sock.as_ref(), reply.holders.as_ref());
                self.half_open.observe(event.netns, reply, &self.namespaces);
            }
            What::Drop(drop) => {
                self.segment(event.netns, &drop.segment);
                self.sockets(event.time, None, drop.holders.as_ref());
            }
            What::Untranslated(found) => self.sockets(event.time, Some(&found.sock), None),
            What::Nat(nat) => self.sockets(event.time, None, nat.holders.as_ref()),
            What::Retransmit(retransmit) => self.sockets(event.time, None, retransmit.holders.as_ref()),
            What::ConnRequest(request) => self.sockets(event.time, Some(&request.sock), None),
            What::ActiveReset(reset) | What::ReceiveReset(reset) => {
                // In SYN_SENT its owner is whoever called connect(); storms of refusals would keep tcpx looking.
                let sock = Some(&reset.sock).filter(|sock| sock.state != state::SYN_SENT);
                self.sockets(event.time, sock, None);
                self.half_open.observe_reset(event.netns, reset, &self.namespaces);
            }
            What::Fork { child } => self.namespaces.hold_that_of(*child),
            What::Lookup(found) => self.segment(event.netns, &found.segment),
            What::Reject(segment, _) => self.segment(event.netns, segment),
            _ => {}
        }
    }

    /// The running task made the system call: what /proc says of it is read while it is there.
    fn caller(&mut self, event: &Event, comm: &[u8], uid: u32, cgroup: Option<u64>, inode: Option<u64>) {
        let owner = self.process(event.task, comm, Some(uid), cgroup, event.time);
        if let Some(inode) = inode {
            self.sockets.told(inode, event.task, owner);
        }
    }

    fn sockets(&mut self, time: u64, sock: Option<&SockFacts>, holders: Option<&Holders>) {
        let held = holders.into_iter().flat_map(|holders| &holders.list).filter_map(|holder| holder.inode);
        for inode in sock.and_then(|sock| sock.inode).into_iter().chain(held) {
            self.sockets.seen(inode, time, &mut self.processes);
        }
    }

    fn segment(&mut self, netns: Netns, segment: &Segment) {
        if let (Some(ifindex), Some(name)) = (segment.ifindex, &segment.device) {
            self.devices.learn(netns, ifindex, name);
        }
    }

    fn process(
        &mut self,
        task: Task,
        comm: &[u8],
        uid: Option<u32>,
        cgroup: Option<u64>,
        time: u64,
    ) -> line::Process {
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
    ) -> line::Process {
        let facts = facts.unwrap_or_default();
        let path = cgroup.and_then(|id| self.cgroups.path(id, facts.cgroup.as_deref())).or(facts.cgroup);
        let container = path.as_deref().and_then(container::container_id).map(str::to_owned);
        line::Process {
            pid: task.tgid,
            tid: Some(task.tid).filter(|&tid| tid != 0),
            ns_pid: facts.ns_pid,
            comm: if comm.is_empty() { facts.comm } else { String::from_utf8_lossy(comm).into_owned() },
            exe: facts.exe,
            uid: uid.or(facts.uid),
            cgroup: path,
            container: container.or(facts.container),
        }
    }
}

impl Who for Enrich {
    fn holder(&self, inode: u64) -> Option<line::Process> {
        let state = &mut *self.lock();
        state.sockets.owner(inode, state.latest, &mut state.processes)
    }

    fn process(&self, task: Task, comm: &[u8], uid: Option<u32>, cgroup: Option<u64>) -> line::Process {
        let state = &mut *self.lock();
        let facts = state.processes.known(task.tgid, comm, state.latest).cloned();
        state.merge(task, comm, uid, cgroup, facts)
    }

    fn cgroup(&self, id: u64) -> Option<String> {
        self.lock().cgroups.path(id, None)
    }

    fn netns(&self, netns: Netns) -> line::Netns {
        line::Netns { inum: netns.inum, name: self.lock().namespaces.name(netns) }
    }

    fn device(&self, netns: Netns, ifindex: u32) -> Option<String> {
        let state = &mut *self.lock();
        state.devices.name(netns, ifindex, || state.namespaces.get(netns))
    }

    fn elsewhere(&self, netns: Netns, port: u16) -> Vec<Elsewhere> {
        let state = &mut *self.lock();
        let held = state.namespaces.census(false).held;
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
