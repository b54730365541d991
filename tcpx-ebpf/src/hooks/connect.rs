//! What connect() was given, before a cgroup program rewrites it, and failures before any packet.
//!
//! ```text
//! connect(2), io_uring        -> inet_stream_connect -> __inet_stream_connect(sock, uaddr, len, flags, is_sendmsg)
//! sendmsg(2) with MSG_FASTOPEN -> tcp_sendmsg_fastopen -> __inet_stream_connect
//!   -> sk_prot->pre_connect     cgroup BPF: may rewrite uaddr in place, or refuse (hooks::denied)
//!   -> tcp_v4_connect           route, SYN_SENT (hooks::state), port, SYN
//! ```
//! The tracepoint backend has the system calls only: no io_uring, no MSG_FASTOPEN.

use tcpx_common::{abi::Kind, event::ConnectFailed};

use crate::{args::Env, calls, emit, kernel, maps::Call};

/// The SYN is on its way, and the caller does not wait for the answer.
const EINPROGRESS: i32 = 115;

/// The call returned. After EINPROGRESS a SYN was sent, even if the kernel has passed over the program that should have
/// seen SYN_SENT.
#[inline(always)]
pub fn returned(env: Env, result: i32) {
    let Some(call) = calls::end() else { return };
    if call.attempted == 0 && result < 0 && result != -EINPROGRESS {
        failed(env, &call, result);
    }
}

/// Tells of a call that failed without a SYN.
#[inline(always)]
pub fn failed(env: Env, call: &Call, result: i32) {
    let net = kernel::netns(kernel::sock_net(call.sk));
    emit::emit(env, Kind::ConnectFailed, net, |record: &mut ConnectFailed| {
        record.requested = call.given;
        record.sk = call.sk;
        record.result = result;
        record.uid = kernel::uid();
        record.cgroup = kernel::cgroup_id();
        record.denied_by = call.denied_by as u16;
        kernel::comm(&mut record.comm);
    });
}
