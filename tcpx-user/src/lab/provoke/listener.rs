//! A listener has no room for a handshake, cannot answer it, or puts it off.

use std::net::{IpAddr, SocketAddr};

use super::{
    Family::{self, Ipv4, Ipv6},
    LabError, Scenario, Stage, scenario,
    silent::give_up_after_retransmission,
};
use crate::lab::{
    Actor, Endpoint, Fd, lsm,
    relay::End,
    wire::{Flags, Segment},
};

pub(super) const TABLE: &[Scenario] = &[
    scenario("syn-queue-full", Ipv4, "The SYN queue is full, and syncookies are off", SYNS, syn_queue_full),
    scenario("syn-queue-full/ipv6", Ipv6, "The same, IPv6", SYNS, syn_queue_full),
    scenario(
        "handshake-ack-dropped",
        Ipv4,
        "The accept queue fills up between SYN and last ACK",
        LAST_ACK,
        handshake_ack_dropped,
    ),
    scenario("handshake-ack-dropped/ipv6", Ipv6, "The same, IPv6", LAST_ACK, handshake_ack_dropped),
    scenario("defer-accept", Ipv4, "The server waits for data that does not come", DEFER, defer_accept),
    scenario("defer-accept/ipv6", Ipv6, "The same, IPv6", DEFER, defer_accept),
    scenario("no-return-route", Ipv4, "There is no route back to the client", NO_ROUTE, no_return_route),
    scenario("no-return-route/ipv6", Ipv6, "The same, IPv6", NO_ROUTE, no_return_route),
    scenario("lsm-drop", Ipv4, "A security module lets no SYN in", SECURITY, lsm_drop),
    scenario("lsm-drop/ipv6", Ipv6, "The same, IPv6", SECURITY, lsm_drop),
    scenario("time-wait-ack", Ipv4, "A SYN from the past meets TIME_WAIT", TIME_WAIT, time_wait_ack),
    scenario("time-wait-ack/ipv6", Ipv6, "The same, IPv6", TIME_WAIT, time_wait_ack),
];

const SYNS: &str = "A peer leaves its handshakes unfinished. With tcp_syncookies=0 tcp_conn_request drops further SYNs and \
                    counts TCPReqQFullDrop. No kfree_skb event tells of it.";
const LAST_ACK: &str = "The client's SYN was taken, then another client took the last place. tcp_check_req drops the last \
                        ACK and keeps the request socket; to the client the connection is open.";
const DEFER: &str =
    "With TCP_DEFER_ACCEPT tcp_check_req drops the handshake's bare last ACK; only data makes a socket.";
const NO_ROUTE: &str =
    "The SYN came in by a device, but no route leads back to its source: inet_csk_route_req gives NULL.";
const SECURITY: &str = "A BPF program at security_inet_conn_request refuses; tcp_conn_request drops the SYN and counts \
                        ListenDrops. No kfree_skb event tells of it.";
const TIME_WAIT: &str = "Its sequence number is not after the old connection's, so tcp_timewait_state_process answers with \
                         an ACK and drops the SYN.";

/// A listener on all addresses whose SYN queue the peer has filled: with a backlog of 1 it takes two half-open handshakes
/// (5.10: one), and drops the third SYN, or answers it with a cookie.
pub(super) fn half_open(stage: &mut Stage, cookies: &'static str) -> Result<(Actor, Actor, Fd), LabError> {
    let (server, client) = stage.pair()?;
    let namespace = stage.namespaces()[0].clone();
    namespace.sysctl("net/ipv4/tcp_syncookies", cookies)?;
    let peer = stage.peer(&namespace)?;
    let at = stage.any(8080);
    let listener = server.socket(at)?;
    server.bind(listener, at)?;
    server.listen(listener, 1)?;
    stage.step("a peer leaves three handshakes unfinished");
    for port in 40_001..=40_003 {
        peer.send(&peer.conn(port, at.port()).segment(Flags::SYN))?;
    }
    let counter = if cookies == "0" { "TCPReqQFullDrop" } else { "TCPReqQFullDoCookies" };
    stage.await_counter(&namespace, counter, 1)?;
    Ok((server, client, listener))
}

fn syn_queue_full(stage: &mut Stage) -> Result<(), LabError> {
    let (_server, client, _) = half_open(stage, "0")?;
    stage.ready()?;
    let to = stage.loopback(8080);
    let local = give_up_after_retransmission(stage, &client, to)?;
    stage.dropped(client.netns(), local, to, 2);
    stage.counts("TCPReqQFullDrop", 2);
    stage.counts("ListenDrops", 2);
    Ok(())
}

fn lsm_drop(stage: &mut Stage) -> Result<(), LabError> {
    let (server, client) = stage.pair()?;
    let to = stage.loopback(8080);
    server.serve(to)?;
    let _program = lsm::refuse_connections(&stage.namespaces()[0])?;
    stage.step("a security module refuses each SYN");
    stage.ready()?;
    let local = give_up_after_retransmission(stage, &client, to)?;
    stage.dropped(client.netns(), local, to, 2);
    stage.counts("ListenDrops", 2);
    Ok(())
}

fn handshake_ack_dropped(stage: &mut Stage) -> Result<(), LabError> {
    let there = stage.namespace("server")?;
    let here = stage.namespace("client")?;
    let (server, filler) = (stage.actor(&there, "server")?, stage.actor(&there, "filler")?);
    let client = stage.actor(&here, "client")?;
    let relay = stage.relay(&here, &there)?;
    let any = stage.any(8080);
    let listener = server.socket(any)?;
    server.bind(listener, any)?;
    server.listen(listener, 0)?;
    stage.ready()?;
    let to = relay.at(End::Other, 8080);
    let socket = client.socket_nonblocking(to)?;
    let reply = client.connect(socket, to)?;
    reply.failed_with("EINPROGRESS")?;
    relay.hand_on(&relay.take(End::One, Flags::SYN)?)?;
    let answer = relay.take(End::Other, Flags::SYN | Flags::ACK)?;
    stage.step("the SYN is taken; before its answer arrives, another client takes the last place");
    let near = stage.loopback(8080);
    let first = filler.socket(near)?;
    let reply_to_filler = filler.connect(first, near)?;
    reply_to_filler.ok()?;
    stage.await_socket(&there, "the unaccepted connection", |row| {
        row.local == near && row.state == "ESTABLISHED"
    })?;
    relay.hand_on(&answer)?;
    relay.hand_on(&relay.take(End::One, Flags::ACK)?)?;
    stage.await_counter(&there, "ListenOverflows", 1)?;
    client.finish_connect(socket)?.ok()?;
    stage.step("to the client the connection is open; the server does not know of it");
    let local = reply.local.map_or(Endpoint::from(relay.at(End::One, 0)), Endpoint::from);
    stage.attempt(&client, local, to).because("established");
    stage.attempt(&filler, reply_to_filler.local.unwrap_or(stage.loopback(0)), near).because("established");
    stage.dropped(server.netns(), local, to, 1);
    stage.counts("ListenOverflows", 1);
    Ok(())
}

fn defer_accept(stage: &mut Stage) -> Result<(), LabError> {
    let (server, client) = stage.pair()?;
    let namespace = stage.namespaces()[0].clone();
    let to = stage.loopback(8080);
    let listener = server.serve(to)?;
    server.defer_accept(listener, 30)?;
    stage.ready()?;
    let socket = client.socket(to)?;
    let reply = client.connect(socket, to)?;
    reply.ok()?;
    stage.await_counter(&namespace, "TCPDeferAcceptDrop", 1)?;
    stage.step("to the client the connection is open; the server waits for data");
    let local = reply.local.unwrap_or(stage.loopback(0));
    stage.attempt(&client, local, to).because("established");
    stage.dropped(server.netns(), local, to, 1);
    stage.counts("TCPDeferAcceptDrop", 1);
    Ok(())
}

/// An address that no route of the namespace leads to (RFC 5737, RFC 3849).
fn elsewhere(family: Family) -> SocketAddr {
    let ip: IpAddr = match family {
        Ipv4 => [192, 0, 2, 7].into(),
        Ipv6 => [0x2001, 0xdb8, 0, 0, 0, 0, 0, 7].into(),
    };
    SocketAddr::new(ip, 40_001)
}

fn no_return_route(stage: &mut Stage) -> Result<(), LabError> {
    let namespace = stage.namespace("lab")?;
    let server = stage.actor(&namespace, "server")?;
    let peer = stage.peer(&namespace)?;
    // With the reverse path filter the SYN would not come so far.
    namespace.sysctl("net/ipv4/conf/all/rp_filter", "0")?;
    namespace.sysctl("net/ipv4/conf/tun0/rp_filter", "0")?;
    let to = peer.near(8080);
    server.serve(to)?;
    stage.ready()?;
    let from = elsewhere(stage.family());
    peer.send(&Segment::new(from, to, Flags::SYN, 1_000_000, 0))?;
    stage.await_counter(&namespace, "ListenDrops", 1)?;
    stage.dropped(server.netns(), from, to, 1);
    stage.counts("ListenDrops", 1);
    Ok(())
}

fn time_wait_ack(stage: &mut Stage) -> Result<(), LabError> {
    let namespace = stage.namespace("lab")?;
    let server = stage.actor(&namespace, "server")?;
    let peer = stage.peer(&namespace)?;
    let to = peer.near(8080);
    let listener = server.serve(to)?;
    let mut conn = peer.connect(40_001, to.port())?;
    let accepted = server.accept(listener)?;
    stage.step("the server closes first, then the peer");
    server.shutdown_write(accepted)?;
    let ours = |s: &Segment| s.to == conn.peer && s.flags.has(Flags::FIN);
    let (fin, _) = peer.receive("a FIN", ours)?;
    conn.expected = fin.seq.wrapping_add(1);
    peer.send(&conn.segment(Flags::ACK))?;
    stage.await_socket(&namespace, "the FIN's ACK", |row| row.local == to && row.state == "FIN_WAIT2")?;
    server.close(accepted)?;
    peer.send(&conn.segment(Flags::FIN | Flags::ACK))?;
    conn.next = conn.next.wrapping_add(1);
    peer.await_ack(&conn)?;
    stage.await_socket(&namespace, "the record", |row| row.time_wait && row.state == "TIME_WAIT")?;
    stage.ready()?;
    stage.step("the peer calls again, with a sequence number of the past");
    peer.send(&Segment { seq: conn.next.wrapping_sub(1000), ..conn.segment(Flags::SYN) })?;
    peer.await_ack(&conn)?;
    stage.dropped(server.netns(), conn.peer, to, 1);
    Ok(())
}
