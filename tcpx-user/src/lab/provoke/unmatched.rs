//! R1: a segment that finds no socket. `tcp_v4_rcv` misses in the established table and among the listeners, goes to
//! `no_tcp_socket` and answers with RST.

use super::{
    Family::{Ipv4, Ipv6},
    LabError, Scenario, Stage, scenario,
};
use crate::lab::{Actor, Address, Holder, Side, wire::Flags};
use std::net::{IpAddr, SocketAddr};

const BOUND: Scenario = scenario(
    "bound-not-listening",
    Ipv4,
    "A program has bound port 8888 but never called listen()",
    "bind() reserves the port but puts the socket into no table that incoming segments are looked up in. The SYN \
     finds nobody, and the kernel answers with RST as if the port were free.",
    bound_not_listening,
);

pub(super) const TABLE: &[Scenario] = &[
    scenario("closed-port", Ipv4, "Nobody has the port", CLOSED, closed_port),
    scenario("closed-port/ipv6", Ipv6, "Nobody has the port, IPv6", CLOSED, closed_port),
    scenario(
        "closed-port/bound-client",
        Ipv4,
        "Nobody has the port; the client bound its own",
        CLOSED,
        bound_client,
    ),
    scenario(
        "closed-port/nonblocking",
        Ipv4,
        "Nobody has the port; non-blocking client",
        CLOSED,
        nonblocking_client,
    ),
    Scenario { aliases: &["no-listen"], ..BOUND },
    Scenario { name: "bound-not-listening/ipv6", aliases: &["no-listen/ipv6"], family: Ipv6, ..BOUND },
    scenario(
        "listener-other-address",
        Ipv4,
        "The listener is bound to another local address",
        OTHER,
        other_address,
    ),
    scenario("listener-other-address/ipv6", Ipv6, "The same, IPv6", OTHER, other_address),
    scenario(
        "listener-v6only",
        Ipv4,
        "Only a V6ONLY listener has the port, and the SYN is IPv4",
        "A listener on :: also takes IPv4 unless IPV6_V6ONLY is set on it.",
        v6only,
    ),
    scenario(
        "listener-v4only",
        Ipv6,
        "Only an IPv4 listener has the port, and the SYN is IPv6",
        "What happens when localhost resolves to ::1 first and the server listens on 0.0.0.0.",
        v4only,
    ),
    scenario(
        "stray-segment",
        Ipv4,
        "Data of a connection that this host does not know",
        STRAY,
        stray_segment,
    ),
    scenario("stray-segment/ipv6", Ipv6, "The same, IPv6", STRAY, stray_segment),
];

const CLOSED: &str = "The plain case of ECONNREFUSED: no socket in any state has the port.";
const OTHER: &str =
    "The lookup compares the destination with the listener's address; only a wildcard takes any.";
const STRAY: &str = "As after a reboot, a failover or a lost NAT entry: the segment is no SYN, and no socket has its \
                     addresses and ports.";

/// connect() from a fresh, unbound, blocking socket, refused.
fn refused(
    stage: &mut Stage,
    client: &Actor,
    to: SocketAddr,
    holder: Option<Holder>,
) -> Result<(), LabError> {
    let socket = client.socket(to)?;
    client.connect(socket, to)?.failed_with("ECONNREFUSED")?;
    // On loopback the source address is the destination's.
    stage.refused(client, to.ip(), to, holder);
    Ok(())
}

fn closed_port(stage: &mut Stage) -> Result<(), LabError> {
    let (_server, client) = stage.pair()?;
    stage.ready()?;
    let to = stage.loopback(8080);
    refused(stage, &client, to, None)
}

fn bound_client(stage: &mut Stage) -> Result<(), LabError> {
    let (_server, client) = stage.pair()?;
    let (from, to) = (stage.loopback(40_001), stage.loopback(8080));
    stage.ready()?;
    let socket = client.socket(from)?;
    client.bind(socket, from)?;
    client.connect(socket, to)?.failed_with("ECONNREFUSED")?;
    stage.refused(&client, to.ip(), to, None);
    stage.know_client_port(from);
    Ok(())
}

fn nonblocking_client(stage: &mut Stage) -> Result<(), LabError> {
    let (_server, client) = stage.pair()?;
    let to = stage.loopback(8080);
    stage.ready()?;
    let socket = client.socket_nonblocking(to)?;
    client.connect(socket, to)?.failed_with("EINPROGRESS")?;
    client.finish_connect(socket)?.failed_with("ECONNREFUSED")?;
    stage.refused(&client, to.ip(), to, None);
    Ok(())
}

fn bound_not_listening(stage: &mut Stage) -> Result<(), LabError> {
    let namespace = stage.namespace("lab")?;
    let python = stage.actor(&namespace, "python3")?;
    let client = stage.actor(&namespace, "curl")?;
    let (at, to) = (stage.any(8888), stage.loopback(8888));
    stage.step("the host is up: ping is answered");
    client.ping(to.ip())?;
    stage.step("python3 creates a socket and binds it, but never listens");
    let socket = python.socket(at)?;
    python.bind(socket, at)?;
    stage.ready()?;
    stage.step("curl connects");
    refused(stage, &client, to, Some(Holder { process: python.process(), at }))
}

fn other_address(stage: &mut Stage) -> Result<(), LabError> {
    let namespace = stage.namespace("lab")?;
    let server = stage.actor(&namespace, "server")?;
    let client = stage.actor(&namespace, "client")?;
    let to = stage.loopback(8080);
    let other: IpAddr =
        if to.is_ipv4() { [127, 0, 0, 2].into() } else { [0xfd00, 0, 0, 0, 0, 0, 0, 2].into() };
    if other.is_ipv6() {
        namespace.add_address("lo", Address::new(other, 128))?;
    }
    let at = SocketAddr::new(other, 8080);
    server.serve(at)?;
    stage.ready()?;
    refused(stage, &client, to, Some(Holder { process: server.process(), at }))
}

fn v6only(stage: &mut Stage) -> Result<(), LabError> {
    let (server, client) = stage.pair()?;
    let (at, to) = (SocketAddr::new(IpAddr::from([0; 16]), 8080), stage.loopback(8080));
    let socket = server.socket(at)?;
    server.set_v6only(socket, true)?;
    server.bind(socket, at)?;
    server.listen(socket, 16)?;
    stage.ready()?;
    refused(stage, &client, to, Some(Holder { process: server.process(), at }))
}

fn v4only(stage: &mut Stage) -> Result<(), LabError> {
    let (server, client) = stage.pair()?;
    let (at, to) = (SocketAddr::new(IpAddr::from([0; 4]), 8080), stage.loopback(8080));
    server.serve(at)?;
    stage.ready()?;
    refused(stage, &client, to, Some(Holder { process: server.process(), at }))
}

fn stray_segment(stage: &mut Stage) -> Result<(), LabError> {
    let namespace = stage.namespace("lab")?;
    let peer = stage.peer(&namespace)?;
    stage.ready()?;
    let mut stray = peer.conn(40_001, 8080);
    stage.step("the peer sends data as if a connection were open");
    peer.send_data(&mut stray, b"Hello")?;
    let reset = peer.await_reset(&stray)?;
    // A RST that answers an ACK takes its sequence number from it and acknowledges nothing (RFC 9293, 3.10.7.1).
    debug_assert_eq!((reset.seq, reset.flags), (stray.expected, Flags::RST));
    let fact = stage.reset("reply", stray.kernel, stray.peer);
    fact.sender = Side::ownerless(namespace.inum(), "none");
    stage.sends_resets(1);
    Ok(())
}
