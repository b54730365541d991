//! Which rule of this host's firewall it may have been: as nf_tables' rules are when the verdict is made, which is after
//! the fact. None was seen to act, so that nothing here makes a verdict surer.

use super::Context;
use crate::{
    event::Netns,
    ruleset::{Deed, Packet, Suspect},
};

/// So many are named.
const NAMED: usize = 3;

/// A sentence about the rules in `netns` that can have done `deed` to `packet`; none if there is none, or none is known.
pub(super) fn suspects(netns: Netns, packet: &Packet, deed: Deed, context: &Context<'_>) -> Option<String> {
    let rules = context.who.ruleset(netns)?;
    let found = rules.suspects(packet, deed)?;
    let legacy =
        if rules.legacy { " Rules of iptables-legacy, which there are too, were not looked at." } else { "" };
    let said = match &found[..] {
        [] => return None,
        [only] => format!("It may be {}, the only one there that {} it.", named(only), done(deed)),
        several => {
            let names: Vec<_> = several.iter().take(NAMED).map(named).collect();
            let first = if several.len() > NAMED { "; the first are" } else { ":" };
            format!("{} rules there may have {} it{first} {}.", several.len(), did(deed), names.join(", "))
        }
    };
    Some(format!("{said}{legacy}"))
}

fn named(suspect: &Suspect) -> String {
    let Suspect { chain, text, rule } = suspect;
    match rule {
        Some(handle) => format!("the rule `{text}` (nft {chain} handle {handle})"),
        None => format!("the chain's {text} (nft {chain})"),
    }
}

const fn done(deed: Deed) -> &'static str {
    match deed {
        Deed::Reset(_) | Deed::Icmp(_) => "can have rejected",
        Deed::Drop { .. } => "can have dropped",
    }
}

const fn did(deed: Deed) -> &'static str {
    match deed {
        Deed::Reset(_) | Deed::Icmp(_) => "rejected",
        Deed::Drop { .. } => "dropped",
    }
}
