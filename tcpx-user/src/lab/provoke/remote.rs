//! Another host's TCP answers: the peer on the tun device, of which this host sees nothing but packets.

use super::{
    Family::{Ipv4, Ipv6},
    LabError, Scenario, Stage, scenario,
    to_peer::{ToPeer, open_to_peer},
};
use crate::lab::{
    Side,
    wire::{Flags, Segment},
};

pub(super) const TABLE: &[Scenario] = &[
    scenario("peer-refused", Ipv4, "Another host answers the SYN with RST", REFUSED, peer_refused),
    scenario("peer-refused/ipv6", Ipv6, "The same, IPv6", REFUSED, peer_refused),
    scenario("peer-reset", Ipv4, "Another host resets an open connection", RESET, peer_reset),
    scenario("peer-reset/ipv6", Ipv6, "The same, IPv6", RESET, peer_reset),
    scenario(
        "peer-reset/in-between",
        Ipv4,
        "Something in between resets an open connection in the peer's name",
        IN_BETWEEN,
        reset_in_between,
    ),
    scenario("peer-reset/in-between-ipv6", Ipv6, "The same, IPv6", IN_BETWEEN, reset_in_between),
    scenario(
        "icmp-refused/peer",
        Ipv4,
        "Another host answers with ICMP port unreachable",
        ICMP,
        icmp_from_peer,
    ),
    scenario("icmp-refused/peer-ipv6", Ipv6, "The same, IPv6", ICMP, icmp_from_peer),
];

const REFUSED: &str = "Only the RST is seen: it came in on a device, and no traced namespace sent it.";
const RESET: &str =
    "The RST has exactly the sequence number that the kernel expects, so it is obeyed (RFC 5961).";
const IN_BETWEEN: &str = "The RST is obeyed as any other; only its TTL, which is not that of the handshake, speaks for \
                          another sender.";
const ICMP: &str = "The error arrives when the socket is not locked, so the attempt ends at once.";

fn peer_refused(stage: &mut Stage) -> Result<(), LabError> {
    let namespace = stage.namespace("lab")?;
    let client = stage.actor(&namespace, "client")?;
    let peer = stage.peer(&namespace)?;
    stage.ready()?;
    let to = peer.far(443);
    let socket = client.socket(to)?;
    let connecting = client.begin_connect(socket, to)?;
    let conn = peer.await_syn(to.port())?;
    peer.refuse(&conn)?;
    connecting.finish()?.failed_with("ECONNREFUSED")?;
    stage.attempt(&client, conn.kernel, to).ended("refused", "ECONNREFUSED");
    stage.reset("elsewhere", conn.peer, conn.kernel).receiver = Side::full(&client);
    Ok(())
}

fn peer_reset(stage: &mut Stage) -> Result<(), LabError> {
    let ToPeer { client, socket, peer, conn } = open_to_peer(stage, 5432)?;
    stage.step("the connection is open; the peer resets it");
    let rst = conn.segment(Flags::RST | Flags::ACK);
    peer.send(&rst)?;
    client.receive(socket)?.failed_with("ECONNRESET")?;
    let reset = stage.reset("elsewhere", conn.peer, conn.kernel);
    reset.receiver = Side::full(&client);
    reset.ttls = Some((rst.ttl, rst.ttl));
    stage.counts("EstabResets", 1);
    Ok(())
}

fn reset_in_between(stage: &mut Stage) -> Result<(), LabError> {
    let ToPeer { client, socket, peer, conn } = open_to_peer(stage, 5432)?;
    stage.step("the connection is open; something nearer than the peer resets it");
    let as_the_peer = conn.segment(Flags::RST | Flags::ACK);
    let rst = Segment { ttl: 254, ..as_the_peer.clone() };
    peer.send(&rst)?;
    client.receive(socket)?.failed_with("ECONNRESET")?;
    let reset = stage.reset("elsewhere", conn.peer, conn.kernel);
    reset.receiver = Side::full(&client);
    reset.ttls = Some((as_the_peer.ttl, rst.ttl));
    stage.counts("EstabResets", 1);
    Ok(())
}

fn icmp_from_peer(stage: &mut Stage) -> Result<(), LabError> {
    let namespace = stage.namespace("lab")?;
    let client = stage.actor(&namespace, "client")?;
    let peer = stage.peer(&namespace)?;
    stage.ready()?;
    let to = peer.far(443);
    // Non-blocking: when connect() has returned, the socket is certainly not locked any more.
    let socket = client.socket_nonblocking(to)?;
    client.connect(socket, to)?.failed_with("EINPROGRESS")?;
    let conn = peer.await_syn(to.port())?;
    peer.port_unreachable(&conn)?;
    client.finish_connect(socket)?.failed_with("ECONNREFUSED")?;
    stage.attempt(&client, conn.kernel, to).ended("refused", "ECONNREFUSED");
    Ok(())
}
