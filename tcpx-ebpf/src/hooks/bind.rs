//! What bind() was given and what it returned: who holds a port, told by the kernel at the moment it happens, so
//! that even a process that ends a moment later has a name; and of a bind() or listen() that failed, who was there first.
//!
//! ```text
//! bind(2), io_uring -> inet_bind / inet6_bind(socket, addr, len) -> __inet_bind / __inet6_bind -> get_port
//! ```

use tcpx_common::{
    abi::Kind,
    event::{Bind, CallFailed},
};

use crate::{
    args::Env,
    calls, emit,
    kernel::{self, sock},
    maps::{Call, offset},
    walk,
};

const EADDRINUSE: i32 = 98;

/// The call returned.
#[inline(always)]
pub fn returned(env: Env, result: i32) {
    let Some(call) = calls::end() else { return };
    if result < 0 {
        return failed(env, Kind::BindFailed, &call, result);
    }
    let net = kernel::netns(kernel::sock_net(call.sk));
    emit::emit(env, Kind::Bind, net, |record: &mut Bind| describe(record, &call, result));
}

/// Tells of a bind() or listen() that failed.
#[inline(always)]
pub fn failed(env: Env, kind: Kind, call: &Call, result: i32) {
    let sk = call.sk;
    let net = kernel::sock_net(sk);
    let taken = result == -EADDRINUSE;
    if taken {
        walk::who_holds(net, if call.given.family == 0 { bound_port(sk) } else { call.given.a_port });
    }
    emit::emit(env, kind, kernel::netns(net), |record: &mut CallFailed| {
        describe(&mut record.call, call, result);
        if taken {
            walk::copy(&mut record.holders);
        }
    });
}

#[inline(always)]
fn describe(record: &mut Bind, call: &Call, result: i32) {
    let sk = call.sk;
    record.requested = call.given;
    if call.given.family == 0 {
        kernel::tuple_of(sk, &mut record.requested);
    }
    record.sk = sk;
    record.inode = sock::inode(sock::holding(sk));
    record.result = result;
    record.port = bound_port(sk);
    record.denied_by = call.denied_by as u16;
    record.uid = kernel::uid();
    record.cgroup = kernel::cgroup_id();
    kernel::comm(&mut record.comm);
}

#[inline(always)]
fn bound_port(sk: u64) -> u16 {
    kernel::field_or_zero(sk, offset!(skc_num))
}
