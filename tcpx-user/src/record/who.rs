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

/// Somebody who answers questions as values: a recorder in between, another process.
pub trait Answers {
    /// The answer, or [`Answer::Nothing`].
    fn ask(&self, question: Question) -> Answer;

    /// Wall clock of a boot clock time.
    fn clock(&self, boot_ns: u64) -> String;
}

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
}

impl Answers for Asked<'_> {
    fn ask(&self, question: Question) -> Answer {
        self.recorder.ask(question.clone(), || answer(self.who, &question))
    }

    /// The clock stands in the facts.
    fn clock(&self, boot_ns: u64) -> String {
        self.who.time(boot_ns)
    }
}

/// Sysctls that are asked for; `Who` knows no others.
const SYSCTLS: [&str; 3] =
    ["net/ipv6/conf/all/disable_ipv6", "net/ipv4/ip_local_port_range", "net/ipv4/ip_unprivileged_port_start"];

/// Puts a question that is a value to somebody who knows.
#[must_use]
pub fn answer(who: &dyn Who, question: &Question) -> Answer {
    let sysctl = |netns, path: &String| {
        let known = SYSCTLS.into_iter().find(|known| known == path)?;
        who.sysctl(netns, known)
    };
    let found = match question {
        Question::Holder(inode) => who.holder(*inode).map(Answer::Process),
        Question::Process { tgid, tid, comm, uid, cgroup } => {
            let task = Task { tgid: *tgid, tid: *tid };
            Some(Answer::Process(who.process(task, comm, *uid, *cgroup)))
        }
        Question::Cgroup(id) => who.cgroup(*id).map(Answer::Text),
        Question::Netns(netns) => of_netns(who.netns(*netns)),
        Question::Device(netns, ifindex) => who.device(*netns, *ifindex).map(Answer::Text),
        Question::Elsewhere(netns, port) => Some(Answer::Elsewhere(who.elsewhere(*netns, *port))),
        Question::Tellings(netns) => who.tellings(*netns).map(Answer::Tellings),
        Question::Route(netns, to) => who.route(*netns, *to).map(Answer::Route),
        Question::Sysctl(netns, path) => sysctl(*netns, path).map(Answer::Text),
        Question::Connections(netns) => who.connections(*netns).map(Answer::Connections),
        Question::Ruleset(netns) => who.ruleset(*netns).map(Answer::Ruleset),
        Question::CgroupPrograms(cgroup, hook) => who.cgroup_programs(*cgroup, *hook).map(Answer::Count),
        Question::IsHalfOpen(netns, a, b) => {
            who.is_half_open(*netns, Ends { a: *a, b: *b }).map(Answer::Flag)
        }
        Question::IsLeft(netns, a, b) => who.is_left(*netns, Ends { a: *a, b: *b }).map(Answer::Flag),
        Question::PortHolders(netns, port) => who.port_holders(*netns, *port).map(Answer::PortHolders),
    };
    found.unwrap_or(Answer::Nothing)
}

/// Where nobody's, it is answered as before that was asked.
fn of_netns(netns: line::Netns) -> Option<Answer> {
    match netns.of {
        Some(whose) => Some(Answer::Netns(netns.name, whose)),
        None => netns.name.map(Answer::Text),
    }
}

/// A namespace with what was answered.
pub(super) fn netns(netns: Netns, answer: Option<Answer>) -> line::Netns {
    let (name, of) = match answer {
        Some(Answer::Text(name)) => (Some(name), None),
        Some(Answer::Netns(name, whose)) => (name, Some(whose)),
        _ => (None, None),
    };
    line::Netns { inum: netns.inum, name, of }
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
pub(super) fn bare(task: Task, comm: &[u8], uid: Option<u32>) -> Arc<line::Process> {
    Arc::new(line::Process {
        pid: task.tgid,
        tid: Some(task.tid).filter(|&tid| tid != 0),
        comm: String::from_utf8_lossy(comm).into_owned(),
        uid,
        ..line::Process::default()
    })
}

impl<T: Answers> Who for T {
    fn holder(&self, inode: u64) -> Option<Arc<line::Process>> {
        given!(self.ask(Question::Holder(inode)), Process)
    }

    fn process(&self, of: Task, comm: &[u8], uid: Option<u32>, cgroup: Option<u64>) -> Arc<line::Process> {
        let answer = self.ask(task(of, comm, uid, cgroup));
        given!(answer, Process).unwrap_or_else(|| bare(of, comm, uid))
    }

    fn cgroup(&self, id: u64) -> Option<String> {
        given!(self.ask(Question::Cgroup(id)), Text)
    }

    fn netns(&self, of: Netns) -> line::Netns {
        netns(of, Some(self.ask(Question::Netns(of))))
    }

    fn device(&self, netns: Netns, ifindex: u32) -> Option<String> {
        given!(self.ask(Question::Device(netns, ifindex)), Text)
    }

    fn elsewhere(&self, netns: Netns, port: u16) -> Vec<Elsewhere> {
        given!(self.ask(Question::Elsewhere(netns, port)), Elsewhere).unwrap_or_default()
    }

    fn tellings(&self, netns: Netns) -> Option<Arc<Tellings>> {
        given!(self.ask(Question::Tellings(netns)), Tellings)
    }

    fn route(&self, netns: Netns, to: IpAddr) -> Option<Result<(), i32>> {
        given!(self.ask(Question::Route(netns, to)), Route)
    }

    fn sysctl(&self, netns: Netns, path: &'static str) -> Option<String> {
        given!(self.ask(Question::Sysctl(netns, path.to_owned())), Text)
    }

    fn connections(&self, netns: Netns) -> Option<Arc<Vec<Connection>>> {
        given!(self.ask(Question::Connections(netns)), Connections)
    }

    fn ruleset(&self, netns: Netns) -> Option<Arc<Ruleset>> {
        given!(self.ask(Question::Ruleset(netns)), Ruleset)
    }

    fn cgroup_programs(&self, cgroup: u64, hook: CgroupHook) -> Option<usize> {
        given!(self.ask(Question::CgroupPrograms(cgroup, hook)), Count)
    }

    fn is_half_open(&self, netns: Netns, ends: Ends) -> Option<bool> {
        given!(self.ask(Question::IsHalfOpen(netns, ends.a, ends.b)), Flag)
    }

    fn is_left(&self, netns: Netns, ends: Ends) -> Option<bool> {
        given!(self.ask(Question::IsLeft(netns, ends.a, ends.b)), Flag)
    }

    fn port_holders(&self, netns: Netns, port: u16) -> Option<PortHolders> {
        given!(self.ask(Question::PortHolders(netns, port)), PortHolders)
    }

    fn time(&self, boot_ns: u64) -> String {
        self.clock(boot_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sysctl_that_rules_ask_for_is_known() {
        let rules =
            [include_str!("../verdict/rules/early/ports.rs"), include_str!("../verdict/rules/call.rs")];
        let asked = rules.iter().flat_map(|text| text.split(".sysctl(").skip(1));
        let paths: Vec<_> = asked.filter_map(|rest| rest.split('"').nth(1)).collect();
        assert_eq!(paths.len(), SYSCTLS.len(), "{paths:?}");
        assert!(paths.iter().all(|path| SYSCTLS.contains(path)), "{paths:?}");
    }
}
