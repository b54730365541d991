//! Another host sends a RST that ends something of which no program knows, or that is not obeyed.

use super::{
    Family::{Ipv4, Ipv6},
    LabError, Scenario, Stage, scenario,
    to_peer::{ToPeer, open_to_peer},
};
use crate::lab::{
    Actor, Conn, Fd, Peer, Side,
    wire::{Flags, Segment},
};

pub(super) const TABLE: &[Scenario] = &[
    scenario("handshake-reset-by-peer", Ipv4, "A client answers the SYN-ACK with RST", HANDSHAKE, handshake),
    scenario("handshake-reset-by-peer/ipv6", Ipv6, "The same, IPv6", HANDSHAKE, handshake),
    scenario(
        "reset-ignored",
        Ipv4,
        "A RST in the window, but not exact, is answered with a challenge ACK",
        IGNORED,
        challenged,
    ),
    scenario("reset-ignored/ipv6", Ipv6, "The same, IPv6", IGNORED, challenged),
    scenario("reset-ignored/outside", Ipv4, "A RST outside the window is dropped", IGNORED, outside),
    scenario(
        "reset-ignored/handshake",
        Ipv4,
        "A RST outside of the window does not end a handshake",
        SURVIVES,
        outlived,
    ),
    scenario("reset-ignored/time-wait", Ipv4, "TIME_WAIT ignores a RST (tcp_rfc1337=1)", RFC1337, rfc1337),
    scenario("time-wait-assassinated", Ipv4, "A RST ends a TIME_WAIT", ASSASSINATED, assassinated),
    scenario("time-wait-assassinated/ipv6", Ipv6, "The same, IPv6", ASSASSINATED, assassinated),
    scenario(
        "time-wait-assassinated/fin-wait2",
        Ipv4,
        "A RST ends a connection that waits for the peer's FIN",
        FIN_WAIT2,
        half_closed,
    ),
];

const HANDSHAKE: &str = "The request socket goes (tcp_check_req, embryonic_reset); no tcp_reset runs, and the program \
                         that listens never hears of it. Port scanners do this.";
const IGNORED: &str = "Only a RST with exactly the expected number ends a connection (RFC 5961, tcp_validate_incoming): \
                       data still flows afterwards.";
const SURVIVES: &str =
    "The request socket stays (tcp_check_req), and the last ACK opens the connection all the same.";
const RFC1337: &str = "With net.ipv4.tcp_rfc1337=1 a RST does not end TIME_WAIT (RFC 1337).";
const ASSASSINATED: &str = "tcp_timewait_state_process ends the record that kept late segments away.";

const FIN_WAIT2: &str = "A closed socket in FIN_WAIT2 is kept as a record of the same kind; there any RST in the window ends it, \
                         whatever net.ipv4.tcp_rfc1337 says.";

const PORT: u16 = 8080;

/// A server that has answered the peer's SYN.
struct HalfOpen {
    server: Actor,
    listener: Fd,
    peer: Peer,
    conn: Conn,
}

fn half_open(stage: &mut Stage) -> Result<HalfOpen, LabError> {
    let namespace = stage.namespace("lab")?;
    let server = stage.actor(&namespace, "server")?;
    let peer = stage.peer(&namespace)?;
    let listener = server.serve(peer.near(PORT))?;
    stage.ready()?;
    let conn = peer.request(40_001, PORT)?;
    Ok(HalfOpen { server, listener, peer, conn })
}

fn handshake(stage: &mut Stage) -> Result<(), LabError> {
    let HalfOpen { server, peer, conn, .. } = half_open(stage)?;
    stage.step("the port is open: that was all that the peer wanted to know");
    peer.send(&conn.segment(Flags::RST))?;
    let namespace = stage.namespaces()[0].clone();
    stage.await_no_socket(&namespace, "the handshake", |row| row.remote == conn.peer)?;
    stage.reset("elsewhere", conn.peer, conn.kernel).receiver = Side::listener(&server);
    stage.counts("AttemptFails", 1);
    Ok(())
}

fn outlived(stage: &mut Stage) -> Result<(), LabError> {
    let HalfOpen { server, listener, peer, conn } = half_open(stage)?;
    let reset = conn.segment(Flags::RST);
    peer.send(&Segment { seq: conn.next.wrapping_sub(200_000), ..reset })?;
    stage.step("the handshake goes on");
    peer.send(&conn.segment(Flags::ACK))?;
    server.accept(listener)?;
    stage.reset("elsewhere", conn.peer, conn.kernel).receiver = Side::listener(&server);
    stage.does_not_count("AttemptFails");
    Ok(())
}

fn challenged(stage: &mut Stage) -> Result<(), LabError> {
    let open = open_to_peer(stage, PORT)?;
    let conn = &open.conn;
    let reset = conn.segment(Flags::RST | Flags::ACK);
    open.peer.send(&Segment { seq: conn.next.wrapping_add(100), ..reset })?;
    open.peer.await_ack(conn)?;
    still_open(stage, open)
}

fn outside(stage: &mut Stage) -> Result<(), LabError> {
    let open = open_to_peer(stage, PORT)?;
    let reset = open.conn.segment(Flags::RST | Flags::ACK);
    open.peer.send(&Segment { seq: open.conn.next.wrapping_sub(200_000), ..reset })?;
    still_open(stage, open)
}

fn still_open(stage: &mut Stage, mut open: ToPeer) -> Result<(), LabError> {
    stage.step("the connection still carries data");
    open.peer.send_data(&mut open.conn, b"Hello")?;
    open.client.receive(open.socket)?.ok()?;
    stage.reset("elsewhere", open.conn.peer, open.conn.kernel).receiver = Side::full(&open.client);
    stage.does_not_count("EstabResets");
    Ok(())
}

/// The kernel's side has closed.
fn closed(stage: &mut Stage) -> Result<ToPeer, LabError> {
    let mut open = open_to_peer(stage, PORT)?;
    open.client.close(open.socket)?;
    let kernel = open.conn.kernel;
    let (fin, _) = open.peer.receive("a FIN", |s| s.from == kernel && s.flags.has(Flags::FIN))?;
    open.conn.expected = fin.seq.wrapping_add(1);
    Ok(open)
}

/// Both sides have closed, the kernel's first.
fn in_time_wait(stage: &mut Stage) -> Result<ToPeer, LabError> {
    let mut open = closed(stage)?;
    open.peer.send(&open.conn.segment(Flags::FIN | Flags::ACK))?;
    open.conn.next = open.conn.next.wrapping_add(1);
    open.peer.await_ack(&open.conn)?;
    let namespace = stage.namespaces()[0].clone();
    let remote = open.conn.peer;
    stage.await_socket(&namespace, "TIME_WAIT", |row| row.remote == remote && row.state == "TIME_WAIT")?;
    Ok(open)
}

fn assassinated(stage: &mut Stage) -> Result<(), LabError> {
    let open = in_time_wait(stage)?;
    stage.step("the peer sends a RST after all");
    open.peer.reset(&open.conn)?;
    let (namespace, remote) = (stage.namespaces()[0].clone(), open.conn.peer);
    stage.await_no_socket(&namespace, "TIME_WAIT", |row| row.remote == remote)?;
    reached_time_wait(stage, &open);
    Ok(())
}

fn half_closed(stage: &mut Stage) -> Result<(), LabError> {
    let open = closed(stage)?;
    open.peer.send(&open.conn.segment(Flags::ACK))?;
    let (namespace, remote) = (stage.namespaces()[0].clone(), open.conn.peer);
    stage.await_socket(&namespace, "FIN_WAIT2", |row| row.remote == remote && row.state == "FIN_WAIT2")?;
    let reset = open.conn.segment(Flags::RST | Flags::ACK);
    open.peer.send(&Segment { seq: open.conn.next.wrapping_add(100), ..reset })?;
    stage.await_no_socket(&namespace, "FIN_WAIT2", |row| row.remote == remote)?;
    reached_time_wait(stage, &open);
    Ok(())
}

fn rfc1337(stage: &mut Stage) -> Result<(), LabError> {
    let open = in_time_wait(stage)?;
    stage.namespaces()[0].sysctl("net/ipv4/tcp_rfc1337", "1")?;
    open.peer.reset(&open.conn)?;
    stage.step("a second FIN is still answered: the record is there");
    open.peer.send(&Segment {
        seq: open.conn.next.wrapping_sub(1),
        ..open.conn.segment(Flags::FIN | Flags::ACK)
    })?;
    open.peer.await_ack(&open.conn)?;
    reached_time_wait(stage, &open);
    Ok(())
}

fn reached_time_wait(stage: &mut Stage, open: &ToPeer) {
    let netns = open.client.netns();
    let receiver = Side::ownerless(netns, "time-wait");
    stage.reset("elsewhere", open.conn.peer, open.conn.kernel).receiver = receiver;
}
