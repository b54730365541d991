//! What bind() was given and what it returned: who holds a port, told by the kernel at the moment it happens, so
//! that even a process that ends a moment later has a name.
//!
//! ```text
//! bind(2), io_uring -> inet_bind / inet6_bind(socket, addr, len) -> __inet_bind / __inet6_bind -> get_port
//! ```

use tcpx_common::{abi::Kind, event::Bind};

use crate::{
    args::Env,
    calls::{self, NOWHERE},
    emit,
    kernel::{self, sock},
    maps::{Call, offset},
};

/// Entry of `inet_bind` and `inet6_bind`: the address is in kernel memory.
#[inline(always)]
pub fn entered(socket: Option<u64>, address: Option<u64>) {
    let (Some(socket), Some(address)) = (socket, address) else { return };
    let mut place = [0u8; 28];
    if kernel::read_into(&mut place, address) {
        remember(socket, &place);
    }
}

/// Entry of bind(2): the address is in the process.
#[inline(always)]
pub fn called(fd: u64, address: u64) {
    let Some((socket, _)) = kernel::socket_of_fd(fd) else { return };
    if let Some(place) = kernel::read_user_sockaddr(address) {
        remember(socket, &place);
    }
}

#[inline(always)]
fn remember(socket: u64, address: &[u8; 28]) {
    let mut call = Call { socket, given: NOWHERE, attempted: 0 };
    if !kernel::sockaddr(address, &mut call.given.a, &mut call.given.a_port, &mut call.given.family) {
        return;
    }
    calls::begin(&call);
}

/// The call returned.
#[inline(always)]
pub fn returned(env: Env, result: i32) {
    let Some(call) = calls::end() else { return };
    let sk: u64 = kernel::field_or_zero(call.socket, offset!(socket_sk));
    if !kernel::is_tcp(sk) {
        return;
    }
    let net = kernel::netns(kernel::sock_net(sk));
    emit::emit(env, Kind::Bind, net, |record: &mut Bind| {
        record.requested = call.given;
        record.sk = sk;
        record.inode = sock::inode(sk);
        record.result = result;
        record.port = kernel::field_or_zero(sk, offset!(skc_num));
        record.uid = kernel::uid();
        record.cgroup = kernel::cgroup_id();
        kernel::comm(&mut record.comm);
    });
}
