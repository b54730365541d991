//! What tcpx says: the lines of `-o json`, and what the text renderer reads. Nothing but a daemon that takes over from another
//! reads them back, so that the published form changes where it is meant to and nowhere else.
//!
//! The names are a contract with users (docs/formats.md). Absent facts are `null`.

use std::{borrow::Cow, collections::BTreeMap, net::IpAddr, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{event::Name, packet::Packets, verdict::VerdictId, who::Whose};

mod direction;
mod note;
mod word;

pub(crate) use direction::Direction;
pub use note::Note;
pub(crate) use word::Word;

/// Number of the format of lines.
pub const SCHEMA: u32 = 1;

/// One line of output.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "type", content = "data", rename_all = "lowercase")]
pub enum Line {
    /// First.
    Start(Box<Start>),
    /// A connection attempt of a local process.
    Attempt(Box<Attempt>),
    /// A RST.
    Reset(Box<Reset>),
    /// A handshake segment that vanished.
    Drop(Box<DropLine>),
    /// A connection that ended without any RST.
    Death(Box<Death>),
    /// A bind() or listen() that failed.
    Call(Box<CallLine>),
    /// Records that were lost.
    Loss(Loss),
    /// Last.
    Summary(Box<Summary>),
}

impl Line {
    /// Why what it tells happened; `None` for lines of the trace itself.
    #[must_use]
    pub const fn verdict(&self) -> Option<&Verdict> {
        match self {
            Self::Attempt(attempt) => Some(&attempt.verdict),
            Self::Reset(reset) => Some(&reset.verdict),
            Self::Drop(drop) => Some(&drop.verdict),
            Self::Death(death) => Some(&death.verdict),
            Self::Call(call) => Some(&call.verdict),
            Self::Start(_) | Self::Loss(_) | Self::Summary(_) => None,
        }
    }

    /// When what it tells began, RFC 3339 in UTC with nine digits: as texts they have the order of time. `None` for lines of the
    /// trace itself.
    #[must_use]
    pub fn time(&self) -> Option<&str> {
        match self {
            Self::Attempt(attempt) => Some(&attempt.time),
            Self::Reset(reset) => Some(&reset.time),
            Self::Drop(drop) => Some(&drop.time),
            Self::Death(death) => Some(&death.time),
            Self::Call(call) => Some(&call.time),
            Self::Start(_) | Self::Loss(_) | Self::Summary(_) => None,
        }
    }
}

/// What is traced, and how.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Start {
    /// Number of this format.
    pub schema: u32,
    /// Version of tcpx.
    pub tcpx: String,
    /// Release of the kernel.
    pub kernel: String,
    /// Machine.
    pub arch: String,
    /// What was asked for: `auto` or a backend.
    pub backend: String,
    /// `path` or `lookup`.
    pub probes: String,
    /// What is attached.
    pub hooks: Vec<AttachedHook>,
    /// What is not, and why.
    pub missing: Vec<MissingHook>,
}

/// A hook that works.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct AttachedHook {
    /// Name of the hook.
    pub hook: String,
    /// Backend.
    pub backend: String,
    /// Functions or tracepoints, joined by a comma.
    pub target: String,
}

/// A hook that does not.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct MissingHook {
    /// Name of the hook.
    pub hook: String,
    /// A sentence.
    pub why: String,
}

/// A namespace.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub struct Netns {
    /// Inode number.
    pub inum: u32,
    /// Name given by `ip netns`, or the container's.
    pub name: Option<String>,
    /// Whose it is; never known of the root one, which is the host's.
    pub of: Option<Whose>,
}

/// An address with a port.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub struct Endpoint {
    /// Address.
    pub addr: IpAddr,
    /// Port; 0 if the kernel had not chosen one.
    pub port: u16,
}

impl From<std::net::SocketAddr> for Endpoint {
    fn from(addr: std::net::SocketAddr) -> Self {
        Self { addr: addr.ip(), port: addr.port() }
    }
}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::net::SocketAddr::new(self.addr, self.port).fmt(f)
    }
}

/// Both ends of a translated flow.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub struct Nat {
    /// Local end.
    pub local: Endpoint,
    /// Remote end.
    pub remote: Endpoint,
}

/// A process.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq, Default)]
pub struct Process {
    /// Process id (root namespace).
    pub pid: u32,
    /// Thread id, if known.
    pub tid: Option<u32>,
    /// Process id in its own PID namespace, if that is not the root one.
    pub ns_pid: Option<u32>,
    /// Name, as the kernel had it. Not escaped: renderers escape.
    pub comm: String,
    /// Path of its program.
    pub exe: Option<String>,
    /// User.
    pub uid: Option<u32>,
    /// cgroup path.
    pub cgroup: Option<String>,
    /// Container id.
    pub container: Option<String>,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It stands.
    Established,
    /// ECONNREFUSED.
    Refused,
    /// ECONNRESET and the like.
    Reset,
    /// ETIMEDOUT.
    TimedOut,
    /// EHOSTUNREACH, ENETUNREACH.
    Unreachable,
    /// EPERM, EACCES.
    Denied,
    /// Any other error.
    Failed,
    /// The application closed the socket first.
    Cancelled,
    /// Not yet.
    Pending,
}

/// How a connection came to be, or was tried.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// connect() to a listener.
    ActiveOpen,
    /// A socket connected to itself.
    SelfConnect,
    /// Two SYNs crossed.
    SimultaneousOpen,
}

/// How sure.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// Nothing fits.
    Unknown,
    /// It follows from other facts.
    Derived,
    /// The deciding function or counter was seen.
    Observed,
}

/// Why.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Verdict {
    /// Which of the catalogue.
    pub id: VerdictId,
    /// The catalogue's title.
    pub title: Cow<'static, str>,
    /// How sure.
    pub confidence: Confidence,
    /// Sentences, each a fact that was seen or a stated conclusion; the first is the one to read at three in
    /// the morning.
    pub evidence: Arc<Vec<String>>,
    /// What to do next.
    pub advice: Cow<'static, str>,
}

/// One step of the kernel's path.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub struct Frame {
    /// Function.
    pub function: Cow<'static, str>,
    /// Bytes into it, where a stack told; else null.
    pub offset: Option<u64>,
    /// What happened there, and whether it was seen or follows.
    pub note: Option<Note>,
    /// Boot clock, ns: puts the frames of several records in order. Not published.
    #[serde(skip)]
    pub at: Option<u64>,
}

/// A connection attempt of a local process.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Attempt {
    /// Unique in this run.
    pub id: u64,
    /// RFC 3339.
    pub time: String,
    /// From connect() to its end.
    pub duration_ns: u64,
    /// Where.
    pub netns: Netns,
    /// `ipv4` or `ipv6`.
    pub family: Family,
    /// Own end.
    pub local: Option<Endpoint>,
    /// Other end.
    pub remote: Option<Endpoint>,
    /// What connect() was given.
    pub requested: Option<Endpoint>,
    /// What conntrack made of it.
    pub nat: Option<Nat>,
    /// Who.
    pub process: Option<Process>,
    /// How it ended.
    pub outcome: Outcome,
    /// `ECONNREFUSED` and so on.
    pub errno: Option<Cow<'static, str>>,
    /// How it came to be.
    pub how: How,
    /// SYNs sent again.
    pub syn_retransmits: u32,
    /// Initial sequence number of its SYN: what joins it with what the other end tells.
    pub isn: Option<u32>,
    /// Why.
    pub verdict: Verdict,
    /// The kernel's path, outermost last.
    pub path: Vec<Frame>,
    /// The `reset` line that ended it.
    pub reset: Option<u64>,
    /// The verdict that a line with this id told before; absent in a line that is told for the first time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub was: Option<VerdictId>,
    /// Whether something that matters was lost.
    pub complete: Option<bool>,
    /// What `tcpx export` writes of it, where that was asked for. Not published.
    #[serde(skip)]
    pub packets: Option<Box<Packets>>,
}

/// Address family.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq, Hash)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// IPv4
    Ipv4,
    /// IPv6
    Ipv6,
}

/// Who made a RST.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq, Hash)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// TCP, in answer to a segment.
    Reply,
    /// A socket of its own accord.
    Active,
    /// Netfilter of this host.
    Netfilter,
    /// No traced namespace sent it.
    Elsewhere,
}

/// What kind of socket an end has.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum SocketKind {
    /// None.
    None,
    /// A listener.
    Listener,
    /// Kept after the end.
    TimeWait,
    /// A connection.
    Full,
}

/// One end's socket.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Socket {
    /// What kind.
    pub kind: SocketKind,
    /// TCP state.
    pub state: Option<Cow<'static, str>>,
    /// Since it was opened.
    pub age_ns: Option<u64>,
    /// Since data last moved.
    pub idle_ns: Option<u64>,
    /// Acknowledged by the peer.
    pub bytes_sent: Option<u64>,
    /// Received.
    pub bytes_received: Option<u64>,
}

/// Who owns an end.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Owner {
    /// Process id.
    pub pid: u32,
    /// Name.
    pub comm: String,
    /// `socket`: holds the socket; `bound`: holds the port; `caller`: made the call.
    pub how: OwnerHow,
}

/// How the owner is known.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum OwnerHow {
    /// It holds the socket.
    Socket,
    /// It holds the port.
    Bound,
    /// It made the system call.
    Caller,
}

/// One end of a RST on this host.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct End {
    /// Address.
    pub addr: IpAddr,
    /// Port.
    pub port: u16,
    /// Where.
    pub netns: Netns,
    /// Its socket.
    pub socket: Option<Socket>,
    /// Who.
    pub owner: Option<Owner>,
}

/// Addresses of the RST itself.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub struct FlowLine {
    /// Source address.
    pub saddr: IpAddr,
    /// Source port.
    pub sport: u16,
    /// Destination address.
    pub daddr: IpAddr,
    /// Destination port.
    pub dport: u16,
}

/// A segment.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct SegmentLine {
    /// Letters as in tcpdump: `S`, `S.`, `R`, `R.`, `.`, `P.`, `F.`.
    pub flags: Cow<'static, str>,
    /// Sequence number.
    pub seq: u32,
    /// Acknowledgement number.
    pub ack: u32,
    /// Bytes of payload.
    pub len: u32,
    /// TTL or hop limit.
    pub ttl: Option<u8>,
    /// Device that it came in on.
    pub device: Option<Name>,
}

/// The kernel's name for why.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Reason {
    /// Name in the running kernel's enum, or tcpx's for kernels without.
    pub name: Name,
    /// `kernel` or `derived`.
    pub source: ReasonSource,
}

/// Who says so.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum ReasonSource {
    /// The kernel.
    Kernel,
    /// It follows.
    Derived,
}

/// Result of a lookup.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum LookupResult {
    /// A socket.
    Hit,
    /// None.
    Miss,
    /// There was no such lookup.
    NotRun,
}

/// Seen or concluded.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// Seen.
    Observed,
    /// Concluded.
    Derived,
}

/// One lookup.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub struct LookupStep {
    /// What it gave.
    pub result: LookupResult,
    /// How that is known.
    pub source: Source,
}

/// Both lookups of the segment that led to a RST.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub struct LookupLine {
    /// In the established hash.
    pub established: LookupStep,
    /// In the listener hash.
    pub listener: LookupStep,
}

/// A socket that almost matched.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Near {
    /// Why it did not.
    pub why: String,
    /// Its address.
    pub addr: IpAddr,
    /// Its port.
    pub port: u16,
    /// Where.
    pub netns: Netns,
    /// Whose.
    pub process: Option<Process>,
    /// Unit of systemd that the process belongs to; of a socket that systemd itself holds, the unit that it was made for.
    pub unit: Option<String>,
    /// For how long it had been as it was when the RST was sent, if its beginning was seen.
    pub age_ns: Option<u64>,
}

/// A RST.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Reset {
    /// Unique in this run, among attempts, resets and drops.
    pub id: u64,
    /// RFC 3339.
    pub time: String,
    /// Who made it.
    pub origin: Origin,
    /// Its sender, if on this host.
    pub sender: Option<End>,
    /// Its receiver, if on this host.
    pub receiver: Option<End>,
    /// Its addresses.
    pub flow: FlowLine,
    /// What provoked it, or itself when received.
    pub segment: Option<SegmentLine>,
    /// Why, in the kernel's word.
    pub reason: Option<Reason>,
    /// The lookups that led to it.
    pub lookup: Option<LookupLine>,
    /// Sockets that almost matched.
    pub near: Vec<Near>,
    /// The kernel's path, outermost last.
    pub path: Vec<Frame>,
    /// Why.
    pub verdict: Verdict,
    /// The attempt that it ended.
    pub attempt: Option<u64>,
    /// How the two sides were joined.
    pub joined_by: Option<Cow<'static, str>>,
    /// As in [`Attempt`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub was: Option<VerdictId>,
    /// Whether something that matters was lost.
    pub complete: Option<bool>,
    /// As in [`Attempt`].
    #[serde(skip)]
    pub packets: Option<Box<Packets>>,
}

/// Queue of a listener.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub struct Backlog {
    /// Connections that wait for accept().
    pub backlog: u32,
    /// How many may.
    pub max_backlog: u32,
}

/// Handshake segments of one flow that the kernel threw away.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct DropLine {
    /// Unique in this run.
    pub id: u64,
    /// RFC 3339, of the first.
    pub time: String,
    /// Where.
    pub netns: Netns,
    /// Addresses of the segment.
    pub flow: FlowLine,
    /// How many segments.
    pub count: u64,
    /// Who owns the socket that lost it, if one does.
    pub process: Option<Process>,
    /// The listener's queue.
    pub socket: Option<Backlog>,
    /// Why, in the kernel's word.
    pub reason: Option<Reason>,
    /// The kernel's path, outermost last.
    pub path: Vec<Frame>,
    /// Why.
    pub verdict: Verdict,
    /// The attempt that lost it.
    pub attempt: Option<u64>,
    /// Whether something that matters was lost.
    pub complete: Option<bool>,
    /// As in [`Attempt`].
    #[serde(skip)]
    pub packets: Option<Box<Packets>>,
}

/// A connection that ended because of an error, without any RST: as [`Attempt`], with age, idle time and what moved.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Death {
    /// Unique in this run.
    pub id: u64,
    /// RFC 3339, of its end.
    pub time: String,
    /// From its opening to its end, if the opening was seen.
    pub duration_ns: Option<u64>,
    /// Where.
    pub netns: Netns,
    /// `ipv4` or `ipv6`.
    pub family: Family,
    /// Own end.
    pub local: Option<Endpoint>,
    /// Other end.
    pub remote: Option<Endpoint>,
    /// Null: it is in the attempt.
    pub requested: Option<Endpoint>,
    /// What conntrack made of it.
    pub nat: Option<Nat>,
    /// Who holds the socket; null once the application has closed it.
    pub process: Option<Process>,
    /// How it ended.
    pub outcome: Outcome,
    /// What the application gets.
    pub errno: Option<Cow<'static, str>>,
    /// Null: it is in the attempt.
    pub how: Option<How>,
    /// Null: it is in the attempt.
    pub syn_retransmits: Option<u32>,
    /// TCP state before the end.
    pub state: Cow<'static, str>,
    /// Since it was opened.
    pub age_ns: Option<u64>,
    /// Since data last moved.
    pub idle_ns: u64,
    /// Acknowledged by the peer.
    pub bytes_sent: u64,
    /// Received.
    pub bytes_received: u64,
    /// How often its first unacknowledged data was sent again in vain.
    pub retransmits: u32,
    /// Keepalive or window probes without an answer.
    pub probes: u32,
    /// Why.
    pub verdict: Verdict,
    /// The kernel's path, outermost last.
    pub path: Vec<Frame>,
    /// Null: there was none.
    pub reset: Option<u64>,
    /// The attempt that opened it.
    pub attempt: Option<u64>,
    /// Whether something that matters was lost.
    pub complete: Option<bool>,
    /// As in [`Attempt`].
    #[serde(skip)]
    pub packets: Option<Box<Packets>>,
}

/// A socket that holds the port that a bind() or listen() wanted.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct PortHolder {
    /// Its local address.
    pub addr: IpAddr,
    /// Its port.
    pub port: u16,
    /// TCP state; `CLOSE` is a socket that is bound and does not listen.
    pub state: Cow<'static, str>,
    /// Whose.
    pub process: Option<Process>,
}

/// A bind() or listen() that failed.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct CallLine {
    /// Unique in this run.
    pub id: u64,
    /// RFC 3339.
    pub time: String,
    /// Where.
    pub netns: Netns,
    /// `bind` or `listen`.
    pub call: String,
    /// `EADDRINUSE` and so on.
    pub errno: String,
    /// What bind() was given; for listen() what the socket is bound to.
    pub requested: Endpoint,
    /// Who.
    pub process: Option<Process>,
    /// Who holds the port.
    pub holders: Vec<PortHolder>,
    /// The kernel's path, outermost last.
    pub path: Vec<Frame>,
    /// Why.
    pub verdict: Verdict,
    /// Whether something that matters was lost.
    pub complete: Option<bool>,
}

/// Records that were lost.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Loss {
    /// Of which hook.
    pub hook: String,
    /// `kernel` or `user`.
    pub stage: String,
    /// How many.
    pub count: u64,
}

/// The end.
#[derive(Clone, Debug, Deserialize, Serialize, Default)]
pub struct Summary {
    /// By verdict.
    pub attempts: BTreeMap<String, u64>,
    /// By verdict.
    pub resets: BTreeMap<String, u64>,
    /// By verdict.
    pub drops: BTreeMap<String, u64>,
    /// By verdict.
    pub deaths: BTreeMap<String, u64>,
    /// By verdict.
    pub calls: BTreeMap<String, u64>,
    /// RSTs that left a local socket.
    pub sent: u64,
    /// RSTs that reached one.
    pub received: u64,
    /// RSTs that netfilter made.
    pub netfilter: u64,
    /// The kernel's own counters, as differences over the run, of the traced namespaces.
    pub kernel: BTreeMap<String, u64>,
    /// Resets whose verdict is `unknown`.
    pub unexplained: u64,
    /// Sum over namespaces of |OutRsts - counted|.
    pub unaccounted: Option<u64>,
    /// Why not, if not.
    pub unaccounted_why: Option<String>,
    /// Lost records.
    pub lost: Lost,
    /// Records lost in the kernel, by hook and the kernel's reason for a RST.
    pub untold: BTreeMap<String, u64>,
    /// Those of them that were above `--max-events-per-second`.
    pub shed: u64,
    /// Firings at which the kernel did not run a program, as it was already running on that CPU; null before 5.12,
    /// which does not count them.
    pub missed: Option<u64>,
}

/// Lost records by stage.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, Default, PartialEq, Eq)]
pub struct Lost {
    /// No room in the ring, or above the limit for a second.
    pub kernel: u64,
    /// In tcpx itself.
    pub user: u64,
}

#[cfg(test)]
mod tests;
