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
}

/// What to try for one hook.
#[derive(Clone, Debug)]
pub struct HookPlan {
    /// Hook.
    pub hook: Hook,
    /// Ways to try, in this order.
    pub ways: Vec<&'static Way>,
    /// Ways that this kernel rules out, or that were not asked for, and why.
    pub ruled_out: Vec<(Backend, String)>,
}

/// Makes the plan.
#[must_use]
pub fn plan(facts: &KernelFacts, asked: Asked) -> Vec<HookPlan> {
    Hook::ALL.iter().filter(|hook| wanted(**hook, asked)).map(|hook| hook_plan(*hook, facts, asked)).collect()
}

/// Whether a hook belongs to what was asked.
fn wanted(hook: Hook, asked: Asked) -> bool {
    match hook {
        Hook::Receive | Hook::LookupEstablished | Hook::LookupListener => asked.probes == Probes::Lookup,
        Hook::Fork => asked.command,
        _ => true,
    }
}

fn hook_plan(hook: Hook, facts: &KernelFacts, asked: Asked) -> HookPlan {
    let mut plan = HookPlan { hook, ways: Vec::new(), ruled_out: Vec::new() };
    for backend in Backend::ALL {
        if !WAYS.iter().any(|way| way.hook == hook && way.backend == *backend) {
            plan.ruled_out.push((*backend, no_such_way(hook, *backend)));
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
fn obstacle(way: &Way, facts: &KernelFacts, asked: Asked) -> Option<String> {
    if let BackendChoice::Only(only) = asked.backend
        && only != way.backend
        // Following the command's processes is bookkeeping, not a way to see packets.
        && way.hook != Hook::Fork
    {
        return Some(format!("--backend {} was asked for", only.name()));
    }
    if asked.probes == Probes::Path
        && way.programs.iter().any(|(_, attach)| matches!(attach, Attach::Syscall(_)))
    {
        return Some(
            "a system call tracepoint slows every system call: used with --probes lookup only".to_owned(),
        );
    }
    if let Some(field) = way.needs.iter().chain(common_needs(way.hook)).find(|field| !facts.has(field)) {
        let why = facts.absent.iter().find(|(name, _)| name == field).map(|(_, why)| why.to_string());
        return Some(why.unwrap_or_else(|| format!("{field} is not known on this kernel")));
    }
    way.programs.iter().find_map(|(_, attach)| missing_target(*attach, facts))
}

fn missing_target(attach: Attach, facts: &KernelFacts) -> Option<String> {
    match attach {
        Attach::RawTracepoint(name) if !facts.has_tracepoint(name) => {
            Some(format!("this kernel has no tracepoint {name}"))
        }
        Attach::Fentry(name) | Attach::Fexit(name) if !facts.has_function(name) => {
            Some(format!("{name} is not in the kernel's own BTF"))
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
    if sees_all(way, facts) { cost } else { 10 + cost }
}

/// Whether a way sees all that the hook is about on this kernel.
fn sees_all(way: &Way, facts: &KernelFacts) -> bool {
    match (way.hook, way.backend) {
        // Up to 6.9 tcp_send_reset fires for full sockets only: not for a refusal.
        (Hook::SendReset, Backend::Tracepoint) => facts.has("arg_tp_reset_reason"),
        // tcp_receive_reset(sk) does not show the segment; tcp_reset(sk, skb) does since 5.15.
        (Hook::ReceiveReset, Backend::Tracepoint) => !facts.has("arg_receive_skb"),
        // icmp_send is IPv4 only; system calls miss io_uring and MSG_FASTOPEN.
        (Hook::IcmpSend | Hook::Connect | Hook::Bind, Backend::Tracepoint) => false,
        _ => true,
    }
}

fn no_such_way(hook: Hook, backend: Backend) -> String {
    match (hook, backend) {
        (Hook::Reject, Backend::Tracepoint) => "netfilter has no tracepoint".to_owned(),
        (Hook::Fork, _) => "the tracepoint is enough".to_owned(),
        _ => format!("no {} tells this", backend.name()),
    }
}
