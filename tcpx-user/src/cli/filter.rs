//! Filters of contract section 1: several values mean "any of", several filters mean "all of".
//!
//! Pure: what can be decided in the kernel is decided there as well; this decides on the lines themselves.

pub mod facts;
mod parse;

pub use parse::BadFilter;
pub(crate) use parse::OUTCOMES;

use crate::{
    cli::cidr::Cidr,
    line::{Line, Outcome},
    verdict::VerdictId,
};
use facts::Facts;

/// A namespace as a person names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NetnsName {
    /// By inode number.
    Inum(u32),
    /// By name.
    Name(String),
}

/// What to keep; an empty list keeps all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Processes.
    pub pid: Vec<u32>,
    /// Process names, cut to what the kernel keeps of them.
    pub comm: Vec<String>,
    /// Users.
    pub uid: Vec<u32>,
    /// Networks that either end lies in.
    pub addr: Vec<Cidr>,
    /// Ports of either end.
    pub port: Vec<u16>,
    /// Ports of the local end.
    pub lport: Vec<u16>,
    /// Ports of the remote end.
    pub rport: Vec<u16>,
    /// Namespaces.
    pub netns: Vec<NetnsName>,
    /// cgroups, with all below them.
    pub cgroup: Vec<String>,
    /// How it ended.
    pub outcome: Vec<Outcome>,
    /// Why.
    pub verdict: Vec<VerdictId>,
}

impl Filter {
    /// Whether the line is wanted. Lines about the trace itself always are. What is not known matches no filter.
    #[must_use]
    pub fn keeps(&self, line: &Line) -> bool {
        // The verdict first: it is at hand.
        let told_so = |id| any_of(&self.verdict, |&verdict| verdict == id);
        line.verdict().is_none_or(|verdict| told_so(verdict.id))
            && (self.asks_for_no_facts() || Facts::of(line).is_none_or(|facts| self.matches(&facts)))
    }

    /// Nothing is filtered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.verdict.is_empty() && self.asks_for_no_facts()
    }

    /// All that is filtered by, if anything, is the verdict.
    fn asks_for_no_facts(&self) -> bool {
        let Self { pid, comm, uid, addr, port, lport, rport, netns, cgroup, outcome, verdict: _ } = self;
        let ports = port.is_empty() && lport.is_empty() && rport.is_empty();
        let who = pid.is_empty() && comm.is_empty() && uid.is_empty() && cgroup.is_empty();
        who && ports && addr.is_empty() && netns.is_empty() && outcome.is_empty()
    }

    fn matches(&self, facts: &Facts<'_>) -> bool {
        self.matches_who(facts)
            && any_of(&self.addr, |net| facts.addrs.iter().any(|&addr| net.contains(addr)))
            && any_of(&self.port, |port| facts.local.contains(port) || facts.remote.contains(port))
            && any_of(&self.lport, |port| facts.local.contains(port))
            && any_of(&self.rport, |port| facts.remote.contains(port))
            && any_of(&self.netns, |name| facts.netns.iter().any(|netns| name.is(netns)))
            && any_of(&self.outcome, |outcome| facts.outcomes.contains(outcome))
    }

    fn matches_who(&self, facts: &Facts<'_>) -> bool {
        let anyone = |test: &dyn Fn(&facts::Person<'_>) -> bool| facts.people.iter().any(test);
        any_of(&self.pid, |&pid| anyone(&|who| who.pid == pid || who.tid == Some(pid)))
            && any_of(&self.comm, |comm| anyone(&|who| who.comm == comm))
            && any_of(&self.uid, |&uid| anyone(&|who| who.uid == Some(uid)))
            && any_of(&self.cgroup, |path| anyone(&|who| who.cgroup.is_some_and(|at| is_below(at, path))))
    }
}

impl NetnsName {
    fn is(&self, netns: &crate::line::Netns) -> bool {
        match self {
            Self::Inum(inum) => netns.inum == *inum,
            Self::Name(name) => netns.name.as_ref() == Some(name),
        }
    }
}

/// No value, or one that fits.
fn any_of<T>(values: &[T], fits: impl Fn(&T) -> bool) -> bool {
    values.is_empty() || values.iter().any(fits)
}

/// `/a/b` is below `/a` and below itself; `/ab` is not.
fn is_below(path: &str, top: &str) -> bool {
    let top = top.trim_end_matches('/');
    path.strip_prefix(top).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests;
