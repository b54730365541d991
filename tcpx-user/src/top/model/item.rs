//! One result: what the text output would tell as one block.

use std::net::IpAddr;

use crate::{
    cli::filter::facts::answers_syn,
    line::{Death, Endpoint, Reset},
    sink::text::{Group, Main, is_noteworthy},
    verdict::VerdictId,
};

/// A process, as its results call it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProcessKey {
    /// Name. Not escaped.
    pub comm: String,
    /// Id.
    pub pid: u32,
}

/// The other end: a service that was called, or a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Peer {
    /// Address.
    pub addr: IpAddr,
    /// Port, where this host chose it: that of one who calls means nothing.
    pub port: Option<u16>,
}

/// A result, and what it is counted under.
#[derive(Debug)]
pub struct Item {
    /// Grows from one to the next.
    pub seq: u64,
    /// Second in which it was told.
    pub second: u64,
    /// It is no failure.
    pub worked: bool,
    /// Whose it is, if known: of a RST between two processes of this host, whom it hit.
    pub process: Option<ProcessKey>,
    /// The other end, if there is one.
    pub peer: Option<Peer>,
    /// All of it.
    pub(crate) group: Group,
}

impl Item {
    /// A result that was told in this second.
    pub(crate) fn new(group: Group, seq: u64, second: u64) -> Self {
        let main = &group.main;
        let (worked, process, peer) = (!is_noteworthy(main), process(main), peer(main));
        Self { seq, second, worked, process, peer, group }
    }

    /// Why it ended so.
    #[must_use]
    pub const fn verdict(&self) -> VerdictId {
        self.group.main.verdict().id
    }

    /// The id of its line.
    #[must_use]
    pub const fn id(&self) -> u64 {
        match &self.group.main {
            Main::Attempt(attempt) => attempt.id,
            Main::Reset(reset) => reset.id,
            Main::Drop(drop) => drop.id,
            Main::Death(death) => death.id,
            Main::Call(call) => call.id,
        }
    }

    /// The verdict that it was told with before.
    #[must_use]
    pub const fn was(&self) -> Option<VerdictId> {
        match &self.group.main {
            Main::Attempt(attempt) => attempt.was,
            Main::Reset(reset) => reset.was,
            Main::Drop(_) | Main::Death(_) | Main::Call(_) => None,
        }
    }

    /// Nothing is known to be lost that mattered for it.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let main = match &self.group.main {
            Main::Attempt(attempt) => attempt.complete,
            Main::Reset(reset) => reset.complete,
            Main::Drop(drop) => drop.complete,
            Main::Death(death) => death.complete,
            Main::Call(call) => call.complete,
        };
        let resets = self.group.resets.iter().map(|reset| reset.complete);
        let drops = self.group.drops.iter().map(|drop| drop.complete);
        resets.chain(drops).chain([main]).all(|complete| complete != Some(false))
    }

    /// RFC 3339.
    #[must_use]
    pub fn time(&self) -> &str {
        match &self.group.main {
            Main::Attempt(attempt) => &attempt.time,
            Main::Reset(reset) => &reset.time,
            Main::Drop(drop) => &drop.time,
            Main::Death(death) => &death.time,
            Main::Call(call) => &call.time,
        }
    }
}

fn process(main: &Main) -> Option<ProcessKey> {
    let (comm, pid) = match main {
        Main::Reset(reset) => {
            let ends = [&reset.receiver, &reset.sender];
            let owner = ends.into_iter().flatten().find_map(|end| end.owner.as_ref())?;
            (&owner.comm, owner.pid)
        }
        Main::Attempt(attempt) => attempt.process.as_ref().map(|process| (&process.comm, process.pid))?,
        Main::Drop(drop) => drop.process.as_ref().map(|process| (&process.comm, process.pid))?,
        Main::Death(death) => death.process.as_ref().map(|process| (&process.comm, process.pid))?,
        Main::Call(call) => call.process.as_ref().map(|process| (&process.comm, process.pid))?,
    };
    Some(ProcessKey { comm: comm.clone(), pid })
}

fn peer(main: &Main) -> Option<Peer> {
    let host = |addr| Some(Peer { addr, port: None });
    let service = |end: Endpoint| Peer { addr: end.addr, port: Some(end.port) };
    match main {
        Main::Attempt(attempt) => attempt.requested.or(attempt.remote).map(service),
        Main::Reset(reset) => host(other_host(reset)),
        // The segment was on its way in.
        Main::Drop(drop) => host(drop.flow.saddr),
        Main::Death(death) => peer_of_death(death),
        Main::Call(_) => None,
    }
}

/// It called where it was opened by an attempt; else it may have been called.
fn peer_of_death(death: &Death) -> Option<Peer> {
    let remote = death.remote?;
    Some(Peer { addr: remote.addr, port: death.attempt.map(|_| remote.port) })
}

/// Who called, of a call that was refused here; else who the end that was hit talked to.
fn other_host(reset: &Reset) -> IpAddr {
    let flow = reset.flow;
    match &reset.receiver {
        Some(_) if !(answers_syn(reset) && reset.sender.is_some()) => flow.saddr,
        Some(_) | None => flow.daddr,
    }
}
