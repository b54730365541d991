//! RSTs that a socket sends although nobody has closed it in an ordinary way: dissolved, destroyed, timed out, or left to
//! a kernel that has no use for it.

use std::fs;

use super::{
    Family::{Ipv4, Ipv6},
    LabError, Scenario, Stage,
    given_up::silent,
    local_resets::{Open, open},
    scenario,
    to_peer::ToPeer,
};
use crate::lab::{Side, TcpOption, wire::Flags};

pub(super) const TABLE: &[Scenario] = &[
    scenario("disconnect", Ipv4, "connect() with AF_UNSPEC on an open connection", DISSOLVED, disconnect),
    scenario("disconnect/ipv6", Ipv6, "The same, IPv6", DISSOLVED, disconnect),
    scenario(
        "disconnect/shut-down",
        Ipv4,
        "The same after shutdown() of both sides, with SO_LINGER of 0",
        LOOKS_LIKE_CLOSE,
        disconnect_shut_down,
    ),
    scenario(
        "socket-destroyed",
        Ipv4,
        "Another process destroys the connection (ss -K)",
        DESTROYED,
        destroyed,
    ),
    scenario("socket-destroyed/ipv6", Ipv6, "The same, IPv6", DESTROYED, destroyed),
    scenario("keepalive-timeout", Ipv4, "The peer answers no keepalive probe", KEEPALIVE, keepalive_timeout),
    scenario("keepalive-timeout/ipv6", Ipv6, "The same, IPv6", KEEPALIVE, keepalive_timeout),
    scenario("user-timeout", Ipv4, "The same with TCP_USER_TIMEOUT", USER_TIMEOUT, user_timeout),
    scenario("user-timeout/ipv6", Ipv6, "The same, IPv6", USER_TIMEOUT, user_timeout),
    scenario(
        "linger2-expired",
        Ipv4,
        "close() in FIN_WAIT2 with TCP_LINGER2 below 0",
        LINGER2,
        linger2_expired,
    ),
    scenario("linger2-expired/ipv6", Ipv6, "The same, IPv6", LINGER2, linger2_expired),
    scenario(
        "linger2-expired/fin-wait1",
        Ipv4,
        "The same, but close() comes before the FIN is acknowledged",
        LINGER2_LATE,
        linger2_in_fin_wait1,
    ),
    scenario("linger2-expired/fin-wait1-ipv6", Ipv6, "The same, IPv6", LINGER2_LATE, linger2_in_fin_wait1),
    scenario("fin-wait2-timeout", Ipv4, "The peer never sends its FIN", FIN_WAIT2, fin_wait2_timeout),
    scenario("fin-wait2-timeout/ipv6", Ipv6, "The same, IPv6", FIN_WAIT2, fin_wait2_timeout),
    scenario("memory-pressure", Ipv4, "close() while too many orphans exist", ORPHANS, memory_pressure)
        .machine_wide(),
    scenario("memory-pressure/ipv6", Ipv6, "The same, IPv6", ORPHANS, memory_pressure).machine_wide(),
    scenario(
        "memory-pressure/timer",
        Ipv4,
        "A closed connection sends its FIN again while too many orphans exist",
        ORPHAN_TIMER,
        memory_pressure_timer,
    )
    .machine_wide(),
];

const DISSOLVED: &str =
    "connect() with AF_UNSPEC is the way to use a socket again: tcp_disconnect resets what is open.";
const LOOKS_LIKE_CLOSE: &str = "The socket looks as in close() with SO_LINGER of 0: in CLOSE, shut both ways, held. Only the \
                                stack shows __inet_stream_connect in place of __tcp_close.";
const DESTROYED: &str =
    "SOCK_DESTROY through netlink: tcp_abort resets the connection; its owner gets ECONNABORTED.";
const KEEPALIVE: &str =
    "One probe after one idle second; when the next is due, tcp_keepalive_timer gives up with a RST.";
const USER_TIMEOUT: &str = "With TCP_USER_TIMEOUT tcp_keepalive_timer does not count probes: one must have gone out, and the \
                            time must be over.";
const LINGER2: &str =
    "After shutdown() the peer has acknowledged the FIN; __tcp_close finds FIN_WAIT2 and no time for it.";
const LINGER2_LATE: &str = "The ACK of the FIN ends the socket, for TCP_LINGER2 below 0 leaves no time for FIN_WAIT2, and is \
                            answered with RST (tcp_rcv_state_process, counted by TCPAbortOnData).";
const FIN_WAIT2: &str = "With tcp_fin_timeout over 60 s close() leaves the socket to the keepalive timer. When it fires, the \
                         time is no longer more than a TIME_WAIT has (here, because the sysctl has changed; in life, \
                         because the FIN's ACK met a locked socket), and the kernel sends a RST.";
const ORPHANS: &str =
    "net.ipv4.tcp_max_orphans is below 0: __tcp_close asks tcp_check_oom and does not keep the connection.";
const ORPHAN_TIMER: &str = "The limit falls after close(): tcp_out_of_resources, called from the retransmission timer, resets \
                            what had still to be finished.";

fn disconnect(stage: &mut Stage) -> Result<(), LabError> {
    let open = open(stage)?;
    stage.step("the server dissolves the connection");
    open.server.disconnect(open.accepted)?;
    open.client.receive(open.connected)?.failed_with("ECONNRESET")?;
    reset_by_server(stage, &open);
    stage.counts("EstabResets", 1);
    Ok(())
}

fn disconnect_shut_down(stage: &mut Stage) -> Result<(), LabError> {
    let open = open(stage)?;
    let namespace = stage.namespaces()[0].clone();
    open.server.set_linger(open.accepted, 0)?;
    open.server.shutdown_both(open.accepted)?.ok()?;
    stage.await_socket(&namespace, "the FIN's ACK", |row| {
        row.local == open.remote && row.state == "FIN_WAIT2"
    })?;
    open.server.disconnect(open.accepted)?;
    await_end(stage, &open)?;
    reset_by_server(stage, &open);
    Ok(())
}

fn destroyed(stage: &mut Stage) -> Result<(), LabError> {
    let open = open(stage)?;
    let namespace = stage.namespaces()[0].clone();
    let admin = stage.actor(&namespace, "admin")?;
    stage.step("an administrator destroys the server's end");
    let reply = admin.destroy(open.remote, open.local)?;
    if reply.failed_with("EOPNOTSUPP").is_ok() {
        return Err(LabError::Unavailable {
            what: "SOCK_DESTROY".to_owned(),
            why: "the kernel answers EOPNOTSUPP".to_owned(),
            advice: "a kernel with CONFIG_INET_DIAG_DESTROY",
        });
    }
    reply.ok()?;
    open.server.receive(open.accepted)?.failed_with("ECONNABORTED")?;
    open.client.receive(open.connected)?.failed_with("ECONNRESET")?;
    reset_by_server(stage, &open);
    Ok(())
}

/// The server's socket, which a process holds or has just closed, has reset the client's.
fn reset_by_server(stage: &mut Stage, open: &Open) {
    let fact = stage.reset("active", open.remote, open.local);
    fact.sender = Side::full(&open.server);
    fact.receiver = Side::full(&open.client);
    stage.sends_resets(1);
}

/// The client has read the end of the stream before: its socket is in CLOSE_WAIT, and the RST is EPIPE.
fn await_end(stage: &Stage, open: &Open) -> Result<(), LabError> {
    let namespace = stage.namespaces()[0].clone();
    stage.await_no_socket(&namespace, "the client's end to be reset", |row| {
        row.local == open.local && row.remote == open.remote
    })?;
    open.client.send(open.connected, "Hello")?.failed_with("EPIPE")
}

fn linger2_expired(stage: &mut Stage) -> Result<(), LabError> {
    let open = open(stage)?;
    let namespace = stage.namespaces()[0].clone();
    open.server.set_option(open.accepted, TcpOption::Linger2, -1)?;
    open.server.shutdown_write(open.accepted)?;
    stage.await_socket(&namespace, "the FIN's ACK", |row| {
        row.local == open.remote && row.state == "FIN_WAIT2"
    })?;
    open.server.close(open.accepted)?;
    await_end(stage, &open)?;
    reset_by_server(stage, &open);
    stage.counts("TCPAbortOnLinger", 1);
    Ok(())
}

fn linger2_in_fin_wait1(stage: &mut Stage) -> Result<(), LabError> {
    let ToPeer { client, socket, peer, mut conn } = silent(stage)?;
    client.set_option(socket, TcpOption::Linger2, -1)?;
    client.close(socket)?;
    peer.await_fins(&conn, 1)?;
    stage.step("the peer acknowledges the FIN, and does not send its own");
    conn.expected = conn.expected.wrapping_add(1);
    peer.send(&conn.segment(Flags::ACK))?;
    peer.await_reset(&conn)?;
    stage.reset("reply", conn.kernel, conn.peer).sender = Side::ownerless(client.netns(), "full");
    stage.sends_resets(1);
    stage.counts("TCPAbortOnData", 1);
    Ok(())
}

fn fin_wait2_timeout(stage: &mut Stage) -> Result<(), LabError> {
    let open = open(stage)?;
    let namespace = stage.namespaces()[0].clone();
    namespace.sysctl("net/ipv4/tcp_fin_timeout", "63")?;
    open.server.shutdown_write(open.accepted)?;
    stage.await_socket(&namespace, "the FIN's ACK", |row| {
        row.local == open.remote && row.state == "FIN_WAIT2"
    })?;
    stage.step("the server closes; the client does not");
    open.server.close(open.accepted)?;
    namespace.sysctl("net/ipv4/tcp_fin_timeout", "60")?;
    await_end(stage, &open)?;
    reset_by_server(stage, &open);
    if let Some(reset) = stage.last_reset() {
        reset.sender = Side::ownerless(open.server.netns(), "full");
    }
    Ok(())
}

fn keepalive_timeout(stage: &mut Stage) -> Result<(), LabError> {
    let silent = silent(stage)?;
    keep_alive(&silent, 1)?;
    unanswered_probes(stage, &silent)
}

fn user_timeout(stage: &mut Stage) -> Result<(), LabError> {
    let silent = silent(stage)?;
    silent.client.set_option(silent.socket, TcpOption::UserTimeout, 1_500)?;
    keep_alive(&silent, 9)?;
    unanswered_probes(stage, &silent)
}

fn keep_alive(silent: &ToPeer, count: i32) -> Result<(), LabError> {
    let ToPeer { client, socket, .. } = silent;
    client.set_option(*socket, TcpOption::KeepIdle, 1)?;
    client.set_option(*socket, TcpOption::KeepInterval, 1)?;
    client.set_option(*socket, TcpOption::KeepCount, count)?;
    client.set_option(*socket, TcpOption::KeepAlive, 1)
}

fn unanswered_probes(stage: &mut Stage, silent: &ToPeer) -> Result<(), LabError> {
    let ToPeer { client, socket, peer, conn } = silent;
    stage.step("the peer answers nothing");
    peer.await_reset(conn)?;
    client.receive(*socket)?.failed_with("ETIMEDOUT")?;
    stage.reset("active", conn.kernel, conn.peer).sender = Side::full(client);
    stage.sends_resets(1);
    stage.counts("TCPAbortOnTimeout", 1);
    Ok(())
}

/// The limit of orphans of the whole machine, put back when dropped.
struct Limit(String);

const LIMIT: &str = "/proc/sys/net/ipv4/tcp_max_orphans";

impl Limit {
    /// Below 0: what is compared is an estimate of how many there are (a per-CPU counter's, a sum renewed by a timer since
    /// 5.12), which may be 0 when there is one.
    fn lower() -> Result<Self, LabError> {
        let before = fs::read_to_string(LIMIT).map_err(LabError::io(format!("read {LIMIT}")))?;
        fs::write(LIMIT, "-1").map_err(LabError::io(format!("write {LIMIT}")))?;
        Ok(Self(before))
    }
}

impl Drop for Limit {
    fn drop(&mut self) {
        // The guest ends with its trials; nothing else could be done here.
        let _ = fs::write(LIMIT, &self.0);
    }
}

fn memory_pressure(stage: &mut Stage) -> Result<(), LabError> {
    let ToPeer { client, socket, peer, conn } = silent(stage)?;
    stage.step("no orphan may exist");
    let _limit = Limit::lower()?;
    client.close(socket)?;
    peer.await_reset(&conn)?;
    stage.reset("active", conn.kernel, conn.peer).sender = Side::full(&client);
    stage.sends_resets(1);
    stage.counts("TCPAbortOnMemory", 1);
    Ok(())
}

fn memory_pressure_timer(stage: &mut Stage) -> Result<(), LabError> {
    let ToPeer { client, socket, peer, conn } = silent(stage)?;
    client.close(socket)?;
    peer.await_fins(&conn, 2)?;
    stage.step("no orphan may exist any more");
    let _limit = Limit::lower()?;
    peer.await_reset(&conn)?;
    stage.reset("active", conn.kernel, conn.peer).sender = Side::ownerless(client.netns(), "full");
    stage.sends_resets(1);
    stage.counts("TCPAbortOnMemory", 1);
    Ok(())
}
