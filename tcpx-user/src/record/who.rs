//! Enrichment whose answers are recorded as they are given.

use std::{net::IpAddr, sync::Arc};

use super::{
    Recorder,
    said::{Answer, Question},
};
use crate::{
    event::{Ends, Netns, Task},
    line,
    ruleset::Ruleset,
    who::{CgroupHook, Connection, Elsewhere, PortHolders, Tellings, Who},
};

/// Asks, and writes down what it is told.
pub struct Asked<'a> {
    who: &'a dyn Who,
    recorder: &'a Recorder,
}

impl<'a> Asked<'a> {
    /// Between the engine and who answers it.
    #[must_use]
    pub const fn new(who: &'a dyn Who, recorder: &'a Recorder) -> Self {
        Self { who, recorder }
    }

    fn ask<T>(&self, question: Question, ask: impl FnOnce() -> Option<T>, into: fn(T) -> Answer) -> Answer {
        self.recorder.ask(question, || ask().map_or(Answer::Nothing, into))
    }
}

/// The part of an answer that has the type which the question asks for.
macro_rules! given {
    ($answer:expr, $kind:ident) => {
        match $answer {
            Answer::$kind(given) => Some(given),
            _ => None,
        }
    };
}
pub(super) use given;

/// A task by its numbers and names.
pub(super) fn task(task: Task, comm: &[u8], uid: Option<u32>, cgroup: Option<u64>) -> Question {
    Question::Process { tgid: task.tgid, tid: task.tid, comm: comm.to_vec(), uid, cgroup }
}

/// What is known of a task when nobody adds to it.
pub(super) fn bare(task: Task, comm: &[u8], uid: Option<u32>) -> line::Process {
    line::Process {
        pid: task.tgid,
        tid: Some(task.tid).filter(|&tid| tid != 0),
        comm: String::from_utf8_lossy(comm).into_owned(),
        uid,
        ..line::Process::default()
    }
}

impl Who for Asked<'_> {
    fn holder(&self, inode: u64) -> Option<line::Process> {
        let ask = || self.who.holder(inode);
        let answer = self.ask(Question::Holder(inode), ask, |process| Answer::Process(process.into()));
        given!(answer, Process).map(Into::into)
    }

    fn process(&self, of: Task, comm: &[u8], uid: Option<u32>, cgroup: Option<u64>) -> line::Process {
        let ask = || Some(self.who.process(of, comm, uid, cgroup));
        let question = task(of, comm, uid, cgroup);
        let answer = self.ask(question, ask, |process| Answer::Process(process.into()));
        given!(answer, Process).map_or_else(|| bare(of, comm, uid), Into::into)
    }

    fn cgroup(&self, id: u64) -> Option<String> {
        given!(self.ask(Question::Cgroup(id), || self.who.cgroup(id), Answer::Text), Text)
    }

    fn netns(&self, netns: Netns) -> line::Netns {
        let answer = self.ask(Question::Netns(netns), || self.who.netns(netns).name, Answer::Text);
        line::Netns { inum: netns.inum, name: given!(answer, Text) }
    }

    fn device(&self, netns: Netns, ifindex: u32) -> Option<String> {
        let ask = || self.who.device(netns, ifindex);
        given!(self.ask(Question::Device(netns, ifindex), ask, Answer::Text), Text)
    }

    fn elsewhere(&self, netns: Netns, port: u16) -> Vec<Elsewhere> {
        let ask = || Some(self.who.elsewhere(netns, port));
        let answer = self.ask(Question::Elsewhere(netns, port), ask, Answer::Elsewhere);
        given!(answer, Elsewhere).unwrap_or_default()
    }

    fn tellings(&self, netns: Netns) -> Option<Arc<Tellings>> {
        let answer = self.ask(Question::Tellings(netns), || self.who.tellings(netns), Answer::Tellings);
        given!(answer, Tellings)
    }

    fn route(&self, netns: Netns, to: IpAddr) -> Option<Result<(), i32>> {
        let answer = self.ask(Question::Route(netns, to), || self.who.route(netns, to), Answer::Route);
        given!(answer, Route)
    }

    fn sysctl(&self, netns: Netns, path: &'static str) -> Option<String> {
        let question = Question::Sysctl(netns, path.to_owned());
        given!(self.ask(question, || self.who.sysctl(netns, path), Answer::Text), Text)
    }

    fn connections(&self, netns: Netns) -> Option<Arc<Vec<Connection>>> {
        let ask = || self.who.connections(netns);
        given!(self.ask(Question::Connections(netns), ask, Answer::Connections), Connections)
    }

    fn ruleset(&self, netns: Netns) -> Option<Arc<Ruleset>> {
        given!(self.ask(Question::Ruleset(netns), || self.who.ruleset(netns), Answer::Ruleset), Ruleset)
    }

    fn cgroup_programs(&self, cgroup: u64, hook: CgroupHook) -> Option<usize> {
        let ask = || self.who.cgroup_programs(cgroup, hook);
        given!(self.ask(Question::CgroupPrograms(cgroup, hook), ask, Answer::Count), Count)
    }

    fn is_half_open(&self, netns: Netns, ends: Ends) -> Option<bool> {
        let ask = || self.who.is_half_open(netns, ends);
        given!(self.ask(Question::IsHalfOpen(netns, ends.a, ends.b), ask, Answer::Flag), Flag)
    }

    fn is_left(&self, netns: Netns, ends: Ends) -> Option<bool> {
        let ask = || self.who.is_left(netns, ends);
        given!(self.ask(Question::IsLeft(netns, ends.a, ends.b), ask, Answer::Flag), Flag)
    }

    fn port_holders(&self, netns: Netns, port: u16) -> Option<PortHolders> {
        let ask = || self.who.port_holders(netns, port);
        given!(self.ask(Question::PortHolders(netns, port), ask, Answer::PortHolders), PortHolders)
    }

    /// The clock stands in the facts.
    fn time(&self, boot_ns: u64) -> String {
        self.who.time(boot_ns)
    }
}
