//! What the kernel reported, decoded: the language between `source`, `decode` and `correlate`.
//!
//! Times are nanoseconds of the boot clock. Nothing here explains anything; an absent fact is `None`.

use std::{
    hash::{Hash, Hasher},
    net::SocketAddr,
    sync::Arc,
};

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use tcpx_common::abi::state;
pub use tcpx_common::abi::{Backend, Hook};

/// A network namespace: the inode number is what people see, the cookie tells two with the same number apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Netns {
    /// `net.ns.inum`; 0 if unknown.
    pub inum: u32,
    /// `net.net_cookie`; 0 where the kernel gives none (up to 5.11, lazily).
    pub cookie: u64,
}

/// The running task, by its numbers in the root namespace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Task {
    /// Process id.
    pub tgid: u32,
    /// Thread id.
    pub tid: u32,
}

/// Address of a `struct sock`: a name that is reused after the socket's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SockPtr(pub u64);

/// Two ends. For a socket `a` is local, for a packet `a` is the source. Either may have port 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Ends {
    /// Local end, or source.
    pub a: SocketAddr,
    /// Remote end, or destination.
    pub b: SocketAddr,
}

impl Ends {
    /// The same two ends seen from the other side.
    #[must_use]
    pub const fn flipped(self) -> Self {
        Self { a: self.b, b: self.a }
    }
}

impl Hash for Ends {
    /// Many tables are asked by it for each record, so what is all of two IPv4 ends goes in at once.
    fn hash<H: Hasher>(&self, state: &mut H) {
        match (self.a, self.b) {
            (SocketAddr::V4(a), SocketAddr::V4(b)) => {
                state.write_u64(u64::from(a.ip().to_bits()) << 32 | u64::from(b.ip().to_bits()));
                state.write_u32(u32::from(a.port()) << 16 | u32::from(b.port()));
            }
            both => both.hash(state),
        }
    }
}

/// The name of an enum value of the kernel that reported it.
pub type Name = Arc<str>;

/// The name of a task, as the kernel has it: any bytes, at most 15.
pub type Comm = SmallVec<[u8; 16]>;

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

/// NF_INET_* number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HookNumber(pub u32);

/// A socket changed state.
#[derive(Clone, Debug, PartialEq)]
pub struct StateChange {
    /// The socket.
    pub sk: SockPtr,
    /// Local and remote. At CLOSE to SYN_SENT the local port may still be 0.
    pub ends: Ends,
    /// What connect() was given, if that was seen.
    pub requested: Option<SocketAddr>,
    /// State before (`tcpx_common::abi::state`).
    pub old: u8,
    /// State after.
    pub new: u8,
    /// A process holds the socket.
    pub held: bool,
    /// Listening on IPv6 only.
    pub v6only: bool,
    /// The running task made the system call.
    pub caller: bool,
    /// Inode of the socket's file.
    pub inode: Option<u64>,
    /// cgroup id of the socket.
    pub cgroup: Option<u64>,
    /// Owner.
    pub uid: u32,
    /// `sk_err`, 0 for none.
    pub err: u16,
    /// `sk_err_soft`, 0 for none.
    pub err_soft: u16,
    /// Initial sequence number while nothing is acknowledged; 0 at CLOSE to SYN_SENT.
    pub snd_una: u32,
    /// Next byte to send.
    pub snd_nxt: u32,
    /// Next byte expected.
    pub rcv_nxt: u32,
    /// SYNs sent again.
    pub total_retrans: u32,
    /// Device that the socket is bound to, or 0.
    pub bound_dev: u32,
    /// Name of the running task, as the kernel has it.
    pub comm: Comm,
}

/// Who refused a system call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeniedBy {
    /// A security module (SELinux, AppArmor, Landlock, BPF LSM).
    SecurityModule,
    /// A BPF program of a cgroup.
    CgroupProgram,
}

/// connect() failed without a SYN.
#[derive(Clone, Debug, PartialEq)]
pub struct ConnectFailed {
    /// Where to.
    pub requested: SocketAddr,
    /// The socket, if known.
    pub sk: Option<SockPtr>,
    /// Positive errno.
    pub errno: i32,
    /// Who refused it, where that was seen.
    pub denied_by: Option<DeniedBy>,
    /// User of the task.
    pub uid: u32,
    /// cgroup of the task.
    pub cgroup: Option<u64>,
    /// Name of the task.
    pub comm: Comm,
}

/// bind() ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Bind {
    /// What it was given.
    pub requested: SocketAddr,
    /// The socket, if known.
    pub sk: Option<SockPtr>,
    /// Inode of the socket's file.
    pub inode: Option<u64>,
    /// 0 or a positive errno.
    pub errno: i32,
    /// Port that the socket has now.
    pub port: u16,
    /// User of the task.
    pub uid: u32,
    /// cgroup of the task.
    pub cgroup: Option<u64>,
    /// Name of the task.
    pub comm: Comm,
}

/// The calls that make a socket a server's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerCall {
    /// bind()
    Bind,
    /// listen()
    Listen,
}

/// bind() or listen() failed.
#[derive(Clone, Debug, PartialEq)]
pub struct CallFailed {
    /// Which.
    pub call: ServerCall,
    /// Who, and what it was given; for listen() the address that the socket is bound to.
    pub bind: Bind,
    /// Who refused it, where that was seen.
    pub denied_by: Option<DeniedBy>,
    /// Who holds the port, if it is taken.
    pub holders: Option<Holders>,
}

/// A TCP segment, from its headers.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// Source and destination.
    pub ends: Ends,
    /// Sequence number.
    pub seq: u32,
    /// Acknowledgement number.
    pub ack: u32,
    /// Bytes of payload.
    pub payload: u32,
    /// Window, unscaled.
    pub window: u16,
    /// IPv4 identification.
    pub ip_id: u16,
    /// `tcpx_common::abi::tcp_flag`.
    pub flags: u8,
    /// Time to live or hop limit.
    pub ttl: u8,
    /// Device that it came in on.
    pub device: Option<Name>,
    /// Its index.
    pub ifindex: Option<u32>,
}

impl Segment {
    /// A first SYN: SYN without ACK and without RST.
    #[must_use]
    pub const fn is_syn(&self) -> bool {
        use tcpx_common::abi::tcp_flag::{ACK, RST, SYN};
        self.flags & (SYN | ACK | RST) == SYN
    }

    /// A SYN or SYN-ACK.
    #[must_use]
    pub const fn has_syn(&self) -> bool {
        self.flags & tcpx_common::abi::tcp_flag::SYN != 0
    }
}

/// Hit or miss, as observed; `None` where this backend did not see the lookup.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lookups {
    /// In the established hash: the socket found and its state, or a miss.
    pub established: Option<Result<(SockPtr, u8), Miss>>,
    /// In the listener hash.
    pub listener: Option<Result<SockPtr, Miss>>,
    /// A BPF program that the listener lookup asked was seen to refuse the segment.
    pub denied: bool,
    /// `tcp_v4_rcv` or `tcp_v6_rcv` was seen to take the segment.
    pub received: bool,
    /// The segment brought the socket of `established` there: early demux (`ip_rcv_finish_core`) had looked it up, or TPROXY
    /// or BPF had assigned it.
    pub brought: bool,
}

/// What is special about the place where a SYN found no socket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// A BPF program of type sk_lookup is attached to the network namespace.
    pub sk_lookup: bool,
    /// The device that the SYN came in on is the master of a VRF.
    pub vrf: bool,
}

/// The lookup returned no socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Miss;

/// The lookups of a SYN or SYN-ACK.
#[derive(Clone, Debug, PartialEq)]
pub struct LookedUp {
    /// Which.
    pub segment: Segment,
    /// What they gave.
    pub lookups: Lookups,
    /// The listener that gets a SYN: found, or given to it before by TPROXY or a BPF program.
    pub listener: Option<Holder>,
}

impl LookedUp {
    /// The listener, if it is not one for the address and port to which the SYN was sent.
    #[must_use]
    pub fn given_to(&self) -> Option<&Holder> {
        let wanted = self.segment.ends.b;
        self.listener.as_ref().filter(|found| {
            found.addr.port() != wanted.port()
                || !crate::correlate::sender::takes(found.addr.ip(), found.v6only, wanted.ip())
        })
    }
}

/// A RST in answer to a segment.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// What is answered.
    pub segment: Segment,
    /// Its lookups.
    pub lookups: Lookups,
    /// `enum sk_rst_reason`, where the kernel has one.
    pub reason: Option<Name>,
    /// State of the socket that answers; 0 for none.
    pub sk_state: u8,
    /// The socket, if it is a full one.
    pub sock: Option<SockFacts>,
    /// When that socket's connection was opened (boot clock, ns), if that was seen.
    pub opened: Option<u64>,
    /// Who holds the port, if a SYN found no socket and the walk was possible.
    pub holders: Option<Holders>,
    /// Where that was.
    pub place: Place,
}

/// A full socket.
#[derive(Clone, Debug, PartialEq)]
pub struct SockFacts {
    /// Which.
    pub sk: SockPtr,
    /// Inode of its file; `None` if no process holds it.
    pub inode: Option<u64>,
    /// cgroup id.
    pub cgroup: Option<u64>,
    /// Owner.
    pub uid: u32,
    /// TCP state.
    pub state: u8,
    /// A process holds it.
    pub held: bool,
    /// A process has closed it. What is neither held nor closed was never accepted.
    pub dead: bool,
    /// SO_LINGER's time in jiffies, if it is on.
    pub linger: Option<u32>,
    /// RCV_SHUTDOWN 1, SEND_SHUTDOWN 2.
    pub shutdown: u8,
    /// `sk_err`.
    pub err: u16,
    /// `sk_err_soft`.
    pub err_soft: u16,
    /// First unacknowledged byte.
    pub snd_una: u32,
    /// Next byte to send.
    pub snd_nxt: u32,
    /// Next byte expected.
    pub rcv_nxt: u32,
    /// First byte that the application has not read.
    pub copied_seq: u32,
    /// Retransmissions in the connection's life.
    pub total_retrans: u32,
    /// Since data last went out or came in, ns.
    pub idle_ns: u64,
    /// Bytes acknowledged by the peer.
    pub bytes_acked: u64,
    /// Bytes received.
    pub bytes_received: u64,
    /// Connections that wait for accept(), and how many may.
    pub backlog: (u32, u32),
    /// It is a subflow of MPTCP, or the listener of one.
    pub mptcp: bool,
    /// A listener that takes SYN cookies: since it last sent one, ns.
    pub cookie_age_ns: Option<u64>,
}

/// Sockets that hold a port.
#[derive(Clone, Debug, PartialEq)]
pub struct Holders {
    /// The first of them.
    pub list: Vec<Holder>,
    /// The walk came to its end and all that it found is in `list`: what is not here was not there.
    pub complete: bool,
    /// What listeners are allowed in this namespace.
    pub limits: ListenLimits,
}

/// What a namespace allows listeners.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListenLimits {
    /// `net.core.somaxconn`.
    pub somaxconn: u32,
    /// `net.ipv4.tcp_max_syn_backlog`.
    pub max_syn_backlog: u32,
    /// `net.ipv4.tcp_syncookies`.
    pub syncookies: u8,
}

/// A socket that holds a port.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of the socket, independent of the others"
)]
pub struct Holder {
    /// Which.
    pub sk: SockPtr,
    /// Inode of its file; `None` if no process holds it.
    pub inode: Option<u64>,
    /// cgroup id.
    pub cgroup: Option<u64>,
    /// Owner.
    pub uid: u32,
    /// Local address and port.
    pub addr: SocketAddr,
    /// It listens; else it is only bound.
    pub listening: bool,
    /// IPv6 only.
    pub v6only: bool,
    /// A BPF program chooses among the sockets of its SO_REUSEPORT group.
    pub reuseport_program: bool,
    /// Device that it is bound to, or 0.
    pub bound_dev: u32,
    /// Connections that wait for accept(), and how many may.
    pub backlog: (u32, u32),
    /// Request sockets that wait for the handshake's last ACK.
    pub syn_backlog: u32,
    /// TCP_DEFER_ACCEPT, in retransmissions of the SYN-ACK; 0 if it is off.
    pub defer_accept: u8,
    /// It has a filter, or its cgroup has one for what comes in; asked only where drops have no reasons.
    pub filtered: bool,
}

impl Holder {
    /// It listens on this port, and on this address or on all.
    #[must_use]
    pub fn listens_at(&self, wanted: SocketAddr) -> bool {
        self.listening && (self.addr.ip().is_unspecified() || self.addr.ip() == wanted.ip())
    }

    /// As `sk_acceptq_is_full` has it.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.backlog.0 > self.backlog.1
    }

    /// A listener that the lookup for a SYN to `wanted` finds, whatever the SYN came in on.
    #[must_use]
    pub fn listens_for(&self, wanted: SocketAddr) -> bool {
        let any =
            self.addr.ip().is_unspecified() && (self.addr.is_ipv4() == wanted.is_ipv4() || !self.v6only);
        let reaches = any && (self.addr.is_ipv6() || wanted.is_ipv4());
        self.listening && self.bound_dev == 0 && (reaches || self.addr.ip() == wanted.ip())
    }
}

/// What ends a connection from within.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timers {
    /// Keepalive or window probes without an answer.
    pub probes_out: u8,
    /// Retransmissions of the same data without an answer.
    pub retransmits: u8,
    /// TCP_USER_TIMEOUT in ms; 0 if unset.
    pub user_timeout: u32,
    /// TCP_LINGER2 in jiffies; 0 if unset, negative for no FIN_WAIT2 at all.
    pub linger2: i32,
}

/// A RST from or to a socket, or the death of its connection without one.
#[derive(Clone, Debug, PartialEq)]
pub struct SockReset {
    /// Local and remote.
    pub ends: Ends,
    /// The socket, before the reset changed it.
    pub sock: SockFacts,
    /// Its timers.
    pub timers: Timers,
    /// When the connection was opened (boot clock, ns), if that was seen.
    pub opened: Option<u64>,
    /// The RST that came in, where this backend sees it.
    pub segment: Option<Segment>,
    /// `enum sk_rst_reason`, where the kernel has one.
    pub reason: Option<Name>,
    /// Name of the running task.
    pub comm: Comm,
    /// How the segment came that completed the handshake, if that was seen.
    pub handshake: Option<Arrival>,
    /// For a RST that came in and of which `tcp_reset` does not know: how it met what it reached.
    pub quiet: Option<Quiet>,
    /// This RST ended an attempt, and no change of state tells that.
    pub refuses: bool,
}

/// What `tcp_reset` leaves in a socket in SYN_SENT.
const ECONNREFUSED: u16 = 111;

impl SockReset {
    /// The change of state that the RST brought about, if only this record tells it: `tcp_reset` gives a socket in SYN_SENT
    /// ECONNREFUSED and closes it.
    #[must_use]
    pub fn refusal(&self) -> Option<StateChange> {
        let SockFacts { sk, err_soft, snd_una, snd_nxt, rcv_nxt, total_retrans, .. } = self.sock;
        self.refuses.then(|| StateChange {
            sk,
            ends: self.ends,
            requested: None,
            old: state::SYN_SENT,
            new: state::CLOSE,
            held: self.sock.held,
            v6only: false,
            caller: false,
            inode: None,
            cgroup: None,
            uid: 0,
            err: ECONNREFUSED,
            err_soft,
            snd_una,
            snd_nxt,
            rcv_nxt,
            total_retrans,
            bound_dev: 0,
            comm: Comm::new(),
        })
    }

    /// The sequence number by which the sender knows it: while only its SYN was sent, a socket knows its own initial one;
    /// later, what it expects from the peer. What was not obeyed need not have that.
    #[must_use]
    pub fn number(&self) -> u32 {
        match (self.quiet, &self.segment) {
            (Some(_), Some(rst)) => rst.seq,
            _ if self.sock.state == state::SYN_SENT => self.sock.snd_una,
            _ => self.sock.rcv_nxt,
        }
    }
}

/// How a segment came to this host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Time to live or hop limit.
    pub ttl: u8,
    /// IPv4 identification.
    pub ip_id: u16,
    /// Index of the device that it came in on.
    pub ifindex: Option<u32>,
}

/// How a RST met a request socket, a TIME_WAIT record, or a full socket that did not obey it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quiet {
    /// What was expected, where that is known.
    pub numbers: Option<Numbers>,
    /// What it met, and what became of that.
    pub met: Reached,
    /// It was seen as it was freed, not by the function that judges it.
    pub freed: bool,
}

/// What a RST met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reached {
    /// A request socket; `SockReset::sock` is its listener.
    Request {
        /// It is gone; `None` if that was not seen.
        ended: Option<bool>,
    },
    /// A TIME_WAIT record.
    TimeWait {
        /// It is gone.
        ended: bool,
        /// The state that it stands for: FIN_WAIT2 or TIME_WAIT.
        substate: u8,
        /// net.ipv4.tcp_rfc1337
        rfc1337: bool,
    },
    /// A full socket, which did not obey it.
    Full,
}

/// Sequence numbers that a socket takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbers {
    /// The next one.
    pub next: u32,
    /// End of the window, inclusive.
    pub until: u32,
}

impl Numbers {
    /// Not behind the next one, and in the window (`tcp_in_window`, `tcp_sequence`, for a segment without data).
    #[must_use]
    pub const fn take(&self, seq: u32) -> bool {
        seq.wrapping_sub(self.next) <= self.until.wrapping_sub(self.next)
    }
}

/// An ICMP error about a TCP segment.
#[derive(Clone, Debug, PartialEq)]
pub struct Icmp {
    /// Source and destination of the quoted segment, as it was sent.
    pub ends: Ends,
    /// Its sequence number.
    pub seq: u32,
    /// Type.
    pub icmp_type: u8,
    /// Code.
    pub icmp_code: u8,
    /// Who sent it; `None` when this host sends.
    pub from: Option<std::net::IpAddr>,
    /// TTL of the ICMP packet; `None` when this host sends.
    pub ttl: Option<u8>,
    /// Device that it came in on.
    pub device: Option<Name>,
}

/// Why a listener passed over a SYN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// One of its queues may be full.
    Queues,
    /// There is no route back to the client.
    NoRoute,
    /// A security module said no.
    Security,
}

/// A SYN at a listener that may not take it.
#[derive(Clone, Debug, PartialEq)]
pub struct ConnRequest {
    /// The SYN.
    pub segment: Segment,
    /// The listener.
    pub sock: SockFacts,
    /// Request sockets that wait for the handshake's last ACK.
    pub syn_backlog: u32,
    /// What listeners are allowed.
    pub limits: ListenLimits,
    /// Why.
    pub refused: Refused,
}

/// A handshake segment that a small socket did not take.
#[derive(Clone, Debug, PartialEq)]
pub struct MiniSocket {
    /// The segment.
    pub segment: Segment,
    /// What it met.
    pub met: Met,
}

/// A small socket.
#[derive(Clone, Debug, PartialEq)]
pub enum Met {
    /// A request socket: a handshake that waits for its last ACK.
    Request {
        /// Its listener.
        sock: Box<SockFacts>,
        /// Request sockets of that listener.
        syn_backlog: u32,
        /// What listeners are allowed.
        limits: ListenLimits,
        /// The last ACK has come and was passed over.
        acked: bool,
        /// TCP_DEFER_ACCEPT of the listener, in retransmissions of the SYN-ACK; 0 if it is off.
        defer_accept: u8,
        /// How often the SYN-ACK has timed out.
        timeouts: u8,
    },
    /// A record of a closed connection.
    TimeWait {
        /// The next byte that the connection expected.
        rcv_nxt: u32,
        /// FIN_WAIT2 or TIME_WAIT.
        substate: u8,
        /// The SYN was answered with an ACK.
        answered: bool,
    },
}

impl MiniSocket {
    /// The listener waits for data, as TCP_DEFER_ACCEPT has it (`tcp_check_req`).
    #[must_use]
    pub fn is_deferred(&self) -> bool {
        let bare = self.segment.payload == 0 && !self.segment.has_syn();
        let Met::Request { acked: true, defer_accept, timeouts, .. } = &self.met else { return false };
        bare && timeouts < defer_accept
    }

    /// The segment came to nothing. A SYN that comes again is answered with the SYN-ACK again.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        match self.met {
            Met::Request { acked, .. } => acked && !self.segment.has_syn(),
            Met::TimeWait { .. } => true,
        }
    }
}

/// A handshake segment that was thrown away.
#[derive(Clone, Debug, PartialEq)]
pub struct Drop {
    /// The segment.
    pub segment: Segment,
    /// Its lookups.
    pub lookups: Lookups,
    /// Where in the kernel.
    pub location: Option<u64>,
    /// The function around `location`, where kallsyms could be read.
    pub function: Option<Name>,
    /// `enum skb_drop_reason`, where the kernel has one.
    pub reason: Option<Name>,
    /// This is how a SYN without a socket shows on this backend: a RST answers it.
    pub no_socket: bool,
    /// Who holds the port, as in [`Reply`].
    pub holders: Option<Holders>,
    /// As in [`Reply`].
    pub place: Place,
    /// State of the socket that the kernel names with the drop, if it names one.
    pub for_state: Option<u8>,
}

impl Drop {
    /// What only looks like a SYN without a socket: `tcp_v4_rcv` freed it, and without reasons (5.10) that is all that is
    /// seen, but a listener would have taken it, and no program or device stood between them.
    #[must_use]
    pub fn found_its_listener(&self) -> bool {
        let wanted = self.segment.ends.b;
        let mut holders = self.holders.iter().flat_map(|holders| &holders.list);
        let takes = |holder: &Holder| holder.listens_for(wanted) && !holder.reuseport_program;
        self.reason.is_none() && !self.place.sk_lookup && !self.place.vrf && holders.any(takes)
    }

    /// The segment has SYN, but was freed as one that begins nothing: SYN together with FIN; one for a connection or a
    /// handshake that the kernel knows, which answers it with an ACK (RFC 5961, `tcp_send_challenge_ack`), or which it has
    /// completed (a SYN-ACK of a simultaneous open is old data then); a SYN-ACK for a TIME_WAIT record (`tcp_v4_rcv` hands
    /// others on); or a SYN whose data (Fast Open) was taken and goes with its socket, unread.
    #[must_use]
    pub fn is_no_handshake(&self) -> bool {
        use tcpx_common::abi::{
            state::NEW_SYN_RECV,
            tcp_flag::{ACK, FIN, SYN},
        };
        let answered = |reason: &str| {
            matches!(
                reason,
                "TCP_INVALID_SYN"
                    | "TCP_OVERWINDOW"
                    | "TCP_OLD_DATA"
                    | "TCP_RFC7323_PAWS"
                    | "TCP_RFC7323_PAWS_ACK"
            )
        };
        let vague = self.reason.as_deref().is_none_or(|reason| reason == "NOT_SPECIFIED");
        let in_receive = matches!(self.function.as_deref(), Some("tcp_v4_rcv" | "tcp_v6_rcv"));
        let of_tcp = |name: &str| name.starts_with("tcp_") || name.starts_with("inet_");
        let unread =
            self.reason.as_deref() == Some("QUEUE_PURGE") && self.function.as_deref().is_some_and(of_tcp);
        let has = |flags: u8| self.segment.flags & flags == flags;
        let of_request = matches!(self.lookups.established, Some(Ok((_, NEW_SYN_RECV))));
        has(SYN | FIN)
            || has(SYN) && vague && of_request
            || has(SYN) && self.reason.as_deref().is_some_and(answered)
            || has(SYN) && unread
            || has(SYN | ACK) && vague && in_receive && !self.no_socket
    }

    /// Freed by `tcp_v4_rcv` itself, which gives small sockets no reason of their own.
    #[must_use]
    pub fn is_vague(&self) -> bool {
        let reason = self.reason.as_deref();
        let vague = matches!(reason, None | Some("NOT_SPECIFIED" | "TCP_LISTEN_OVERFLOW"));
        vague && matches!(self.function.as_deref(), Some("tcp_v4_rcv" | "tcp_v6_rcv"))
    }

    /// The listener, if this is the last ACK of a handshake that it had no room for, or put off.
    #[must_use]
    pub fn passed_over_by(&self) -> Option<&Holder> {
        let wanted = self.segment.ends.b;
        let list = self.holders.iter().flat_map(|holders| &holders.list);
        let mut listeners = list.filter(|holder| holder.listens_at(wanted));
        let own =
            |holder: &&Holder| holder.is_full() || (holder.defer_accept > 0 && self.segment.payload == 0);
        listeners.find(own).filter(|_| self.is_vague() && !self.segment.has_syn())
    }

    /// Netfilter dropped it. Kernels without reasons show only where: in `nf_hook_slow`, or, since a verdict may free
    /// the packet itself, in `nft_do_chain`.
    #[must_use]
    pub fn by_netfilter(&self) -> bool {
        const FUNCTIONS: [&str; 3] = ["nf_hook_slow", "nft_do_chain", "ipt_do_table"];
        let function = self.function.as_deref().unwrap_or_default();
        self.reason
            .as_deref()
            .map_or_else(|| FUNCTIONS.contains(&function), |reason| reason == "NETFILTER_DROP")
    }

    /// Nobody answered ARP or neighbour discovery for where it was to go. `ndisc_error_report` gives no reason, and both
    /// it and `arp_error_report` end in the call that frees, so that `neigh_invalidate` may be what is seen.
    #[must_use]
    pub fn by_neighbor(&self) -> bool {
        self.reason.as_deref() == Some("NEIGH_FAILED")
            || self.is_in(&[
                "arp_error_report",
                "ndisc_error_report",
                "neigh_invalidate",
                "neigh_timer_handler",
            ])
    }

    /// What drops a segment so also sends its source an ICMP error.
    #[must_use]
    pub fn sends_icmp(&self) -> bool {
        self.is_in(&[
            "ip_error",
            "ip_forward",
            "ip6_forward",
            "ip6_pkt_drop",
            "ip6_pkt_discard",
            "ip6_pkt_prohibit",
        ])
    }

    fn is_in(&self, functions: &[&str]) -> bool {
        self.function.as_deref().is_some_and(|function| functions.contains(&function))
    }
}

/// A SYN that was sent again.
#[derive(Clone, Debug, PartialEq)]
pub struct Retransmit {
    /// The socket.
    pub sk: SockPtr,
    /// Local and remote.
    pub ends: Ends,
    /// How often so far.
    pub total_retrans: u32,
    /// Initial sequence number.
    pub isn: u32,
    /// Listeners of the same namespace that hold the port that was called.
    pub holders: Option<Holders>,
}

/// What conntrack makes of a flow.
#[derive(Clone, Debug, PartialEq)]
pub struct Nat {
    /// The flow as its first segment named it: who called, and whom.
    pub original: Ends,
    /// The same direction after the translation: who seems to call, and whom.
    pub translated: Ends,
    /// The caller's initial sequence number, if the segment in hand was its SYN.
    pub isn: Option<u32>,
    /// Who holds the port that the SYN is sent to, if that is in the namespace that translates it.
    pub holders: Option<Holders>,
}

/// An open socket whose sequence numbers a segment fits that found no socket.
#[derive(Clone, Debug, PartialEq)]
pub struct Untranslated {
    /// Source and destination of the segment.
    pub segment: Ends,
    /// Its sequence number.
    pub seq: u32,
    /// Local and remote end of the socket.
    pub ends: Ends,
    /// The socket.
    pub sock: SockFacts,
}
