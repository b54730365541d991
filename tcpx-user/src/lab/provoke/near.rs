//! R1 with a listener that almost takes the SYN: it is tied to another device, has just left, is still to come, or a BPF
//! program stands before it.

use std::{net::SocketAddr, sync::Arc};

use super::{
    Family::{Ipv4, Ipv6},
    LabError, Scenario, Stage, scenario,
};
use crate::lab::{
    Actor, Holder, Namespace, Program, Side,
    bpf::{self, AttachType, ProgramType},
    link,
    wire::Flags,
};

pub(super) const TABLE: &[Scenario] = &[
    scenario("lookup-denied", Ipv4, "A BPF program of the namespace refuses the SYN", DENIED, sk_lookup),
    scenario("lookup-denied/ipv6", Ipv6, "The same, IPv6", DENIED, sk_lookup),
    scenario(
        "lookup-denied/no-listener",
        Ipv4,
        "The same, and nobody listens either",
        DENIED,
        sk_lookup_alone,
    ),
    scenario("lookup-denied/no-listener-ipv6", Ipv6, "The same, IPv6", DENIED, sk_lookup_alone),
    scenario(
        "lookup-denied/reuseport",
        Ipv4,
        "The BPF program of a SO_REUSEPORT group refuses the SYN",
        DENIED,
        reuseport,
    ),
    scenario("lookup-denied/reuseport-ipv6", Ipv6, "The same, IPv6", DENIED, reuseport),
    scenario("listener-other-device", Ipv4, "The listener is bound to another device", DEVICE, other_device),
    scenario("listener-other-device/ipv6", Ipv6, "The same, IPv6", DEVICE, other_device),
    scenario("listener-other-device/vrf", Ipv4, "The SYN comes in through a VRF", DEVICE, other_vrf),
    scenario("listener-other-device/vrf-ipv6", Ipv6, "The same, IPv6", DEVICE, other_vrf),
    scenario("listener-closed", Ipv4, "The server has just closed its listener", CLOSED, closed),
    scenario("listener-closed/ipv6", Ipv6, "The same, IPv6", CLOSED, closed),
    scenario("listener-not-yet", Ipv4, "The server begins to listen after the SYN", LATE, not_yet),
    scenario("listener-not-yet/ipv6", Ipv6, "The same, IPv6", LATE, not_yet),
];

const DENIED: &str =
    "SK_DROP is no silence: the lookup ends as if there were no socket, and the answer is RST.";
const DEVICE: &str = "SO_BINDTODEVICE ties a listener to one device; one that is tied to none is passed over by what \
                      comes in through a VRF, unless tcp_l3mdev_accept is set.";
const CLOSED: &str = "Between two runs of a server nobody has the port. That the last one has just left is seen only by \
                      who watched.";
const LATE: &str =
    "A client that starts before its server is refused; a moment later it would not have been.";

const PORT: u16 = 8080;

/// connect() from a fresh, blocking socket, refused.
fn refused(stage: &mut Stage, client: &Actor, to: SocketAddr, by: Option<&Actor>) -> Result<(), LabError> {
    let socket = client.socket(to)?;
    client.connect(socket, to)?.failed_with("ECONNREFUSED")?;
    let holder = by.map(|server| Holder { process: server.process(), at: stage.any(PORT) });
    stage.refused(client, to.ip(), to, holder);
    Ok(())
}

/// Nothing gets through to any socket of the namespace.
fn refuse_all(stage: &mut Stage, namespace: &Arc<Namespace>) -> Result<(), LabError> {
    stage.step("a BPF program of type sk_lookup is attached to the namespace: return SK_DROP");
    let program = bpf::load(ProgramType::SkLookup, &bpf::always(0), Some(AttachType::SkLookup))?;
    stage.keep(bpf::attach(&program, namespace.fd(), AttachType::SkLookup)?);
    stage.by_program(Program::SkLookup);
    Ok(())
}

fn sk_lookup(stage: &mut Stage) -> Result<(), LabError> {
    let (server, client) = stage.pair()?;
    let to = stage.loopback(PORT);
    server.serve(stage.any(PORT))?;
    let namespace = Arc::clone(&stage.namespaces()[0]);
    refuse_all(stage, &namespace)?;
    stage.ready()?;
    refused(stage, &client, to, None)
}

fn sk_lookup_alone(stage: &mut Stage) -> Result<(), LabError> {
    let (_server, client) = stage.pair()?;
    let namespace = Arc::clone(&stage.namespaces()[0]);
    refuse_all(stage, &namespace)?;
    stage.by_program(Program::SkLookupAlone);
    stage.ready()?;
    let to = stage.loopback(PORT);
    refused(stage, &client, to, None)
}

fn reuseport(stage: &mut Stage) -> Result<(), LabError> {
    let (server, client) = stage.pair()?;
    let (at, to) = (stage.any(PORT), stage.loopback(PORT));
    for first in [true, false] {
        let socket = server.socket(at)?;
        server.reuse_port(socket)?;
        if first {
            server.refuse_by_program(socket)?;
        }
        server.bind(socket, at)?;
        server.listen(socket, 16)?;
    }
    stage.by_program(Program::Reuseport);
    stage.ready()?;
    refused(stage, &client, to, None)
}

fn other_device(stage: &mut Stage) -> Result<(), LabError> {
    let namespace = stage.namespace("lab")?;
    let server = stage.actor(&namespace, "server")?;
    let client = stage.actor(&namespace, "client")?;
    let _peer = stage.peer(&namespace)?;
    let (at, to) = (stage.any(PORT), stage.loopback(PORT));
    let socket = server.socket(at)?;
    server.bind_to_device(socket, namespace.run(|| link::index("tun0"))??)?;
    server.bind(socket, at)?;
    server.listen(socket, 16)?;
    stage.ready()?;
    refused(stage, &client, to, Some(&server))
}

fn other_vrf(stage: &mut Stage) -> Result<(), LabError> {
    let namespace = stage.namespace("lab")?;
    let server = stage.actor(&namespace, "server")?;
    namespace.sysctl("net/ipv6/conf/all/keep_addr_on_down", "1")?;
    let peer = stage.peer(&namespace)?;
    stage.step("tun0 becomes a device of the VRF blue");
    link::vrf("blue", 10, "tun0", &namespace)?;
    server.serve(stage.any(PORT))?;
    stage.ready()?;
    let conn = peer.conn(40_001, PORT);
    peer.send(&conn.segment(Flags::SYN))?;
    peer.await_reset(&conn)?;
    stage.reset("reply", conn.kernel, conn.peer).sender = Side::ownerless(namespace.inum(), "none");
    stage.sends_resets(1);
    Ok(())
}

fn closed(stage: &mut Stage) -> Result<(), LabError> {
    let (server, client) = stage.pair()?;
    let to = stage.loopback(PORT);
    let socket = server.serve(stage.any(PORT))?;
    stage.ready()?;
    server.close(socket)?;
    refused(stage, &client, to, Some(&server))
}

fn not_yet(stage: &mut Stage) -> Result<(), LabError> {
    let (server, client) = stage.pair()?;
    let to = stage.loopback(PORT);
    stage.ready()?;
    refused(stage, &client, to, Some(&server))?;
    server.serve(stage.any(PORT))?;
    Ok(())
}
