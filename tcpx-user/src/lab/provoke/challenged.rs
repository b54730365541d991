//! RFC 5961: segments that an open connection answers with a challenge ACK and otherwise passes over. Nothing is refused,
//! nothing is reset.

use super::{
    Family::{Ipv4, Ipv6},
    LabError, Scenario, Stage, scenario,
    to_peer::{ToPeer, open_to_peer},
};
use crate::lab::wire::{Flags, Segment};

pub(super) const TABLE: &[Scenario] = &[
    scenario("established/challenged-syn", Ipv4, "A SYN comes for an open connection", SYN, challenged_syn),
    scenario("established/challenged-syn-ipv6", Ipv6, "The same, IPv6", SYN, challenged_syn),
    scenario(
        "established/challenged-ack",
        Ipv4,
        "ACKs come for what was never sent, and for what was acknowledged long ago",
        ACK,
        challenged_ack,
    ),
    scenario("established/challenged-ack-ipv6", Ipv6, "The same, IPv6", ACK, challenged_ack),
];

const SYN: &str = "In the window or not, tcp_validate_incoming answers it with an ACK (TCPSYNChallenge) and drops it; a \
                   peer that has lost the connection would answer that with RST.";
const ACK: &str = "tcp_ack passes over an ACK of what was never sent, and answers one that is older than the largest window \
                   with an ACK (TCPChallengeACK).";

/// The connection still carries data both ways, and nobody was reset.
fn stands(stage: &mut Stage, opened: ToPeer) -> Result<(), LabError> {
    let ToPeer { client, socket, peer, mut conn } = opened;
    stage.step("the connection stands");
    peer.send_data(&mut conn, b"Hello")?;
    client.receive(socket)?.ok()?;
    client.send(socket, "Hello")?.ok()?;
    peer.await_data(&mut conn)?;
    stage.does_not_count("OutRsts");
    stage.does_not_count("EstabResets");
    Ok(())
}

fn challenged_syn(stage: &mut Stage) -> Result<(), LabError> {
    let opened = open_to_peer(stage, 443)?;
    let ToPeer { peer, conn, .. } = &opened;
    // The namespace's own limit would hold back the second.
    stage.namespaces()[0].sysctl("net/ipv4/tcp_invalid_ratelimit", "0")?;
    let syn = conn.segment(Flags::SYN);
    stage.step("the peer sends a SYN within the window, and one with the number of the first");
    for back in [0, 1] {
        peer.send(&Segment { seq: syn.seq.wrapping_sub(back), ..syn.clone() })?;
        peer.await_ack(conn)?;
    }
    stage.counts("TCPSYNChallenge", 2);
    stands(stage, opened)
}

fn challenged_ack(stage: &mut Stage) -> Result<(), LabError> {
    let mut opened = open_to_peer(stage, 443)?;
    let ToPeer { client, socket, peer, conn } = &mut opened;
    client.send(*socket, "Hello")?.ok()?;
    peer.await_data(conn)?;
    conn.expected = conn.expected.wrapping_add(5);
    let ack = conn.segment(Flags::ACK);
    peer.send(&ack)?;
    stage.step("the peer acknowledges what was never sent, and what was before the connection");
    peer.send(&Segment { ack: ack.ack.wrapping_add(1000), ..ack.clone() })?;
    peer.send(&Segment { ack: ack.ack.wrapping_sub(1_000_000), ..ack })?;
    peer.await_ack(conn)?;
    stage.counts("TCPChallengeACK", 1);
    stands(stage, opened)
}
