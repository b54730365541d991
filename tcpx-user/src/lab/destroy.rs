//! `ss -K` without `ss`: SOCK_DESTROY through netlink.

use std::{io, net::SocketAddr};

use netlink_packet_core::{NLM_F_ACK, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage};
use netlink_packet_sock_diag::{
    SockDiagDestroy, SockDiagMessage,
    constants::{AF_INET, AF_INET6, IPPROTO_TCP},
    inet::{ExtensionFlags, InetRequest, SocketId, StateFlags},
};
use netlink_sys::{Socket, protocols::NETLINK_SOCK_DIAG};

/// Destroys the connection with these ends in the calling thread's namespace. EOPNOTSUPP: a kernel without
/// CONFIG_INET_DIAG_DESTROY.
pub(super) fn destroy(local: SocketAddr, remote: SocketAddr) -> io::Result<()> {
    let (family, id) =
        if local.is_ipv6() { (AF_INET6, SocketId::new_v6()) } else { (AF_INET, SocketId::new_v4()) };
    let request = InetRequest {
        family,
        protocol: IPPROTO_TCP,
        extensions: ExtensionFlags::empty(),
        states: StateFlags::all(),
        socket_id: SocketId {
            source_port: local.port(),
            destination_port: remote.port(),
            source_address: local.ip(),
            destination_address: remote.ip(),
            // INET_DIAG_NOCOOKIE: whichever socket it is.
            cookie: [0xff; 8],
            ..id
        },
    };
    let mut header = NetlinkHeader::default();
    header.flags = NLM_F_REQUEST | NLM_F_ACK;
    let mut message =
        NetlinkMessage::new(header, SockDiagDestroy::new(SockDiagMessage::InetRequest(request)).into());
    message.finalize();
    let mut bytes = vec![0; message.buffer_len()];
    message.serialize(&mut bytes);
    let mut socket = Socket::new(NETLINK_SOCK_DIAG)?;
    socket.bind_auto()?;
    socket.send(&bytes, 0)?;
    let (answer, _) = socket.recv_from_full()?;
    // struct nlmsghdr (16 bytes), then the negative errno of struct nlmsgerr.
    let code = answer.get(16..20).and_then(|b| b.try_into().ok()).map_or(-libc::EBADMSG, i32::from_ne_bytes);
    if code == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(-code)) }
}
