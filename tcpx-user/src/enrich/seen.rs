//! What an event makes enrichment look up: a few facts, so that they can go to another process too.

use serde::{Deserialize, Serialize};
use tcpx_common::abi::state;

use super::half_open;
use crate::event::{Comm, Ends, Event, Holders, Name, Netns, Segment, SockFacts, Task, What};

/// One thing to look up at once, as it may be gone when the verdict is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Seen {
    /// Time of the events.
    Time(u64),
    /// A namespace, and a process that is likely in it.
    Namespace(Netns, u32),
    /// A process that was forked, for its namespace.
    Child(u32),
    /// A task that made a system call, and the socket that it holds since, if that matters.
    Caller(Caller),
    /// A socket of which an event at this time told.
    Socket(u64, u64),
    /// A device and its name.
    Device(Netns, u32, Name),
    /// Ends (local first) at which a listener may keep a handshake.
    HalfOpen(Netns, Ends),
}

/// A task that made a system call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    pub(super) time: u64,
    pub(super) task: Task,
    #[serde(with = "bytes")]
    pub(super) comm: Comm,
    pub(super) uid: u32,
    pub(super) cgroup: Option<u64>,
    pub(super) inode: Option<u64>,
}

mod bytes {
    use serde::{Deserialize as _, Deserializer, Serializer};

    use crate::event::Comm;

    pub(super) fn serialize<S: Serializer>(comm: &Comm, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(comm.iter())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Comm, D::Error> {
        Ok(Vec::<u8>::deserialize(from)?.into())
    }
}

/// Tells all that there is to look up for an event.
pub fn each_seen(event: &Event, tell: &mut dyn FnMut(Seen)) {
    tell(Seen::Time(event.time));
    tell(Seen::Namespace(event.netns, event.task.tgid));
    match &event.what {
        What::Bind(bind) => caller(event, &bind.comm, bind.uid, bind.cgroup, bind.inode, tell),
        What::CallFailed(failed) => {
            let bind = &failed.bind;
            caller(event, &bind.comm, bind.uid, bind.cgroup, bind.inode, tell);
            sockets(event.time, None, failed.holders.as_ref(), tell);
        }
        What::State(change) if change.caller => {
            // A client's own socket is named by its attempt; remembering it would drive out the listeners'.
            let inode = change.inode.filter(|_| change.new == state::LISTEN);
            caller(event, &change.comm, change.uid, change.cgroup, inode, tell);
        }
        What::ConnectFailed(failed) => caller(event, &failed.comm, failed.uid, failed.cgroup, None, tell),
        What::Nat(nat) => sockets(event.time, None, nat.holders.as_ref(), tell),
        What::Retransmit(retransmit) => sockets(event.time, None, retransmit.holders.as_ref(), tell),
        What::Untranslated(found) => sockets(event.time, Some(&found.sock), None, tell),
        What::ConnRequest(request) => sockets(event.time, Some(&request.sock), None, tell),
        What::Fork { child } => tell(Seen::Child(*child)),
        _ => packet(event, tell),
    }
}

fn packet(event: &Event, tell: &mut dyn FnMut(Seen)) {
    match &event.what {
        What::Reply(reply) => {
            segment(event.netns, &reply.segment, tell);
            sockets(event.time, reply.sock.as_ref(), reply.holders.as_ref(), tell);
            half_open(event.netns, half_open::of_reply(reply), tell);
        }
        What::Drop(drop) => {
            segment(event.netns, &drop.segment, tell);
            sockets(event.time, None, drop.holders.as_ref(), tell);
        }
        What::ActiveReset(reset) | What::ReceiveReset(reset) => {
            // In SYN_SENT its owner is whoever called connect(); storms of refusals would keep tcpx looking.
            let sock = Some(&reset.sock).filter(|sock| sock.state != state::SYN_SENT);
            sockets(event.time, sock, None, tell);
            half_open(event.netns, half_open::of_reset(reset), tell);
        }
        What::Lookup(found) => segment(event.netns, &found.segment, tell),
        What::Reject(rejected, _) => segment(event.netns, rejected, tell),
        _ => {}
    }
}

fn caller(
    event: &Event,
    comm: &Comm,
    uid: u32,
    cgroup: Option<u64>,
    inode: Option<u64>,
    tell: &mut dyn FnMut(Seen),
) {
    let (time, task, comm) = (event.time, event.task, comm.clone());
    tell(Seen::Caller(Caller { time, task, comm, uid, cgroup, inode }));
}

fn sockets(time: u64, sock: Option<&SockFacts>, holders: Option<&Holders>, tell: &mut dyn FnMut(Seen)) {
    let held = holders.into_iter().flat_map(|holders| &holders.list).filter_map(|holder| holder.inode);
    for inode in sock.and_then(|sock| sock.inode).into_iter().chain(held) {
        tell(Seen::Socket(inode, time));
    }
}

fn half_open(netns: Netns, ends: Option<Ends>, tell: &mut dyn FnMut(Seen)) {
    if let Some(ends) = ends {
        tell(Seen::HalfOpen(netns, ends));
    }
}

fn segment(netns: Netns, segment: &Segment, tell: &mut dyn FnMut(Seen)) {
    if let (Some(ifindex), Some(name)) = (segment.ifindex, &segment.device) {
        tell(Seen::Device(netns, ifindex, Name::clone(name)));
    }
}
