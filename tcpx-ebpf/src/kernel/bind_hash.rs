//! Who holds a port: a bounded walk through the kernel's bind hash, from inside the hook, so that the answer is of
//! the moment of the refusal and nothing is disturbed.
//!
//! `hashinfo->bhash[(port + net->hash_mix) & (size - 1)]` is a list of `inet_bind_bucket` (one for each namespace and
//! port). Up to 6.x its `owners` are the sockets; later they hang below `bhash2`, a list of `inet_bind2_bucket` (one
//! for each address). No lock is taken: a list that changes under the walk ends it early or late, never in a fault.
//!
//! What is done for each step is a function with a name of its own in the object (`no_mangle`), that takes numbers only:
//! the verifier looks into such a function once, and not once for each of the steps of each walk (tenths of a second).
#![expect(
    unsafe_code,
    reason = "a name that the linker must keep is declared as unsafe; map values are raw pointers"
)]

use tcpx_common::{
    abi::state,
    event::{Holder, Holders, MAX_HOLDERS},
    offsets::ABSENT,
};

use super::{base::Base, common::Common, field, field_or_zero, sock};
use crate::maps::{CURSOR, Cursor, WALK, offset};

/// Steps through buckets (those of other ports and namespaces with the same hash too) and owners. Established children
/// of a listener hold its port too and are passed over.
const MAX_STEPS: u32 = 40;

/// Collects the sockets in `net` that are bound to `port` and are listening or idle, in [`WALK`]; gives 1 if the walk
/// came to its end without one.
#[inline(never)]
#[unsafe(no_mangle)]
pub extern "C" fn tcpx_walk(net: u64, port: u32) -> u64 {
    let Some(holders) = WALK.get_ptr_mut(0) else { return 0 };
    // SAFETY: a per-CPU value that is filled and copied within one run of one program. Hooks run with bottom halves
    // off or in a process that another hook may interrupt: then the walk's result is mixed, never out of bounds.
    let holders = unsafe { &mut *holders };
    holders.found = 0;
    holders.complete = 0;
    let Some(chain) = find_chain(net, port) else { return 0 };
    let complete = walk_chain(chain, net, port, |owner| {
        tcpx_visit_owner(owner);
    });
    holders.complete = u32::from(complete);
    if holders.found != 0 {
        sock::limits(net, &mut holders.limits);
    }
    u64::from(complete && holders.found == 0)
}

/// The open socket of this port in `net` whose sequence numbers a segment fits, or 0.
#[inline(never)]
#[unsafe(no_mangle)]
pub extern "C" fn tcpx_seek(net: u64, port: u32, seq: u32, ack: u32) -> u64 {
    let Some(chain) = find_chain(net, port) else { return 0 };
    let mut found = 0;
    walk_chain(chain, net, port, |owner| {
        if tcpx_is_sought(owner, seq, ack) != 0 {
            found = socket_at(owner);
        }
    });
    found
}

/// Whether the hash chain for this port is empty: most are. Else [`tcpx_walk`] tells more.
#[inline(always)]
pub fn is_free(net: impl Base, port: u16) -> bool {
    find_chain(net, u32::from(port)) == Some(0)
}

/// The first bucket of the hash chain for this namespace and port.
#[inline(always)]
fn find_chain(net: impl Base, port: u32) -> Option<u64> {
    let hashinfo = net.follow(offset!(net_hashinfo));
    let size: u32 = hashinfo.member(offset!(hashinfo_bhash_size));
    // By a call: to a pointer of known type the verifier lets nobody add what it does not know.
    let table: u64 = field(hashinfo.address(), offset!(hashinfo_bhash))?;
    let mix: u32 = net.member(offset!(net_hash_mix));
    let stride = offset!(bhash_stride);
    if stride == ABSENT || offset!(net_hash_mix) == ABSENT || table == 0 || size == 0 {
        return None;
    }
    let index = port.wrapping_add(mix) & size.wrapping_sub(1);
    let place = table + u64::from(index) * u64::from(stride);
    field(place, offset!(bhash_chain))
}

/// Gives each owner to `visit`; true if the walk came to its end. One loop over all lists (buckets, since 6.x the
/// addresses of a bucket, owners), so that the bound is on all steps together. A port has a bucket for each VRF that
/// somebody has bound it in, so the first is not the last.
#[inline(always)]
fn walk_chain(first: u64, net: u64, port: u32, mut visit: impl FnMut(u64)) -> bool {
    let Some(cursor) = CURSOR.get_ptr_mut(0) else { return false };
    // SAFETY: as in `tcpx_walk`.
    unsafe { *cursor = Cursor { bucket: first, address: 0, owner: 0 } };
    for _ in 0..MAX_STEPS {
        match tcpx_step(net, port) {
            AT_END => return true,
            BETWEEN => {}
            owner => visit(owner),
        }
    }
    false
}

/// What a step can give but an owner: the address of one is never so small.
const BETWEEN: u64 = 0;
const AT_END: u64 = 1;

/// One step of the walk: an owner, [`BETWEEN`] or [`AT_END`].
#[inline(never)]
#[unsafe(no_mangle)]
extern "C" fn tcpx_step(net: u64, port: u32) -> u64 {
    let Some(cursor) = CURSOR.get_ptr_mut(0) else { return AT_END };
    // SAFETY: as in `tcpx_walk`.
    let cursor = unsafe { &mut *cursor };
    if cursor.owner != 0 {
        let owner = cursor.owner;
        cursor.owner = super::read_or_zero(owner);
        return owner;
    }
    if cursor.address != 0 {
        cursor.owner = field_or_zero(cursor.address - u64::from(offset!(tb2_node)), offset!(tb2_owners));
        cursor.address = super::read_or_zero(cursor.address);
        return BETWEEN;
    }
    if cursor.bucket == 0 {
        return AT_END;
    }
    let lists = lists_of(cursor.bucket - u64::from(offset!(tb_node)), net, port);
    (cursor.address, cursor.owner) = if offset!(tb_owners) == ABSENT { (lists, 0) } else { (0, lists) };
    cursor.bucket = super::read_or_zero(cursor.bucket);
    BETWEEN
}

/// Within this of both its numbers, a segment was made for the socket; by chance one in four million is.
const NEAR: u32 = 1 << 20;
/// The states in which a connection is or was open, one bit each: ESTABLISHED to CLOSING without TIME_WAIT, which is a
/// smaller structure.
const OPEN: u32 = 1 << 1 | 1 << 4 | 1 << 5 | 1 << 8 | 1 << 9 | 1 << 11;

/// The socket in whose structure an entry of `owners` is.
#[inline(always)]
fn socket_at(node: u64) -> u64 {
    node - u64::from(offset!(skc_bind_node))
}

/// 1 if both numbers of a segment are near those of an owner, whose connection is open.
#[inline(never)]
#[unsafe(no_mangle)]
extern "C" fn tcpx_is_sought(node: u64, seq: u32, ack: u32) -> u64 {
    let sk = socket_at(node);
    let expects: u32 = field_or_zero(sk, offset!(tp_rcv_nxt));
    let sends: u32 = field_or_zero(sk, offset!(tp_snd_nxt));
    let fits = seq.wrapping_sub(expects).wrapping_add(NEAR) < 2 * NEAR
        && ack.wrapping_sub(sends).wrapping_add(NEAR) < 2 * NEAR;
    u64::from(fits && OPEN >> (sock::state(sk) & 31) & 1 != 0)
}

/// The list below a bucket, if it is this port's in this namespace: up to 6.x of owners, later of addresses.
#[inline(always)]
fn lists_of(bucket: u64, net: u64, port: u32) -> u64 {
    if u32::from(field_or_zero::<u16>(bucket, offset!(tb_port))) != port
        || field_or_zero::<u64>(bucket, offset!(tb_net)) != net
    {
        return 0;
    }
    if offset!(tb_owners) == ABSENT {
        field_or_zero(bucket, offset!(tb_bhash2))
    } else {
        field_or_zero(bucket, offset!(tb_owners))
    }
}

/// Takes down one owner, if it is listening or bound and held by somebody. The verifier asks of such a function that
/// it give a number: the socket.
#[inline(never)]
#[unsafe(no_mangle)]
extern "C" fn tcpx_visit_owner(node: u64) -> u64 {
    let sk = socket_at(node);
    let mut common = Common::unread();
    let common = common.read(sk);
    let state = common.state();
    if (state == state::LISTEN || state == state::CLOSE)
        && let Some(holders) = WALK.get_ptr_mut(0)
    {
        // SAFETY: as in `tcpx_walk`.
        take_down(sk, common, unsafe { &mut *holders });
    }
    sk
}

#[inline(always)]
fn take_down(sk: u64, common: &Common, out: &mut Holders) {
    let socket = sock::holding(sk);
    let inode = sock::inode(socket);
    // A socket that is being closed stays in the hash for a moment; nobody holds it any more.
    if common.state() == state::CLOSE && inode == 0 {
        return;
    }
    let at = out.found;
    out.found = at.wrapping_add(1);
    if at < MAX_HOLDERS as u32 {
        let flags = sock::flags(sk, socket, common) | sock::filter(sk);
        describe(sk, common, flags, inode, &mut out.list[(at & (MAX_HOLDERS as u32 - 1)) as usize]);
    }
}

/// The same of a listener that a lookup found.
#[inline(never)]
pub fn listener(sk: u64, out: &mut Holder) {
    let mut common = Common::unread();
    let common = common.read(sk);
    let socket = sock::holding(sk);
    describe(sk, common, sock::flags(sk, socket, common), sock::inode(socket), out);
}

#[inline(always)]
fn describe(sk: u64, common: &Common, flags: u8, inode: u64, out: &mut Holder) {
    out.sk = sk;
    out.inode = inode;
    out.cgroup = sock::cgroup(sk);
    out.uid = field_or_zero(sk, offset!(sk_uid));
    out.bound_dev = common.get(offset!(skc_bound_dev_if));
    out.ack_backlog = field_or_zero(sk, offset!(sk_ack_backlog));
    out.max_ack_backlog = field_or_zero(sk, offset!(sk_max_ack_backlog));
    out.state = common.state();
    out.flags = flags;
    out.defer_accept = 0;
    out.syn_backlog = 0;
    if out.state == state::LISTEN {
        out.defer_accept = field_or_zero(sk, offset!(icsk_defer_accept));
        out.syn_backlog = field_or_zero::<u32>(sk, offset!(icsk_qlen)).min(u32::from(u16::MAX)) as u16;
    }
    out.port = common.get(offset!(skc_num));
    out.addr = [0; 16];
    out.family = common.local(&mut out.addr);
}
