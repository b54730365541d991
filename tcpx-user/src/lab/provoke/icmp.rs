//! Somebody answers the SYN with an ICMP error: a firewall, a router, another host, or this host itself because nobody
//! answers for the address.

use super::{
    Family::{Ipv4, Ipv6},
    LabError, Scenario, Stage, firewall, scenario,
};
use crate::lab::{Actor, Address, Peer, veth_pair};
use std::net::{IpAddr, SocketAddr};

pub(super) const TABLE: &[Scenario] = &[
    scenario(
        "icmp-admin-prohibited",
        Ipv4,
        "A rule says: reject with icmpx admin-prohibited",
        PROHIBITED,
        prohibited_here,
    ),
    scenario("icmp-admin-prohibited/ipv6", Ipv6, "The same, IPv6", PROHIBITED, prohibited_here),
    scenario(
        "icmp-admin-prohibited/peer",
        Ipv4,
        "A firewall elsewhere says so, in each of the ways there are",
        PROHIBITED,
        prohibited_there,
    ),
    scenario("icmp-admin-prohibited/peer-ipv6", Ipv6, "The same, IPv6", PROHIBITED, prohibited_there),
    scenario(
        "icmp-unreachable",
        Ipv4,
        "All other ICMP errors, each with its errno",
        UNREACHABLE,
        unreachable,
    ),
    scenario("icmp-unreachable/ipv6", Ipv6, "The same, IPv6", UNREACHABLE, unreachable),
    scenario(
        "icmp-unreachable/router",
        Ipv4,
        "A router on this host has no route to the address",
        ROUTER,
        no_route_at_router,
    ),
    scenario("icmp-unreachable/router-ipv6", Ipv6, "The same, IPv6", ROUTER, no_route_at_router),
    scenario("neighbor-failed", Ipv4, "Nobody answers ARP for the address", NEIGHBOR, nobody_answers),
    scenario(
        "neighbor-failed/ipv6",
        Ipv6,
        "Nobody answers neighbour discovery for the address",
        NEIGHBOR,
        nobody_answers,
    ),
];

const PROHIBITED: &str = "An IPv4 client reads \"No route to host\" or \"Network is unreachable\" although routing is in \
                          order (icmp_err_convert), an IPv6 client \"Permission denied\" (tab_unreach).";
const UNREACHABLE: &str = "tcp_v4_err and tcp_v6_err end an attempt in SYN_SENT by any of these at once, with the errno \
                           that icmp_err_convert and icmpv6_err_convert give.";
const ROUTER: &str = "The SYN is to be forwarded in another network namespace of this host, which has no route for it: \
                      ip_error and ip6_pkt_discard_out answer with ICMP.";
const NEIGHBOR: &str = "After the last probe neigh_invalidate gives the waiting SYN to arp_error_report or \
                        ndisc_error_report, which sends this host an ICMP error of its own.";

const PORT: u16 = 8080;

fn prohibited_here(stage: &mut Stage) -> Result<(), LabError> {
    let (client, to) = firewall::behind_rule(stage, "reject with icmpx type admin-prohibited")?;
    stage.ready()?;
    let socket = client.socket_nonblocking(to)?;
    let reply = client.connect(socket, to)?;
    reply.failed_with("EINPROGRESS")?;
    let (outcome, errno) = if to.is_ipv4() { ("unreachable", "EHOSTUNREACH") } else { ("denied", "EACCES") };
    client.finish_connect(socket)?.failed_with(errno)?;
    client.close(socket)?;
    let local = reply.local.unwrap_or(SocketAddr::new(to.ip(), 0));
    stage.attempt(&client, local, to).ended(outcome, errno);
    Ok(())
}

/// Type and code, and how it ends the attempt.
type Error = (u8, u8, &'static str, &'static str);

const PROHIBITED_V4: &[Error] = &[
    (3, 9, "unreachable", "ENETUNREACH"),
    (3, 10, "unreachable", "EHOSTUNREACH"),
    (3, 13, "unreachable", "EHOSTUNREACH"),
];
const PROHIBITED_V6: &[Error] =
    &[(1, 1, "denied", "EACCES"), (1, 5, "denied", "EACCES"), (1, 6, "denied", "EACCES")];

fn prohibited_there(stage: &mut Stage) -> Result<(), LabError> {
    each(stage, PROHIBITED_V4, PROHIBITED_V6)
}

const OTHERS_V4: &[Error] = &[
    (3, 0, "unreachable", "ENETUNREACH"),
    (3, 1, "unreachable", "EHOSTUNREACH"),
    (3, 2, "failed", "ENOPROTOOPT"),
    (3, 5, "failed", "EOPNOTSUPP"),
    (3, 6, "unreachable", "ENETUNREACH"),
    (3, 7, "unreachable", "EHOSTDOWN"),
    (3, 8, "unreachable", "ENONET"),
    (3, 11, "unreachable", "ENETUNREACH"),
    (3, 12, "unreachable", "EHOSTUNREACH"),
    (3, 14, "unreachable", "EHOSTUNREACH"),
    (3, 15, "unreachable", "EHOSTUNREACH"),
    (11, 0, "unreachable", "EHOSTUNREACH"),
    (12, 0, "failed", "EPROTO"),
];
const OTHERS_V6: &[Error] = &[
    (1, 0, "unreachable", "ENETUNREACH"),
    (1, 2, "unreachable", "EHOSTUNREACH"),
    (1, 3, "unreachable", "EHOSTUNREACH"),
    (1, 7, "failed", "EPROTO"),
    (3, 0, "unreachable", "EHOSTUNREACH"),
    (4, 0, "failed", "EPROTO"),
];

fn unreachable(stage: &mut Stage) -> Result<(), LabError> {
    each(stage, OTHERS_V4, OTHERS_V6)
}

/// One attempt for each error, each to a port of its own.
fn each(stage: &mut Stage, v4: &[Error], v6: &[Error]) -> Result<(), LabError> {
    let namespace = stage.namespace("lab")?;
    let client = stage.actor(&namespace, "client")?;
    let peer = stage.peer(&namespace)?;
    stage.ready()?;
    let errors = if stage.family() == Ipv4 { v4 } else { v6 };
    errors.iter().zip(443..).try_for_each(|(error, port)| one(stage, &client, &peer, port, error))
}

fn one(
    stage: &mut Stage,
    client: &Actor,
    peer: &Peer,
    port: u16,
    &(kind, code, outcome, errno): &Error,
) -> Result<(), LabError> {
    let to = peer.far(port);
    // Non-blocking: when connect() has returned, the socket is certainly not locked any more.
    let socket = client.socket_nonblocking(to)?;
    client.connect(socket, to)?.failed_with("EINPROGRESS")?;
    let conn = peer.await_syn(port)?;
    peer.icmp_error(&conn, kind, code)?;
    client.finish_connect(socket)?.failed_with(errno)?;
    client.close(socket)?;
    stage.attempt(client, conn.kernel, to).ended(outcome, errno);
    Ok(())
}

/// Two networks of this host: the client's, and one that nobody is in.
fn addresses(stage: &Stage) -> (Address, Address, SocketAddr) {
    match stage.family() {
        Ipv4 => {
            let [near, router, far] = [[10, 98, 0, 1], [10, 98, 0, 2], [10, 98, 0, 9]].map(IpAddr::from);
            (Address::new(near, 24), Address::new(router, 24), SocketAddr::new(far, PORT))
        }
        Ipv6 => {
            let at = |last| IpAddr::from([0xfd98, 0, 0, 0, 0, 0, 0, last]);
            (Address::new(at(1), 64), Address::new(at(2), 64), SocketAddr::new(at(9), PORT))
        }
    }
}

fn no_route_at_router(stage: &mut Stage) -> Result<(), LabError> {
    let (lab, router) = (stage.namespace("lab")?, stage.namespace("router")?);
    let client = stage.actor(&lab, "client")?;
    veth_pair("veth0", &lab, &router)?;
    let (near, gateway, _) = addresses(stage);
    lab.add_address("veth0", near)?;
    router.add_address("veth0", gateway)?;
    let (to, family) = match stage.family() {
        Ipv4 => (SocketAddr::new([203, 0, 113, 9].into(), PORT), "ipv4"),
        Ipv6 => (SocketAddr::new([0x2001, 0xdb8, 0, 0, 0, 0, 0, 9].into(), PORT), "ipv6"),
    };
    router.sysctl(&format!("net/{family}/conf/all/forwarding"), "1")?;
    lab.add_gateway("veth0", Address::new(to.ip(), if to.is_ipv4() { 32 } else { 128 }), gateway.ip)?;
    stage.ready()?;
    let socket = client.socket(to)?;
    client.connect(socket, to)?.failed_with("ENETUNREACH")?;
    stage.attempt(&client, near.ip, to).ended("unreachable", "ENETUNREACH");
    Ok(())
}

fn nobody_answers(stage: &mut Stage) -> Result<(), LabError> {
    let (lab, other) = (stage.namespace("lab")?, stage.namespace("other")?);
    let client = stage.actor(&lab, "client")?;
    veth_pair("veth0", &lab, &other)?;
    let (near, _, to) = addresses(stage);
    lab.add_address("veth0", near)?;
    let family = if to.is_ipv4() { "ipv4" } else { "ipv6" };
    // One probe, and the SYN waits for it for a fifth of a second: it is not sent again before.
    lab.sysctl(&format!("net/{family}/neigh/veth0/mcast_solicit"), "1")?;
    lab.sysctl(&format!("net/{family}/neigh/veth0/retrans_time_ms"), "200")?;
    stage.ready()?;
    let socket = client.socket(to)?;
    client.connect(socket, to)?.failed_with("EHOSTUNREACH")?;
    stage.attempt(&client, near.ip, to).ended("unreachable", "EHOSTUNREACH");
    Ok(())
}
