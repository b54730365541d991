//! No address or no port to be had.

use std::net::{IpAddr, SocketAddr};

use super::{
    super::{
        Family::{Ipv4, Ipv6},
        LabError, Scenario, Stage, scenario,
    },
    nowhere,
};
use crate::lab::{Actor, Fd, Holder};

pub(in super::super) const TABLE: &[Scenario] = &[
    scenario(
        "address-not-available",
        Ipv4,
        "bind() to an address that the host does not have",
        ADDRESS,
        foreign,
    ),
    scenario("address-not-available/ipv6", Ipv6, "The same, IPv6", ADDRESS, foreign),
    scenario(
        "address-not-available/connect",
        Ipv4,
        "A bound socket asks for a connection that exists",
        TWICE,
        twice,
    ),
    scenario("address-not-available/connect-ipv6", Ipv6, "The same, IPv6", TWICE, twice),
    scenario("address-not-available/no-ipv6", Ipv6, "IPv6 is disabled in the namespace", SOURCE, no_source),
    scenario("port-exhausted", Ipv4, "Every local port is connected to the target", PORTS, exhausted),
    scenario("port-exhausted/ipv6", Ipv6, "The same, IPv6", PORTS, exhausted),
    scenario(
        "port-exhausted/bind",
        Ipv4,
        "bind() to port 0 while every local port is bound",
        BIND,
        exhausted_bind,
    ),
    scenario("port-exhausted/bind-ipv6", Ipv6, "The same, IPv6", BIND, exhausted_bind),
];

const ADDRESS: &str = "Without net.ipv4.ip_nonlocal_bind only an address of a device may be bound.";
const TWICE: &str = "Two connections must differ in an address or a port. __inet_check_established finds the first one, \
                     and connect() returns EADDRNOTAVAIL: the socket was in SYN_SENT and has no error in it.";
const SOURCE: &str =
    "As in containers without IPv6: ::1 is on no device, and the kernel finds no source address for it.";
const PORTS: &str =
    "The range is made two ports wide. The third connection to the same target finds none that differs.";
const BIND: &str = "bind() to port 0 asks for a port that nobody has, whatever it is connected to.";

fn foreign(stage: &mut Stage) -> Result<(), LabError> {
    let namespace = stage.namespace("lab")?;
    let server = stage.actor(&namespace, "nginx")?;
    stage.ready()?;
    let at = SocketAddr::new(nowhere(stage).ip(), 80);
    let socket = server.socket(at)?;
    server.try_bind(socket, at)?.failed_with("EADDRNOTAVAIL")?;
    stage.failed_call(&server, "bind", at, "EADDRNOTAVAIL");
    Ok(())
}

/// A server on loopback, and what it is called.
fn served(stage: &mut Stage) -> Result<(Actor, Actor, SocketAddr), LabError> {
    let (server, client) = stage.pair()?;
    let to = stage.loopback(8080);
    server.serve(to)?;
    Ok((server, client, to))
}

/// A socket that shares its port with others of the program.
fn shared(client: &Actor, at: SocketAddr) -> Result<Fd, LabError> {
    let socket = client.socket(at)?;
    client.reuse_address(socket)?;
    client.bind(socket, at)?;
    Ok(socket)
}

fn twice(stage: &mut Stage) -> Result<(), LabError> {
    let (_server, client, to) = served(stage)?;
    let from = stage.loopback(40_001);
    let first = shared(&client, from)?;
    let second = shared(&client, from)?;
    client.connect(first, to)?.ok()?;
    stage.ready()?;
    client.connect(second, to)?.failed_with("EADDRNOTAVAIL")?;
    let fact = stage.attempt(&client, from, to).ended("failed", "EADDRNOTAVAIL").before_any_packet();
    fact.holder = Some(Holder { process: client.process(), at: from });
    Ok(())
}

fn no_source(stage: &mut Stage) -> Result<(), LabError> {
    let namespace = stage.namespace("lab")?;
    let client = stage.actor(&namespace, "curl")?;
    namespace.sysctl("net/ipv6/conf/all/disable_ipv6", "1")?;
    stage.ready()?;
    let to = SocketAddr::new(IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]), 8080);
    let socket = client.socket(to)?;
    client.connect(socket, to)?.failed_with("EADDRNOTAVAIL")?;
    stage.attempt(&client, to.ip(), to).ended("failed", "EADDRNOTAVAIL").before_any_packet();
    Ok(())
}

const RANGE: (u16, u16) = (40_000, 40_001);

fn narrow(stage: &Stage) -> Result<(), LabError> {
    stage.namespaces()[0].sysctl("net/ipv4/ip_local_port_range", &format!("{} {}", RANGE.0, RANGE.1))
}

fn exhausted(stage: &mut Stage) -> Result<(), LabError> {
    let (_server, client, to) = served(stage)?;
    narrow(stage)?;
    for _ in [RANGE.0, RANGE.1] {
        let socket = client.socket(to)?;
        client.connect(socket, to)?.ok()?;
    }
    stage.ready()?;
    let socket = client.socket(to)?;
    client.connect(socket, to)?.failed_with("EADDRNOTAVAIL")?;
    stage.attempt(&client, to.ip(), to).ended("failed", "EADDRNOTAVAIL").before_any_packet();
    Ok(())
}

fn exhausted_bind(stage: &mut Stage) -> Result<(), LabError> {
    let namespace = stage.namespace("lab")?;
    let server = stage.actor(&namespace, "nginx")?;
    narrow(stage)?;
    for port in [RANGE.0, RANGE.1] {
        let at = stage.any(port);
        server.serve(at)?;
    }
    stage.ready()?;
    let at = stage.any(0);
    let socket = server.socket(at)?;
    server.try_bind(socket, at)?.failed_with("EADDRINUSE")?;
    stage.failed_call(&server, "bind", at, "EADDRINUSE");
    Ok(())
}
