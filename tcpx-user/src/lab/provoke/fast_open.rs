//! TCP Fast Open (RFC 7413): the first data goes with the SYN, and a listener makes the socket of the connection before the
//! handshake is over.

use std::{net::SocketAddr, sync::Arc};

use super::{
    Family::{Ipv4, Ipv6},
    LabError, Scenario, Stage,
    established::talk,
    scenario,
};
use crate::lab::{
    Actor, Conn, Endpoint, Fd, Namespace, Peer, Reply, Side, TcpOption,
    relay::End,
    wire::{Flags, Segment},
};

pub(super) const TABLE: &[Scenario] = &[
    scenario("established/fast-open", Ipv4, "A SYN with data opens a connection", OPEN, opened),
    scenario("established/fast-open-ipv6", Ipv6, "The same, IPv6", OPEN, opened),
    scenario(
        "established/fast-open-connect",
        Ipv4,
        "The same by TCP_FASTOPEN_CONNECT: connect() sends nothing, send() sends the SYN",
        DEFERRED,
        opened_by_connect,
    ),
    scenario(
        "established/fast-open-early",
        Ipv4,
        "The server accepts the connection before the handshake is over",
        EARLY,
        accepted_early,
    ),
    scenario("established/fast-open-early-ipv6", Ipv6, "The same, IPv6", EARLY, accepted_early),
    scenario(
        "cancelled/fast-open",
        Ipv4,
        "After TCP_FASTOPEN_CONNECT and connect() the application sends nothing, and closes",
        DEFERRED,
        nothing_sent,
    ),
    scenario("closed-port/fast-open", Ipv4, "A SYN with data for a port that nobody has", CLOSED, closed),
    scenario("closed-port/fast-open-ipv6", Ipv6, "The same, IPv6", CLOSED, closed),
    scenario(
        "closed-port/fast-open-connect",
        Ipv4,
        "The same by TCP_FASTOPEN_CONNECT: send() fails, not connect()",
        CLOSED,
        closed_by_connect,
    ),
    scenario(
        "peer-refused/fast-open",
        Ipv4,
        "Another host answers a SYN with data with RST",
        REFUSED,
        refused_by_peer,
    ),
    scenario("peer-refused/fast-open-ipv6", Ipv6, "The same, IPv6", REFUSED, refused_by_peer),
    scenario(
        "syn-recv-bad-ack/fast-open",
        Ipv4,
        "The last ACK for the socket that a SYN with data has made has a wrong number",
        CHILD,
        child_bad_ack,
    ),
    scenario(
        "syn-in-handshake/fast-open",
        Ipv4,
        "Another SYN comes for the socket that a SYN with data has made",
        CHILD,
        child_second_syn,
    ),
    scenario(
        "handshake-reset-by-peer/fast-open",
        Ipv4,
        "A client answers the SYN-ACK to its SYN with data with RST",
        CHILD_RESET,
        child_reset,
    ),
    scenario("handshake-reset-by-peer/fast-open-ipv6", Ipv6, "The same, IPv6", CHILD_RESET, child_reset),
];

const OPEN: &str = "net.ipv4.tcp_fastopen lets both sides do without a cookie. tcp_conn_request makes the child of the \
                    listener at once (tcp_try_fastopen), and it has the data before the handshake is over.";
const DEFERRED: &str = "connect() leaves the socket in SYN_SENT without a SYN (tcp_fastopen_defer_connect); send() sends it with the data.";
const EARLY: &str = "The child is in SYN_RECV when accept() gives it to the server; the last ACK takes it to ESTABLISHED, as \
                     a simultaneous open would.";
const CLOSED: &str = "The RST acknowledges the SYN and its data.";
const REFUSED: &str = "As a firewall does that does not know Fast Open.";
const CHILD: &str = "The child that tcp_try_fastopen has made is a full socket in SYN_RECV: it, and not the listener, gets \
                     what comes.";
const CHILD_RESET: &str = "tcp_check_req lets tcp_reset end the child, which stays in the accept queue: the server gets a \
                           connection that is over.";

const PORT: u16 = 8080;

/// Client and server, neither asks for a cookie, on each listener: TFO_CLIENT_ENABLE, TFO_SERVER_ENABLE,
/// TFO_CLIENT_NO_COOKIE, TFO_SERVER_COOKIE_NOT_REQD, TFO_SERVER_WO_SOCKOPT1.
fn allow(namespace: &Namespace) -> Result<(), LabError> {
    namespace.sysctl("net/ipv4/tcp_fastopen", "1543")
}

fn pair(stage: &mut Stage) -> Result<(Actor, Actor), LabError> {
    let pair = stage.pair()?;
    allow(&stage.namespaces()[0])?;
    Ok(pair)
}

/// The server has got the data of the SYN; the rest is an ordinary connection.
fn accepted(
    stage: &mut Stage,
    [server, client]: [&Actor; 2],
    [listener, socket]: [Fd; 2],
    local: SocketAddr,
) -> Result<(), LabError> {
    let accepted = server.accept(listener)?;
    server.receive(accepted)?.ok()?;
    talk(stage, (client, socket), (server, accepted))?;
    stage.attempt(client, local, stage.loopback(PORT));
    let namespace = stage.namespaces()[0].clone();
    stage.await_counter(&namespace, "TCPFastOpenPassive", 1)?;
    stage.await_counter(&namespace, "TCPFastOpenActive", 1)
}

fn opened(stage: &mut Stage) -> Result<(), LabError> {
    let (server, client) = pair(stage)?;
    let to = stage.loopback(PORT);
    let listener = server.serve(to)?;
    stage.ready()?;
    let socket = client.socket(to)?;
    let reply = client.send_first(socket, "early", to)?;
    reply.ok()?;
    let local = reply.local.unwrap_or(stage.loopback(0));
    accepted(stage, [&server, &client], [listener, socket], local)
}

/// connect() of a socket that sends nothing before it has data.
fn connect_deferred(client: &Actor, to: SocketAddr) -> Result<(Fd, Reply), LabError> {
    let socket = client.socket(to)?;
    client.set_option(socket, TcpOption::FastOpenConnect, 1)?;
    let reply = client.connect(socket, to)?;
    reply.ok()?;
    Ok((socket, reply))
}

fn opened_by_connect(stage: &mut Stage) -> Result<(), LabError> {
    let (server, client) = pair(stage)?;
    let to = stage.loopback(PORT);
    let listener = server.serve(to)?;
    stage.ready()?;
    let (socket, reply) = connect_deferred(&client, to)?;
    client.send(socket, "early")?.ok()?;
    let local = reply.local.unwrap_or(stage.loopback(0));
    accepted(stage, [&server, &client], [listener, socket], local)
}

fn accepted_early(stage: &mut Stage) -> Result<(), LabError> {
    let (there, here) = (stage.namespace("server")?, stage.namespace("client")?);
    let (server, client) = (stage.actor(&there, "server")?, stage.actor(&here, "client")?);
    let relay = stage.relay(&here, &there)?;
    allow(&there)?;
    allow(&here)?;
    let listener = server.serve(stage.any(PORT))?;
    stage.ready()?;
    let to = relay.at(End::Other, PORT);
    let socket = client.socket_nonblocking(to)?;
    let reply = client.send_first(socket, "early", to)?;
    relay.hand_on(&relay.take(End::One, Flags::SYN)?)?;
    let accepted = server.accept(listener)?;
    server.receive(accepted)?.ok()?;
    stage.step("the server has the data; now the handshake goes on");
    relay.hand_on(&relay.take(End::Other, Flags::SYN | Flags::ACK)?)?;
    client.finish_connect(socket)?.ok()?;
    relay.hand_on(&relay.take(End::One, Flags::ACK)?)?;
    stage.await_socket(&there, "the accepted connection", |row| {
        row.local == to && row.state == "ESTABLISHED"
    })?;
    let local = reply.local.map_or(Endpoint::from(relay.at(End::One, 0)), Endpoint::from);
    stage.attempt(&client, local, to);
    Ok(())
}

fn nothing_sent(stage: &mut Stage) -> Result<(), LabError> {
    let (_server, client) = pair(stage)?;
    let to = stage.loopback(PORT);
    stage.ready()?;
    let (socket, reply) = connect_deferred(&client, to)?;
    client.close(socket)?;
    let attempt = stage.attempt(&client, reply.local.unwrap_or(to), to).ended("cancelled", None);
    attempt.put_off = true;
    Ok(())
}

fn closed(stage: &mut Stage) -> Result<(), LabError> {
    let (_server, client) = pair(stage)?;
    let to = stage.loopback(PORT);
    stage.ready()?;
    let socket = client.socket(to)?;
    client.send_first(socket, "early", to)?.failed_with("ECONNREFUSED")?;
    stage.refused(&client, to.ip(), to, None);
    Ok(())
}

fn closed_by_connect(stage: &mut Stage) -> Result<(), LabError> {
    let (_server, client) = pair(stage)?;
    let to = stage.loopback(PORT);
    stage.ready()?;
    let (socket, reply) = connect_deferred(&client, to)?;
    client.send(socket, "early")?.failed_with("ECONNREFUSED")?;
    stage.refused(&client, to.ip(), to, None);
    if let Some(local) = reply.local {
        stage.know_client_port(local);
    }
    Ok(())
}

fn refused_by_peer(stage: &mut Stage) -> Result<(), LabError> {
    let namespace = stage.namespace("lab")?;
    let client = stage.actor(&namespace, "client")?;
    let peer = stage.peer(&namespace)?;
    allow(&namespace)?;
    stage.ready()?;
    let to = peer.far(443);
    let socket = client.socket(to)?;
    let sending = client.begin_send_first(socket, "early", to)?;
    let conn = peer.await_syn(to.port())?;
    peer.refuse(&conn)?;
    sending.finish()?.failed_with("ECONNREFUSED")?;
    stage.attempt(&client, conn.kernel, to).ended("refused", "ECONNREFUSED");
    stage.reset("elsewhere", conn.peer, conn.kernel).receiver = Side::full(&client);
    Ok(())
}

/// A listener that has made a child for the peer's SYN, which nobody has accepted.
fn child(stage: &mut Stage) -> Result<(Arc<Namespace>, Peer, Conn), LabError> {
    let namespace = stage.namespace("lab")?;
    let server = stage.actor(&namespace, "server")?;
    let peer = stage.peer(&namespace)?;
    allow(&namespace)?;
    server.serve(peer.near(PORT))?;
    stage.ready()?;
    let conn = peer.request_with(40_001, PORT, b"early")?;
    stage.await_socket(&namespace, "the child", |row| row.remote == conn.peer && row.state == "SYN_RECV")?;
    Ok((namespace, peer, conn))
}

/// The child answers with RST, once; no process has it yet.
fn answered_by_child(
    stage: &mut Stage,
    namespace: &Namespace,
    peer: &Peer,
    conn: &Conn,
) -> Result<(), LabError> {
    peer.await_reset(conn)?;
    stage.reset("reply", conn.kernel, conn.peer).sender = Side::ownerless(namespace.inum(), "full");
    stage.sends_resets(1);
    Ok(())
}

fn child_bad_ack(stage: &mut Stage) -> Result<(), LabError> {
    let (namespace, peer, conn) = child(stage)?;
    stage.step("the peer acknowledges another number than that of the SYN-ACK");
    let ack = conn.segment(Flags::ACK);
    peer.send(&Segment { ack: ack.ack.wrapping_add(1000), ..ack })?;
    answered_by_child(stage, &namespace, &peer, &conn)
}

fn child_second_syn(stage: &mut Stage) -> Result<(), LabError> {
    let (namespace, peer, conn) = child(stage)?;
    stage.step("the peer sends another SYN, as if it had begun anew");
    let syn = conn.segment(Flags::SYN);
    peer.send(&Segment { seq: syn.seq.wrapping_add(100), ..syn })?;
    answered_by_child(stage, &namespace, &peer, &conn)
}

fn child_reset(stage: &mut Stage) -> Result<(), LabError> {
    let (namespace, peer, conn) = child(stage)?;
    stage.step("the peer gives up before the handshake is over");
    peer.send(&conn.segment(Flags::RST))?;
    stage.await_no_socket(&namespace, "the child", |row| row.remote == conn.peer)?;
    stage.reset("elsewhere", conn.peer, conn.kernel).receiver = Side::ownerless(namespace.inum(), "full");
    stage.counts("AttemptFails", 1);
    Ok(())
}
