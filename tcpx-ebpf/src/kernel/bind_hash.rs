//! Who holds a port: a bounded walk through the kernel's bind hash, from inside the hook, so that the answer is of
//! the moment of the refusal and nothing is disturbed.
//!
//! `hashinfo->bhash[(port + net->hash_mix) & (size - 1)]` is a list of `inet_bind_bucket` (one for each namespace and
//! port). Up to 6.x its `owners` are the sockets; later they hang below `bhash2`, a list of `inet_bind2_bucket` (one
//! for each address). No lock is taken: a list that changes under the walk ends it early or late, never in a fault.

use tcpx_common::{
    abi::state,
    event::{Holder, Holders, MAX_HOLDERS},
    offsets::ABSENT,
};

use super::{AF_INET6, field, field_or_zero, packet::put4, sock};
use crate::maps::offset;

/// Steps through buckets (those of other ports and namespaces with the same hash too) and owners. Established children
/// of a listener hold its port too and are passed over.
const MAX_STEPS: u32 = 40;

/// Collects the sockets in `net` that are bound to `port` and are listening or idle. `complete` is 1 only if the
/// walk came to the end.
#[inline(never)]
pub fn walk(net: u64, port: u16, out: &mut Holders) {
    out.found = 0;
    out.complete = 0;
    sock::limits(net, &mut out.limits);
    let Some(chain) = find_chain(net, port) else { return };
    out.complete = u32::from(walk_chain(chain, net, port, |owner| visit(owner, out)));
}

/// What [`seek`] looks for, and what it found.
#[derive(Clone, Copy)]
pub struct Sought {
    /// Sequence number of a segment.
    pub seq: u32,
    /// Its acknowledgement number.
    pub ack: u32,
    /// The socket, or 0.
    pub found: u64,
}

/// Looks for an open socket of this port in `net` whose sequence numbers a segment fits.
#[inline(never)]
pub fn seek(net: u64, port: u16, sought: &mut Sought) {
    let Some(chain) = find_chain(net, port) else { return };
    walk_chain(chain, net, port, |owner| compare(owner, sought));
}

/// The first bucket of the hash chain for this namespace and port.
#[inline(always)]
fn find_chain(net: u64, port: u16) -> Option<u64> {
    let hashinfo: u64 = field(net, offset!(net_hashinfo))?;
    let size: u32 = field(hashinfo, offset!(hashinfo_bhash_size))?;
    let table: u64 = field(hashinfo, offset!(hashinfo_bhash))?;
    let mix: u32 = field(net, offset!(net_hash_mix))?;
    let stride = offset!(bhash_stride);
    if stride == ABSENT || size == 0 {
        return None;
    }
    let index = u32::from(port).wrapping_add(mix) & size.wrapping_sub(1);
    let place = table + u64::from(index) * u64::from(stride);
    field(place, offset!(bhash_chain))
}

/// One loop over all lists (buckets, since 6.x the addresses of a bucket, owners), so that the bound is on all steps
/// together. A port has a bucket for each VRF that somebody has bound it in, so the first is not the last.
#[inline(always)]
fn walk_chain(first: u64, net: u64, port: u16, mut visit: impl FnMut(u64) -> u64) -> bool {
    let mut bucket = first;
    let mut address = 0u64;
    let mut owner = 0u64;
    for _ in 0..MAX_STEPS {
        if owner != 0 {
            owner = visit(owner);
        } else if address != 0 {
            owner = field_or_zero(address - u64::from(offset!(tb2_node)), offset!(tb2_owners));
            address = super::read_or_zero(address);
        } else if bucket != 0 {
            let lists = lists_of(bucket - u64::from(offset!(tb_node)), net, port);
            (address, owner) = if offset!(tb_owners) == ABSENT { (lists, 0) } else { (0, lists) };
            bucket = super::read_or_zero(bucket);
        } else {
            return true;
        }
    }
    false
}

/// Within this of both its numbers, a segment was made for the socket; by chance one in four million is.
const NEAR: u32 = 1 << 20;
/// The states in which a connection is or was open, one bit each: ESTABLISHED to CLOSING without TIME_WAIT, which is a
/// smaller structure.
const OPEN: u32 = 1 << 1 | 1 << 4 | 1 << 5 | 1 << 8 | 1 << 9 | 1 << 11;

/// Takes down the socket if it is sought; gives the next.
#[inline(never)]
fn compare(node: u64, sought: &mut Sought) -> u64 {
    let sk = node - u64::from(offset!(skc_bind_node));
    let expects: u32 = field_or_zero(sk, offset!(tp_rcv_nxt));
    let sends: u32 = field_or_zero(sk, offset!(tp_snd_nxt));
    let fits = sought.seq.wrapping_sub(expects).wrapping_add(NEAR) < 2 * NEAR
        && sought.ack.wrapping_sub(sends).wrapping_add(NEAR) < 2 * NEAR;
    if fits && OPEN >> (sock::state(sk) & 31) & 1 != 0 {
        sought.found = sk;
    }
    super::read_or_zero(node)
}

/// The list below a bucket, if it is this port's in this namespace: up to 6.x of owners, later of addresses.
#[inline(never)]
fn lists_of(bucket: u64, net: u64, port: u16) -> u64 {
    if field_or_zero::<u16>(bucket, offset!(tb_port)) != port
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

/// Takes down one owner, if it is listening or bound and held by somebody; gives the next. A function of its own:
/// the verifier forgets what went on inside when it returns, else it would follow every combination of 32 sockets.
#[inline(never)]
fn visit(node: u64, out: &mut Holders) -> u64 {
    let sk = node - u64::from(offset!(skc_bind_node));
    let state = sock::state(sk);
    if state == state::LISTEN || state == state::CLOSE {
        take_down(sk, state, out);
    }
    super::read_or_zero(node)
}

#[inline(always)]
fn take_down(sk: u64, state: u8, out: &mut Holders) {
    let inode = sock::inode(sk);
    // A socket that is being closed stays in the hash for a moment; nobody holds it any more.
    if state == state::CLOSE && inode == 0 {
        return;
    }
    let at = out.found;
    out.found = at.wrapping_add(1);
    if at < MAX_HOLDERS as u32 {
        let flags = sock::flags(sk) | sock::filter(sk);
        describe(sk, state, flags, inode, &mut out.list[(at & (MAX_HOLDERS as u32 - 1)) as usize]);
    }
}

#[inline(always)]
fn describe(sk: u64, state: u8, flags: u8, inode: u64, out: &mut Holder) {
    out.sk = sk;
    out.inode = inode;
    out.cgroup = sock::cgroup(sk);
    out.uid = field_or_zero(sk, offset!(sk_uid));
    out.bound_dev = field_or_zero(sk, offset!(skc_bound_dev_if));
    out.ack_backlog = field_or_zero(sk, offset!(sk_ack_backlog));
    out.max_ack_backlog = field_or_zero(sk, offset!(sk_max_ack_backlog));
    out.state = state;
    out.flags = flags;
    out.defer_accept = 0;
    out.syn_backlog = 0;
    if state == state::LISTEN {
        out.defer_accept = field_or_zero(sk, offset!(icsk_defer_accept));
        out.syn_backlog = field_or_zero::<u32>(sk, offset!(icsk_qlen)).min(u32::from(u16::MAX)) as u16;
    }
    out.port = field_or_zero(sk, offset!(skc_num));
    if field_or_zero::<u16>(sk, offset!(skc_family)) == AF_INET6 {
        out.family = 6;
        sock::place(sk, offset!(skc_v6_rcv_saddr), &mut out.addr);
    } else {
        out.family = 4;
        out.addr = [0; 16];
        put4(&mut out.addr, field_or_zero(sk, offset!(skc_rcv_saddr)));
    }
}
