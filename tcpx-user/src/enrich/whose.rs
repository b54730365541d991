//! Whose a network namespace is: the container, the pod or the service whose processes are in it.
//!
//! Events of the receive path have a namespace and no process. No daemon is asked: a pass over /proc tells which processes are in a namespace
//! other than the first, and their cgroups tell whose they are. Processes of no container do not count where a container's are: a shell that
//! somebody has taken in, or a runtime's port forwarder.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use super::{budget::Budget, clock::boot_now, container, proc};
use crate::{verdict::rules::units, who::Whose};

/// An answer holds for so long.
const FRESH_NS: u64 = 2_000_000_000;

/// Who is in which namespace, as passes found it.
pub(crate) struct Owners {
    known: BTreeMap<u32, Known>,
    budget: Budget,
    /// The host's own namespace, where this /proc shows it.
    first: Option<u32>,
}

struct Known {
    looked: u64,
    whose: Option<Whose>,
}

impl Owners {
    /// Nobody has looked yet. `visible`: this /proc shows root process ids.
    pub(crate) fn new(visible: bool) -> Self {
        // Some sandboxes hide the first process from everybody; this one is not in a container's then.
        let first = visible.then(|| namespace(1).or_else(|| proc::netns_at("/proc/self/ns/net"))).flatten();
        Self { known: BTreeMap::new(), budget: Budget::new(boot_now()), first }
    }

    /// An event named it, and a process that is likely in it: where it is new, its processes are looked at now, as they may be gone when a
    /// line is made. A pass over all is worth its time only for a process that belongs to somebody.
    pub(crate) fn meet(&mut self, inum: u32, pid: u32, held: impl Fn(u32) -> bool) {
        if self.known.contains_key(&inum) || self.first.is_none_or(|first| first == inum) {
            return;
        }
        if self.known.is_empty() || !is_nobodys(inum, pid) {
            self.of(inum, held);
        } else {
            self.known.insert(inum, Known { looked: boot_now(), whose: None });
        }
    }

    /// Whose it is. `held`: a namespace that is held open, whose number no other one can have.
    pub(crate) fn of(&mut self, inum: u32, held: impl Fn(u32) -> bool) -> Option<&Whose> {
        let first = self.first.filter(|&first| first != inum)?;
        let now = boot_now();
        let fresh = self.known.get(&inum).is_some_and(|known| now < known.looked + FRESH_NS);
        if !fresh && self.budget.allows(now) {
            self.look(now, first, held);
            self.known.entry(inum).or_insert(Known { looked: now, whose: None });
            self.budget.spend(boot_now() - now);
        }
        self.known.get(&inum)?.whose.as_ref()
    }

    /// What is known of namespaces whose processes have gone stays, while they are held.
    fn look(&mut self, now: u64, first: u32, held: impl Fn(u32) -> bool) {
        self.known.retain(|&inum, known| {
            let held = held(inum);
            known.looked = if held { now } else { known.looked };
            now < known.looked + FRESH_NS
        });
        for (inum, inside) in pass(first) {
            self.known.insert(inum, Known { looked: now, whose: inside.whose() });
        }
    }
}

fn namespace(pid: u32) -> Option<u32> {
    proc::netns_at(format!("/proc/{pid}/ns/net"))
}

/// /proc/PID/cgroup of a process in this namespace. If it has ended meanwhile, the number may be another's.
fn cgroup_in(inum: u32, pid: u32) -> Option<String> {
    let text = fs::read_to_string(format!("/proc/{pid}/cgroup")).ok()?;
    (namespace(pid) == Some(inum)).then_some(text)
}

/// Whether this process is in the namespace and in no container, pod or service.
fn is_nobodys(inum: u32, pid: u32) -> bool {
    cgroup_in(inum, pid).is_some_and(|cgroup| {
        let mut inside = Inside::default();
        inside.add(&cgroup);
        inside.whose().is_none()
    })
}

/// All processes that are not in the host's own namespace.
fn pass(first: u32) -> BTreeMap<u32, Inside> {
    let mut found = BTreeMap::<u32, Inside>::new();
    for pid in proc::pids() {
        let Some(inum) = namespace(pid).filter(|&inum| inum != first) else { continue };
        if let Some(cgroup) = cgroup_in(inum, pid) {
            found.entry(inum).or_default().add(&cgroup);
        }
    }
    found
}

/// What the processes in one namespace belong to.
#[derive(Debug, Default)]
struct Inside {
    containers: BTreeSet<String>,
    pods: BTreeSet<String>,
    units: BTreeSet<String>,
    /// Somebody is in no container: in no pod and no service either.
    others: bool,
}

impl Inside {
    /// Adds a process by its /proc/PID/cgroup. Runtimes on v1 write their path into the controllers' lines only.
    fn add(&mut self, cgroup: &str) {
        let paths = || cgroup.lines().filter_map(|line| line.splitn(3, ':').nth(2));
        let container = paths().find_map(container::container_id);
        let pod = paths().find_map(|path| container::place(path).pod);
        let service = |path| units::of_cgroup(path).filter(|unit| unit.ends_with(".service"));
        let unit = paths().find_map(service);
        match (container, unit) {
            (Some(id), _) => _ = self.containers.insert(id.to_owned()),
            (None, Some(unit)) if pod.is_none() => _ = self.units.insert(unit.to_owned()),
            (None, _) => self.others |= pod.is_none(),
        }
        self.pods.extend(pod);
    }

    /// Absent where it could be one or the other.
    fn whose(self) -> Option<Whose> {
        let Self { containers, pods, units, others } = self;
        if !pods.is_empty() {
            return only(pods).map(Whose::Pod);
        }
        if !containers.is_empty() {
            return only(containers).map(Whose::Container);
        }
        only(units).filter(|_| !others).map(Whose::Unit)
    }
}

fn only(mut all: BTreeSet<String>) -> Option<String> {
    all.pop_first().filter(|_| all.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const POD: &str = "0f2f1f3a-9d5c-4a43-8d5e-bd3cc3f1b5a1";

    fn id(digit: &str) -> String {
        digit.repeat(64)
    }

    fn whose(cgroups: &[&str]) -> Option<Whose> {
        let mut inside = Inside::default();
        for cgroup in cgroups {
            let cgroup = cgroup.replace("AA", &id("a")).replace("BB", &id("b")).replace("POD", POD);
            inside.add(&cgroup);
        }
        inside.whose()
    }

    #[test]
    fn a_namespace_is_its_only_containers() {
        let a = Some(Whose::Container(id("a")));
        assert_eq!(whose(&["0::/system.slice/docker-AA.scope\n", "0::/system.slice/docker-AA.scope/x\n"]), a);
        assert_eq!(whose(&["9:name=systemd:/docker/AA\n4:memory:/docker/AA\n0::/\n"]), a, "v1");
        let shell = "0::/user.slice/user-0.slice/session-3.scope\n";
        assert_eq!(whose(&[shell, "0::/system.slice/docker-AA.scope\n"]), a, "nsenter");
        let forwarder = "0::/user.slice/user-1000.slice/user@1000.service/user.slice/x.scope\n";
        assert_eq!(whose(&["0::/machine.slice/libpod-AA.scope/container\n", forwarder]), a);
        // docker run --network=container:OTHER
        assert_eq!(whose(&["0::/docker/AA\n", "0::/docker/BB\n"]), None);
        assert_eq!(whose(&[]), None);
    }

    #[test]
    fn containers_of_a_pod_share_the_pods() {
        let pod = Some(Whose::Pod(POD.to_owned()));
        let pause = "0::/kubepods/besteffort/podPOD/AA\n";
        assert_eq!(whose(&[pause, "0::/kubepods/besteffort/podPOD/BB\n"]), pod);
        assert_eq!(whose(&[pause]), pod, "others may come");
        let other = format!("0::/kubepods/pod{}/BB\n", POD.replace('0', "1"));
        assert_eq!(whose(&[pause, &other]), None);
    }

    #[test]
    fn a_service_has_a_namespace_if_nobody_else_is_in_it() {
        let unit = "0::/system.slice/private.service\n";
        assert_eq!(whose(&[unit, unit]), Some(Whose::Unit("private.service".to_owned())));
        assert_eq!(whose(&[unit, "0::/system.slice/other.service\n"]), None);
        let shell = "0::/user.slice/user-0.slice/session-3.scope\n";
        assert_eq!(whose(&[unit, shell]), None);
        assert_eq!(whose(&[shell]), None, "a session's is not the session's");
        assert_eq!(whose(&["0::/\n"]), None);
    }
}
