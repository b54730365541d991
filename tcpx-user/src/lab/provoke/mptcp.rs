//! Multipath TCP (RFC 8684): a subflow that may join, and does not prove that it may.

use sha2::{Digest as _, Sha256};

use super::{
    Family::{Ipv4, Ipv6},
    LabError, Scenario, Stage,
    established::say_hello,
    scenario,
};
use crate::lab::{
    Actor, Conn, Peer, Side,
    wire::{Flags, Segment, option},
};

pub(super) const TABLE: &[Scenario] = &[
    scenario(
        "mptcp-reset/bad-join",
        Ipv4,
        "The last ACK of a subflow that wants to join has a wrong HMAC",
        BAD_JOIN,
        bad_join,
    ),
    scenario("mptcp-reset/bad-join-ipv6", Ipv6, "The same, IPv6", BAD_JOIN, bad_join),
    scenario(
        "mptcp-reset/fast-close",
        Ipv4,
        "A program closes an MPTCP connection with data unread",
        FAST_CLOSE,
        fast_close,
    ),
];

const BAD_JOIN: &str = "The token in the SYN is that of an open connection, so that the SYN is answered. \
                        subflow_syn_recv_sock then makes a child, finds that the HMAC does not fit (JoinAckHMAC), and \
                        throws it away (dispose_child): the listener answers with RST.";
const FAST_CLOSE: &str = "MPTCP has taken the data from the subflow, so that the subflow has none unread: mptcp_do_fastclose ends \
                          it all the same, in the name of TCP's own reasons.";

const PORT: u16 = 8080;
/// The option's kind, and its subtypes in the upper half of a byte.
const MPTCP: u8 = 30;
const CAPABLE: u8 = 0x00;
const JOIN: u8 = 0x10;
/// Version 1, and HMAC-SHA256.
const VERSION: u8 = 1;
const HMAC_SHA256: u8 = 1;
const OUR_KEY: [u8; 8] = *b"tcpx lab";

/// An MPTCP option.
fn mptcp(body: &[&[u8]]) -> Vec<u8> {
    let body = body.concat();
    [&[MPTCP, body.len() as u8 + 2][..], &body].concat()
}

/// Sends a SYN with this option, and returns the one of the SYN-ACK.
fn request(peer: &Peer, conn: &mut Conn, options: Vec<u8>) -> Result<Vec<u8>, LabError> {
    peer.request_by(conn, |syn| Segment { options, ..syn })?;
    let found = option(conn.packet(), MPTCP).ok_or_else(|| LabError::Unexpected {
        what: "the SYN-ACK".to_owned(),
        expected: "an option of Multipath TCP".to_owned(),
        got: "none".to_owned(),
    })?;
    Ok(found.to_vec())
}

/// Opens an MPTCP connection from the peer to the server.
fn open(peer: &Peer) -> Result<Vec<u8>, LabError> {
    let mut conn = peer.conn(40_001, PORT);
    let answer = request(peer, &mut conn, mptcp(&[&[CAPABLE | VERSION, HMAC_SHA256]]))?;
    let key = answer[answer.len() - OUR_KEY.len()..].to_vec();
    let options = mptcp(&[&[CAPABLE | VERSION, HMAC_SHA256], &OUR_KEY, &key]);
    peer.send(&Segment { options, ..conn.segment(Flags::ACK) })?;
    Ok(key)
}

/// A server with an open MPTCP connection, and the server's key.
fn serving(stage: &mut Stage) -> Result<(Actor, Peer, Vec<u8>), LabError> {
    let namespace = stage.namespace("lab")?;
    let server = stage.actor(&namespace, "server")?;
    let peer = stage.peer(&namespace)?;
    let at = peer.near(PORT);
    let listener = server.socket_mptcp(at)?;
    server.bind(listener, at)?;
    server.listen(listener, 16)?;
    let key = open(&peer)?;
    server.accept(listener)?;
    Ok((server, peer, key))
}

fn bad_join(stage: &mut Stage) -> Result<(), LabError> {
    let (server, peer, key) = serving(stage)?;
    stage.ready()?;
    stage.step("the peer wants to join the open connection");
    let mut conn = peer.conn(40_002, PORT);
    let nonce = [1, 2, 3, 4];
    request(&peer, &mut conn, mptcp(&[&[JOIN, 1], &Sha256::digest(&key)[..4], &nonce]))?;
    stage.step("the last ACK does not prove that it has the keys");
    peer.send(&Segment { options: mptcp(&[&[JOIN, 0], &[0; 20]]), ..conn.segment(Flags::ACK) })?;
    peer.await_reset(&conn)?;
    stage.reset("reply", conn.kernel, conn.peer).sender = Side::listener(&server);
    stage.sends_resets(1);
    Ok(())
}

fn fast_close(stage: &mut Stage) -> Result<(), LabError> {
    let (server, client) = stage.pair()?;
    let to = stage.loopback(PORT);
    let listener = server.socket_mptcp(to)?;
    server.bind(listener, to)?;
    server.listen(listener, 16)?;
    stage.ready()?;
    let socket = client.socket_mptcp(to)?;
    let reply = client.connect(socket, to)?;
    reply.ok()?;
    let local = reply.local.unwrap_or(stage.loopback(0));
    let accepted = server.accept(listener)?;
    // Both ways, or the connection may still be one of TCP's own.
    say_hello(&client, socket, &server, accepted)?;
    say_hello(&server, accepted, &client, socket)?;
    client.send(socket, "unread")?.ok()?;
    server.await_readable(accepted)?;
    server.close(accepted)?;
    client.receive(socket)?.failed_with("ECONNRESET")?;
    stage.attempt(&client, local, to).because("established");
    let reset = stage.reset("active", to, local);
    reset.sender = Side::full(&server);
    reset.receiver = Side::full(&client);
    stage.sends_resets(1);
    Ok(())
}
