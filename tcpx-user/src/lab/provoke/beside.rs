//! Dropped beside TCP: for what the socket or its cgroup wants of a segment. A server listens in all of these.

use super::{
    Family::{Ipv4, Ipv6},
    LabError, Scenario, Stage, scenario,
};
use crate::lab::{Actor, Fd, bpf};
use std::net::SocketAddr;

pub(super) const TABLE: &[Scenario] = &[
    scenario("min-ttl", Ipv4, "The listener wants a TTL of 255 (IP_MINTTL)", MIN_TTL, min_ttl),
    scenario("min-ttl/ipv6", Ipv6, "The same, IPv6 (IPV6_MINHOPCOUNT)", MIN_TTL, min_ttl),
    scenario("auth-failed", Ipv4, "The listener wants an MD5 signature, the SYN has none", AUTH, unsigned),
    scenario("auth-failed/ipv6", Ipv6, "The same, IPv6", AUTH, unsigned),
    scenario("auth-failed/unexpected", Ipv4, "The SYN is signed, the listener has no key", AUTH, unexpected),
    scenario("auth-failed/wrong-key", Ipv4, "The SYN is signed with another key", AUTH, wrong_key),
    scenario("socket-filter-drop", Ipv4, "A filter of the listener refuses all", FILTER, socket_filter),
    scenario("socket-filter-drop/ipv6", Ipv6, "The same, IPv6", FILTER, socket_filter),
    scenario("socket-filter-drop/cgroup", Ipv4, "A program of the server's cgroup", FILTER, cgroup_ingress),
    scenario("socket-filter-drop/cgroup-ipv6", Ipv6, "The same, IPv6", FILTER, cgroup_ingress),
    scenario("egress-drop", Ipv4, "A program of the client's cgroup lets nothing out", EGRESS, cgroup_egress),
    scenario("egress-drop/ipv6", Ipv6, "The same, IPv6", EGRESS, cgroup_egress),
];

const MIN_TTL: &str = "A SYN on loopback has a TTL of 64. tcp_v4_rcv drops it, and TCPMinTTLDrop counts it.";
const AUTH: &str =
    "The signature is looked at once the listener is found, and a SYN that does not fit is dropped.";
const FILTER: &str = "sk_filter_trim_cap asks the program of the cgroup, then the filter of the socket; TCP drops what \
                      one of them refuses.";
const EGRESS: &str = "ip_finish_output asks the program of the cgroup. TCP takes the error for a lost segment, so that \
                      connect() does not fail at once.";

const PORT: u16 = 8080;

/// A listener, and the options that `prepare` gives it; the client's SYNs vanish.
fn vanishes(
    stage: &mut Stage,
    prepare: impl FnOnce(&Stage, &Actor, Fd, SocketAddr) -> Result<(), LabError>,
) -> Result<(), LabError> {
    let (server, client) = stage.pair()?;
    let to = stage.loopback(PORT);
    let listener = server.serve(to)?;
    prepare(stage, &server, listener, to)?;
    gives_up(stage, &client, to)
}

fn gives_up(stage: &mut Stage, client: &Actor, to: SocketAddr) -> Result<(), LabError> {
    stage.ready()?;
    let local = super::silent::give_up_after_retransmission(stage, client, to)?;
    stage.dropped(client.netns(), local, to, 2);
    Ok(())
}

fn min_ttl(stage: &mut Stage) -> Result<(), LabError> {
    vanishes(stage, |_, server, listener, to| server.set_min_ttl(listener, to, 255))?;
    stage.counts("TCPMinTTLDrop", 2);
    Ok(())
}

fn unsigned(stage: &mut Stage) -> Result<(), LabError> {
    vanishes(stage, |_, server, listener, to| server.set_md5_key(listener, to.ip(), 1))?;
    stage.counts("TCPMD5NotFound", 2);
    Ok(())
}

fn unexpected(stage: &mut Stage) -> Result<(), LabError> {
    signed(stage, None)?;
    stage.counts("TCPMD5Unexpected", 2);
    Ok(())
}

fn wrong_key(stage: &mut Stage) -> Result<(), LabError> {
    signed(stage, Some(2))?;
    stage.counts("TCPMD5Failure", 2);
    Ok(())
}

/// A client that signs with key 1, and a server that has this key or none.
fn signed(stage: &mut Stage, key: Option<u8>) -> Result<(), LabError> {
    let (server, client) = stage.pair()?;
    let to = stage.loopback(PORT);
    let listener = server.serve(to)?;
    if let Some(key) = key {
        server.set_md5_key(listener, to.ip(), key)?;
    }
    let socket = client.socket_nonblocking(to)?;
    client.set_md5_key(socket, to.ip(), 1)?;
    stage.ready()?;
    let local = super::silent::give_up(stage, &client, socket, to)?;
    stage.dropped(client.netns(), local, to, 2);
    Ok(())
}

fn socket_filter(stage: &mut Stage) -> Result<(), LabError> {
    vanishes(stage, |_, server, listener, _| server.refuse_all(listener))
}

fn cgroup_ingress(stage: &mut Stage) -> Result<(), LabError> {
    let (server, client) = stage.pair()?;
    let cgroup = stage.cgroup(&[&server])?;
    let program = bpf::load(bpf::ProgramType::CgroupSkb, &bpf::always(0), None)?;
    stage.keep(bpf::attach(&program, &*cgroup, bpf::AttachType::CgroupIngress)?);
    let to = stage.loopback(PORT);
    server.serve(to)?;
    gives_up(stage, &client, to)
}

fn cgroup_egress(stage: &mut Stage) -> Result<(), LabError> {
    let (server, client) = stage.pair()?;
    let cgroup = stage.cgroup(&[&client])?;
    let program =
        bpf::load(bpf::ProgramType::CgroupSkb, &bpf::always(0), Some(bpf::AttachType::CgroupEgress))?;
    stage.keep(bpf::attach(&program, &*cgroup, bpf::AttachType::CgroupEgress)?);
    let to = stage.loopback(PORT);
    server.serve(to)?;
    gives_up(stage, &client, to)
}
