//! Who holds a port, by inet_diag: for when the walk in the kernel was not possible or did not come to its end.
//!
//! This looks after the fact, the walk looks at the moment. Sockets that are bound but do not listen are shown by
//! Linux 6.8 and later only; older kernels pass the question over silently.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    os::fd::BorrowedFd,
};

use netlink_packet_core::{NLM_F_DUMP, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload};
use netlink_packet_sock_diag::{
    SockDiagMessage,
    constants::{AF_INET, AF_INET6, IPPROTO_TCP, TCP_LISTEN},
    inet::{ExtensionFlags, InetRequest, InetResponse, SocketId, StateFlags, nlas::Nla},
};
use netlink_sys::{Socket, protocols::NETLINK_SOCK_DIAG};

use tcpx_common::abi::state;

use crate::{
    event::{Holder, SockPtr},
    who::{Connection, PortHolders},
};

use super::inside::inside;

/// `TCPF_BOUND_INACTIVE`, which the crate does not name.
const BOUND_INACTIVE: u32 = 1 << BOUND_STATE;
/// `TCP_BOUND_INACTIVE`: only inet_diag calls a bound socket so, whose state is CLOSE.
const BOUND_STATE: u8 = 13;

/// Asks the kernel in `namespace`.
///
/// # Errors
/// The namespace cannot be entered, or the kernel has no inet_diag for TCP.
pub(crate) fn port_holders(namespace: BorrowedFd<'_>, port: u16) -> io::Result<PortHolders> {
    let list = inside(namespace, || holders_here(port))?;
    let bound_visible = this_kernel_shows_bound() || list.iter().any(|holder| !holder.listening);
    Ok(PortHolders { list, bound_visible })
}

/// Listeners on a port in the namespace that the calling thread is in.
pub(crate) fn listeners_here(port: u16) -> io::Result<Vec<Holder>> {
    Ok(holders_here(port)?.into_iter().filter(|holder| holder.listening).collect())
}

fn holders_here(port: u16) -> io::Result<Vec<Holder>> {
    let mut list = holders(AF_INET, SocketId::new_v4(), port)?;
    list.extend(holders(AF_INET6, SocketId::new_v6(), port)?);
    Ok(list)
}

/// Whether inet_diag lists sockets that are bound only, by the running kernel's version.
pub(crate) fn this_kernel_shows_bound() -> bool {
    shows_bound(&rustix::system::uname().release().to_string_lossy())
}

/// Linux 6.8 and later. A distribution's older kernel may have it too, which only a bound socket in the answer shows.
fn shows_bound(release: &str) -> bool {
    let mut numbers =
        release.split(|c: char| !c.is_ascii_digit()).map(|part| part.parse::<u32>().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= (6, 8)
}

/// All TCP sockets of `namespace` that have a port.
///
/// # Errors
/// As [`port_holders`].
pub(crate) fn connections(namespace: BorrowedFd<'_>) -> io::Result<Vec<Connection>> {
    let all = || StateFlags::from_bits_retain(BOUND_INACTIVE) | StateFlags::all();
    inside(namespace, || {
        let mut list = dump(AF_INET, SocketId::new_v4(), all(), |response| Some(connection(response)))?;
        list.extend(dump(AF_INET6, SocketId::new_v6(), all(), |response| Some(connection(response)))?);
        Ok(list)
    })
}

fn connection(response: &InetResponse) -> Connection {
    let (header, id) = (&response.header, &response.header.socket_id);
    let end = |address: IpAddr, port| SocketAddr::new(address.to_canonical(), port);
    Connection {
        local: end(id.source_address, id.source_port),
        remote: end(id.destination_address, id.destination_port),
        state: if header.state == BOUND_STATE { state::CLOSE } else { header.state },
        inode: Some(u64::from(header.inode)).filter(|&inode| inode != 0),
    }
}

fn holders(family: u8, mut id: SocketId, port: u16) -> io::Result<Vec<Holder>> {
    id.source_port = port;
    let states = StateFlags::from_bits_retain(BOUND_INACTIVE) | StateFlags::LISTEN;
    dump(family, id, states, |response| Some(holder(response)).filter(|holder| holder.addr.port() == port))
}

/// State of the socket in `namespace` that a segment with these ends would find: the kernel looks it up as it would the
/// segment's, and gives the request socket (as SYN_RECV), the connection that came of it, or else the listener.
///
/// # Errors
/// The namespace cannot be entered, nothing is there that the segment would find, or the kernel has no inet_diag for TCP.
pub(crate) fn state_found(
    namespace: BorrowedFd<'_>,
    local: SocketAddr,
    remote: SocketAddr,
) -> io::Result<u8> {
    let (family, id) =
        if local.is_ipv4() { (AF_INET, SocketId::new_v4()) } else { (AF_INET6, SocketId::new_v6()) };
    let socket_id = SocketId {
        source_port: local.port(),
        destination_port: remote.port(),
        source_address: local.ip(),
        destination_address: remote.ip(),
        // INET_DIAG_NOCOOKIE
        cookie: [0xff; 8],
        ..id
    };
    inside(namespace, || {
        let socket = ask(family, StateFlags::all(), socket_id.clone(), 0)?;
        let (bytes, _) = socket.recv_from_full()?;
        let message = NetlinkMessage::<SockDiagMessage>::deserialize(&bytes).map_err(io::Error::other)?;
        match message.payload {
            NetlinkPayload::InnerMessage(SockDiagMessage::InetResponse(response)) => {
                Ok(response.header.state)
            }
            NetlinkPayload::Error(error) => Err(error.to_io()),
            _ => Err(io::Error::from(io::ErrorKind::InvalidData)),
        }
    })
}

/// What `take` makes of each socket that the kernel lists.
fn dump<T>(
    family: u8,
    id: SocketId,
    states: StateFlags,
    take: impl Fn(&InetResponse) -> Option<T>,
) -> io::Result<Vec<T>> {
    receive(&ask(family, states, id, NLM_F_DUMP)?, take)
}

fn ask(family: u8, states: StateFlags, socket_id: SocketId, flags: u16) -> io::Result<Socket> {
    let extensions = ExtensionFlags::empty();
    let request = InetRequest { family, protocol: IPPROTO_TCP, extensions, states, socket_id };
    let mut header = NetlinkHeader::default();
    header.flags = NLM_F_REQUEST | flags;
    let mut message = NetlinkMessage::new(header, SockDiagMessage::InetRequest(request).into());
    message.finalize();
    let mut bytes = vec![0; message.buffer_len()];
    message.serialize(&mut bytes);
    let mut socket = Socket::new(NETLINK_SOCK_DIAG)?;
    socket.bind_auto()?;
    socket.send(&bytes, 0)?;
    Ok(socket)
}

fn receive<T>(socket: &Socket, take: impl Fn(&InetResponse) -> Option<T>) -> io::Result<Vec<T>> {
    let mut list = Vec::new();
    loop {
        let (bytes, _) = socket.recv_from_full()?;
        if read_messages(&bytes, &take, &mut list)? {
            return Ok(list);
        }
    }
}

/// Adds what one datagram says; true if it ends the dump.
fn read_messages<T>(
    bytes: &[u8],
    take: impl Fn(&InetResponse) -> Option<T>,
    list: &mut Vec<T>,
) -> io::Result<bool> {
    let mut rest = bytes;
    while !rest.is_empty() {
        let message = NetlinkMessage::<SockDiagMessage>::deserialize(rest).map_err(io::Error::other)?;
        let length = (message.header.length as usize).next_multiple_of(4);
        match message.payload {
            NetlinkPayload::Done(_) => return Ok(true),
            NetlinkPayload::Error(error) => return Err(error.to_io()),
            NetlinkPayload::InnerMessage(SockDiagMessage::InetResponse(response)) => {
                list.extend(take(&response));
            }
            _ => {}
        }
        rest = rest.get(length.max(4)..).unwrap_or_default();
    }
    Ok(false)
}

fn holder(response: &InetResponse) -> Holder {
    let header = &response.header;
    let listening = header.state == TCP_LISTEN;
    let v6only = response.nlas.iter().any(|nla| matches!(nla, Nla::SkV6Only(true)));
    let ip: IpAddr = header.socket_id.source_address;
    Holder {
        sk: SockPtr(0),
        inode: Some(u64::from(header.inode)).filter(|&inode| inode != 0),
        cgroup: None,
        uid: header.uid,
        addr: SocketAddr::new(ip, header.socket_id.source_port),
        listening,
        v6only,
        // inet_diag does not tell.
        reuseport_program: false,
        bound_dev: header.socket_id.interface_id,
        backlog: if listening { (header.recv_queue, header.send_queue) } else { (0, 0) },
        syn_backlog: 0,
        defer_accept: 0,
        filtered: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        for (release, shown) in [
            ("5.10.0-30-cloud-amd64", false),
            ("6.7.12", false),
            ("6.8.0-41-generic", true),
            ("6.18.44-fc-v657", true),
            ("7.2.12+deb14-cloud-amd64", true),
            ("10", true),
            ("", false),
        ] {
            assert_eq!(shows_bound(release), shown, "{release}");
        }
    }

    #[test]
    fn a_broken_answer_is_an_error_and_not_a_loop() {
        let mut list = Vec::new();
        assert!(read_messages(&[1, 2, 3], |_| Some(()), &mut list).is_err());
        assert!(read_messages(&[0; 32], |_| Some(()), &mut list).is_err());
        assert_eq!(read_messages(&[], |_| Some(()), &mut list).ok(), Some(false));
    }
}
