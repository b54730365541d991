//! Whose connections are shown (contract section 1): with `-- CMD` those of CMD and its descendants, both ends, and all
//! that happens in network namespaces in which only they are.

use std::collections::BTreeSet;

use crate::{
    cli::filter::facts::Facts,
    event::{Event, What},
    line::Line,
};

/// What is in scope.
#[derive(Clone, Debug)]
pub enum Scope {
    /// The whole host.
    Host,
    /// What touches these namespaces.
    Namespaces(BTreeSet<u32>),
    /// What touches these processes, or namespaces that are theirs alone.
    Processes(Processes),
}

/// The traced processes, as far as events have told of them. Process ids are those of the root namespace: only events
/// know them when tcpx itself runs in a container.
#[derive(Clone, Debug)]
pub struct Processes {
    pub(crate) pids: BTreeSet<u32>,
    /// Namespaces of others: those that were there before.
    pub(crate) foreign: BTreeSet<u32>,
    /// Namespaces of theirs alone.
    own: BTreeSet<u32>,
}

impl Scope {
    /// CMD and its descendants; `foreign` are the namespaces that were there before CMD began.
    #[must_use]
    pub fn command(foreign: BTreeSet<u32>) -> Self {
        Self::Processes(Processes::new(BTreeSet::new(), foreign))
    }

    /// One process, such as tcpx itself for `tcpx probe`.
    #[must_use]
    pub fn process(pid: u32) -> Self {
        Self::Processes(Processes::new([pid].into(), BTreeSet::new()))
    }

    /// Learns from an event who belongs to it.
    pub fn observe(&mut self, event: &Event) {
        if let Self::Processes(processes) = self
            && event.in_scope
        {
            processes.observe(event);
        }
    }

    /// Whether the line touches it. Lines about the trace itself always do.
    #[must_use]
    pub fn keeps(&self, line: &Line) -> bool {
        match self {
            Self::Host => true,
            Self::Namespaces(inums) => touches(line, &BTreeSet::new(), inums),
            Self::Processes(Processes { pids, own, .. }) => touches(line, pids, own),
        }
    }
}

/// Whether a line is about one of these processes or namespaces, or about none at all.
fn touches(line: &Line, pids: &BTreeSet<u32>, inums: &BTreeSet<u32>) -> bool {
    Facts::of(line).is_none_or(|facts| {
        facts.people.iter().any(|who| pids.contains(&who.pid))
            || facts.netns.iter().any(|netns| inums.contains(&netns.inum))
    })
}

impl Processes {
    /// These processes; `foreign` are the namespaces that were there before theirs.
    #[must_use]
    pub const fn new(pids: BTreeSet<u32>, foreign: BTreeSet<u32>) -> Self {
        Self { pids, foreign, own: BTreeSet::new() }
    }

    fn observe(&mut self, event: &Event) {
        self.pids.insert(event.task.tgid);
        if let What::Fork { child } = event.what {
            self.pids.insert(child);
        }
        // Packets are also worked on in the namespace of their receiver: only a call says where its caller is.
        let called = match &event.what {
            What::State(change) => change.caller,
            What::Bind(_) | What::CallFailed(_) | What::ConnectFailed(_) => true,
            _ => false,
        };
        let inum = event.netns.inum;
        if called && inum != 0 && !self.foreign.contains(&inum) {
            self.own.insert(inum);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;
    use crate::{
        event::{Backend, Bind, Comm, Netns, Task},
        line::{Attempt, Reset},
        sink::samples::{attempt, drop_line, peer_reset, plain_attempt, plain_reset, start},
    };

    const HOST: u32 = 4_026_531_840;

    fn event(tgid: u32, inum: u32, in_scope: bool, what: What) -> Event {
        let (netns, task) = (Netns { inum, cookie: 1 }, Task { tgid, tid: tgid });
        Event {
            time: 1,
            netns,
            task,
            hook: None,
            backend: Backend::Tracepoint,
            in_scope,
            has_stack: false,
            what,
        }
    }

    fn bind() -> What {
        let requested: SocketAddr = "127.0.0.1:80".parse().expect("an address");
        let comm = Comm::from_slice(b"x");
        What::Bind(
            Bind { requested, sk: None, inode: None, errno: 0, port: 80, uid: 0, cgroup: None, comm }.into(),
        )
    }

    fn command() -> Scope {
        Scope::command([HOST].into())
    }

    #[test]
    fn nobody_is_in_scope_before_an_event_says_so() {
        let mut scope = command();
        assert!(!scope.keeps(&attempt()));
        assert!(scope.keeps(&start()));
        scope.observe(&event(41, HOST, false, bind()));
        assert!(!scope.keeps(&attempt()));
        scope.observe(&event(41, HOST, true, bind()));
        assert!(scope.keeps(&attempt()));
        assert!(!scope.keeps(&peer_reset()) && !scope.keeps(&drop_line()));
    }

    #[test]
    fn children_belong_to_it_from_their_start() {
        let mut scope = command();
        scope.observe(&event(7, HOST, true, What::Fork { child: 88 }));
        assert!(scope.keeps(&peer_reset()));
    }

    #[test]
    fn a_namespace_made_by_the_command_is_in_scope_whole() {
        let mut scope = command();
        scope.observe(&event(7, 99, true, What::Tick));
        let mut elsewhere = Attempt { process: None, ..plain_attempt() };
        elsewhere.netns.inum = 99;
        let line = Line::Attempt(Box::new(elsewhere));
        assert!(!scope.keeps(&line), "a packet's namespace says nothing");
        scope.observe(&event(7, 99, true, bind()));
        assert!(scope.keeps(&line));
        assert!(!scope.keeps(&attempt()), "the host's namespace is not theirs");
    }

    #[test]
    fn both_ends_count() {
        let scope = Scope::process(41);
        assert!(scope.keeps(&Line::Reset(Box::new(plain_reset()))));
        let nobody = Reset { receiver: None, ..plain_reset() };
        assert!(!scope.keeps(&Line::Reset(Box::new(nobody))));
    }

    #[test]
    fn namespaces_by_number() {
        assert!(Scope::Namespaces([HOST].into()).keeps(&attempt()));
        assert!(!Scope::Namespaces([1].into()).keeps(&attempt()));
        assert!(Scope::Host.keeps(&attempt()));
    }
}
