//! What connect() was given, before a cgroup program rewrites it, and failures before any packet.
//!
//! ```text
//! connect(2), io_uring        -> inet_stream_connect -> __inet_stream_connect(sock, uaddr, len, flags, is_sendmsg)
//! sendmsg(2) with MSG_FASTOPEN -> tcp_sendmsg_fastopen -> __inet_stream_connect
//!   -> sk_prot->pre_connect     cgroup BPF: may rewrite uaddr in place, or refuse
//!   -> tcp_v4_connect           route, SYN_SENT (hooks::state), port, SYN
//! ```
//! The tracepoint backend has the system calls only: no io_uring, no MSG_FASTOPEN.

use tcpx_common::{abi::Kind, event::ConnectFailed};

use crate::{
    args::Env,
    calls::{self, NOWHERE},
    emit, kernel,
    maps::{Call, offset},
};

/// `enum socket_state` (include/uapi/linux/net.h): no connect() yet.
const SS_UNCONNECTED: u32 = 1;

/// Entry of `__inet_stream_connect`: the address is in kernel memory.
#[inline(always)]
pub fn entered(socket: Option<u64>, address: Option<u64>) {
    let (Some(socket), Some(address)) = (socket, address) else { return };
    let mut place = [0u8; 28];
    if kernel::read_into(&mut place, address) {
        remember(socket, &place);
    }
}

/// Entry of connect(2): the address is in the process.
#[inline(always)]
pub fn called(fd: u64, address: u64) {
    let Some((socket, _)) = kernel::socket_of_fd(fd) else { return };
    if let Some(place) = kernel::read_user_sockaddr(address) {
        remember(socket, &place);
    }
}

/// Only the first connect() of a socket is an attempt: later ones ask for the result of a non-blocking one.
#[inline(always)]
fn remember(socket: u64, address: &[u8; 28]) {
    if kernel::field::<u32>(socket, offset!(socket_state)) != Some(SS_UNCONNECTED) {
        return;
    }
    let mut call = Call { socket, given: NOWHERE, attempted: 0 };
    if !kernel::sockaddr(address, &mut call.given.b, &mut call.given.b_port, &mut call.given.family) {
        return;
    }
    calls::begin(&call);
}

/// The call returned.
#[inline(always)]
pub fn returned(env: Env, result: i32) {
    let Some(call) = calls::end() else { return };
    if call.attempted != 0 || result >= 0 {
        return;
    }
    let sk: u64 = kernel::field_or_zero(call.socket, offset!(socket_sk));
    if !kernel::is_tcp(sk) {
        return;
    }
    let net = kernel::netns(kernel::sock_net(sk));
    emit::emit(env, Kind::ConnectFailed, net, |record: &mut ConnectFailed| {
        record.requested = call.given;
        record.sk = sk;
        record.result = result;
        record.uid = kernel::uid();
        record.cgroup = kernel::cgroup_id();
        kernel::comm(&mut record.comm);
    });
}
