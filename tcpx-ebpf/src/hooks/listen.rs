//! A listen() that failed. One that succeeds is told by its state change (hooks::state).
//!
//! ```text
//! listen(2), io_uring (7.x) -> inet_listen(socket, backlog) -> inet_csk_listen_start
//!   -> CLOSE to LISTEN, get_port: another socket listens on the same address -> LISTEN to CLOSE, EADDRINUSE
//! ```

use tcpx_common::abi::Kind;

use super::bind;
use crate::{args::Env, calls, kernel};

/// Entry of `inet_listen`.
#[inline(always)]
pub fn entered(socket: Option<u64>) {
    if let Some(socket) = socket {
        calls::entered_without_address(socket);
    }
}

/// Entry of listen(2).
#[inline(always)]
pub fn called(fd: u64) {
    if let Some((socket, _)) = kernel::socket_of_fd(fd) {
        calls::entered_without_address(socket);
    }
}

/// The call returned.
#[inline(always)]
pub fn returned(env: Env, result: i32) {
    let Some(call) = calls::end() else { return };
    if result < 0 {
        bind::failed(env, Kind::ListenFailed, &call, result);
    }
}
