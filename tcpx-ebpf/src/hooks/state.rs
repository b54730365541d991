//! Attempts and listeners begin and end.
//!
//! ```text
//! tcp_v4_connect / tcp_v6_connect            CLOSE -> SYN_SENT, in the caller's context; the port may still be 0
//! tcp_finish_connect                         SYN_SENT -> ESTABLISHED
//! tcp_rcv_synsent_state_process (inlined)    SYN_SENT -> SYN_RECV: simultaneous open or self-connect
//! tcp_reset, tcp_v4_err, tcp_write_err, close SYN_SENT -> CLOSE, sk_err says why (0: the application closed); what
//!                                            receive_reset.rs has told is not told again
//! inet_csk_listen_start                      CLOSE -> LISTEN
//! tcp_write_err, tcp_abort -> tcp_done       open -> CLOSE, sk_err says why: the connection died
//! __tcp_close, tcp_disconnect (shutdown)     LISTEN -> CLOSE; the port may have been given back already
//! ```
//! All go through `inet_sk_state_store(sk, int newstate)` or `inet_sk_set_state(sk, int state)`, which fire
//! `inet_sock_set_state(sk, oldstate, newstate)` while `sk_state` is still the old one.

use tcpx_common::{
    abi::{Hook, Kind, state},
    event::{NetnsKey, SockReset, State},
};

use crate::{
    args::Env,
    calls, emit, in_hand,
    kernel::{self, Base, sock},
    maps::{offset, switched},
};

/// `inet_sk_state_store` and `inet_sk_set_state`: the old state is still in the socket.
#[inline(always)]
pub fn stored(env: Env, sk: Option<u64>, new: Option<u64>) {
    let Some(sk) = sk else { return };
    changed::<u64>(env, Some(sk), Some(u64::from(kernel::state(sk))), new);
}

/// `inet_sock_set_state`.
#[inline(always)]
pub fn changed<B: Base>(env: Env, sk: Option<u64>, old: Option<u64>, new: Option<u64>) {
    let (Some(sk), Some(old), Some(new)) = (sk, old, new) else { return };
    let known = B::given(sk);
    let (old, new) = (old as u8, new as u8);
    if new == state::ESTABLISHED && kernel::is_tcp(known) {
        sock::opened(sk);
    }
    let death = is_death(known, old, new);
    if !(death || matters(known, old, new)) || !kernel::is_tcp(known) {
        return;
    }
    let fails = old == state::SYN_SENT && new == state::CLOSE;
    if fails && in_hand::take_refused(sk, || first_number(known)) {
        return;
    }
    let mut common = kernel::Common::unread();
    let common = common.read(sk);
    let net = kernel::netns_of(known, common);
    if death {
        return died(env, sk, common, net);
    }
    if fails && switched(|on| on.icmp_from_queue) {
        super::icmp::queued(env.for_hook(Hook::Icmp), sk, net);
    }
    emit::emit(env, Kind::State, net, |record: &mut State| {
        record.sk = sk;
        record.old = old;
        record.new = new;
        common.tuple(&mut record.tuple);
        if new == state::SYN_SENT {
            begun(record);
        } else if new == state::LISTEN || old == state::LISTEN {
            listener(sk, common, record);
        } else {
            ended(sk, record);
        }
    });
}

/// Initial sequence number of an attempt.
#[inline(always)]
fn first_number(sk: impl Base) -> u32 {
    sk.tcp().map_or(0, |tcp| tcp.member(offset!(tp_snd_una)))
}

/// Changes that begin or end an attempt or a listener. A child of a listener also goes from SYN_RECV to
/// ESTABLISHED, but no process holds it yet.
#[inline(always)]
fn matters(sk: impl Base, old: u8, new: u8) -> bool {
    match (old, new) {
        (_, state::SYN_SENT | state::LISTEN) | (state::SYN_SENT, _) | (state::LISTEN, state::CLOSE) => true,
        (state::SYN_RECV, _) => kernel::is_held(sk),
        _ => false,
    }
}

const EPIPE: u32 = 32;
const ECONNRESET: u32 = 104;

/// An open connection ends with an error. ECONNRESET and EPIPE come from `tcp_reset` alone: a RST was received.
#[inline(always)]
fn is_death(sk: impl Base, old: u8, new: u8) -> bool {
    if new != state::CLOSE || !is_open(old) {
        return false;
    }
    !matches!(sk.member::<u32>(offset!(sk_err)), 0 | EPIPE | ECONNRESET)
}

#[inline(always)]
fn is_open(old: u8) -> bool {
    use state::{CLOSE_WAIT, CLOSING, ESTABLISHED, FIN_WAIT1, FIN_WAIT2, LAST_ACK};
    matches!(old, ESTABLISHED | FIN_WAIT1 | FIN_WAIT2 | CLOSE_WAIT | LAST_ACK | CLOSING)
}

/// Whether a RST was sent before it comes to CLOSE is another hook's fact.
#[inline(always)]
fn died(env: Env, sk: u64, common: &kernel::Common, net: NetnsKey) {
    emit::emit_with_stack(env, Kind::Death, net, true, |record: &mut SockReset| {
        common.tuple(&mut record.tuple);
        kernel::facts(sk, common, &mut record.sock);
        sock::timers(sk, record);
        kernel::comm(&mut record.comm);
    });
}

/// An attempt begins: who, and what connect() was given.
#[inline(always)]
fn begun(record: &mut State) {
    caller(record);
    if let Some(given) = calls::attempted(record.sk) {
        record.requested = given;
    }
}

/// A listener begins, or ends by close(), shutdown() or exit: all of them in the context of the process.
#[inline(always)]
fn listener(sk: u64, common: &kernel::Common, record: &mut State) {
    caller(record);
    let socket = sock::holding(sk);
    record.inode = sock::inode(socket);
    record.cgroup = sock::cgroup(sk);
    record.bound_dev = common.get(offset!(skc_bound_dev_if));
    record.sock_flags = sock::flags(sk, socket, common);
}

#[inline(always)]
fn caller(record: &mut State) {
    record.caller = 1;
    record.uid = kernel::uid();
    record.cgroup = kernel::cgroup_id();
    kernel::comm(&mut record.comm);
}

/// An attempt ends: with which error, after how many SYNs.
#[inline(always)]
fn ended(sk: u64, record: &mut State) {
    record.err = kernel::field_or_zero::<u32>(sk, offset!(sk_err)) as u16;
    if record.old == state::SYN_SENT && record.new == state::CLOSE && record.err == 0 {
        calls::undone(sk);
    }
    record.err_soft = kernel::field_or_zero::<u32>(sk, offset!(sk_err_soft)) as u16;
    (record.snd_una, record.snd_nxt, record.rcv_nxt) = sock::numbers(sk);
    record.total_retrans = kernel::field_or_zero(sk, offset!(tp_total_retrans));
    if kernel::is_held(sk) {
        record.sock_flags = tcpx_common::abi::sock_flag::HELD;
    }
}
