//! Dropped below TCP: by the device's hooks, by the input route, by an IPsec policy, or for a wrong checksum. A server
//! listens in all of these, and a segment without the fault is answered.

use super::{
    Family::{Ipv4, Ipv6},
    LabError, Scenario, Stage, scenario,
};
use crate::lab::{
    Address, Namespace, Peer, Tun, bpf, run,
    wire::{Flags, Segment},
};
use std::{net::SocketAddr, sync::Arc};

pub(super) const TABLE: &[Scenario] = &[
    scenario("rp-filter", Ipv4, "A SYN comes in where its answer would not go out", RP_FILTER, rp_filter),
    scenario("martian", Ipv4, "A SYN from 127.0.0.5 comes in from outside", MARTIAN, loopback_source),
    scenario("martian/ipv6", Ipv6, "A SYN from ::1 comes in from outside", MARTIAN, loopback_source),
    scenario("martian/own-address", Ipv4, "A SYN from this host's own address comes in", MARTIAN, own_source),
    scenario("martian/destination", Ipv4, "A SYN to 127.0.0.1 comes in from outside", MARTIAN, to_loopback),
    scenario("bad-checksum", Ipv4, "A SYN with a wrong TCP checksum", CHECKSUM, bad_checksum),
    scenario("bad-checksum/ipv6", Ipv6, "The same, IPv6", CHECKSUM, bad_checksum),
    scenario("tc-xdp-drop", Ipv4, "A generic XDP program drops all", DEVICE, xdp_drop),
    scenario("tc-xdp-drop/ipv6", Ipv6, "The same, IPv6", DEVICE, xdp_drop),
    scenario("tc-xdp-drop/tc", Ipv4, "A tc filter drops all that comes in", DEVICE, tc_ingress),
    scenario("tc-xdp-drop/tc-ipv6", Ipv6, "The same, IPv6", DEVICE, tc_ingress),
    scenario("tc-xdp-drop/egress", Ipv4, "A tc filter drops all that goes out", DEVICE, tc_egress),
    scenario("tc-xdp-drop/egress-ipv6", Ipv6, "The same, IPv6", DEVICE, tc_egress),
    scenario("xfrm-policy", Ipv4, "An IPsec policy blocks the port", XFRM, xfrm_policy),
    scenario("xfrm-policy/ipv6", Ipv6, "The same, IPv6", XFRM, xfrm_policy6),
];

const RP_FILTER: &str = "The source's network is behind tun1, and the SYN comes in through tun0. With rp_filter=1 \
                         fib_validate_source refuses it, and IPReversePathFilter counts it.";
const MARTIAN: &str =
    "The input route of such an address is refused before TCP: it cannot be right on that device.";
const CHECKSUM: &str = "tcp_v4_rcv drops it before it looks for a socket, and InCsumErrors counts it.";
const DEVICE: &str = "__netif_receive_skb_core runs XDP and tc before IP sees the packet, __dev_queue_xmit runs tc when \
                      it leaves.";
const XFRM: &str = "The SYN finds its listener, and then xfrm_policy_check refuses it.";

const PORT: u16 = 8080;

/// A namespace with a peer and a server that listens on two ports.
fn server_and_peer(stage: &mut Stage) -> Result<(Arc<Namespace>, Peer), LabError> {
    let namespace = stage.namespace("lab")?;
    let server = stage.actor(&namespace, "server")?;
    let peer = stage.peer(&namespace)?;
    for port in [PORT, PORT + 1] {
        server.serve(peer.near(port))?;
    }
    Ok((namespace, peer))
}

/// A SYN of the peer's, twice, from and to other addresses than its own.
fn syn_twice(peer: &Peer, from: SocketAddr, to: SocketAddr) -> Result<(), LabError> {
    let syn = Segment::new(from, to, Flags::SYN, 1_000_000, 0);
    peer.send(&syn)?;
    peer.send(&syn)
}

fn rp_filter(stage: &mut Stage) -> Result<(), LabError> {
    let (namespace, peer) = server_and_peer(stage)?;
    let _other = Tun::create(&namespace, "tun1", vec![Address::new([192, 0, 2, 1], 24)])?;
    namespace.sysctl("net/ipv4/conf/all/rp_filter", "1")?;
    stage.ready()?;
    let from = SocketAddr::new([192, 0, 2, 2].into(), 40_001);
    syn_twice(&peer, from, peer.near(PORT))?;
    namespace.await_counter("IPReversePathFilter", 2)?;
    stage.dropped(namespace.inum(), from, peer.near(PORT), 2);
    stage.counts("IPReversePathFilter", 2);
    Ok(())
}

/// A SYN with an address that cannot be; afterwards one of the peer's own, which is answered.
fn martian(stage: &mut Stage, from: Option<SocketAddr>, to: Option<SocketAddr>) -> Result<(), LabError> {
    let (namespace, peer) = server_and_peer(stage)?;
    stage.ready()?;
    let (from, to) = (from.unwrap_or(peer.far(40_001)), to.unwrap_or(peer.near(PORT)));
    syn_twice(&peer, from, to)?;
    peer.is_answered(40_002, PORT)?;
    stage.dropped(namespace.inum(), from, to, 2);
    Ok(())
}

fn loopback_source(stage: &mut Stage) -> Result<(), LabError> {
    let ipv4 = SocketAddr::new([127, 0, 0, 5].into(), 40_001);
    let from = if stage.family() == Ipv4 { ipv4 } else { stage.loopback(40_001) };
    martian(stage, Some(from), None)
}

fn own_source(stage: &mut Stage) -> Result<(), LabError> {
    // The address of tun0, see lab/peer.rs.
    martian(stage, Some(SocketAddr::new([10, 99, 0, 1].into(), 40_001)), None)
}

fn to_loopback(stage: &mut Stage) -> Result<(), LabError> {
    let to = stage.loopback(PORT);
    martian(stage, None, Some(to))
}

fn bad_checksum(stage: &mut Stage) -> Result<(), LabError> {
    let (namespace, peer) = server_and_peer(stage)?;
    stage.ready()?;
    let conn = peer.conn(40_001, PORT);
    for _ in 0..2 {
        peer.send_damaged(&conn.segment(Flags::SYN))?;
    }
    namespace.await_counter("InCsumErrors", 2)?;
    peer.is_answered(40_002, PORT)?;
    stage.dropped(namespace.inum(), conn.peer, conn.kernel, 2);
    stage.counts("InCsumErrors", 2);
    Ok(())
}

/// A client on loopback whose SYNs vanish on the device.
fn vanishes_on_loopback(stage: &mut Stage) -> Result<(), LabError> {
    let namespace = stage.namespaces()[0].clone();
    let (server, client) = (stage.actor(&namespace, "server")?, stage.actor(&namespace, "client")?);
    let to = stage.loopback(PORT);
    server.serve(to)?;
    stage.ready()?;
    let local = super::silent::give_up_after_retransmission(stage, &client, to)?;
    stage.dropped(client.netns(), local, to, 2);
    Ok(())
}

fn xdp_drop(stage: &mut Stage) -> Result<(), LabError> {
    const XDP_DROP: i32 = 1;
    let namespace = stage.namespace("lab")?;
    let program = bpf::load(bpf::ProgramType::Xdp, &bpf::always(XDP_DROP), None)?;
    // The retransmitted SYN may still be on its way when the client closes.
    stage.keep(bpf::attach_generic_xdp(program, &namespace, "lo")?);
    stage.step("an XDP program that drops all is attached to lo");
    vanishes_on_loopback(stage)
}

fn tc_ingress(stage: &mut Stage) -> Result<(), LabError> {
    tc_drop(stage, "tc filter add dev lo ingress matchall action drop")
}

fn tc_egress(stage: &mut Stage) -> Result<(), LabError> {
    tc_drop(stage, "tc filter add dev lo egress matchall action drop")
}

fn tc_drop(stage: &mut Stage, filter: &'static str) -> Result<(), LabError> {
    let namespace = stage.namespace("lab")?;
    run(&namespace, "tc qdisc add dev lo clsact")?;
    run(&namespace, filter)?;
    stage.step(filter);
    vanishes_on_loopback(stage)
}

fn xfrm_policy(stage: &mut Stage) -> Result<(), LabError> {
    blocked(
        stage,
        "ip xfrm policy add dir in src 10.99.0.2/32 dst 10.99.0.1/32 proto 6 dport 8080 action block",
    )
}

fn xfrm_policy6(stage: &mut Stage) -> Result<(), LabError> {
    blocked(
        stage,
        "ip xfrm policy add dir in src fd99::2/128 dst fd99::1/128 proto 6 dport 8080 action block",
    )
}

fn blocked(stage: &mut Stage, policy: &'static str) -> Result<(), LabError> {
    let (namespace, peer) = server_and_peer(stage)?;
    run(&namespace, policy)?;
    stage.step(policy);
    stage.ready()?;
    let conn = peer.conn(40_001, PORT);
    syn_twice(&peer, conn.peer, conn.kernel)?;
    peer.is_answered(40_002, PORT + 1)?;
    stage.dropped(namespace.inum(), conn.peer, conn.kernel, 2);
    Ok(())
}
