//! The rules that nf_tables has, by nfnetlink (`struct nfgenmsg`, then attributes in network order), in the calling
//! thread's namespace.

mod expression;
mod sets;

use std::{collections::BTreeMap, fs, io, path::Path};

use netlink_sys::{Socket, protocols::NETLINK_NETFILTER};

use super::netlink::{Attributes, Messages, Step, ask as send, text, word};
use crate::ruleset::{Base, Chain, Rule, Ruleset};

const NFNL_SUBSYS_NFTABLES: u16 = 10 << 8;
const GETTABLE: u16 = NFNL_SUBSYS_NFTABLES | 1;
const GETCHAIN: u16 = NFNL_SUBSYS_NFTABLES | 4;
const GETRULE: u16 = NFNL_SUBSYS_NFTABLES | 7;

/// `struct nfgenmsg`.
const HEADER: usize = 4;
/// Who has more than this is asked in vain: a listing must not take long, nor fill memory.
const MOST_BYTES: usize = 16 << 20;

/// Everything that nf_tables has here.
///
/// # Errors
/// There is no nf_tables, it may not be asked, it has too much to say, or it changed meanwhile.
pub(super) fn ask() -> io::Result<Ruleset> {
    if !is_there() {
        return Err(io::ErrorKind::Unsupported.into());
    }
    let mut socket = Socket::new(NETLINK_NETFILTER)?;
    socket.bind_auto()?;
    let mut tables = Vec::new();
    dump(&socket, GETTABLE, |entry| tables.extend(dormant(entry)))?;
    let mut chains = Vec::new();
    dump(&socket, GETCHAIN, |entry| chains.extend(chain(entry)))?;
    let mut rules = Vec::new();
    dump(&socket, GETRULE, |entry| rules.extend(rule(entry)))?;
    let chains = put_together(&tables, chains, rules);
    let sets = sets::ask(&socket, &chains)?;
    Ok(Ruleset { chains, sets, legacy: has_legacy() })
}

/// Asking would make the kernel load the module (`nfnetlink_rcv_msg`), which is not for an onlooker to do.
fn is_there() -> bool {
    let loaded = Path::new("/sys/module/nf_tables").exists();
    let release = rustix::system::uname().release().to_string_lossy().into_owned();
    let builtin = fs::read_to_string(format!("/lib/modules/{release}/modules.builtin"));
    loaded || builtin.map_or(!has_modules(), |list| list.contains("/nf_tables.ko"))
}

/// This kernel has modules loaded.
fn has_modules() -> bool {
    fs::read("/proc/modules").is_ok_and(|list| !list.is_empty())
}

/// All of a kind, of all families (`NFPROTO_UNSPEC`).
fn dump(socket: &Socket, kind: u16, take: impl FnMut(&[u8])) -> io::Result<()> {
    dump_of(socket, kind, &[0; HEADER], take)
}

fn dump_of(socket: &Socket, kind: u16, which: &[u8], mut take: impl FnMut(&[u8])) -> io::Result<()> {
    let flags = (libc::NLM_F_REQUEST | libc::NLM_F_DUMP) as u16;
    send(socket, kind, flags, which)?;
    let mut size = 0;
    loop {
        let (bytes, _) = socket.recv_from_full()?;
        size += bytes.len();
        if bytes.is_empty() || size > MOST_BYTES {
            return Err(io::ErrorKind::InvalidData.into());
        }
        if read(&bytes, &mut take)? {
            return Ok(());
        }
    }
}

/// One datagram of a dump; true if it ends it.
fn read(bytes: &[u8], mut take: impl FnMut(&[u8])) -> io::Result<bool> {
    for message in Messages(bytes) {
        match message.step()? {
            Step::Done => return Ok(true),
            Step::Entry(entry) => take(entry),
        }
    }
    Ok(false)
}

/// Family and name of a chain's or rule's table.
type Table = (u8, String);

/// A table that is not in use.
fn dormant(entry: &[u8]) -> Option<Table> {
    const NAME: u16 = 1;
    const FLAGS: u16 = 2;
    const DORMANT: u32 = 1;
    let body = entry.get(HEADER..)?;
    let flags = big_word(Attributes::first(body, FLAGS)?)?;
    (flags & DORMANT != 0).then_some((*entry.first()?, text(Attributes::first(body, NAME)?)))
}

fn chain(entry: &[u8]) -> Option<Chain> {
    const TABLE: u16 = 1;
    const NAME: u16 = 3;
    const HOOK: u16 = 4;
    const POLICY: u16 = 5;
    let body = entry.get(HEADER..)?;
    let drops = Attributes::first(body, POLICY).and_then(big_word) == Some(0);
    Some(Chain {
        family: *entry.first()?,
        table: text(Attributes::first(body, TABLE)?),
        name: text(Attributes::first(body, NAME)?),
        base: Attributes::first(body, HOOK).and_then(|hook| base(hook, drops)),
        rules: Vec::new(),
    })
}

fn base(hook: &[u8], drops: bool) -> Option<Base> {
    const NUMBER: u16 = 1;
    const PRIORITY: u16 = 2;
    let number = |kind| Attributes::first(hook, kind).and_then(big_word);
    Some(Base { hook: number(NUMBER)?, priority: number(PRIORITY)?.cast_signed(), drops })
}

/// Its table, the name of its chain, and the rule.
fn rule(entry: &[u8]) -> Option<(Table, String, Rule)> {
    const TABLE: u16 = 1;
    const CHAIN: u16 = 2;
    const HANDLE: u16 = 3;
    const EXPRESSIONS: u16 = 4;
    let family = *entry.first()?;
    let body = entry.get(HEADER..)?;
    let handle = u64::from_be_bytes(Attributes::first(body, HANDLE)?.try_into().ok()?);
    let list = Attributes::first(body, EXPRESSIONS).unwrap_or_default();
    let expressions = Attributes(list).filter_map(|(_, one)| expression::read(one, family)).collect();
    let table = (family, text(Attributes::first(body, TABLE)?));
    Some((table, text(Attributes::first(body, CHAIN)?), Rule { handle, expressions }))
}

fn put_together(dormant: &[Table], mut chains: Vec<Chain>, rules: Vec<(Table, String, Rule)>) -> Vec<Chain> {
    chains.retain(|chain| {
        !dormant.iter().any(|(family, name)| (*family, name) == (chain.family, &chain.table))
    });
    let mut places = BTreeMap::new();
    for (place, chain) in chains.iter().enumerate() {
        places.insert(((chain.family, chain.table.clone()), chain.name.clone()), place);
    }
    for (table, name, rule) in rules {
        if let Some(&place) = places.get(&(table, name)) {
            chains[place].rules.push(rule);
        }
    }
    chains
}

/// What iptables-legacy has is asked otherwise, if at all: only that there is something is of interest.
fn has_legacy() -> bool {
    ["ip_tables_names", "ip6_tables_names"].iter().any(|name| {
        // What stands below net/ there is that of the reading thread's namespace.
        fs::read(format!("/proc/thread-self/net/{name}")).is_ok_and(|names| !names.is_empty())
    })
}

fn big_word(bytes: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(..4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests;
