//! Connections that stand: as everybody expects, and without any listener.

use super::{
    Family::{Ipv4, Ipv6},
    LabError, Scenario, Stage, scenario,
};
use crate::lab::{Actor, Fd, Reply, nft};
use std::net::SocketAddr;

pub(super) const TABLE: &[Scenario] = &[
    scenario("established", Ipv4, "A listener accepts a connection", PLAIN, established),
    scenario("established/ipv6", Ipv6, "The same, IPv6", PLAIN, established),
    scenario("established/io-uring", Ipv4, "The same, connected by io_uring", RING, established_by_ring),
    scenario(
        "established/32-bit",
        Ipv4,
        "The same, connected as a 32-bit program does",
        SOCKETCALL,
        established_by_socketcall,
    ),
    scenario("self-connect", Ipv4, "A socket connects to itself, without any listen()", SELF, self_connect),
    scenario("self-connect/ipv6", Ipv6, "The same, IPv6", SELF, self_connect),
    scenario(
        "self-connect/ephemeral",
        Ipv4,
        "The kernel picks the port that is connected to",
        SELF,
        self_connect_unbound,
    ),
    scenario("simultaneous-open", Ipv4, "Two SYNs cross on the wire, without any listen()", CROSSED, crossed),
    scenario("simultaneous-open/ipv6", Ipv6, "The same, IPv6", CROSSED, crossed),
    scenario(
        "simultaneous-open/sockets",
        Ipv4,
        "Two sockets connect to each other, the first SYN lost",
        LOST,
        first_lost,
    ),
];

const PLAIN: &str = "SYN, SYN-ACK, ACK; data both ways; FIN both ways.";
const RING: &str =
    "No connect(2) is called: who connects, and to what, shows in the kernel's own functions only.";
const SOCKETCALL: &str =
    "No connect(2) is called, but socketcall(2) of the i386 table. Below that, __sys_connect is the same.";
const SELF: &str = "The SYN comes back over loopback and the established lookup finds the very socket that sent it, in \
                    SYN_SENT: RFC 9293's simultaneous open, with itself. Ephemeral ports make it happen by chance.";
const CROSSED: &str =
    "A socket in SYN_SENT that gets a SYN goes to SYN_RECV and answers SYN-ACK (RFC 9293, section 3.5).";
const LOST: &str =
    "A firewall drops the first socket's SYN, so it still waits in SYN_SENT when the second one's comes.";

const SELF_PORT: u16 = 34_567;

fn established(stage: &mut Stage) -> Result<(), LabError> {
    accepted(stage, Actor::connect)
}

fn established_by_ring(stage: &mut Stage) -> Result<(), LabError> {
    accepted(stage, Actor::connect_by_ring)
}

fn established_by_socketcall(stage: &mut Stage) -> Result<(), LabError> {
    accepted(stage, Actor::connect_by_socketcall)
}

type Connect = fn(&Actor, Fd, SocketAddr) -> Result<Reply, LabError>;

fn accepted(stage: &mut Stage, connect: Connect) -> Result<(), LabError> {
    let (server, client) = stage.pair()?;
    let to = stage.loopback(8080);
    let listener = server.serve(to)?;
    stage.ready()?;
    let socket = client.socket(to)?;
    let reply = connect(&client, socket, to)?;
    reply.ok()?;
    let accepted = server.accept(listener)?;
    talk(stage, (&client, socket), (&server, accepted))?;
    stage.attempt(&client, reply.local.unwrap_or(stage.loopback(0)), to);
    Ok(())
}

/// Data, and the end of the connection as it should be: read to the end on both sides, so that no close() finds unread
/// data. The last ACK may come late: a scenario that ended before would leave what it meets to chance.
pub(super) fn talk(
    stage: &Stage,
    (client, socket): (&Actor, Fd),
    (server, accepted): (&Actor, Fd),
) -> Result<(), LabError> {
    say_hello(client, socket, server, accepted)?;
    client.shutdown_write(socket)?;
    server.receive(accepted)?.ok()?;
    server.close(accepted)?;
    client.receive(socket)?.ok()?;
    client.close(socket)?;
    stage
        .namespaces()
        .iter()
        .try_for_each(|one| stage.await_no_socket(one, "the last ACK", |row| row.state == "LAST_ACK"))
}

pub(super) fn say_hello(sender: &Actor, from: Fd, receiver: &Actor, to: Fd) -> Result<(), LabError> {
    sender.send(from, "Hello")?.ok()?;
    let got = receiver.receive(to)?;
    got.ok()?;
    if got.data == "Hello" {
        return Ok(());
    }
    Err(LabError::Unexpected { what: got.text, expected: "Hello".to_owned(), got: got.data })
}

fn self_connect(stage: &mut Stage) -> Result<(), LabError> {
    let (_server, client) = stage.pair()?;
    let at = stage.loopback(SELF_PORT);
    stage.ready()?;
    let socket = client.socket(at)?;
    client.bind(socket, at)?;
    finish_self_connect(stage, &client, socket, at)
}

fn self_connect_unbound(stage: &mut Stage) -> Result<(), LabError> {
    let (_server, client) = stage.pair()?;
    let at = stage.loopback(SELF_PORT);
    let only = format!("{SELF_PORT} {SELF_PORT}");
    stage.namespaces()[0].sysctl("net/ipv4/ip_local_port_range", &only)?;
    stage.ready()?;
    let socket = client.socket(at)?;
    finish_self_connect(stage, &client, socket, at)
}

fn finish_self_connect(
    stage: &mut Stage,
    client: &Actor,
    socket: Fd,
    at: SocketAddr,
) -> Result<(), LabError> {
    client.connect(socket, at)?.ok()?;
    say_hello(client, socket, client, socket)?;
    let namespace = stage.namespaces()[0].clone();
    stage.await_socket(&namespace, "the self-connected socket", |row| {
        (row.local, row.remote, row.state) == (at, at, "ESTABLISHED")
    })?;
    stage.attempt(client, at, at).how = "self-connect";
    Ok(())
}

fn crossed(stage: &mut Stage) -> Result<(), LabError> {
    let namespace = stage.namespace("lab")?;
    let client = stage.actor(&namespace, "client")?;
    let peer = stage.peer(&namespace)?;
    stage.ready()?;
    let to = peer.far(40_002);
    let socket = client.socket(to)?;
    let connecting = client.begin_connect(socket, to)?;
    let mut conn = peer.await_syn(to.port())?;
    peer.cross(&mut conn)?;
    connecting.finish()?.ok()?;
    client.send(socket, "Hello")?.ok()?;
    peer.receive("Hello", |segment| segment.payload == b"Hello")?;
    stage.attempt(&client, conn.kernel, to).how = "simultaneous-open";
    Ok(())
}

fn first_lost(stage: &mut Stage) -> Result<(), LabError> {
    let (second, first) = stage.pair()?;
    let (here, there) = (stage.loopback(40_001), stage.loopback(40_002));
    nft(
        &stage.namespaces()[0],
        "table inet lab { chain input { type filter hook input priority 0; \
         tcp dport 40002 tcp flags & (syn | ack) == syn drop; }; }",
    )?;
    stage.ready()?;
    let socket = first.socket_nonblocking(here)?;
    first.bind(socket, here)?;
    first.connect(socket, there)?.failed_with("EINPROGRESS")?;
    stage.step("the first SYN was dropped; the second socket connects back");
    let answer = second.socket(there)?;
    second.bind(answer, there)?;
    second.connect(answer, here)?.ok()?;
    first.finish_connect(socket)?.ok()?;
    say_hello(&first, socket, &second, answer)?;
    stage.attempt(&first, here, there).how = "simultaneous-open";
    // The second got a SYN-ACK to its SYN, as from any listener: its own states do not show what happened.
    let answer = stage.attempt(&second, there, here);
    (answer.how, answer.sure) = ("simultaneous-open", false);
    stage.dropped(first.netns(), here, there, 1).verdict = "netfilter-drop";
    Ok(())
}
