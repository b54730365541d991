//! What fails before any packet: connect() that finds no route, bind() and listen() that find the port taken.

use std::net::{IpAddr, SocketAddr};

use super::{
    Family::{Ipv4, Ipv6},
    LabError, Scenario, Stage, scenario,
};
use crate::lab::{Address, Holder};

mod denied;
mod ports;

pub(super) use denied::TABLE as DENIED;
pub(super) use ports::TABLE as PORTS;

pub(super) const TABLE: &[Scenario] = &[
    scenario("no-route", Ipv4, "The host has no route to the address", NO_ROUTE, no_route),
    scenario("no-route/ipv6", Ipv6, "The same, IPv6", NO_ROUTE, no_route),
    scenario("no-route/unreachable", Ipv4, "The route is of type unreachable", REFUSED, unreachable),
    scenario("no-route/unreachable-ipv6", Ipv6, "The same, IPv6", REFUSED, unreachable),
    scenario("no-route/prohibit", Ipv4, "The route is of type prohibit", REFUSED, prohibit),
    scenario("no-route/prohibit-ipv6", Ipv6, "The same, IPv6", REFUSED, prohibit),
    scenario("no-route/blackhole", Ipv4, "The route is of type blackhole", REFUSED, blackhole),
    scenario("no-route/blackhole-ipv6", Ipv6, "The same, IPv6", REFUSED, blackhole),
    scenario("address-in-use", Ipv4, "Another server has the port", IN_USE, address_in_use),
    scenario("address-in-use/ipv6", Ipv6, "The same, IPv6", IN_USE, address_in_use),
    scenario(
        "address-in-use/bound",
        Ipv4,
        "Another program has bound the port and does not listen",
        IN_USE,
        bound,
    ),
    scenario("address-in-use/dual-stack", Ipv4, "A server on :: also has the IPv4 port", IN_USE, dual_stack),
    scenario(
        "address-in-use/listen",
        Ipv4,
        "Two sockets may bind one address, but only one may listen",
        LISTEN,
        listen,
    ),
    scenario("address-in-use/listen-ipv6", Ipv6, "The same, IPv6", LISTEN, listen),
];

const NO_ROUTE: &str = "tcp_v4_connect asks for a route first. Without one connect() returns ENETUNREACH, and the socket \
                        stays what it was.";
const REFUSED: &str = "Such a route gives connect() an errno of its own: unreachable EHOSTUNREACH, prohibit EACCES, \
                       blackhole EINVAL.";
const IN_USE: &str =
    "bind() looks for other sockets on the port in the bind hash, and refuses what would overlap.";
const LISTEN: &str =
    "SO_REUSEADDR lets both bind while none listens. listen() asks again, and there the first one wins.";

/// An address that nobody has (RFC 5737, RFC 3849).
fn nowhere(stage: &Stage) -> SocketAddr {
    match stage.family() {
        Ipv4 => SocketAddr::new([192, 0, 2, 9].into(), 443),
        Ipv6 => SocketAddr::new([0x2001, 0xdb8, 0, 0, 0, 0, 0, 9].into(), 443),
    }
}

fn no_route(stage: &mut Stage) -> Result<(), LabError> {
    let namespace = stage.namespace("lab")?;
    let client = stage.actor(&namespace, "curl")?;
    stage.ready()?;
    let to = nowhere(stage);
    let socket = client.socket(to)?;
    client.connect(socket, to)?.failed_with("ENETUNREACH")?;
    stage.attempt(&client, to.ip(), to).ended("unreachable", "ENETUNREACH").before_any_packet();
    Ok(())
}

/// connect() to a network that has a route of that type.
fn refusing(stage: &mut Stage, kind: u8, outcome: &'static str, errno: &'static str) -> Result<(), LabError> {
    let namespace = stage.namespace("lab")?;
    let client = stage.actor(&namespace, "curl")?;
    let to = nowhere(stage);
    namespace.refuse_route(kind, Address::new(to.ip(), if to.is_ipv4() { 32 } else { 128 }))?;
    stage.ready()?;
    let socket = client.socket(to)?;
    client.connect(socket, to)?.failed_with(errno)?;
    stage.attempt(&client, to.ip(), to).ended(outcome, errno).before_any_packet().sure = false;
    Ok(())
}

fn unreachable(stage: &mut Stage) -> Result<(), LabError> {
    refusing(stage, libc::RTN_UNREACHABLE, "unreachable", "EHOSTUNREACH")
}

fn prohibit(stage: &mut Stage) -> Result<(), LabError> {
    refusing(stage, libc::RTN_PROHIBIT, "denied", "EACCES")
}

fn blackhole(stage: &mut Stage) -> Result<(), LabError> {
    refusing(stage, libc::RTN_BLACKHOLE, "failed", "EINVAL")
}

/// bind() of a second server while a first one holds the port at `first`.
fn taken(stage: &mut Stage, first: SocketAddr, second: SocketAddr, listens: bool) -> Result<(), LabError> {
    let namespace = stage.namespace("lab")?;
    let apache = stage.actor(&namespace, "apache2")?;
    let nginx = stage.actor(&namespace, "nginx")?;
    let socket = apache.socket(first)?;
    apache.bind(socket, first)?;
    if listens {
        apache.listen(socket, 16)?;
    }
    stage.ready()?;
    let other = nginx.socket(second)?;
    nginx.try_bind(other, second)?.failed_with("EADDRINUSE")?;
    let holder = Holder { process: apache.process(), at: first };
    stage.failed_call(&nginx, "bind", second, "EADDRINUSE").holder = Some(holder);
    Ok(())
}

fn address_in_use(stage: &mut Stage) -> Result<(), LabError> {
    let at = stage.any(80);
    taken(stage, at, at, true)
}

fn bound(stage: &mut Stage) -> Result<(), LabError> {
    let (first, second) = (stage.any(80), stage.loopback(80));
    taken(stage, first, second, false)
}

fn dual_stack(stage: &mut Stage) -> Result<(), LabError> {
    let (first, second) = (SocketAddr::new(IpAddr::from([0; 16]), 80), stage.any(80));
    taken(stage, first, second, true)
}

fn listen(stage: &mut Stage) -> Result<(), LabError> {
    let namespace = stage.namespace("lab")?;
    let apache = stage.actor(&namespace, "apache2")?;
    let nginx = stage.actor(&namespace, "nginx")?;
    let at = stage.any(80);
    let (first, second) = (apache.socket(at)?, nginx.socket(at)?);
    apache.reuse_address(first)?;
    nginx.reuse_address(second)?;
    apache.bind(first, at)?;
    nginx.bind(second, at)?;
    apache.listen(first, 16)?;
    stage.ready()?;
    nginx.try_listen(second)?.failed_with("EADDRINUSE")?;
    let holder = Holder { process: apache.process(), at };
    stage.failed_call(&nginx, "listen", at, "EADDRINUSE").holder = Some(holder);
    Ok(())
}
