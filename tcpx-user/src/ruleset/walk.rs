//! Which rules can have done it: the way of a segment through the chains of a hook.

use std::collections::HashMap;

use super::{
    Answer, Chain, Packet, Rule, Ruleset, Set, family,
    registers::{Effect, run},
    set::Known,
};

/// More rules than these are not gone through, and nothing is said then.
const MOST: usize = 200_000;

/// Chains within each other beyond what a kernel has; a recording may say anything.
const DEEPEST: usize = 4_000;

/// What was done to the segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Answered with a RST, at this hook.
    Reset(Option<u32>),
    /// Answered with this code of destination unreachable.
    Icmp(u8),
    /// Dropped. A rule that answers drops too.
    Drop {
        /// A RST would have been seen.
        no_reset: bool,
        /// An ICMP error would have been seen.
        no_icmp: bool,
    },
}

/// What can have done it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspect {
    /// Family, table and chain, as nft takes them.
    pub chain: String,
    /// The rule; `None` is the policy of the chain.
    pub rule: Option<u64>,
    /// The rule's text.
    pub text: String,
}

const PREROUTING: u32 = 0;
const INPUT: u32 = 1;
const FORWARD: u32 = 2;

impl Ruleset {
    /// All that can have done `deed` to `packet`; `None` if there are too many rules to tell.
    #[must_use]
    pub fn suspects(&self, packet: &Packet, deed: Deed) -> Option<Vec<Suspect>> {
        let begins = |chain: &&Chain| chain.base.is_some() && concerns(chain, packet, deed);
        let mut bases: Vec<&Chain> = self.chains.iter().filter(begins).collect();
        bases.sort_by_key(|chain| chain.base.map(|base| (base.hook, base.priority)));
        let names = self.chains.iter().map(|chain| (key(chain), chain)).collect();
        let mut walk =
            Walk { names, sets: &self.sets, packet, deed, found: Vec::new(), left: MOST, depth: 0 };
        for base in bases {
            walk.begin(base)?;
        }
        Some(walk.found)
    }
}

type Key<'a> = (u8, &'a str, &'a str);

fn key(chain: &Chain) -> Key<'_> {
    (chain.family, &chain.table, &chain.name)
}

/// Whether a chain at a hook can have met the segment, and have done such a thing.
fn concerns(chain: &Chain, packet: &Packet, deed: Deed) -> bool {
    let Some(base) = chain.base else { return false };
    let ip = match chain.family {
        family::INET => true,
        family::IPV4 => packet.is_ipv4(),
        family::IPV6 => !packet.is_ipv4(),
        _ => false,
    };
    match deed {
        // On loopback a route is there before routing, so that prerouting looks like what comes after it.
        Deed::Reset(Some(hook)) => {
            ip && (base.hook == hook || base.hook == PREROUTING && matches!(hook, INPUT | FORWARD))
        }
        Deed::Reset(None) | Deed::Icmp(_) => ip,
        Deed::Drop { .. } => ip || matches!(chain.family, family::NETDEV | family::BRIDGE),
    }
}

/// There the packet's device is the one that it came in on.
fn is_inbound(chain: &Chain) -> bool {
    let hook = chain.base.map(|base| base.hook);
    match chain.family {
        family::INET | family::IPV4 | family::IPV6 => matches!(hook, Some(PREROUTING | INPUT | FORWARD)),
        _ => false,
    }
}

struct Walk<'a> {
    names: HashMap<Key<'a>, &'a Chain>,
    sets: &'a [Set],
    packet: &'a Packet,
    deed: Deed,
    found: Vec<Suspect>,
    left: usize,
    /// Chains entered and not left.
    depth: usize,
}

/// The way from one chain at a hook.
struct Way<'a> {
    inbound: bool,
    /// Chains that were entered, and whether the segment's way is certain to end in them.
    ends: HashMap<Key<'a>, bool>,
}

impl<'a> Walk<'a> {
    fn begin(&mut self, chain: &'a Chain) -> Option<()> {
        let mut way = Way { inbound: is_inbound(chain), ends: HashMap::new() };
        let ended = self.enter(chain, &mut way)?;
        let drops = chain.base.is_some_and(|base| base.drops);
        if drops && !ended && matches!(self.deed, Deed::Drop { .. }) {
            self.suspect(chain, None, &Known::default());
        }
        Some(())
    }

    /// Whether the segment is certain to get a verdict in the chain, or in those that it leads to.
    fn enter(&mut self, chain: &'a Chain, way: &mut Way<'a>) -> Option<bool> {
        if let Some(&ends) = way.ends.get(&key(chain)) {
            return Some(ends);
        }
        // A loop, which the kernel does not allow, ends nothing.
        way.ends.insert(key(chain), false);
        if self.depth == DEEPEST {
            return None;
        }
        self.depth += 1;
        let ends = self.rules(chain, way)?;
        self.depth -= 1;
        way.ends.insert(key(chain), ends);
        Some(ends)
    }

    fn rules(&mut self, chain: &'a Chain, way: &mut Way<'a>) -> Option<bool> {
        let sets = Known::of(self.sets, chain.family, &chain.table);
        for rule in &chain.rules {
            self.left = self.left.checked_sub(1)?;
            let Some((certain, effect)) = run(rule, self.packet, way.inbound, &sets) else { continue };
            if self.did_it(&effect) {
                self.suspect(chain, Some(rule), &sets);
            }
            match effect {
                Effect::Map => self.anywhere(chain, way)?,
                Effect::Jump(name) => {
                    if self.go(chain, name, way)? && certain {
                        return Some(true);
                    }
                }
                Effect::Goto(name) => {
                    let ends = self.go(chain, name, way)?;
                    if certain {
                        return Some(ends);
                    }
                }
                Effect::Return if certain => return Some(false),
                Effect::Accept | Effect::Drop | Effect::Reject(_) if certain => return Some(true),
                Effect::Nothing | Effect::Return | Effect::Accept | Effect::Drop | Effect::Reject(_) => {}
            }
        }
        Some(false)
    }

    fn go(&mut self, from: &'a Chain, name: &'a str, way: &mut Way<'a>) -> Option<bool> {
        let to = self.names.get(&(from.family, from.table.as_str(), name)).copied();
        to.map_or(Some(false), |to| self.enter(to, way))
    }

    /// A map leads to any chain of its table.
    fn anywhere(&mut self, from: &'a Chain, way: &mut Way<'a>) -> Option<()> {
        let of_table = |chain: &&&Chain| {
            chain.base.is_none() && (chain.family, &chain.table) == (from.family, &from.table)
        };
        let mut chains: Vec<&Chain> = self.names.values().filter(of_table).copied().collect();
        chains.sort_by_key(|chain| &chain.name);
        for chain in chains {
            self.enter(chain, way)?;
        }
        Some(())
    }

    fn did_it(&self, effect: &Effect<'_>) -> bool {
        let code = |answer: &Answer| answer.code(self.packet.is_ipv4());
        match (self.deed, effect) {
            (Deed::Reset(_), Effect::Reject(answer)) => *answer == Answer::Reset,
            (Deed::Icmp(wanted), Effect::Reject(answer)) => code(answer) == Some(wanted),
            (Deed::Drop { .. }, Effect::Drop | Effect::Map | Effect::Reject(Answer::Other)) => true,
            (Deed::Drop { no_reset, .. }, Effect::Reject(Answer::Reset)) => !no_reset,
            (Deed::Drop { no_icmp, .. }, Effect::Reject(_)) => !no_icmp,
            _ => false,
        }
    }

    /// A chain that several lead to is gone through for each of them.
    fn suspect(&mut self, chain: &Chain, rule: Option<&Rule>, sets: &Known<'_>) {
        let name = |number| match number {
            family::INET => "inet",
            family::IPV4 => "ip",
            family::IPV6 => "ip6",
            family::NETDEV => "netdev",
            _ => "bridge",
        };
        let suspect = Suspect {
            chain: format!("{} {} {}", name(chain.family), chain.table, chain.name),
            rule: rule.map(|rule| rule.handle),
            text: rule.map_or_else(|| "policy drop".to_owned(), |rule| rule.text(chain.family, sets)),
        };
        if !self.found.contains(&suspect) {
            self.found.push(suspect);
        }
    }
}
