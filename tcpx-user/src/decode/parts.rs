//! The parts that several records share.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tcpx_common::{abi, abi::sock_flag, event as raw};

use crate::event::{
    Arrival, Comm, Ends, Holder, Holders, ListenLimits, Lookups, Miss, Name, Segment, SockFacts, SockPtr,
};

/// An address as the records have it. A v4-mapped address is an IPv4 address: that is what is on the wire.
pub(super) fn address(bytes: &[u8; 16], family: u16) -> Option<IpAddr> {
    match family {
        4 => Some(Ipv4Addr::new(bytes[0], bytes[1], bytes[2], bytes[3]).into()),
        6 => Some(Ipv6Addr::from(*bytes).to_canonical()),
        _ => None,
    }
}

/// Both ends, of one family. A dual-stack socket that is not yet bound has `::` on its side of an IPv4 connection.
pub(super) fn ends(tuple: &raw::Tuple) -> Option<Ends> {
    let a = address(&tuple.a, tuple.family)?;
    let b = address(&tuple.b, tuple.family)?;
    let (a, b) = match (a, b) {
        (IpAddr::V4(_), IpAddr::V6(other)) if other.is_unspecified() => (a, Ipv4Addr::UNSPECIFIED.into()),
        (IpAddr::V6(other), IpAddr::V4(_)) if other.is_unspecified() => (Ipv4Addr::UNSPECIFIED.into(), b),
        both => both,
    };
    Some(Ends { a: SocketAddr::new(a, tuple.a_port), b: SocketAddr::new(b, tuple.b_port) })
}

/// The remote end of what a system call was given.
pub(super) fn remote(tuple: &raw::Tuple) -> Option<SocketAddr> {
    Some(SocketAddr::new(address(&tuple.b, tuple.family)?, tuple.b_port))
}

/// The local end of what a system call was given.
pub(super) fn local(tuple: &raw::Tuple) -> Option<SocketAddr> {
    Some(SocketAddr::new(address(&tuple.a, tuple.family)?, tuple.a_port))
}

/// A NUL-padded name.
pub(super) fn text(bytes: &[u8; 16]) -> Option<Name> {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    (end > 0).then(|| String::from_utf8_lossy(&bytes[..end]).as_ref().into())
}

/// The name of a task, as the kernel has it: any bytes.
pub(super) fn comm(bytes: &[u8; 16]) -> Comm {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    Comm::from_slice(&bytes[..end])
}

pub(super) fn non_zero(number: u64) -> Option<u64> {
    (number != 0).then_some(number)
}

pub(super) fn pointer(number: u64) -> Option<SockPtr> {
    non_zero(number).map(SockPtr)
}

/// `None` if it was not seen.
pub(super) fn arrival(arrival: raw::Arrival) -> Option<Arrival> {
    let raw::Arrival { ifindex, ip_id, ttl, present } = arrival;
    (present != 0).then_some(Arrival { ttl, ip_id, ifindex: (ifindex != 0).then_some(ifindex) })
}

/// `None` if no segment was at hand.
pub(super) fn segment(segment: &raw::Segment) -> Option<Segment> {
    if segment.present == 0 {
        return None;
    }
    Some(Segment {
        ends: ends(&segment.tuple)?,
        seq: segment.seq,
        ack: segment.ack,
        payload: segment.payload,
        window: segment.window,
        ip_id: segment.ip_id,
        flags: segment.flags,
        ttl: segment.ttl,
        device: text(&segment.device),
        ifindex: (segment.ifindex != 0).then_some(segment.ifindex),
    })
}

pub(super) fn lookups(facts: &raw::LookupFacts) -> Lookups {
    let established = match facts.established {
        abi::lookup::HIT => Some(Ok((SockPtr(facts.established_sk), facts.established_state))),
        abi::lookup::MISS => Some(Err(Miss)),
        _ => None,
    };
    let listener = match facts.listener {
        abi::lookup::HIT => Some(Ok(SockPtr(facts.listener_sk))),
        abi::lookup::MISS => Some(Err(Miss)),
        _ => None,
    };
    Lookups {
        established,
        listener,
        denied: facts.denied != 0,
        received: facts.received != 0,
        brought: facts.brought != 0,
    }
}

pub(super) fn sock(facts: &raw::SockFacts, tick_ns: u64) -> Option<SockFacts> {
    if facts.present == 0 {
        return None;
    }
    let linger = facts.flags & sock_flag::LINGER != 0;
    Some(SockFacts {
        sk: SockPtr(facts.sk),
        inode: non_zero(facts.inode),
        cgroup: non_zero(facts.cgroup),
        uid: facts.uid,
        state: facts.state,
        held: facts.flags & sock_flag::HELD != 0,
        dead: facts.flags & sock_flag::DEAD != 0,
        linger: linger.then_some(facts.linger_ticks),
        shutdown: facts.shutdown,
        err: facts.err,
        err_soft: facts.err_soft,
        snd_una: facts.snd_una,
        snd_nxt: facts.snd_nxt,
        rcv_nxt: facts.rcv_nxt,
        copied_seq: facts.copied_seq,
        total_retrans: facts.total_retrans,
        idle_ns: u64::from(facts.idle_ticks).saturating_mul(tick_ns),
        bytes_acked: facts.bytes_acked,
        bytes_received: facts.bytes_received,
        backlog: (facts.ack_backlog, facts.max_ack_backlog),
        mptcp: facts.flags & sock_flag::MPTCP != 0,
        cookie_age_ns: (facts.cookie_ticks != 0)
            .then(|| u64::from(facts.cookie_ticks).saturating_mul(tick_ns)),
    })
}

/// A holder whose family is no family is left out, and the list is then not complete.
pub(super) fn holders(walk: &raw::Holders) -> Holders {
    let told = usize::try_from(walk.found).unwrap_or(usize::MAX).min(raw::MAX_HOLDERS);
    let list: Vec<Holder> = walk.list[..told].iter().filter_map(holder).collect();
    let all = list.len() as u64 == u64::from(walk.found);
    Holders { complete: walk.complete != 0 && all, list, limits: limits(&walk.limits) }
}

pub(super) const fn limits(limits: &raw::ListenLimits) -> ListenLimits {
    ListenLimits {
        somaxconn: limits.somaxconn,
        max_syn_backlog: limits.max_syn_backlog,
        syncookies: limits.syncookies,
    }
}

pub(super) fn holder(holder: &raw::Holder) -> Option<Holder> {
    Some(Holder {
        sk: SockPtr(holder.sk),
        inode: non_zero(holder.inode),
        cgroup: non_zero(holder.cgroup),
        uid: holder.uid,
        addr: SocketAddr::new(address(&holder.addr, u16::from(holder.family))?, holder.port),
        listening: holder.state == abi::state::LISTEN,
        v6only: holder.flags & sock_flag::V6ONLY != 0,
        reuseport_program: holder.flags & sock_flag::REUSEPORT_PROGRAM != 0,
        bound_dev: holder.bound_dev,
        backlog: (holder.ack_backlog, holder.max_ack_backlog),
        syn_backlog: holder.syn_backlog.into(),
        defer_accept: holder.defer_accept,
        filtered: holder.flags & sock_flag::FILTER != 0,
    })
}
