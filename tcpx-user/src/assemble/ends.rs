//! The two ends of a RST, with their sockets and owners.

use std::sync::Arc;

use tcpx_common::abi::state::{LISTEN, NEW_SYN_RECV, SYN_RECV, SYN_SENT, TIME_WAIT};

use super::Names;
use crate::{
    correlate::{
        facts::{Answered, Opened, ResetFacts, Sender},
        key::Seen,
    },
    event::{Holder, SockFacts, SockReset},
    line::{End, Owner, OwnerHow, Socket, SocketKind},
    verdict::{
        VerdictId,
        rules::{self, words},
    },
};

/// The end that made the RST, which has this verdict; `None` if it was not this host.
pub(super) fn sender(facts: &ResetFacts, id: VerdictId, names: &Names<'_>) -> Option<End> {
    let sender = facts.sender.as_ref()?;
    let (socket, owner) = match (sender, sender.answered()) {
        (_, Some(answered)) => {
            (answering(&answered, sender.time()), answering_owner(facts, &answered, names))
        }
        (Sender::Active(seen), _) => (of_reset(seen, facts.sender_opened), closer(seen, id, names)),
        _ => (none(), None),
    };
    let own = sender.flow().a;
    Some(End {
        addr: own.ip(),
        port: own.port(),
        netns: names.who.netns(sender.netns()),
        socket: Some(socket),
        owner,
    })
}

/// The end that the RST reached; `None` if no socket of this host.
pub(super) fn receiver(facts: &ResetFacts, names: &Names<'_>) -> Option<End> {
    let seen = facts.receiver.as_ref()?;
    // Whose connect() it was has been seen; who holds the socket would have to be looked for.
    let caller = facts.refused_a_syn().then(|| connector(facts, names)).flatten();
    Some(End {
        addr: seen.what.ends.a.ip(),
        port: seen.what.ends.a.port(),
        netns: names.who.netns(seen.netns),
        socket: Some(of_reset(seen, facts.receiver_opened)),
        owner: caller.or_else(|| by_inode(seen.what.sock.inode, names)),
    })
}

fn none() -> Socket {
    Socket {
        kind: SocketKind::None,
        state: None,
        age_ns: None,
        idle_ns: None,
        bytes_sent: None,
        bytes_received: None,
    }
}

/// The socket that answered a segment; of those that are not full, only the state is known.
fn answering(answered: &Answered<'_>, time: u64) -> Socket {
    let kind = match answered.sk_state {
        0 => return none(),
        TIME_WAIT => SocketKind::TimeWait,
        LISTEN | NEW_SYN_RECV => SocketKind::Listener,
        _ => SocketKind::Full,
    };
    match answered.sock {
        Some(sock) if kind == SocketKind::Full => {
            let open = !matches!(sock.state, SYN_SENT | SYN_RECV);
            full(sock, answered.opened.filter(|_| open).map(|since| time.saturating_sub(since)))
        }
        _ => Socket { kind, state: Some(words::state(answered.sk_state)), ..none() },
    }
}

/// When a connection was opened: of accepted ones only the kernel's half has seen it.
pub(super) fn age(reset: &SockReset, time: u64, opened: Option<Opened>) -> Option<u64> {
    let since = opened.map(|opened| opened.time).or(reset.opened);
    since.map(|since| time.saturating_sub(since))
}

fn of_reset(seen: &Seen<Arc<SockReset>>, opened: Option<Opened>) -> Socket {
    let open = !matches!(seen.what.sock.state, SYN_SENT | SYN_RECV);
    full(&seen.what.sock, age(&seen.what, seen.time, opened).filter(|_| open))
}

fn full(sock: &SockFacts, age_ns: Option<u64>) -> Socket {
    let kind = match sock.state {
        LISTEN => SocketKind::Listener,
        TIME_WAIT => SocketKind::TimeWait,
        _ => SocketKind::Full,
    };
    // Before a connection stands, `lsndtime` and `lrcvtime` are not set and no data can move.
    let open = !matches!(sock.state, LISTEN | SYN_SENT | SYN_RECV | TIME_WAIT);
    Socket {
        kind,
        state: Some(words::state(sock.state)),
        age_ns,
        idle_ns: open.then_some(sock.idle_ns),
        bytes_sent: open.then_some(sock.bytes_acked),
        bytes_received: open.then_some(sock.bytes_received),
    }
}

fn by_inode(inode: Option<u64>, names: &Names<'_>) -> Option<Owner> {
    let process = inode.and_then(|inode| names.who.holder(inode))?;
    Some(Owner { pid: process.pid, comm: process.comm.clone(), how: OwnerHow::Socket })
}

/// The process that called connect().
fn connector(facts: &ResetFacts, names: &Names<'_>) -> Option<Owner> {
    let start = facts.start.as_ref().filter(|start| start.what.caller)?;
    let process = names.who.process(start.task, &start.what.comm, Some(start.what.uid), start.what.cgroup);
    Some(Owner { pid: process.pid, comm: process.comm.clone(), how: OwnerHow::Caller })
}

/// Without a socket, the owner of an end is whoever holds its port.
fn answering_owner(facts: &ResetFacts, answered: &Answered<'_>, names: &Names<'_>) -> Option<Owner> {
    if let Some(sock) = answered.sock {
        let calls = || matches!(sock.state, SYN_SENT | SYN_RECV).then(|| connector(facts, names)).flatten();
        return by_inode(sock.inode, names).or_else(calls);
    }
    let holders = answered.holders.filter(|_| answered.sk_state == 0)?;
    let bound = |found: &&Holder| answered.would_take(found.addr, found.v6only, found.bound_dev);
    let owner = holders.list.iter().find(bound).and_then(|holder| by_inode(holder.inode, names))?;
    Some(Owner { how: OwnerHow::Bound, ..owner })
}

/// close() runs in the process that calls it, on the socket itself or on its listener. So does connect() with AF_UNSPEC; who holds
/// its socket may be known.
fn closer(seen: &Seen<Arc<SockReset>>, id: VerdictId, names: &Names<'_>) -> Option<Owner> {
    let reset = &seen.what;
    let in_close = rules::from_close(reset) || rules::orphaned_by_close(reset);
    let in_call = if reset.sock.mptcp {
        // A worker of the kernel closes subflows too.
        rules::is_in_mptcp_call(&seen.stack, names.symbols)
    } else {
        in_close || rules::is_unaccepted(reset)
    };
    let holder = if in_call { None } else { by_inode(seen.what.sock.inode, names) };
    if holder.is_some() || !(in_call || id == VerdictId::Disconnect) {
        return holder;
    }
    let process = names.who.process(seen.task, &seen.what.comm, None, None);
    Some(Owner { pid: process.pid, comm: process.comm.clone(), how: OwnerHow::Caller })
}
