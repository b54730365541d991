//! What a namespace is asked once a call or a segment has failed in it: its routing tables, sysctls, sockets and firewall
//! rules; and which programs its cgroup has.
//!
//! The answers are not of the moment of the failure, so what follows from them is derived. A program that fails in a loop
//! must not make tcpx ask in a loop: all asking together has a budget, and settings, which rarely change, are believed for a
//! while. Sockets come and go with the very events that are told: they are asked for each time, and so after the event.

use std::{hash::Hash, io, net::IpAddr, os::fd::AsFd, path::Path, sync::Arc};

use super::{
    budget::Budget, cache::Cache, clock::boot_now, diag, inside::inside, netns::Held, nftables, programs,
    route,
};
use crate::{
    ruleset::Ruleset,
    who::{CgroupHook, Connection},
};

/// How long settings are believed.
const SETTINGS_NS: u64 = 1_000_000_000;
const CAPACITY: usize = 1_024;

/// Answers of one kind, each believed for so long.
struct Answers<K, V> {
    hold_ns: u64,
    known: Cache<K, (u64, Option<V>)>,
}

impl<K: Clone + Eq + Hash, V: Clone> Answers<K, V> {
    fn holding(hold_ns: u64) -> Self {
        Self { hold_ns, known: Cache::new(CAPACITY) }
    }

    /// The answer known, else a new one, if there is time for it.
    fn get(&mut self, key: K, budget: &mut Budget, ask: impl FnOnce() -> io::Result<V>) -> Option<V> {
        let now = boot_now();
        if let Some((at, answer)) = self.known.get(&key)
            && now.saturating_sub(*at) < self.hold_ns
        {
            return answer.clone();
        }
        let answer = budget.pass(|| ask().ok())?;
        self.known.insert(key, (now, answer.clone()));
        answer
    }
}

/// All answers.
pub(crate) struct Asked {
    budget: Budget,
    routes: Answers<(u32, IpAddr), Result<(), i32>>,
    sysctls: Answers<(u32, &'static str), String>,
    programs: Answers<(u64, CgroupHook), usize>,
    rulesets: Answers<u32, Arc<Ruleset>>,
}

impl Asked {
    pub(crate) fn new() -> Self {
        Self {
            budget: Budget::new(boot_now()),
            routes: Answers::holding(SETTINGS_NS),
            sysctls: Answers::holding(SETTINGS_NS),
            programs: Answers::holding(SETTINGS_NS),
            rulesets: Answers::holding(SETTINGS_NS),
        }
    }

    /// Whether there is a route, or the errno.
    pub(crate) fn route(&mut self, namespace: &Held, to: IpAddr) -> Option<Result<(), i32>> {
        let key = (namespace.inum, to);
        self.routes.get(key, &mut self.budget, || inside(namespace.as_fd(), || route::ask(to)))
    }

    /// All TCP sockets that have a port.
    pub(crate) fn connections(&mut self, namespace: &Held) -> Option<Arc<Vec<Connection>>> {
        self.budget.pass(|| diag::connections(namespace.as_fd()).map(Arc::new).ok()).flatten()
    }

    /// What nf_tables has there.
    pub(crate) fn ruleset(&mut self, namespace: &Held) -> Option<Arc<Ruleset>> {
        let list = || inside(namespace.as_fd(), nftables::ask).map(Arc::new);
        self.rulesets.get(namespace.inum, &mut self.budget, list)
    }

    /// How many programs have a say at that place of the cgroup with this number, which is at `path`.
    pub(crate) fn programs(&mut self, cgroup: u64, path: &Path, hook: CgroupHook) -> Option<usize> {
        self.programs.get((cgroup, hook), &mut self.budget, || programs::count(path, hook))
    }

    /// A sysctl, by its path below /proc/sys: what stands below net/ there is that of the reading thread's namespace.
    pub(crate) fn sysctl(&mut self, namespace: &Held, path: &'static str) -> Option<String> {
        let read = || std::fs::read_to_string(format!("/proc/sys/{path}")).map(|text| text.trim().to_owned());
        let key = (namespace.inum, path);
        self.sysctls.get(key, &mut self.budget, || inside(namespace.as_fd(), read))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_holds_for_a_while_and_asking_has_its_price() {
        // As of a time that never comes, so that none is earned.
        let mut budget = Budget::new(u64::MAX);
        let mut answers = Answers::holding(SETTINGS_NS);
        assert_eq!(answers.get(1, &mut budget, || Ok(7)), Some(7));
        assert_eq!(answers.get(1, &mut budget, || Ok(8)), Some(7));
        budget.spend(3_600_000_000_000);
        assert_eq!(answers.get(2, &mut budget, || Ok(9)), None);
    }
}
