//! Who is behind a number: the questions that verdicts and lines ask of enrichment.
//!
//! `correlate` and `verdict` know this trait only; `enrich` answers it live, a recording answers it in replay, a
//! table answers it in tests. The types of answers stand in recordings under the names that they have here: one that is
//! renamed keeps its old name there, one that is added has a default (`serde`).

use std::{
    borrow::Cow,
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use serde::{Deserialize, Serialize};

use crate::{
    event::{Ends, Holder, Netns, Task},
    line,
    ruleset::Ruleset,
};

/// A listener in another network namespace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Elsewhere {
    /// Where.
    pub netns: Netns,
    /// The listener.
    pub listener: Holder,
    /// What links that namespace with the one that was asked about.
    pub link: Option<Link>,
}

/// What links two namespaces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Link {
    /// A veth pair.
    Veth,
    /// A bridge of this name, in a third one.
    Bridge(String),
}

/// What a namespace's own counters say at the time of asking.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tellings {
    /// By how much each counter of drops rose since tcpx began; one that this kernel does not have is absent.
    pub rises: BTreeMap<Cow<'static, str>, u64>,
    /// Connections that conntrack knows, and how many it may.
    pub conntrack: Option<(u64, u64)>,
}

impl Tellings {
    /// By how much one counter rose; 0 if there is none of that name.
    #[must_use]
    pub fn rise(&self, counter: &str) -> u64 {
        self.rises.get(counter).copied().unwrap_or(0)
    }
}

/// A TCP socket that has a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// Own end.
    pub local: SocketAddr,
    /// Other end; port 0 if it has none.
    pub remote: SocketAddr,
    /// TCP state (`tcpx_common::abi::state`).
    pub state: u8,
    /// Inode number of its file; `None` if no process holds it.
    pub inode: Option<u64>,
}

/// Whose a network namespace is, as the cgroups of the processes in it tell. Lines have it under the names of its variants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Whose {
    /// The only container with processes in it: its id.
    Container(String),
    /// The only Kubernetes pod, whose containers share it: its uid.
    Pod(String),
    /// A service of systemd, if all processes in it are of that one.
    Unit(String),
}

/// Where a program may refuse a system call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum CgroupHook {
    /// bind() to an IPv4 address.
    Bind4,
    /// bind() to an IPv6 address.
    Bind6,
    /// connect() to an IPv4 address.
    Connect4,
    /// connect() to an IPv6 address.
    Connect6,
}

/// Sockets that hold a port, as inet_diag lists them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PortHolders {
    /// Listening or bound. inet_diag gives no addresses of sockets: `sk` is 0.
    pub list: Vec<Holder>,
    /// This kernel shows sockets that are bound and do not listen: that none is listed means that there is none.
    pub bound_visible: bool,
}

/// Answers are cached by the implementation; `None` is "not known", never a guess. No question has an answer by default: one that
/// a recording passed over would be answered otherwise in replay.
pub trait Who {
    /// The process that holds the socket with this inode number (the lowest pid if several do).
    fn holder(&self, inode: u64) -> Option<Arc<line::Process>>;

    /// Adds what is known of a task beyond the name that the kernel gave: program, cgroup, container.
    fn process(&self, task: Task, comm: &[u8], uid: Option<u32>, cgroup: Option<u64>) -> Arc<line::Process>;

    /// The path of the cgroup with this id.
    fn cgroup(&self, id: u64) -> Option<String>;

    /// The namespace with its name, if it has one.
    fn netns(&self, netns: Netns) -> line::Netns;

    /// Name of a device in a namespace.
    fn device(&self, netns: Netns, ifindex: u32) -> Option<String>;

    /// Who listens on a port in the network namespaces other than this one, as far as there is time to ask.
    fn elsewhere(&self, netns: Netns, port: u16) -> Vec<Elsewhere>;

    /// What the counters of a namespace say now; `None` if they cannot be read, or could not be at the start.
    fn tellings(&self, netns: Netns) -> Option<Arc<Tellings>>;

    /// Whether the routing tables of a namespace lead to an address now, or the errno that they give. They are asked for
    /// a socket without a mark, a source address or a device. `None` where they could not be asked.
    fn route(&self, netns: Netns, to: IpAddr) -> Option<Result<(), i32>>;

    /// A sysctl of a namespace as it is now, by its path below /proc/sys. `None` where it could not be read.
    fn sysctl(&self, netns: Netns, path: &'static str) -> Option<String>;

    /// All TCP sockets of a namespace that have a port now. `None` where they could not be listed.
    fn connections(&self, netns: Netns) -> Option<Arc<Vec<Connection>>>;

    /// The rules that nf_tables has for a namespace now. `None` where they could not be listed.
    fn ruleset(&self, netns: Netns) -> Option<Arc<Ruleset>>;

    /// How many BPF programs have a say at that place of a cgroup now. `None` where that cannot be asked.
    fn cgroup_programs(&self, cgroup: u64, hook: CgroupHook) -> Option<usize>;

    /// Whether a listener of a namespace keeps a handshake that is half done, with these ends (local and remote). Asked
    /// for a segment whose lookup was not seen.
    fn is_half_open(&self, netns: Netns, ends: Ends) -> Option<bool>;

    /// Who holds a port of a namespace now: for when the kernel's own walk is absent or incomplete. `None` where that
    /// could not be asked.
    fn port_holders(&self, netns: Netns, port: u16) -> Option<PortHolders>;

    /// Whether a handshake with these ends, or the connection that has come of it, was still there after a RST. Asked for a
    /// RST of which only the free was seen.
    fn is_left(&self, netns: Netns, ends: Ends) -> Option<bool>;

    /// Wall clock of a boot clock time, RFC 3339 UTC with nanoseconds.
    fn time(&self, boot_ns: u64) -> String;
}
