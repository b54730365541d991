//! What the sets have that rules look values up in.

use std::{collections::BTreeSet, io};

use netlink_sys::{Socket, protocols::NETLINK_NETFILTER};

use super::{Attributes, HEADER, Table, big_word, dump, dump_of, expression, text};
use crate::ruleset::{Chain, Element, Expression, Role, Set};

const GETSET: u16 = super::NFNL_SUBSYS_NFTABLES | 0xa;
const GETSETELEM: u16 = super::NFNL_SUBSYS_NFTABLES | 0xd;

/// `enum nft_set_flags`.
mod flag {
    pub(super) const INTERVAL: u32 = 0x4;
    pub(super) const CONCAT: u32 = 0x80;
    /// Elements that expire, that packets add, and that have no verdict but an object.
    pub(super) const OF_ANOTHER_KIND: u32 = 0x10 | 0x20 | 0x40;
}

/// Those that the rules of these chains name. What cannot be told of one leaves it out: then it may have any value.
pub(super) fn ask(socket: &Socket, chains: &[Chain]) -> io::Result<Vec<Set>> {
    let named: BTreeSet<_> = chains.iter().flat_map(named).collect();
    let mut sets = Vec::new();
    if named.is_empty() {
        return Ok(sets);
    }
    dump(socket, GETSET, |entry| sets.extend(set(entry)))?;
    sets.retain(|set| named.contains(&((set.family, set.table.clone()), set.name.clone())));
    Ok(sets.into_iter().filter_map(with_elements).collect())
}

fn named(chain: &Chain) -> impl Iterator<Item = (Table, String)> {
    let table = (chain.family, chain.table.clone());
    let expressions = chain.rules.iter().flat_map(|rule| &rule.expressions);
    expressions.filter_map(move |expression| match expression {
        Expression::Lookup { set, .. } => Some((table.clone(), set.clone())),
        _ => None,
    })
}

/// On a socket of its own: what is left of a dump that was broken off would come first on the next.
fn with_elements(mut set: Set) -> Option<Set> {
    let mut socket = Socket::new(NETLINK_NETFILTER).ok()?;
    socket.bind_auto().ok()?;
    let mut elements = Vec::new();
    dump_of(&socket, GETSETELEM, &which(&set), |entry| elements.extend(list(entry))).ok()?;
    set.elements = elements.into_iter().collect::<Option<_>>()?;
    Some(set)
}

/// `struct nfgenmsg`, `NFTA_SET_ELEM_LIST_TABLE` and `NFTA_SET_ELEM_LIST_SET`.
fn which(set: &Set) -> Vec<u8> {
    let mut body = vec![set.family, 0, 0, 0];
    for (kind, name) in [(1_u16, &set.table), (2, &set.name)] {
        let length = 4 + name.len() + 1;
        body.extend((length as u16).to_ne_bytes());
        body.extend(kind.to_ne_bytes());
        body.extend(name.as_bytes());
        body.resize(body.len() + 1 + (length.next_multiple_of(4) - length), 0);
    }
    body
}

/// `NFTA_SET_*`, without its elements; `None` for one of another kind.
pub(super) fn set(entry: &[u8]) -> Option<Set> {
    let body = entry.get(HEADER..)?;
    let number = |kind| Attributes::first(body, kind).and_then(big_word);
    let flags = number(3).unwrap_or(0);
    let fields = Attributes::first(body, 9).map(fields).unwrap_or_default();
    let (intervals, concatenated) = (flags & flag::INTERVAL != 0, flags & flag::CONCAT != 0);
    let told = !(intervals && concatenated && fields.is_empty());
    (told && flags & flag::OF_ANOTHER_KIND == 0).then_some(Set {
        family: *entry.first()?,
        table: text(Attributes::first(body, 1)?),
        name: text(Attributes::first(body, 2)?),
        key_length: number(5)?,
        intervals,
        fields: if intervals { fields } else { Vec::new() },
        elements: Vec::new(),
    })
}

/// `NFTA_SET_DESC_CONCAT`: a list of `NFTA_SET_FIELD_LEN`.
fn fields(description: &[u8]) -> Vec<u32> {
    let list = Attributes::first(description, 2).unwrap_or_default();
    Attributes(list).filter_map(|(_, field)| big_word(Attributes::first(field, 1)?)).collect()
}

/// `NFTA_SET_ELEM_LIST_ELEMENTS`; `None` for one that is not understood.
pub(super) fn list(entry: &[u8]) -> Vec<Option<Element>> {
    let body = entry.get(HEADER..).unwrap_or_default();
    let elements = Attributes::first(body, 3).unwrap_or_default();
    Attributes(elements).map(|(_, one)| element(one)).collect()
}

/// `NFTA_SET_ELEM_*`; one that expires although its set has no timeout, or that has an expression such as a limit, is not understood.
fn element(bytes: &[u8]) -> Option<Element> {
    const INTERVAL_END: u32 = 1;
    const CATCHALL: u32 = 2;
    let attribute = |kind| Attributes::first(bytes, kind);
    let value = |kind| Some(Attributes::first(attribute(kind)?, 1)?.to_vec());
    let role = match attribute(3).and_then(big_word).unwrap_or(0) {
        0 => Role::Key,
        INTERVAL_END => Role::End,
        CATCHALL => Role::CatchAll,
        _ => return None,
    };
    let key = if role == Role::CatchAll { Vec::new() } else { value(1)? };
    let strange = [4, 5, 7, 9, 11].into_iter().any(|kind| attribute(kind).is_some());
    let verdict = attribute(2).and_then(expression::verdict_in);
    (!strange).then_some(Element { key, last: value(10), role, verdict })
}
