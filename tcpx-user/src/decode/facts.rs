//! One record each. `None` means malformed: a fact is missing without which the record says nothing.

use std::sync::Arc;

use tcpx_common::{
    abi::{
        denied_by, place_flag, refused, sock_flag, state,
        tcp_flag::{RST, SYN},
    },
    event as raw,
};

use super::parts::{self, comm, ends, non_zero, pointer};
use crate::event::{
    Bind, CallFailed, Comm, ConnRequest, ConnectFailed, DeniedBy, Drop, Holders, HookNumber, Icmp,
    ListenLimits, Met, MiniSocket, Name, Nat, Numbers, Place, Quiet, Reached, Refused, Reply, Retransmit,
    ServerCall, SockFacts, SockPtr, SockReset, StateChange, Timers, Untranslated, What,
};

pub(super) fn state(state: &raw::State) -> Option<StateChange> {
    Some(StateChange {
        sk: SockPtr(state.sk),
        ends: ends(&state.tuple)?,
        requested: parts::remote(&state.requested),
        old: state.old,
        new: state.new,
        held: state.sock_flags & sock_flag::HELD != 0,
        v6only: state.sock_flags & sock_flag::V6ONLY != 0,
        caller: state.caller != 0,
        inode: non_zero(state.inode),
        cgroup: non_zero(state.cgroup),
        uid: state.uid,
        err: state.err,
        err_soft: state.err_soft,
        snd_una: state.snd_una,
        snd_nxt: state.snd_nxt,
        rcv_nxt: state.rcv_nxt,
        total_retrans: state.total_retrans,
        bound_dev: state.bound_dev,
        comm: comm(&state.comm),
    })
}

pub(super) fn connect_failed(failed: &raw::ConnectFailed) -> Option<ConnectFailed> {
    Some(ConnectFailed {
        requested: parts::remote(&failed.requested)?,
        sk: pointer(failed.sk),
        errno: failed.result.checked_neg()?,
        denied_by: denied(failed.denied_by),
        uid: failed.uid,
        cgroup: non_zero(failed.cgroup),
        comm: comm(&failed.comm),
    })
}

pub(super) fn bind(bind: &raw::Bind) -> Option<Bind> {
    Some(Bind {
        requested: parts::local(&bind.requested)?,
        sk: pointer(bind.sk),
        inode: non_zero(bind.inode),
        errno: bind.result.checked_neg()?,
        port: bind.port,
        uid: bind.uid,
        cgroup: non_zero(bind.cgroup),
        comm: comm(&bind.comm),
    })
}

pub(super) fn call_failed(failed: &raw::CallFailed, call: ServerCall) -> Option<CallFailed> {
    let holders = parts::holders(&failed.holders);
    Some(CallFailed {
        call,
        bind: bind(&failed.call)?,
        denied_by: denied(failed.call.denied_by),
        holders: (holders.complete || !holders.list.is_empty()).then_some(holders),
    })
}

const fn denied(by: u16) -> Option<DeniedBy> {
    match by {
        denied_by::SECURITY_MODULE => Some(DeniedBy::SecurityModule),
        denied_by::CGROUP_PROGRAM => Some(DeniedBy::CgroupProgram),
        _ => None,
    }
}

/// "Nobody holds the port" travels as one bit, and means the same as an empty walk that came to its end.
fn walked(port_free: u8, holders: Option<Holders>) -> Option<Holders> {
    let free = || Holders { list: Vec::new(), complete: true, limits: ListenLimits::default() };
    holders.or_else(|| (port_free != 0).then(free))
}

const fn place(flags: u8) -> Place {
    Place { sk_lookup: flags & place_flag::SK_LOOKUP != 0, vrf: flags & place_flag::VRF != 0 }
}

pub(super) fn reply(reply: &raw::Reply, reason: Option<Name>, holders: Option<Holders>) -> Option<Reply> {
    Some(Reply {
        segment: parts::segment(&reply.segment)?,
        lookups: parts::lookups(&reply.lookup),
        reason,
        sk_state: reply.sk_state,
        sock: None,
        opened: None,
        holders: walked(reply.port_free, holders),
        place: place(reply.place),
    })
}

pub(super) fn drop(
    drop: &raw::Drop,
    function: Option<Name>,
    reason: Option<Name>,
    holders: Option<Holders>,
) -> Option<Drop> {
    Some(Drop {
        segment: parts::segment(&drop.segment)?,
        lookups: parts::lookups(&drop.lookup),
        location: non_zero(drop.location),
        function,
        reason,
        no_socket: drop.no_socket != 0,
        holders: walked(drop.port_free, holders),
        place: place(drop.place),
        for_state: (drop.for_state != 0).then_some(drop.for_state),
    })
}

pub(super) fn sock_reset(reset: &raw::SockReset, reason: Option<Name>, tick_ns: u64) -> Option<SockReset> {
    Some(SockReset {
        ends: ends(&reset.tuple)?,
        sock: parts::sock(&reset.sock, tick_ns)?,
        timers: Timers {
            probes_out: reset.probes_out,
            retransmits: reset.retransmits,
            user_timeout: reset.user_timeout,
            linger2: reset.linger2,
        },
        opened: non_zero(reset.opened_ns),
        segment: parts::segment(&reset.segment),
        reason,
        comm: comm(&reset.comm),
        handshake: parts::arrival(reset.handshake),
        quiet: None,
        refuses: reset.refuses != 0,
    })
}

/// A listener expects no numbers of its own: those of the request socket take their place.
pub(super) fn quiet_reset(reset: &raw::QuietReset, tick_ns: u64) -> Option<SockReset> {
    let segment = parts::segment(&reset.segment)?;
    let numbers = (reset.numbers != 0).then_some(Numbers { next: reset.rcv_nxt, until: reset.until });
    let ended = reset.ended != 0;
    let met = match (reset.handshake, reset.sock.state) {
        (0, state::TIME_WAIT) => {
            Reached::TimeWait { ended, substate: reset.substate, rfc1337: reset.rfc1337 != 0 }
        }
        (0, _) => Reached::Full,
        _ => Reached::Request { ended: numbers.map(|_| ended) },
    };
    Some(SockReset {
        ends: segment.ends.flipped(),
        sock: SockFacts { rcv_nxt: reset.rcv_nxt, ..parts::sock(&reset.sock, tick_ns)? },
        timers: Timers::default(),
        opened: None,
        segment: Some(segment),
        reason: None,
        comm: Comm::new(),
        handshake: None,
        quiet: Some(Quiet { numbers, met, freed: reset.freed != 0 }),
        refuses: false,
    })
}

pub(super) fn icmp(icmp: &raw::Icmp, received: bool) -> Option<Icmp> {
    let from = || parts::address(&icmp.from, icmp.tuple.family);
    Some(Icmp {
        ends: ends(&icmp.tuple)?,
        seq: icmp.seq,
        icmp_type: icmp.icmp_type,
        icmp_code: icmp.icmp_code,
        from: if received { from().filter(|address| !address.is_unspecified()) } else { None },
        ttl: received.then_some(icmp.ttl),
        device: parts::text(&icmp.device),
    })
}

pub(super) fn reject(reject: &raw::Reject) -> Option<What> {
    Some(What::Reject(Arc::new(parts::segment(&reject.segment)?), HookNumber(reject.hook)))
}

pub(super) fn conn_request(request: &raw::ConnRequest, tick_ns: u64) -> Option<ConnRequest> {
    Some(ConnRequest {
        segment: parts::segment(&request.segment)?,
        sock: parts::sock(&request.sock, tick_ns)?,
        syn_backlog: request.syn_backlog,
        limits: parts::limits(&request.limits),
        refused: match request.refused {
            refused::NO_ROUTE => Refused::NoRoute,
            refused::SECURITY => Refused::Security,
            _ => Refused::Queues,
        },
    })
}

pub(super) fn mini_socket(mini: &raw::MiniSocket, tick_ns: u64) -> Option<MiniSocket> {
    /// `enum tcp_tw_status`: nothing is sent.
    const TCP_TW_SUCCESS: u8 = 0;
    let met = match mini.state {
        state::TIME_WAIT => Met::TimeWait {
            rcv_nxt: mini.rcv_nxt,
            substate: mini.substate,
            answered: mini.result != TCP_TW_SUCCESS,
        },
        _ => Met::Request {
            sock: Box::new(parts::sock(&mini.sock, tick_ns)?),
            syn_backlog: mini.syn_backlog,
            limits: parts::limits(&mini.limits),
            acked: mini.acked != 0,
            defer_accept: mini.defer_accept,
            timeouts: mini.timeouts,
        },
    };
    Some(MiniSocket { segment: parts::segment(&mini.segment)?, met })
}

pub(super) fn retransmit(again: &raw::Retransmit) -> Option<Retransmit> {
    let walk = parts::holders(&again.holders);
    Some(Retransmit {
        sk: SockPtr(again.sk),
        ends: ends(&again.tuple)?,
        total_retrans: again.total_retrans,
        isn: again.isn,
        holders: (walk.complete || !walk.list.is_empty()).then_some(walk),
    })
}

/// What answers name is the flow after the translation, seen from the other side.
pub(super) fn nat(nat: &raw::Nat, holders: Option<Holders>) -> Option<Nat> {
    let (original, translated) = (ends(&nat.original)?, ends(&nat.reply)?.flipped());
    let handshake = nat.flags & (SYN | RST) == SYN;
    Some(Nat { original, translated, isn: handshake.then_some(nat.isn), holders })
}

pub(super) fn untranslated(found: &raw::Untranslated, tick_ns: u64) -> Option<Untranslated> {
    let (segment, own) = (ends(&found.segment)?, ends(&found.tuple)?);
    Some(Untranslated { segment, seq: found.seq, ends: own, sock: parts::sock(&found.sock, tick_ns)? })
}

pub(super) fn stack(stack: &raw::Stack) -> Vec<u64> {
    stack.frames.iter().copied().take_while(|&frame| frame != 0).collect()
}
