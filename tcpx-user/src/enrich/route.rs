//! The routing decision for an address, by rtnetlink, in the calling thread's namespace.

use std::{io, net::IpAddr};

use netlink_packet_sock_diag::constants::{AF_INET, AF_INET6};
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};

const RTM_NEWROUTE: u16 = 24;
const RTM_GETROUTE: u16 = 26;
const RTA_DST: u16 = 1;
const NLM_F_REQUEST: u16 = 1;
const NLMSG_ERROR: u16 = 2;
/// `struct nlmsghdr`.
const HEADER: usize = 16;

/// Route types that refuse, and how (`fib_props` for IPv4, `ip6_route_info_create` for IPv6).
const REFUSING: [(u8, i32); 4] =
    [(6, libc::EINVAL), (7, libc::EHOSTUNREACH), (8, libc::EACCES), (9, libc::EAGAIN)];

/// Whether packets to `to` would leave, or the errno that connect() would get.
///
/// # Errors
/// The kernel does not answer.
pub(crate) fn ask(to: IpAddr) -> io::Result<Result<(), i32>> {
    let mut socket = Socket::new(NETLINK_ROUTE)?;
    socket.bind_auto()?;
    socket.send_to(&request(to), &SocketAddr::new(0, 0), 0)?;
    read(&socket.recv_from_full()?.0)
        .ok_or_else(|| io::Error::other("an answer of rtnetlink that tcpx cannot read"))
}

fn request(to: IpAddr) -> Vec<u8> {
    let (family, address) = match to {
        IpAddr::V4(ip) => (AF_INET, ip.octets().to_vec()),
        IpAddr::V6(ip) => (AF_INET6, ip.octets().to_vec()),
    };
    let bits = (address.len() * 8) as u8;
    // struct rtmsg: family, destination length in bits, and nothing else that is asked for.
    let mut body = vec![family, bits, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    body.extend(((4 + address.len()) as u16).to_ne_bytes());
    body.extend(RTA_DST.to_ne_bytes());
    body.extend(address);
    let mut message = ((HEADER + body.len()) as u32).to_ne_bytes().to_vec();
    message.extend(RTM_GETROUTE.to_ne_bytes());
    message.extend(NLM_F_REQUEST.to_ne_bytes());
    message.extend([0; 8]);
    message.extend(body);
    message
}

/// IPv4 answers a refusing route with an error; IPv6 shows the route, whose type tells.
fn read(answer: &[u8]) -> Option<Result<(), i32>> {
    let kind = u16::from_ne_bytes(answer.get(4..6)?.try_into().ok()?);
    let body = answer.get(HEADER..)?;
    match kind {
        NLMSG_ERROR => Some(Err(i32::from_ne_bytes(body.get(..4)?.try_into().ok()?).checked_neg()?)),
        RTM_NEWROUTE => {
            let route_type = *body.get(7)?;
            let refuses = REFUSING.iter().find(|(refusing, _)| *refusing == route_type);
            Some(refuses.map_or(Ok(()), |&(_, errno)| Err(errno)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_has_a_route() {
        assert_eq!(ask(IpAddr::from([127, 0, 0, 1])).ok(), Some(Ok(())));
    }

    #[test]
    fn a_broken_answer_is_no_answer() {
        for answer in [&[][..], &[0; 16], &[0; 19]] {
            assert_eq!(read(answer), None);
        }
    }
}
