//! Connections that die without a RST: the kernel sends again and again, and then tells nobody but its own application.

use super::{
    Family::{Ipv4, Ipv6},
    LabError, Scenario, Stage, scenario,
};
use crate::lab::{Actor, Conn, Fd, Peer, TcpOption};

pub(super) const TABLE: &[Scenario] = &[
    scenario("retransmit-timeout", Ipv4, "The peer never acknowledges the data", GIVEN_UP, given_up),
    scenario("retransmit-timeout/ipv6", Ipv6, "The same, IPv6", GIVEN_UP, given_up),
    scenario(
        "retransmit-timeout/user-timeout",
        Ipv4,
        "TCP_USER_TIMEOUT is over before the data is acknowledged",
        USER_TIMEOUT,
        given_up_by_user_timeout,
    ),
    scenario(
        "retransmit-timeout/icmp",
        Ipv4,
        "The same, and a firewall answers the data with ICMP",
        ICMP,
        answered_by_icmp,
    ),
    scenario(
        "retransmit-timeout/closed",
        Ipv4,
        "The application has closed, and the FIN is never acknowledged",
        CLOSED,
        closed,
    ),
];

const GIVEN_UP: &str = "tcp_write_timeout counts: after tcp_retries2 repetitions (here 2) tcp_write_err ends the connection \
                        with ETIMEDOUT. No RST is sent.";
const USER_TIMEOUT: &str = "With TCP_USER_TIMEOUT the time decides. While data is unacknowledged the write timer runs and not \
                            the keepalive timer, and it sends no RST.";
const ICMP: &str = "An ICMP error does not end an open connection: it is remembered (sk_err_soft) and becomes the errno \
                           when the retransmissions are over.";
const CLOSED: &str = "An orphan: tcp_orphan_retries (here 1) takes the place of tcp_retries2, and no application is left to be \
                      told.";

/// An open connection to a peer that says nothing from now on.
pub(super) struct Silent {
    pub(super) client: Actor,
    pub(super) socket: Fd,
    pub(super) peer: Peer,
    pub(super) conn: Conn,
}

/// Opens it, and records the attempt.
pub(super) fn silent(stage: &mut Stage) -> Result<Silent, LabError> {
    let namespace = stage.namespace("lab")?;
    let client = stage.actor(&namespace, "client")?;
    let peer = stage.peer(&namespace)?;
    namespace.sysctl("net/ipv4/tcp_retries2", "2")?;
    stage.ready()?;
    let to = peer.far(5432);
    let socket = client.socket(to)?;
    let connecting = client.begin_connect(socket, to)?;
    let mut conn = peer.await_syn(to.port())?;
    peer.accept(&mut conn)?;
    connecting.finish()?.ok()?;
    stage.attempt(&client, conn.kernel, to).because("established");
    Ok(Silent { client, socket, peer, conn })
}

fn given_up(stage: &mut Stage) -> Result<(), LabError> {
    let silent = silent(stage)?;
    unacknowledged(stage, &silent, "ETIMEDOUT")
}

fn given_up_by_user_timeout(stage: &mut Stage) -> Result<(), LabError> {
    let silent = silent(stage)?;
    stage.namespaces()[0].sysctl("net/ipv4/tcp_retries2", "15")?;
    silent.client.set_option(silent.socket, TcpOption::UserTimeout, 1_500)?;
    unacknowledged(stage, &silent, "ETIMEDOUT")
}

fn unacknowledged(stage: &mut Stage, silent: &Silent, errno: &'static str) -> Result<(), LabError> {
    let Silent { client, socket, conn, .. } = silent;
    stage.step("the client sends; the peer answers nothing");
    client.send(*socket, "Hello")?.ok()?;
    client.receive(*socket)?.failed_with(errno)?;
    stage.died(client, conn.kernel, conn.peer, errno);
    stage.counts("TCPAbortOnTimeout", 1);
    Ok(())
}

fn answered_by_icmp(stage: &mut Stage) -> Result<(), LabError> {
    let Silent { client, socket, peer, mut conn } = silent(stage)?;
    stage.step("the client sends; ICMP comes back");
    client.send(socket, "Hello")?.ok()?;
    peer.await_data(&mut conn)?;
    peer.port_unreachable(&conn)?;
    client.receive(socket)?.failed_with("ECONNREFUSED")?;
    stage.died(&client, conn.kernel, conn.peer, "ECONNREFUSED").outcome = "refused";
    stage.counts("TCPAbortOnTimeout", 1);
    Ok(())
}

fn closed(stage: &mut Stage) -> Result<(), LabError> {
    let Silent { client, socket, conn, .. } = silent(stage)?;
    let namespace = stage.namespaces()[0].clone();
    namespace.sysctl("net/ipv4/tcp_orphan_retries", "1")?;
    stage.step("the client closes; the peer answers nothing");
    client.close(socket)?;
    stage.await_no_socket(&namespace, "the orphan's end", |row| row.local == conn.kernel)?;
    let fact = stage.died(&client, conn.kernel, conn.peer, "ETIMEDOUT");
    (fact.process, fact.state) = (None, "FIN_WAIT1");
    stage.counts("TCPAbortOnTimeout", 1);
    Ok(())
}
