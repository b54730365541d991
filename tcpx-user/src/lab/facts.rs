//! What a scenario provoked: the record against which a tracer's report is compared, in the contract's own words.

use std::net::{IpAddr, SocketAddr};

use super::Actor;

/// The IP version of a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// IPv4.
    Ipv4,
    /// IPv6.
    Ipv6,
}

impl Family {
    /// As in the contract's `family`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
        }
    }

    /// The family of an address.
    #[must_use]
    pub fn of(ip: IpAddr) -> Self {
        if ip.is_ipv4() { Self::Ipv4 } else { Self::Ipv6 }
    }
}

/// A process on the stage.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Process {
    /// Process id; an actor has one thread, so also its thread id.
    pub pid: u32,
    /// Command name.
    pub comm: String,
}

/// An address of which the port may not be known to the scenario: the kernel forgets a refused socket's ephemeral port
/// before connect() returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Endpoint {
    /// Address.
    pub ip: IpAddr,
    /// Port, if known.
    pub port: Option<u16>,
}

impl From<SocketAddr> for Endpoint {
    fn from(at: SocketAddr) -> Self {
        Self { ip: at.ip(), port: Some(at.port()).filter(|&port| port != 0) }
    }
}

impl From<IpAddr> for Endpoint {
    fn from(ip: IpAddr) -> Self {
        Self { ip, port: None }
    }
}

/// Who holds the port that was asked for (or almost that port).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The process.
    pub process: Process,
    /// Where its socket is bound.
    pub at: SocketAddr,
}

/// What conntrack makes of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nat {
    /// Who seems to call.
    pub local: Endpoint,
    /// Who answers.
    pub remote: SocketAddr,
}

/// An `attempt` line that must come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptFact {
    /// Who called connect().
    pub process: Process,
    /// Inode number of its network namespace.
    pub netns: u64,
    /// Where the connection came from.
    pub local: Endpoint,
    /// What connect() was given.
    pub remote: SocketAddr,
    /// How it ended.
    pub outcome: &'static str,
    /// Which errno the application got, by name.
    pub errno: Option<&'static str>,
    /// `active-open`, `self-connect` or `simultaneous-open`.
    pub how: &'static str,
    /// Why.
    pub verdict: &'static str,
    /// The socket's own states show why; else it follows from those of the other end.
    pub sure: bool,
    /// How many SYNs were sent again, at least.
    pub syn_retransmits: u32,
    /// It failed before a SYN was sent: neither end may have been fixed.
    pub early: bool,
    /// connect() succeeded, and put the SYN off.
    pub put_off: bool,
    /// Who holds the port.
    pub holder: Option<Holder>,
    /// What conntrack made of it.
    pub nat: Option<Nat>,
}

/// One end of a reset that is on this host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// Inode number of the network namespace.
    pub netns: u64,
    /// `none`, `listener`, `time-wait` or `full`.
    pub socket: &'static str,
    /// Who owns the socket, where it has an owner.
    pub owner: Option<Process>,
}

/// A `reset` line that must come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResetFact {
    /// `reply`, `active`, `netfilter` or `elsewhere`.
    pub origin: &'static str,
    /// Source of the RST.
    pub from: Endpoint,
    /// Destination of the RST.
    pub to: Endpoint,
    /// The side that sent it, if it is on this host.
    pub sender: Option<Side>,
    /// The side that got it, if it is on this host.
    pub receiver: Option<Side>,
    /// Who had just refused the process that sent it.
    pub upstream: Option<SocketAddr>,
    /// Whose open socket the answered segment was made for, under another name.
    pub meant_for: Option<Holder>,
    /// Who listens where the listener that had accepted the connection has left.
    pub successor: Option<Holder>,
    /// The answered segment brought a SYN cookie back.
    pub of_cookie: bool,
    /// TTL of the handshake and of the RST, where the RST came from elsewhere to an open connection.
    pub ttls: Option<(u8, u8)>,
    /// Why.
    pub verdict: &'static str,
}

/// A `drop` line that must come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DropFact {
    /// Inode number of the network namespace.
    pub netns: u64,
    /// Source of what was dropped.
    pub from: Endpoint,
    /// Destination of what was dropped.
    pub to: SocketAddr,
    /// How many segments were dropped, at least.
    pub count: u32,
    /// Why.
    pub verdict: &'static str,
}

/// A `death` line that must come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeathFact {
    /// Inode number of the network namespace.
    pub netns: u64,
    /// Who held the socket to the end.
    pub process: Option<Process>,
    /// The end on this host.
    pub local: Endpoint,
    /// The other.
    pub remote: SocketAddr,
    /// TCP state before the end.
    pub state: &'static str,
    /// How it ended.
    pub outcome: &'static str,
    /// Which errno the application gets, by name.
    pub errno: &'static str,
    /// Bytes that the peer acknowledged.
    pub bytes_sent: u64,
    /// Why.
    pub verdict: &'static str,
}

/// A `call` line that must come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallFact {
    /// Who made the call.
    pub process: Process,
    /// Inode number of its network namespace.
    pub netns: u64,
    /// `bind` or `listen`.
    pub call: &'static str,
    /// Which errno it got, by name.
    pub errno: &'static str,
    /// What bind() was given, or where the socket is bound.
    pub requested: SocketAddr,
    /// Why.
    pub verdict: &'static str,
    /// The kernel's own word shows why; else it follows from other facts.
    pub sure: bool,
    /// Who holds the port.
    pub holder: Option<Holder>,
}

/// A BPF program that says SK_DROP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// Of the namespace, before a listener that fits.
    SkLookup,
    /// The same, without such a listener.
    SkLookupAlone,
    /// Of a SO_REUSEPORT group.
    Reuseport,
}

/// The firewall rule that refused or dropped what was refused or dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleFact {
    /// Family, table and chain.
    pub chain: &'static str,
    /// Number within the table.
    pub handle: u64,
    /// As nft has it.
    pub text: String,
}

/// All that a scenario provoked after [`ready`](super::Stage::ready).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// Connection attempts of local processes.
    pub attempts: Vec<AttemptFact>,
    /// RSTs that left or reached this host.
    pub resets: Vec<ResetFact>,
    /// Handshake segments that vanished on this host.
    pub drops: Vec<DropFact>,
    /// Connections that died without a RST.
    pub deaths: Vec<DeathFact>,
    /// bind() and listen() calls that failed.
    pub calls: Vec<CallFact>,
    /// By how much `OutRsts` of all namespaces together rose: netfilter's RSTs are not counted by the kernel.
    pub out_rsts: u64,
    /// Counters that rose, and by how much at least.
    pub counters: Vec<(&'static str, u64)>,
    /// The BPF program that refused what was refused.
    pub program: Option<Program>,
    /// The firewall rule that did it.
    pub rule: Option<RuleFact>,
    /// Counters that did not rise, although something that looks alike would have moved them.
    pub unmoved: Vec<&'static str>,
}

impl AttemptFact {
    /// An attempt that is established by a plain handshake, until amended.
    #[must_use]
    pub fn new(client: &Actor, local: Endpoint, remote: SocketAddr) -> Self {
        Self {
            process: client.process(),
            netns: client.netns(),
            local,
            remote,
            outcome: "established",
            errno: None,
            how: "active-open",
            verdict: "established",
            sure: true,
            syn_retransmits: 0,
            early: false,
            put_off: false,
            holder: None,
            nat: None,
        }
    }

    /// It failed.
    pub fn ended(&mut self, outcome: &'static str, errno: impl Into<Option<&'static str>>) -> &mut Self {
        self.outcome = outcome;
        self.errno = errno.into();
        self
    }

    /// It failed before a SYN was sent.
    pub fn before_any_packet(&mut self) -> &mut Self {
        self.early = true;
        self
    }

    /// It has another verdict than the scenario's.
    pub fn because(&mut self, verdict: &'static str) -> &mut Self {
        self.verdict = verdict;
        self
    }

    /// Conntrack sent it on to another place.
    pub fn sent_on(&mut self, local: impl Into<Endpoint>, remote: SocketAddr) -> &mut Self {
        self.nat = Some(Nat { local: local.into(), remote });
        self
    }

    /// Where answers come from: the place that was called, or the one behind it.
    #[must_use]
    pub fn is_answered_from(&self, from: Endpoint) -> bool {
        let called = from == Endpoint::from(self.remote);
        called || self.nat.is_some_and(|nat| from == Endpoint::from(nat.remote))
    }

    /// The SYN was sent again.
    pub fn retransmitted(&mut self, times: u32) -> &mut Self {
        self.syn_retransmits = times;
        self
    }
}

impl Side {
    /// A full socket of an actor.
    #[must_use]
    pub fn full(owner: &Actor) -> Option<Self> {
        Some(Self { netns: owner.netns(), socket: "full", owner: Some(owner.process()) })
    }

    /// A listener of an actor.
    #[must_use]
    pub fn listener(owner: &Actor) -> Option<Self> {
        Some(Self { netns: owner.netns(), socket: "listener", owner: Some(owner.process()) })
    }

    /// No socket at all, or one that nobody owns (`none`, `time-wait`).
    #[must_use]
    pub fn ownerless(netns: u64, socket: &'static str) -> Option<Self> {
        Some(Self { netns, socket, owner: None })
    }
}
