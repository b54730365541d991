//! Enrichment from a recording: the answers that held when an event was dealt with.
//!
//! The source reads ahead of the engine, so it puts the answers of each event into a queue, and the engine takes them when it
//! comes to that event.

use std::{cell::RefCell, collections::VecDeque, net::IpAddr, sync::Arc};

use super::{
    said::{Answer, Question},
    table::{Load, Table},
    who::{bare, given, netns, task},
};
use crate::{
    enrich::WallClock,
    event::{Ends, Netns, Task},
    line,
    ruleset::Ruleset,
    who::{CgroupHook, Connection, Elsewhere, PortHolders, Tellings, Who},
};

/// What is wrong with an answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// It cannot be read.
    #[error("an answer that is none: {0}")]
    NoAnswer(String),
    /// A writer forgets before.
    #[error("more answers than a recording keeps")]
    TooMany,
}

/// Answers as a recording gives them.
pub struct Told {
    clock: WallClock,
    table: RefCell<Table>,
    ahead: RefCell<Ahead>,
}

/// What the source has read and the engine has not come to.
#[derive(Default)]
struct Ahead {
    steps: VecDeque<Vec<Change>>,
    /// What the writer had put into its table.
    load: Load,
    /// The next event begins with an empty table.
    anew: bool,
}

enum Change {
    Forget,
    Say(Box<(Question, Answer)>, usize),
}

impl Told {
    /// Nothing is known yet but the clock.
    #[must_use]
    pub fn new(clock: WallClock) -> Self {
        Self { clock, table: RefCell::default(), ahead: RefCell::default() }
    }

    /// The source has read an event, or the end of them: answers that follow are about it.
    pub fn event(&self) {
        let ahead = &mut *self.ahead.borrow_mut();
        let first = if std::mem::take(&mut ahead.anew) { vec![Change::Forget] } else { Vec::new() };
        ahead.steps.push_back(first);
    }

    /// The source has read an answer (JSON).
    ///
    /// # Errors
    /// When it is none, or one too many.
    pub fn answer(&self, json: &[u8]) -> Result<(), Wrong> {
        let said = serde_json::from_slice(json).map_err(|error| Wrong::NoAnswer(error.to_string()))?;
        let ahead = &mut *self.ahead.borrow_mut();
        ahead.load.add(json.len());
        if ahead.load.reaches(Load::READER) {
            return Err(Wrong::TooMany);
        }
        ahead.change(Change::Say(Box::new(said), json.len()));
        Ok(())
    }

    /// No answer holds any more.
    pub fn forget(&self) {
        let ahead = &mut *self.ahead.borrow_mut();
        ahead.load = Load::default();
        ahead.change(Change::Forget);
    }

    /// A file begins: its writer takes nothing for granted.
    pub fn begin_file(&self) {
        let ahead = &mut *self.ahead.borrow_mut();
        ahead.load = Load::default();
        ahead.anew = true;
    }

    /// The engine has come to the next event.
    pub fn advance(&self) {
        let step = self.ahead.borrow_mut().steps.pop_front();
        let table = &mut *self.table.borrow_mut();
        for change in step.unwrap_or_default() {
            match change {
                Change::Forget => table.clear(),
                Change::Say(said, bytes) => table.insert(said.0, said.1, bytes),
            }
        }
    }

    /// The engine has come to the end.
    pub fn advance_to_end(&self) {
        while !self.ahead.borrow().steps.is_empty() {
            self.advance();
        }
    }

    fn get(&self, question: &Question) -> Option<Answer> {
        self.table.borrow().get(question).cloned()
    }
}

impl Ahead {
    /// Answers before any event are of no use, and do no harm.
    fn change(&mut self, change: Change) {
        if let Some(step) = self.steps.back_mut() {
            step.push(change);
        }
    }
}

impl Who for Told {
    fn holder(&self, inode: u64) -> Option<Arc<line::Process>> {
        given!(self.get(&Question::Holder(inode))?, Process)
    }

    fn process(&self, of: Task, comm: &[u8], uid: Option<u32>, cgroup: Option<u64>) -> Arc<line::Process> {
        let answer = self.get(&task(of, comm, uid, cgroup));
        let told = answer.and_then(|answer| given!(answer, Process));
        told.unwrap_or_else(|| bare(of, comm, uid))
    }

    fn cgroup(&self, id: u64) -> Option<String> {
        given!(self.get(&Question::Cgroup(id))?, Text)
    }

    fn netns(&self, of: Netns) -> line::Netns {
        netns(of, self.get(&Question::Netns(of)))
    }

    fn device(&self, netns: Netns, ifindex: u32) -> Option<String> {
        given!(self.get(&Question::Device(netns, ifindex))?, Text)
    }

    fn elsewhere(&self, netns: Netns, port: u16) -> Vec<Elsewhere> {
        let answer = self.get(&Question::Elsewhere(netns, port));
        answer.and_then(|answer| given!(answer, Elsewhere)).unwrap_or_default()
    }

    fn tellings(&self, netns: Netns) -> Option<Arc<Tellings>> {
        given!(self.get(&Question::Tellings(netns))?, Tellings)
    }

    fn route(&self, netns: Netns, to: IpAddr) -> Option<Result<(), i32>> {
        given!(self.get(&Question::Route(netns, to))?, Route)
    }

    fn sysctl(&self, netns: Netns, path: &'static str) -> Option<String> {
        given!(self.get(&Question::Sysctl(netns, path.to_owned()))?, Text)
    }

    fn connections(&self, netns: Netns) -> Option<Arc<Vec<Connection>>> {
        given!(self.get(&Question::Connections(netns))?, Connections)
    }

    fn ruleset(&self, netns: Netns) -> Option<Arc<Ruleset>> {
        given!(self.get(&Question::Ruleset(netns))?, Ruleset)
    }

    fn cgroup_programs(&self, cgroup: u64, hook: CgroupHook) -> Option<usize> {
        given!(self.get(&Question::CgroupPrograms(cgroup, hook))?, Count)
    }

    fn is_half_open(&self, netns: Netns, ends: Ends) -> Option<bool> {
        given!(self.get(&Question::IsHalfOpen(netns, ends.a, ends.b))?, Flag)
    }

    fn is_left(&self, netns: Netns, ends: Ends) -> Option<bool> {
        given!(self.get(&Question::IsLeft(netns, ends.a, ends.b))?, Flag)
    }

    fn port_holders(&self, netns: Netns, port: u16) -> Option<PortHolders> {
        given!(self.get(&Question::PortHolders(netns, port))?, PortHolders)
    }

    fn time(&self, boot_ns: u64) -> String {
        self.clock.rfc3339(boot_ns)
    }
}
