//! What the kernel reported, decoded: the language between `source`, `decode` and `correlate`.
//!
//! Times are nanoseconds of the boot clock. Nothing here explains anything; an absent fact is `None`.

mod call;
mod drop;
mod handshake;
mod holder;
mod icmp;
mod lookup;
mod names;
mod nat;
mod reset;
mod segment;
mod socket;
mod state;

use std::sync::Arc;

pub use tcpx_common::abi::{Backend, Hook};

pub use call::{Bind, CallFailed, ConnectFailed, DeniedBy, ServerCall};
pub use drop::Drop;
pub use handshake::{ConnRequest, Met, MiniSocket, Refused, Retransmit};
pub use holder::{Holder, Holders, ListenLimits};
pub use icmp::Icmp;
pub use lookup::{LookedUp, Lookups, Miss, Place};
pub use names::{Comm, Ends, Name, Netns, SockPtr, Task};
pub use nat::{Nat, Untranslated};
pub use reset::{HookNumber, Numbers, Quiet, Reached, Reply, SockReset};
pub use segment::{Arrival, Segment};
pub use socket::{SockFacts, Timers};
pub use state::StateChange;

/// One record of the ring or of a recording.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Boot clock, ns.
    pub time: u64,
    /// Where it happened; `inum` 0 if the hook could not tell.
    pub netns: Netns,
    /// Who was running: the subject only where the kind says so.
    pub task: Task,
    /// Which hook, or `None` for [`What::Tick`].
    pub hook: Option<Hook>,
    /// How it was attached.
    pub backend: Backend,
    /// The running task belongs to the traced command.
    pub in_scope: bool,
    /// A [`What::Stack`] with the same time follows.
    pub has_stack: bool,
    /// The facts.
    pub what: What,
}

impl Event {
    /// What no hook reports: the reader's own word about the stream.
    #[must_use]
    pub fn of_stream(time: u64, hook: Option<Hook>, what: What) -> Self {
        let (netns, task) = (Netns::default(), Task::default());
        let backend = Backend::Tracepoint;
        Self { time, netns, task, hook, backend, in_scope: false, has_stack: false, what }
    }
}

/// Facts by kind. See `tcpx_common::event` for what each field is. They do not change any more: whoever keeps one shares it.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// A socket changed state.
    State(Arc<StateChange>),
    /// connect() failed without a SYN; the task is the caller.
    ConnectFailed(Arc<ConnectFailed>),
    /// bind() ended; the task is the caller.
    Bind(Arc<Bind>),
    /// bind() or listen() failed; the task is the caller.
    CallFailed(Arc<CallFailed>),
    /// The lookups of a SYN or SYN-ACK.
    Lookup(Arc<LookedUp>),
    /// A RST in answer to a segment.
    Reply(Arc<Reply>),
    /// A socket sends a RST of its own accord.
    ActiveReset(Arc<SockReset>),
    /// A RST reached a socket.
    ReceiveReset(Arc<SockReset>),
    /// An open connection came to CLOSE because of an error that no received RST left.
    Death(Arc<SockReset>),
    /// An ICMP error reached TCP.
    Icmp(Arc<Icmp>),
    /// This host sends an ICMP error about a TCP segment.
    IcmpSend(Arc<Icmp>),
    /// Netfilter answers a segment with a RST.
    Reject(Arc<Segment>, HookNumber),
    /// A SYN reached a listener one of whose queues may be full, or that refused it.
    ConnRequest(Arc<ConnRequest>),
    /// A handshake segment met a request socket or a TIME_WAIT record, which did not take it.
    MiniSocket(Arc<MiniSocket>),
    /// A handshake segment was thrown away.
    Drop(Arc<Drop>),
    /// A SYN was sent again.
    Retransmit(Arc<Retransmit>),
    /// Conntrack translates the flow of a segment.
    Nat(Arc<Nat>),
    /// A segment that finds no socket fits the sequence numbers of an open one.
    Untranslated(Arc<Untranslated>),
    /// The traced command started a process.
    Fork {
        /// Its process id.
        child: u32,
    },
    /// Return addresses, innermost first, of the event with the same time.
    Stack(Vec<u64>),
    /// Records of `hook` that were lost, of which the reader has just learned; none: it is still behind a gap.
    Lost {
        /// How many.
        count: u64,
    },
    /// Nothing happened; time has come so far.
    Tick,
    /// A record of a kind that this tcpx does not know.
    Unknown {
        /// Its number.
        kind: u8,
    },
}
