//! From the facts of a kernel and what was asked to a list of attachments to try: pure, printed by `tcpx check`.
//!
//! For each hook the ways are ordered: first those that see the fact, then the cheapest (raw tracepoint, trampoline,
//! kprobe). Whether a way really works only a real attach tells (`super::attach`).

use tcpx_common::abi::{Backend, Hook};

use super::{
    KernelFacts,
    table::{Attach, WAYS, Way, common_needs},
};

/// `--probes`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probes {
    /// Only what sends or receives a RST.
    Resets,
    /// Only what runs when something is refused, reset, dropped or changes state.
    Path,
    /// Also `tcp_v4_rcv` and the lookups, so that hit and miss are observed.
    Lookup,
}

impl Probes {
    /// The word that users write.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Resets => "resets",
            Self::Path => "path",
            Self::Lookup => "lookup",
        }
    }
}

/// `--backend`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackendChoice {
    /// The best that works, hook by hook.
    Auto,
    /// This one only.
    Only(Backend),
}

impl BackendChoice {
    /// The word that users write.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Only(backend) => backend.name(),
        }
    }
}

/// What was asked of the kernel half.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// Backend.
    pub backend: BackendChoice,
    /// Probe set.
    pub probes: Probes,
    /// A command is traced, so its processes must be told from others.
    pub command: bool,
    /// Add stacks.
    pub stacks: bool,
    /// Use the object that logs.
    pub bpf_log: bool,
    /// Records of one hook on one CPU in a second, at most.
    pub most_per_second: u64,
    /// Size of the ring.
    pub ring_bytes: u32,
}

impl Asked {
    /// All hooks, by whichever backend, as for a command.
    pub const EVERYTHING: Self = Self {
        backend: BackendChoice::Auto,
        probes: Probes::Lookup,
        command: true,
        stacks: false,
        bpf_log: false,
        most_per_second: u64::MAX,
        ring_bytes: 4 << 20,
    };
}

/// What to try for one hook.
#[derive(Clone, Debug)]
pub struct HookPlan {
    /// Hook.
    pub hook: Hook,
    /// Ways to try, in this order.
    pub ways: Vec<&'static Way>,
    /// Ways that this kernel rules out, or that were not asked for, and why.
    pub ruled_out: Vec<(Backend, Obstacle)>,
}

/// Why a backend does not give a hook's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// Nothing of that kind could tell this on any kernel.
    NoWay(String),
    /// Something else was asked for.
    NotAsked(String),
    /// This kernel does not have what it takes.
    Lacking(String),
    /// The kernel was asked and refused.
    Refused(String),
}

impl Obstacle {
    /// The reason in words.
    #[must_use]
    pub fn words(&self) -> &str {
        match self {
            Self::NoWay(words) | Self::NotAsked(words) | Self::Lacking(words) | Self::Refused(words) => words,
        }
    }

    /// How much it says about this kernel.
    const fn weight(&self) -> u8 {
        match self {
            Self::NotAsked(_) => 0,
            Self::NoWay(_) => 1,
            Self::Lacking(_) | Self::Refused(_) => 2,
        }
    }
}

/// One sentence on why a hook is missing: what could be otherwise on another kernel, each reason once.
#[must_use]
pub fn sentence(why: &[(Backend, Obstacle)]) -> String {
    let mut why: Vec<_> = why.iter().collect();
    why.sort_by_key(|(backend, _)| *backend);
    let most = why.iter().map(|(_, obstacle)| obstacle.weight()).max().unwrap_or(0);
    let mut reasons: Vec<&str> = Vec::new();
    for (_, obstacle) in why.iter().filter(|(_, obstacle)| obstacle.weight() == most) {
        if !reasons.contains(&obstacle.words()) {
            reasons.push(obstacle.words());
        }
    }
    reasons.join("; ")
}

/// Makes the plan.
#[must_use]
pub fn plan(facts: &KernelFacts, asked: Asked) -> Vec<HookPlan> {
    Hook::ALL.iter().filter(|hook| wanted(**hook, asked)).map(|hook| hook_plan(*hook, facts, asked)).collect()
}

/// Whether a hook belongs to what was asked.
fn wanted(hook: Hook, asked: Asked) -> bool {
    match hook {
        Hook::SendReset | Hook::ActiveReset | Hook::ReceiveReset | Hook::Reject => true,
        Hook::Fork => asked.command,
        _ if asked.probes == Probes::Resets => false,
        Hook::Receive | Hook::LookupEstablished | Hook::LookupListener | Hook::SkLookup | Hook::Reuseport => {
            asked.probes == Probes::Lookup
        }
        _ => true,
    }
}

fn hook_plan(hook: Hook, facts: &KernelFacts, asked: Asked) -> HookPlan {
    let mut plan = HookPlan { hook, ways: Vec::new(), ruled_out: Vec::new() };
    for backend in Backend::ALL {
        if !WAYS.iter().any(|way| way.hook == hook && way.backend == *backend) {
            let obstacle = match asked.backend {
                BackendChoice::Only(only) if only != *backend => not_asked(only),
                _ => Obstacle::NoWay(no_such_way(hook, *backend)),
            };
            plan.ruled_out.push((*backend, obstacle));
        }
    }
    for way in WAYS.iter().filter(|way| way.hook == hook) {
        match obstacle(way, facts, asked) {
            None => plan.ways.push(way),
            // Of several names for one function, only the last says why none is there.
            Some(why) => match plan.ruled_out.iter_mut().find(|(backend, _)| *backend == way.backend) {
                Some((_, earlier)) => *earlier = why,
                None => plan.ruled_out.push((way.backend, why)),
            },
        }
    }
    plan.ruled_out.retain(|(backend, _)| !plan.ways.iter().any(|way| way.backend == *backend));
    plan.ways.sort_by_key(|way| rank(way, facts));
    plan
}

/// Why a way is not even tried.
fn obstacle(way: &Way, facts: &KernelFacts, asked: Asked) -> Option<Obstacle> {
    if let BackendChoice::Only(only) = asked.backend
        && only != way.backend
        // Following the command's processes is bookkeeping, not a way to see packets.
        && way.hook != Hook::Fork
    {
        return Some(not_asked(only));
    }
    if asked.probes != Probes::Lookup
        && way.programs.iter().any(|(_, attach)| matches!(attach, Attach::Syscall(_)))
    {
        let why = "a system call tracepoint slows every system call: used with --probes lookup only";
        return Some(Obstacle::NotAsked(why.to_owned()));
    }
    if asked.probes != Probes::Lookup && is_for_each_packet(way) {
        let why = "a hook that runs for each packet that is sent is used with --probes lookup only";
        return Some(Obstacle::NotAsked(why.to_owned()));
    }
    if asked.probes != Probes::Lookup && runs_for_data(way) {
        let why = "tcp_validate_incoming runs for data too: used with --probes lookup only";
        return Some(Obstacle::NotAsked(why.to_owned()));
    }
    lacking(way, facts).map(Obstacle::Lacking)
}

/// `net_dev_queue` and the function around it, where conntrack's own function has no tracepoint and is in a module.
fn is_for_each_packet(way: &Way) -> bool {
    let places = ["net_dev_queue", "__dev_queue_xmit"];
    way.programs.iter().any(|(_, attach)| places.contains(&attach.target()))
}

/// Where the free of a RST does not name the socket, the function that judges it does.
fn runs_for_data(way: &Way) -> bool {
    way.programs.iter().any(|(_, attach)| attach.target() == "tcp_validate_incoming")
}

fn not_asked(only: Backend) -> Obstacle {
    Obstacle::NotAsked(format!("--backend {} was asked for", only.name()))
}

/// What this kernel does not have of what a way takes.
fn lacking(way: &Way, facts: &KernelFacts) -> Option<String> {
    if way.backend == Backend::Kprobe && !facts.features.kprobes {
        return Some("this kernel is built without kprobes (CONFIG_KPROBE_EVENTS)".to_owned());
    }
    if let Some(field) = way.needs.iter().chain(common_needs(way.hook)).find(|field| !facts.has(field)) {
        let why = facts.absent.iter().find(|(name, _)| name == field).map(|(_, why)| why.to_string());
        return Some(why.unwrap_or_else(|| format!("{field} is not known on this kernel")));
    }
    way.programs.iter().find_map(|(_, attach)| missing_target(*attach, facts))
}

fn missing_target(attach: Attach, facts: &KernelFacts) -> Option<String> {
    match attach {
        Attach::RawTracepoint(name) | Attach::TypedTracepoint(name) if !facts.has_tracepoint(name) => {
            Some(format!("this kernel has no tracepoint {name}"))
        }
        Attach::Fentry(name) | Attach::Fexit(name) if !facts.has_function(name) => {
            Some(format!("{name} is not in the kernel's own BTF: it is in a module, or inlined"))
        }
        _ => None,
    }
}

/// Lower is better.
fn rank(way: &Way, facts: &KernelFacts) -> u8 {
    let cost = match way.backend {
        Backend::Tracepoint => 0,
        Backend::Fentry => 1,
        Backend::Kprobe => 2,
    };
    if shortcoming(way, facts).is_none() { cost } else { 10 + cost }
}

/// What a way does not see on this kernel of what the hook is about.
fn shortcoming(way: &Way, facts: &KernelFacts) -> Option<&'static str> {
    match (way.hook, way.backend) {
        // Up to 6.9 tcp_send_reset fires for full sockets only: not for a refusal.
        (Hook::SendReset, Backend::Tracepoint) if !facts.has("arg_tp_reset_reason") => {
            Some("shows no RST for a segment without a full socket")
        }
        // tcp_receive_reset(sk) does not show the segment; tcp_reset(sk, skb) does since 5.15.
        (Hook::ReceiveReset, Backend::Tracepoint) if facts.has("arg_receive_skb") => {
            Some("does not show the RST segment itself")
        }
        (Hook::IcmpSend, Backend::Tracepoint) => Some("sees IPv4 only"),
        // ip_icmp_error leaves a copy in the socket's error queue, ipv6_icmp_error does not.
        (Hook::Icmp, Backend::Tracepoint) => Some("sees IPv4 only, when the attempt ends"),
        (Hook::Connect, Backend::Tracepoint) => Some("misses io_uring and MSG_FASTOPEN"),
        (Hook::Bind, Backend::Tracepoint) => Some("misses io_uring"),
        (Hook::QuietReset, _) if runs_for_data(way) => Some("runs for data too"),
        (Hook::Nat, _) if is_for_each_packet(way) => Some("runs for each packet that is sent"),
        _ => None,
    }
}

/// Why a way that works is not the one that is taken.
#[must_use]
pub fn second(way: &Way, facts: &KernelFacts) -> String {
    shortcoming(way, facts)
        .map_or_else(|| "works, but costs more".to_owned(), |what| format!("works, but {what}"))
}

fn no_such_way(hook: Hook, backend: Backend) -> String {
    match (hook, backend) {
        (Hook::Reject, Backend::Tracepoint) => "netfilter has no tracepoint".to_owned(),
        (Hook::Fork, _) => "the tracepoint is enough".to_owned(),
        _ => format!("no {} tells this", backend.name()),
    }
}

#[cfg(test)]
mod tests;
