//! Nobody answers, and the application gives up first, or has not yet.

use super::{
    Family::{Ipv4, Ipv6},
    LabError, Scenario, Stage, scenario,
};
use crate::lab::{Actor, Conn, Endpoint, Fd, Peer};
use std::net::SocketAddr;

pub(super) const TABLE: &[Scenario] = &[
    scenario("accept-queue-full", Ipv4, "The listener's accept queue is full", QUEUE, accept_queue_full),
    scenario("accept-queue-full/ipv6", Ipv6, "The same, IPv6", QUEUE, accept_queue_full),
    scenario("no-answer", Ipv4, "Another host does not answer", NO_ANSWER, no_answer),
    scenario("no-answer/ipv6", Ipv6, "The same, IPv6", NO_ANSWER, no_answer),
    scenario(
        "cancelled",
        Ipv4,
        "The application gives up before the SYN is sent again",
        CANCELLED,
        cancelled,
    ),
    scenario("cancelled/ipv6", Ipv6, "The same, IPv6", CANCELLED, cancelled),
    scenario("pending", Ipv4, "The attempt is still in flight at the end", PENDING, pending).timely(),
    scenario("pending/ipv6", Ipv6, "The same, IPv6", PENDING, pending).timely(),
];

const QUEUE: &str = "listen(fd, 0) takes one connection; until accept() is called, tcp_conn_request drops further SYNs \
                     and counts ListenOverflows. No kfree_skb event tells of it.";
const NO_ANSWER: &str = "The SYN left this host, and so did its retransmission, and nothing came back.";
const CANCELLED: &str = "Too early to say that nobody answers: a first retransmission would take a second.";
const PENDING: &str = "The SYN left this host a moment ago.";

/// A non-blocking connect() that is closed once the SYN has been sent again: the client's address, and the attempt
/// recorded.
pub(super) fn give_up_after_retransmission(
    stage: &mut Stage,
    client: &Actor,
    to: SocketAddr,
) -> Result<Endpoint, LabError> {
    let socket = client.socket_nonblocking(to)?;
    give_up(stage, client, socket, to)
}

/// The same with a socket that was prepared for it.
pub(super) fn give_up(
    stage: &mut Stage,
    client: &Actor,
    socket: Fd,
    to: SocketAddr,
) -> Result<Endpoint, LabError> {
    let reply = client.connect(socket, to)?;
    reply.failed_with("EINPROGRESS")?;
    stage.step("nobody answers; the client waits for the retransmission, then gives up");
    client.await_retransmits(socket, 1)?;
    client.close(socket)?;
    let local = reply.local.map_or(Endpoint::from(to.ip()), Endpoint::from);
    stage.attempt(client, local, to).ended("cancelled", None).retransmitted(1);
    Ok(local)
}

fn accept_queue_full(stage: &mut Stage) -> Result<(), LabError> {
    let (server, client) = stage.pair()?;
    let namespace = stage.namespaces()[0].clone();
    let filler = stage.actor(&namespace, "filler")?;
    let to = stage.loopback(8080);
    let listener = server.socket(to)?;
    server.bind(listener, to)?;
    server.listen(listener, 0)?;
    let first = filler.socket(to)?;
    filler.connect(first, to)?.ok()?;
    stage.await_socket(&namespace, "the unaccepted connection", |row| {
        row.local == to && row.state == "ESTABLISHED"
    })?;
    stage.ready()?;
    let local = give_up_after_retransmission(stage, &client, to)?;
    stage.dropped(client.netns(), local, to, 2);
    stage.counts("ListenOverflows", 2);
    Ok(())
}

/// A client whose SYN has reached the silent peer.
fn unanswered(stage: &mut Stage) -> Result<(Actor, Fd, Peer, Conn), LabError> {
    let namespace = stage.namespace("lab")?;
    let client = stage.actor(&namespace, "client")?;
    let peer = stage.peer(&namespace)?;
    stage.ready()?;
    let to = peer.far(443);
    let socket = client.socket_nonblocking(to)?;
    client.connect(socket, to)?.failed_with("EINPROGRESS")?;
    let conn = peer.await_syn(to.port())?;
    Ok((client, socket, peer, conn))
}

fn no_answer(stage: &mut Stage) -> Result<(), LabError> {
    let (client, socket, peer, conn) = unanswered(stage)?;
    peer.await_syn(conn.peer.port())?;
    client.await_retransmits(socket, 1)?;
    client.close(socket)?;
    stage.attempt(&client, conn.kernel, conn.peer).ended("cancelled", None).retransmitted(1);
    Ok(())
}

fn cancelled(stage: &mut Stage) -> Result<(), LabError> {
    let (client, socket, _peer, conn) = unanswered(stage)?;
    client.close(socket)?;
    stage.attempt(&client, conn.kernel, conn.peer).ended("cancelled", None);
    Ok(())
}

fn pending(stage: &mut Stage) -> Result<(), LabError> {
    let (client, _socket, _peer, conn) = unanswered(stage)?;
    stage.attempt(&client, conn.kernel, conn.peer).ended("pending", None);
    Ok(())
}
