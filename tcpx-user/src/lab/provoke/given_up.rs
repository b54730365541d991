//! Connections that die without a RST: the kernel sends again and again, and then tells nobody but its own application.

use super::{
    Family::{Ipv4, Ipv6},
    LabError, Scenario, Stage, scenario,
    to_peer::{ToPeer, open_to_peer},
};
use crate::lab::TcpOption;

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
pub(super) fn silent(stage: &mut Stage) -> Result<ToPeer, LabError> {
    let opened = open_to_peer(stage, 5432)?;
    stage.namespaces()[0].sysctl("net/ipv4/tcp_retries2", "2")?;
    Ok(opened)
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

fn unacknowledged(stage: &mut Stage, silent: &ToPeer, errno: &'static str) -> Result<(), LabError> {
    let ToPeer { client, socket, conn, .. } = silent;
    stage.step("the client sends; the peer answers nothing");
    client.send(*socket, "Hello")?.ok()?;
    client.receive(*socket)?.failed_with(errno)?;
    stage.died(client, conn.kernel, conn.peer, errno);
    stage.counts("TCPAbortOnTimeout", 1);
    Ok(())
}

fn answered_by_icmp(stage: &mut Stage) -> Result<(), LabError> {
    let ToPeer { client, socket, peer, mut conn } = silent(stage)?;
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
    let ToPeer { client, socket, conn, .. } = silent(stage)?;
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
