//! nftables on this host answers for the server, or drops what was meant for it. A server listens in all of these:
//! it is not the reason.

use super::{
    Family::{Ipv4, Ipv6},
    LabError, Scenario, Stage, scenario,
};
use crate::lab::{Actor, Endpoint, RuleFact, Side, nft, nft_handle, wire::Flags};
use std::net::SocketAddr;

pub(super) const TABLE: &[Scenario] = &[
    scenario("netfilter-reject-reset", Ipv4, "A rule says: reject with tcp reset", REJECT, reject_reset),
    scenario("netfilter-reject-reset/ipv6", Ipv6, "The same, IPv6", REJECT, reject_reset),
    scenario(
        "netfilter-reject-reset/peer",
        Ipv4,
        "The same, to a client on another host",
        REJECT,
        reject_reset_peer,
    ),
    scenario("netfilter-reject-reset/peer-ipv6", Ipv6, "The same, IPv6", REJECT, reject_reset_peer),
    scenario("icmp-refused", Ipv4, "A rule says: reject; the client does not block", ICMP, icmp_nonblocking),
    scenario(
        "icmp-refused/ipv6",
        Ipv6,
        "The same, IPv6: learned at the first retransmission",
        ICMP,
        icmp_nonblocking,
    ),
    scenario(
        "icmp-refused/blocking",
        Ipv4,
        "A rule says: reject; connect() takes a second",
        ICMP,
        icmp_blocking,
    ),
    scenario("icmp-refused/blocking-ipv6", Ipv6, "The same, IPv6", ICMP, icmp_blocking),
    scenario("netfilter-drop", Ipv4, "A rule says: drop", DROP, drop_rule),
    scenario("netfilter-drop/ipv6", Ipv6, "The same, IPv6", DROP, drop_rule),
];

const REJECT: &str =
    "nf_send_reset builds the RST itself: no TCP tracepoint fires and OutRsts does not count it.";
const ICMP: &str = "The ICMP error comes back inside connect(), while the socket is locked, and so is only noted \
                    (sk_err_soft). A blocking connect() learns of it when the SYN is sent again after a second; a \
                    non-blocking IPv4 one is told at once.";
const DROP: &str = "The SYN vanishes without an answer; the client sends it again and again.";

const PORT: u16 = 8080;

/// A listening server behind a rule, and a client.
pub(super) fn behind_rule(stage: &mut Stage, rule: &str) -> Result<(Actor, SocketAddr), LabError> {
    let (server, client) = stage.pair()?;
    let to = stage.loopback(PORT);
    server.serve(to)?;
    add_rule(stage, rule)?;
    Ok((client, to))
}

fn add_rule(stage: &mut Stage, rule: &str) -> Result<(), LabError> {
    const CHAIN: &str = "inet lab input";
    let text = format!("tcp dport {PORT} {rule}");
    stage.step(format!("firewall rule at input: {text}"));
    nft(
        &stage.namespaces()[0],
        &format!("table inet lab {{ chain input {{ type filter hook input priority 0; {text}; }}; }}"),
    )?;
    let handle = nft_handle(&stage.namespaces()[0], CHAIN)?;
    stage.by_rule(RuleFact { chain: CHAIN, handle, text });
    Ok(())
}

fn reject_reset(stage: &mut Stage) -> Result<(), LabError> {
    let (client, to) = behind_rule(stage, "reject with tcp reset")?;
    stage.ready()?;
    let socket = client.socket(to)?;
    client.connect(socket, to)?.failed_with("ECONNREFUSED")?;
    stage.attempt(&client, to.ip(), to).ended("refused", "ECONNREFUSED");
    let fact = stage.reset("netfilter", to, to.ip());
    fact.sender = Side::ownerless(client.netns(), "none");
    fact.receiver = Side::full(&client);
    Ok(())
}

fn reject_reset_peer(stage: &mut Stage) -> Result<(), LabError> {
    let namespace = stage.namespace("lab")?;
    let server = stage.actor(&namespace, "server")?;
    let peer = stage.peer(&namespace)?;
    server.serve(peer.near(PORT))?;
    add_rule(stage, "reject with tcp reset")?;
    stage.ready()?;
    let conn = peer.conn(40_001, PORT);
    peer.send(&conn.segment(Flags::SYN))?;
    peer.await_reset(&conn)?;
    stage.reset("netfilter", conn.kernel, conn.peer).sender = Side::ownerless(namespace.inum(), "none");
    Ok(())
}

fn icmp_nonblocking(stage: &mut Stage) -> Result<(), LabError> {
    let (client, to) = behind_rule(stage, "reject")?;
    stage.ready()?;
    let socket = client.socket_nonblocking(to)?;
    let reply = client.connect(socket, to)?;
    reply.failed_with("EINPROGRESS")?;
    client.finish_connect(socket)?.failed_with("ECONNREFUSED")?;
    client.close(socket)?;
    // ipv6_icmp_error reports early only with IPV6_RECVERR; ip_icmp_error always does.
    let retransmits = u32::from(to.is_ipv6());
    let local = reply.local.map_or(Endpoint::from(to.ip()), Endpoint::from);
    stage.attempt(&client, local, to).ended("refused", "ECONNREFUSED").retransmitted(retransmits);
    Ok(())
}

fn icmp_blocking(stage: &mut Stage) -> Result<(), LabError> {
    let (client, to) = behind_rule(stage, "reject")?;
    stage.ready()?;
    let socket = client.socket(to)?;
    client.connect(socket, to)?.failed_with("ECONNREFUSED")?;
    stage.attempt(&client, to.ip(), to).ended("refused", "ECONNREFUSED").retransmitted(1);
    Ok(())
}

fn drop_rule(stage: &mut Stage) -> Result<(), LabError> {
    let (client, to) = behind_rule(stage, "drop")?;
    stage.ready()?;
    let local = super::silent::give_up_after_retransmission(stage, &client, to)?;
    stage.dropped(client.netns(), local, to, 2);
    Ok(())
}
