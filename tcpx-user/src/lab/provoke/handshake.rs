//! RSTs in answer to a segment of a handshake that is not over.
//!
//! The peer on the tun device sends what no socket would: wrong acknowledgements, a second SYN, an echo of a timestamp
//! that was never sent.

use std::{fs, time::Duration};

use rustix::time::{ClockId, clock_gettime};

use super::{
    Family::{Ipv4, Ipv6},
    LabError, Scenario, Stage, scenario,
};
use crate::lab::{
    Actor, Conn, Deadline, Fd, Peer, Side, SocketRow,
    wire::{Flags, Segment},
};

pub(super) const TABLE: &[Scenario] = &[
    scenario(
        "syn-sent-bad-ack",
        Ipv4,
        "The answer to a SYN acknowledges something else",
        BAD_ACK,
        syn_sent_bad_ack,
    ),
    scenario("syn-sent-bad-ack/ipv6", Ipv6, "The same, IPv6", BAD_ACK, syn_sent_bad_ack),
    scenario(
        "syn-sent-bad-ack/given-up",
        Ipv4,
        "The same, and nothing better comes until the application gives up",
        BAD_ACK,
        given_up,
    ),
    scenario("syn-sent-paws", Ipv4, "The answer to a SYN echoes a wrong timestamp", PAWS, syn_sent_paws),
    scenario("syn-sent-paws/ipv6", Ipv6, "The same, IPv6", PAWS, syn_sent_paws),
    scenario(
        "syn-recv-bad-ack",
        Ipv4,
        "The last ACK of a handshake has a wrong number",
        LAST_ACK,
        syn_recv_bad_ack,
    ),
    scenario("syn-recv-bad-ack/ipv6", Ipv6, "The same, IPv6", LAST_ACK, syn_recv_bad_ack),
    scenario("syn-recv-bad-ack/crossed", Ipv4, "The same after crossed SYNs", CROSSED, crossed_bad_ack),
    scenario("syn-recv-bad-ack/crossed-ipv6", Ipv6, "The same, IPv6", CROSSED, crossed_bad_ack),
    scenario("syn-in-handshake", Ipv4, "Another SYN comes during a handshake", SECOND_SYN, syn_in_handshake),
    scenario("syn-in-handshake/ipv6", Ipv6, "The same, IPv6", SECOND_SYN, syn_in_handshake),
    scenario(
        "accept-queue-abort",
        Ipv4,
        "The accept queue is full when the last ACK comes, and tcp_abort_on_overflow is on",
        OVERFLOW,
        accept_queue_abort,
    ),
    scenario("accept-queue-abort/ipv6", Ipv6, "The same, IPv6", OVERFLOW, accept_queue_abort),
    scenario(
        "child-rejected-ack",
        Ipv4,
        "The socket that the last ACK made refuses it",
        CHILD,
        child_rejected_ack,
    ),
    scenario("child-rejected-ack/ipv6", Ipv6, "The same, IPv6", CHILD, child_rejected_ack),
    scenario(
        "child-rejected-ack/syncookie",
        Ipv4,
        "The same, and the last ACK brings a SYN cookie back",
        COOKIE_CHILD,
        child_of_cookie_rejected_ack,
    ),
    scenario(
        "child-rejected-ack/syncookie-ipv6",
        Ipv6,
        "The same, IPv6",
        COOKIE_CHILD,
        child_of_cookie_rejected_ack,
    ),
    scenario("bad-syncookie", Ipv4, "An ACK comes that holds no valid SYN cookie", COOKIE, bad_syncookie),
    scenario("bad-syncookie/ipv6", Ipv6, "The same, IPv6", COOKIE, bad_syncookie),
    scenario(
        "mptcp-reset",
        Ipv4,
        "A subflow wants to join a connection that is not there",
        JOIN,
        mptcp_reset,
    ),
    scenario("mptcp-reset/ipv6", Ipv6, "The same, IPv6", JOIN, mptcp_reset),
];

const BAD_ACK: &str = "A socket in SYN_SENT takes an ACK of its own SYN only; anything else is of another connection, as \
                       when the peer is still in TIME_WAIT with the same ports. It answers with RST and goes on.";
const PAWS: &str =
    "The echoed timestamp must lie between the first SYN and now, or the answer is an old one (RFC 7323).";
const LAST_ACK: &str = "tcp_check_req finds that the ACK is not of the SYN-ACK and returns the listener, which answers it \
                        like any ACK that belongs to no connection. The handshake stays.";
const CROSSED: &str =
    "After crossed SYNs the connecting socket itself is in SYN_RECV, and answers a wrong ACK with RST.";
const SECOND_SYN: &str = "A SYN within the window that is not the first one again: tcp_check_req resets (embryonic_reset) and \
                          drops the handshake.";
const OVERFLOW: &str = "Two handshakes begin while the accept queue has room for one. The second one's last ACK finds it full, and \
                        with net.ipv4.tcp_abort_on_overflow that is answered with RST and not with silence.";
const CHILD: &str = "shutdown() before listen() fails with ENOTCONN and yet marks the socket, and its children inherit the \
                     mark. So the last ACK makes a child that sends FIN at once and can receive nothing; the data that came \
                     with the ACK is answered with RST.";
const COOKIE_CHILD: &str = "cookie_v4_check makes the child, tcp_v4_do_rcv gives it the segment (tcp_child_process), and answers for \
                            it: in the name of the child, or of the listener (IPv6, and IPv4 since 7.0).";
const COOKIE: &str = "With net.ipv4.tcp_syncookies = 2 each SYN is answered with a cookie and forgotten, so that a wrong ACK \
                      finds only the listener, and cookie_v4_check finds no cookie in it.";
const JOIN: &str =
    "The SYN has MP_JOIN with a token that no MPTCP connection has: subflow_v4_route_req refuses it.";

/// A non-blocking connect() whose SYN has reached the peer.
fn calling(stage: &mut Stage) -> Result<(Actor, Fd, Peer, Conn), LabError> {
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

/// The client's socket answers with RST, once.
fn answered_by_client(stage: &mut Stage, client: &Actor, conn: &Conn) {
    stage.reset("reply", conn.kernel, conn.peer).sender = Side::full(client);
    stage.sends_resets(1);
}

fn refuse_answer(stage: &mut Stage) -> Result<(Actor, Fd, Peer, Conn), LabError> {
    let (client, socket, peer, conn) = calling(stage)?;
    stage.step("the peer acknowledges what was never sent");
    let answer = conn.segment(Flags::SYN | Flags::ACK);
    peer.send(&Segment { ack: answer.ack.wrapping_add(1000), ..answer })?;
    peer.await_reset(&conn)?;
    answered_by_client(stage, &client, &conn);
    Ok((client, socket, peer, conn))
}

/// The SYN is sent again, and now the peer accepts.
fn accept_again(stage: &mut Stage, of: (Actor, Fd, Peer, Conn)) -> Result<(), LabError> {
    let (client, socket, peer, conn) = of;
    let mut conn = peer.await_syn(conn.peer.port())?;
    peer.accept(&mut conn)?;
    client.finish_connect(socket)?.ok()?;
    stage.attempt(&client, conn.kernel, conn.peer).because("established").retransmitted(1);
    Ok(())
}

fn syn_sent_bad_ack(stage: &mut Stage) -> Result<(), LabError> {
    let called = refuse_answer(stage)?;
    accept_again(stage, called)
}

fn given_up(stage: &mut Stage) -> Result<(), LabError> {
    let (client, socket, _peer, conn) = refuse_answer(stage)?;
    client.await_retransmits(socket, 1)?;
    client.close(socket)?;
    stage.attempt(&client, conn.kernel, conn.peer).ended("cancelled", None).retransmitted(1);
    Ok(())
}

fn syn_sent_paws(stage: &mut Stage) -> Result<(), LabError> {
    let (client, socket, peer, conn) = calling(stage)?;
    stage.step("the peer echoes a timestamp of long ago");
    let echo = conn.timestamp.map(|sent| (1, sent.wrapping_sub(1_000_000)));
    peer.send(&Segment { timestamps: echo, ..conn.segment(Flags::SYN | Flags::ACK) })?;
    peer.await_reset(&conn)?;
    answered_by_client(stage, &client, &conn);
    stage.counts("PAWSActive", 1);
    accept_again(stage, (client, socket, peer, conn))
}

fn crossed_bad_ack(stage: &mut Stage) -> Result<(), LabError> {
    let (client, socket, peer, mut conn) = calling(stage)?;
    stage.step("the peer sends a SYN of its own, and a wrong ACK");
    peer.send(&Segment { mss: Some(1400), ..conn.segment(Flags::SYN) })?;
    let both = Flags::SYN | Flags::ACK;
    peer.receive("the kernel's SYN-ACK", |s| s.to == conn.peer && s.flags == both)?;
    conn.next = conn.next.wrapping_add(1);
    let ack = conn.segment(Flags::ACK);
    peer.send(&Segment { ack: ack.ack.wrapping_add(1000), ..ack.clone() })?;
    peer.await_reset(&conn)?;
    answered_by_client(stage, &client, &conn);
    stage.step("the right ACK ends the handshake");
    peer.send(&ack)?;
    client.finish_connect(socket)?.ok()?;
    let attempt = stage.attempt(&client, conn.kernel, conn.peer).because("simultaneous-open");
    attempt.how = "simultaneous-open";
    Ok(())
}

/// A listener, ready to be called by the peer.
fn serving(stage: &mut Stage, backlog: i32) -> Result<(Actor, Peer), LabError> {
    let namespace = stage.namespace("lab")?;
    let server = stage.actor(&namespace, "server")?;
    let peer = stage.peer(&namespace)?;
    let at = peer.near(8080);
    let socket = server.socket(at)?;
    server.bind(socket, at)?;
    server.listen(socket, backlog)?;
    Ok((server, peer))
}

/// The listener answers with RST, once.
fn answered_by_listener(stage: &mut Stage, server: &Actor, conn: &Conn) {
    stage.reset("reply", conn.kernel, conn.peer).sender = Side::listener(server);
    stage.sends_resets(1);
}

fn syn_recv_bad_ack(stage: &mut Stage) -> Result<(), LabError> {
    let (server, peer) = serving(stage, 16)?;
    stage.ready()?;
    let conn = peer.request(40_001, 8080)?;
    stage.step("the peer acknowledges another number than that of the SYN-ACK");
    let ack = conn.segment(Flags::ACK);
    peer.send(&Segment { ack: ack.ack.wrapping_add(1000), ..ack })?;
    peer.await_reset(&conn)?;
    answered_by_listener(stage, &server, &conn);
    Ok(())
}

fn syn_in_handshake(stage: &mut Stage) -> Result<(), LabError> {
    let (server, peer) = serving(stage, 16)?;
    stage.ready()?;
    let conn = peer.request(40_001, 8080)?;
    stage.step("the peer sends another SYN, as if it had begun anew");
    let syn = conn.segment(Flags::SYN);
    peer.send(&Segment { seq: syn.seq.wrapping_add(100), ..syn })?;
    peer.await_reset(&conn)?;
    answered_by_listener(stage, &server, &conn);
    stage.counts("EmbryonicRsts", 1);
    stage.counts("AttemptFails", 1);
    Ok(())
}

fn accept_queue_abort(stage: &mut Stage) -> Result<(), LabError> {
    // Three connections fit. Two handshakes at once must too: beyond that a SYN is answered with a cookie, and what
    // comes back to a full queue then is dropped in silence (tcp_get_cookie_sock).
    let (server, peer) = serving(stage, 2)?;
    let namespace = stage.namespaces()[0].clone();
    namespace.sysctl("net/ipv4/tcp_abort_on_overflow", "1")?;
    let opened = |stage: &Stage, conn: &Conn| {
        peer.send(&conn.segment(Flags::ACK))?;
        let own = |row: &SocketRow| row.remote == conn.peer && row.state == "ESTABLISHED";
        stage.await_socket(&namespace, "the unaccepted connection", own)
    };
    for port in [40_001, 40_002] {
        opened(stage, &peer.request(port, 8080)?)?;
    }
    stage.ready()?;
    let (first, second) = (peer.request(40_003, 8080)?, peer.request(40_004, 8080)?);
    stage.step("the first handshake is ended, and the accept queue is full");
    opened(stage, &first)?;
    peer.send(&second.segment(Flags::ACK))?;
    peer.await_reset(&second)?;
    answered_by_listener(stage, &server, &second);
    stage.counts("ListenOverflows", 1);
    stage.counts("EmbryonicRsts", 1);
    Ok(())
}

fn child_rejected_ack(stage: &mut Stage) -> Result<(), LabError> {
    let (_, conn) = child_refuses(stage, "1")?;
    answered_by_child(stage, &conn);
    Ok(())
}

fn child_of_cookie_rejected_ack(stage: &mut Stage) -> Result<(), LabError> {
    let (server, conn) = child_refuses(stage, "2")?;
    if stage.family() == Ipv6 || speaks_for_its_children()? {
        answered_by_listener(stage, &server, &conn);
    } else {
        answered_by_child(stage, &conn);
    }
    stage.amend_reset(|reset| reset.of_cookie = true);
    Ok(())
}

/// Since 7.0 `tcp_v4_do_rcv` answers in the name of the listener, as `tcp_v6_do_rcv` has always done.
fn speaks_for_its_children() -> Result<bool, LabError> {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").map_err(LabError::io("read osrelease"))?;
    Ok(release.split('.').next().and_then(|major| major.parse::<u32>().ok()) >= Some(7))
}

/// Nobody has accepted the child, so nobody holds it.
fn answered_by_child(stage: &mut Stage, conn: &Conn) {
    let netns = stage.namespaces()[0].inum();
    stage.reset("reply", conn.kernel, conn.peer).sender = Side::ownerless(netns, "full");
    stage.sends_resets(1);
}

/// A child whose listener was shut down before listen() gets data with the last ACK.
fn child_refuses(stage: &mut Stage, cookies: &'static str) -> Result<(Actor, Conn), LabError> {
    let namespace = stage.namespace("lab")?;
    namespace.sysctl("net/ipv4/tcp_syncookies", cookies)?;
    let server = stage.actor(&namespace, "server")?;
    let peer = stage.peer(&namespace)?;
    let at = peer.near(8080);
    let socket = server.socket(at)?;
    server.bind(socket, at)?;
    server.shutdown_both(socket)?.failed_with("ENOTCONN")?;
    server.listen(socket, 16)?;
    stage.ready()?;
    let conn = peer.request(40_001, 8080)?;
    stage.step("the last ACK of the handshake brings data with it");
    peer.send(&Segment { payload: b"Hello".to_vec(), ..conn.segment(Flags::PSH | Flags::ACK) })?;
    peer.await_reset(&conn)?;
    Ok((server, conn))
}

fn bad_syncookie(stage: &mut Stage) -> Result<(), LabError> {
    let (server, peer) = serving(stage, 16)?;
    stage.namespaces()[0].sysctl("net/ipv4/tcp_syncookies", "2")?;
    await_notable_time()?;
    stage.ready()?;
    let conn = peer.request(40_001, 8080)?;
    stage.step("the peer acknowledges another number than the cookie that it was sent");
    let ack = conn.segment(Flags::ACK);
    peer.send(&Segment { ack: ack.ack.wrapping_add(1000), ..ack })?;
    peer.await_reset(&conn)?;
    answered_by_listener(stage, &server, &conn);
    stage.counts("SyncookiesFailed", 1);
    Ok(())
}

/// In the second after jiffies comes to 0, which is 300 s after the machine has started (`INITIAL_JIFFIES`), a listener does not
/// note that it sends cookies (`tcp_synq_overflow`).
fn await_notable_time() -> Result<(), LabError> {
    let unnoted = Duration::from_secs(297)..Duration::from_secs(304);
    Deadline::default().until("jiffies to be past 0", || {
        let started = clock_gettime(ClockId::Boottime);
        let up = Duration::from_secs(started.tv_sec.cast_unsigned());
        Ok((!unnoted.contains(&up)).then_some(()))
    })
}

fn mptcp_reset(stage: &mut Stage) -> Result<(), LabError> {
    let namespace = stage.namespace("lab")?;
    let server = stage.actor(&namespace, "server")?;
    let peer = stage.peer(&namespace)?;
    let at = peer.near(8080);
    let socket = server.socket_mptcp(at)?;
    server.bind(socket, at)?;
    server.listen(socket, 16)?;
    stage.ready()?;
    let conn = peer.conn(40_001, 8080);
    stage.step("the peer wants to join an MPTCP connection that is not there");
    // RFC 8684, 3.2: kind, length, subtype MP_JOIN, address id, token, nonce.
    let join = vec![30, 12, 0x10, 1, 0xde, 0xad, 0xbe, 0xef, 1, 2, 3, 4];
    peer.send(&Segment { mss: Some(1400), options: join, ..conn.segment(Flags::SYN) })?;
    peer.await_reset(&conn)?;
    answered_by_listener(stage, &server, &conn);
    Ok(())
}
