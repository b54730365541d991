//! RSTs that come out of a socket of this host: in reply to a segment, or of its own accord.

use super::{
    Family::{Ipv4, Ipv6},
    LabError, Scenario, Stage, scenario,
};
use crate::lab::{Actor, Fd, Side, wire::Flags};
use std::net::SocketAddr;

pub(super) const TABLE: &[Scenario] = &[
    scenario("time-wait-reset", Ipv4, "Data for a connection that was closed", TIME_WAIT, time_wait_reset),
    scenario("time-wait-reset/ipv6", Ipv6, "The same, IPv6", TIME_WAIT, time_wait_reset),
    scenario(
        "ack-to-listener",
        Ipv4,
        "An ACK that belongs to no connection reaches a listener",
        STRAY_ACK,
        ack_to_listener,
    ),
    scenario("ack-to-listener/ipv6", Ipv6, "The same, IPv6", STRAY_ACK, ack_to_listener),
    scenario("close-unread-data", Ipv4, "close() while data lies unread", UNREAD, close_unread_data),
    scenario("close-unread-data/ipv6", Ipv6, "The same, IPv6", UNREAD, close_unread_data),
    scenario("linger-zero", Ipv4, "close() with SO_LINGER on and zero seconds", LINGER, linger_zero),
    scenario("linger-zero/ipv6", Ipv6, "The same, IPv6", LINGER, linger_zero),
    scenario(
        "listener-closed-unaccepted",
        Ipv4,
        "A listener is closed while a connection waits for accept()",
        UNACCEPTED,
        listener_closed_unaccepted,
    ),
    scenario(
        "listener-closed-unaccepted/ipv6",
        Ipv6,
        "The same, IPv6",
        UNACCEPTED,
        listener_closed_unaccepted,
    ),
];

const TIME_WAIT: &str = "close() without unread data sends FIN; once it is acknowledged, a mini-socket in FIN_WAIT2 is \
                         all that is left, and data for it is answered with RST (tcp_timewait_state_process, TCP_TW_RST).";
const STRAY_ACK: &str = "The established lookup misses, the listener is found, and a listener answers any ACK that no \
                         handshake waits for with RST (tcp_rcv_state_process, LISTEN).";
const UNREAD: &str = "__tcp_close tells the sender by RST that its data was thrown away (RFC 2525, 2.17).";
const LINGER: &str = "The application asked for it: close() goes to tcp_disconnect instead of sending FIN.";

const UNACCEPTED: &str = "The handshake is the kernel's work: the connection stands before the server accepts it. When \
                          the listener ends, inet_csk_listen_stop resets all that wait in its queue.";

/// A connection over loopback, made after tracing began.
pub(super) struct Open {
    pub(super) client: Actor,
    pub(super) server: Actor,
    pub(super) local: SocketAddr,
    pub(super) remote: SocketAddr,
    pub(super) connected: Fd,
    pub(super) accepted: Fd,
}

/// Its client and its server, and the attempt recorded.
pub(super) fn open(stage: &mut Stage) -> Result<Open, LabError> {
    let (server, client) = stage.pair()?;
    let remote = stage.loopback(8080);
    let listener = server.serve(remote)?;
    stage.ready()?;
    let connected = client.socket(remote)?;
    let reply = client.connect(connected, remote)?;
    reply.ok()?;
    let local = reply.local.unwrap_or(stage.any(0));
    let accepted = server.accept(listener)?;
    stage.attempt(&client, local, remote).because("established");
    Ok(Open { client, server, local, remote, connected, accepted })
}

fn time_wait_reset(stage: &mut Stage) -> Result<(), LabError> {
    let Open { client, server, local, remote, connected, accepted } = open(stage)?;
    let namespace = stage.namespaces()[0].clone();
    stage.step("the client closes; the server's end stays open");
    // If the FIN's ACK comes while close() still owns the socket, the kernel keeps the full socket for a minute (the
    // "bad case" of FIN_WAIT1 in tcp_rcv_state_process). So the FIN goes first, and close() finds FIN_WAIT2.
    client.shutdown_write(connected)?;
    stage.await_socket(&namespace, "the FIN's ACK", |row| row.local == local && row.state == "FIN_WAIT2")?;
    client.close(connected)?;
    // A full socket in FIN_WAIT1 or FIN_WAIT2 would answer by R9, data-after-close.
    stage.await_socket(&namespace, "the mini-socket", |row| row.local == local && row.time_wait)?;
    stage.step("the server sends to the closed end");
    server.send(accepted, "Hello")?.ok()?;
    stage.await_no_socket(&namespace, "the server's end to be reset", |row| {
        row.local == remote && row.remote == local
    })?;
    // The peer's FIN had come before, so it is EPIPE and not ECONNRESET (tcp_reset in CLOSE_WAIT).
    server.send(accepted, "Hello")?.failed_with("EPIPE")?;
    let fact = stage.reset("reply", local, remote);
    fact.sender = Side::ownerless(client.netns(), "time-wait");
    fact.receiver = Side::full(&server);
    stage.sends_resets(1);
    // R9 counts this, R2 does not.
    stage.does_not_count("TCPAbortOnData");
    Ok(())
}

fn ack_to_listener(stage: &mut Stage) -> Result<(), LabError> {
    let namespace = stage.namespace("lab")?;
    let server = stage.actor(&namespace, "server")?;
    let peer = stage.peer(&namespace)?;
    server.serve(peer.near(8080))?;
    stage.ready()?;
    let stray = peer.conn(40_001, 8080);
    stage.step("the peer sends a bare ACK to a listening port");
    peer.send(&stray.segment(Flags::ACK))?;
    peer.await_reset(&stray)?;
    stage.reset("reply", stray.kernel, stray.peer).sender = Side::listener(&server);
    stage.sends_resets(1);
    Ok(())
}

fn close_unread_data(stage: &mut Stage) -> Result<(), LabError> {
    let open = open(stage)?;
    open.client.send(open.connected, "Hello")?.ok()?;
    open.server.await_readable(open.accepted)?;
    stage.step("the server closes without reading");
    reset_by_server(stage, &open)?;
    stage.counts("TCPAbortOnClose", 1);
    Ok(())
}

fn linger_zero(stage: &mut Stage) -> Result<(), LabError> {
    let open = open(stage)?;
    open.server.set_linger(open.accepted, 0)?;
    reset_by_server(stage, &open)
}

fn listener_closed_unaccepted(stage: &mut Stage) -> Result<(), LabError> {
    let (server, client) = stage.pair()?;
    let at = stage.loopback(8080);
    let listener = server.serve(at)?;
    stage.ready()?;
    let connected = client.socket(at)?;
    let reply = client.connect(connected, at)?;
    reply.ok()?;
    let local = reply.local.unwrap_or(stage.any(0));
    stage.attempt(&client, local, at).because("established");
    stage.step("the server closes its listener without accept()");
    server.close(listener)?;
    client.receive(connected)?.failed_with("ECONNRESET")?;
    let fact = stage.reset("active", at, local);
    fact.sender = Side::full(&server);
    fact.receiver = Side::full(&client);
    stage.sends_resets(1);
    stage.counts("EstabResets", 1);
    Ok(())
}

fn reset_by_server(stage: &mut Stage, open: &Open) -> Result<(), LabError> {
    open.server.close(open.accepted)?;
    open.client.receive(open.connected)?.failed_with("ECONNRESET")?;
    let fact = stage.reset("active", open.remote, open.local);
    fact.sender = Side::full(&open.server);
    fact.receiver = Side::full(&open.client);
    stage.sends_resets(1);
    stage.counts("EstabResets", 1);
    Ok(())
}
