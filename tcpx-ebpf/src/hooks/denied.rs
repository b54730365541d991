//! A system call that this host refuses by policy, before TCP does anything.
//!
//! ```text
//! connect(2), bind(2), listen(2), io_uring
//!   -> security_socket_connect / _bind(socket, addr, len), security_socket_listen(socket, backlog)
//!   -> __inet_stream_connect / inet_bind -> __cgroup_bpf_run_filter_sock_addr(sk, uaddr, …)
//! ```
//! A security module's refusal never reaches TCP, so that the record is written here. A program's is told by the call
//! that it ends (hooks::connect, hooks::bind).

use tcpx_common::abi::{Kind, denied_by};

use super::{bind, connect};
use crate::{args::Env, calls};

/// A cgroup's program decided.
#[inline(always)]
pub fn by_program(result: i32) {
    if result != 0 {
        calls::denied(denied_by::CGROUP_PROGRAM);
    }
}

/// `security_socket_connect` returned; its entry was [`calls::entered`].
#[inline(always)]
pub fn connect(env: Env, result: i32) {
    if let Some(call) = refused(result) {
        connect::failed(env, &call, result);
    }
}

/// `security_socket_bind` returned.
#[inline(always)]
pub fn bind(env: Env, result: i32) {
    if let Some(call) = refused(result) {
        bind::failed(env, Kind::BindFailed, &call, result);
    }
}

/// `security_socket_listen` returned.
#[inline(always)]
pub fn listen(env: Env, result: i32) {
    if let Some(call) = refused(result) {
        bind::failed(env, Kind::ListenFailed, &call, result);
    }
}

/// What is not refused goes on, and is taken down anew where TCP is entered.
#[inline(always)]
fn refused(result: i32) -> Option<crate::maps::Call> {
    if result >= 0 {
        return None;
    }
    calls::denied(denied_by::SECURITY_MODULE);
    calls::end()
}
