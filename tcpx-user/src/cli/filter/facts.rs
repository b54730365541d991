//! What of a line a filter can ask about.

use std::net::IpAddr;

use smallvec::{SmallVec, smallvec};

use crate::line::{
    Attempt, CallLine, Death, DropLine, End, FlowLine, Line, Netns, Outcome, Owner, Process, Reset,
};

/// Somebody whom a line is about.
pub struct Person<'a> {
    /// Process id.
    pub pid: u32,
    /// Thread id.
    pub tid: Option<u32>,
    /// Name.
    pub comm: &'a str,
    /// User.
    pub uid: Option<u32>,
    /// cgroup path.
    pub cgroup: Option<&'a str>,
}

/// The facts of an attempt, a reset, a drop or a call. Made for each line that is filtered: those of most need no allocation.
pub struct Facts<'a> {
    /// Processes at either end.
    pub people: SmallVec<[Person<'a>; 2]>,
    /// Addresses of either end, and those that connect() was given.
    pub addrs: SmallVec<[IpAddr; 6]>,
    /// Ports of ends on this host.
    pub local: SmallVec<[u16; 3]>,
    /// Ports of what those ends talk to.
    pub remote: SmallVec<[u16; 3]>,
    /// Namespaces of either end.
    pub netns: SmallVec<[&'a Netns; 2]>,
    /// How it ended: a reset that ended an attempt counts as both words for it.
    pub outcomes: SmallVec<[Outcome; 2]>,
}

impl<'a> Facts<'a> {
    /// `None` for lines about the trace itself.
    #[must_use]
    pub fn of(line: &'a Line) -> Option<Self> {
        match line {
            Line::Attempt(attempt) => Some(Self::of_attempt(attempt)),
            Line::Reset(reset) => Some(Self::of_reset(reset)),
            Line::Drop(drop) => Some(Self::of_drop(drop)),
            Line::Death(death) => Some(Self::of_death(death)),
            Line::Call(call) => Some(Self::of_call(call)),
            Line::Start(_) | Line::Loss(_) | Line::Summary(_) => None,
        }
    }

    fn of_attempt(attempt: &'a Attempt) -> Self {
        let (nat_local, nat_remote) =
            attempt.nat.map_or((None, None), |nat| (Some(nat.local), Some(nat.remote)));
        let local = [attempt.local, nat_local];
        let remote = [attempt.remote, attempt.requested, nat_remote];
        Self {
            people: attempt.process.iter().map(|process| Person::of_process(process)).collect(),
            addrs: local.iter().chain(&remote).flatten().map(|end| end.addr).collect(),
            local: local.iter().flatten().map(|end| end.port).collect(),
            remote: remote.iter().flatten().map(|end| end.port).collect(),
            netns: smallvec![&attempt.netns],
            outcomes: smallvec![attempt.outcome],
        }
    }

    fn of_reset(reset: &'a Reset) -> Self {
        let ends = [reset.sender.as_ref(), reset.receiver.as_ref()];
        let flow = reset.flow;
        let (mut local, mut remote) = (SmallVec::new(), SmallVec::new());
        for end in ends.iter().flatten() {
            local.push(end.port);
            remote.push(if end.port == flow.sport { flow.dport } else { flow.sport });
        }
        Self {
            people: ends
                .iter()
                .flatten()
                .filter_map(|end| end.owner.as_ref())
                .map(Person::of_owner)
                .collect(),
            addrs: addrs(flow, &ends),
            local,
            remote,
            netns: ends.iter().flatten().map(|end| &end.netns).collect(),
            outcomes: outcomes(reset),
        }
    }

    fn of_death(death: &'a Death) -> Self {
        Self {
            people: death.process.iter().map(|process| Person::of_process(process)).collect(),
            addrs: death.local.iter().chain(&death.remote).map(|end| end.addr).collect(),
            local: death.local.iter().map(|end| end.port).collect(),
            remote: death.remote.iter().map(|end| end.port).collect(),
            netns: smallvec![&death.netns],
            outcomes: smallvec![death.outcome],
        }
    }

    fn of_call(call: &'a CallLine) -> Self {
        let people =
            call.process.iter().chain(call.holders.iter().filter_map(|holder| holder.process.as_ref()));
        Self {
            people: people.map(|process| Person::of_process(process)).collect(),
            addrs: smallvec![call.requested.addr],
            local: smallvec![call.requested.port],
            remote: SmallVec::new(),
            netns: smallvec![&call.netns],
            outcomes: smallvec![if matches!(call.errno.as_str(), "EACCES" | "EPERM") {
                Outcome::Denied
            } else {
                Outcome::Failed
            }],
        }
    }

    fn of_drop(drop: &'a DropLine) -> Self {
        let FlowLine { saddr, sport, daddr, dport } = drop.flow;
        // The segment was on its way in, so its destination is here; its source is too if an attempt of ours lost it.
        let (mut local, mut remote) = (smallvec![dport], smallvec![sport]);
        if drop.attempt.is_some() {
            local.push(sport);
            remote.push(dport);
        }
        Self {
            people: drop.process.iter().map(|process| Person::of_process(process)).collect(),
            addrs: smallvec![saddr, daddr],
            local,
            remote,
            netns: smallvec![&drop.netns],
            outcomes: SmallVec::new(),
        }
    }
}

impl<'a> Person<'a> {
    fn of_process(process: &'a Process) -> Self {
        let cgroup = process.cgroup.as_deref();
        Self { pid: process.pid, tid: process.tid, comm: &process.comm, uid: process.uid, cgroup }
    }

    fn of_owner(owner: &'a Owner) -> Self {
        Self { pid: owner.pid, tid: None, comm: &owner.comm, uid: None, cgroup: None }
    }
}

fn addrs(flow: FlowLine, ends: &[Option<&End>]) -> SmallVec<[IpAddr; 6]> {
    let of_flow = [flow.saddr, flow.daddr];
    of_flow.into_iter().chain(ends.iter().flatten().map(|end| end.addr)).collect()
}

/// An RST to a SYN refuses it; any other resets a connection. One that ended an attempt of this host may be called
/// either: its errno decides, and that stands in the attempt.
fn outcomes(reset: &Reset) -> SmallVec<[Outcome; 2]> {
    match (reset.attempt, answers_syn(reset)) {
        (Some(_), _) => smallvec![Outcome::Refused, Outcome::Reset],
        (None, true) => smallvec![Outcome::Refused],
        (None, false) => smallvec![Outcome::Reset],
    }
}

/// The RST answers a SYN that came in: somebody was refused.
#[must_use]
pub fn answers_syn(reset: &Reset) -> bool {
    use crate::line::Origin::{Netfilter, Reply};
    let replied = matches!(reset.origin, Reply | Netfilter);
    replied && reset.segment.as_ref().is_some_and(|segment| segment.flags == "S")
}
