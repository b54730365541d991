//! RSTs in answer to what comes after the application has closed its socket.

use super::{
    Family::{Ipv4, Ipv6},
    LabError, Scenario, Stage, scenario,
    to_peer::{ToPeer, open_to_peer},
};
use crate::lab::{Side, wire::Flags};

pub(super) const TABLE: &[Scenario] = &[
    scenario("data-after-close", Ipv4, "Data comes for a socket that was closed", DATA, data_after_close),
    scenario("data-after-close/ipv6", Ipv6, "The same, IPv6", DATA, data_after_close),
    scenario(
        "data-after-close/shutdown",
        Ipv4,
        "The same after shutdown() both ways",
        SHUTDOWN,
        data_after_shutdown,
    ),
];

const DATA: &str = "close() without unread data sends FIN and leaves the socket to the kernel, which waits for the FIN's ACK. \
                    Data that comes meanwhile can be given to nobody (RFC 1122, 4.2.2.13).";
const SHUTDOWN: &str =
    "After shutdown(SHUT_RDWR) the application still has the socket, but can receive nothing either.";

fn data_after_close(stage: &mut Stage) -> Result<(), LabError> {
    data_after(stage, true)
}

fn data_after_shutdown(stage: &mut Stage) -> Result<(), LabError> {
    data_after(stage, false)
}

fn data_after(stage: &mut Stage, close: bool) -> Result<(), LabError> {
    let ToPeer { client, socket, peer, mut conn } = open_to_peer(stage, 443)?;
    if close {
        client.close(socket)?;
    } else {
        client.shutdown_both(socket)?.ok()?;
    }
    peer.receive("a FIN", |s| s.to == conn.peer && s.flags.has(Flags::FIN))?;
    stage.step("the peer does not acknowledge the FIN, and sends data");
    peer.send_data(&mut conn, b"Hello")?;
    peer.await_reset(&conn)?;
    let sender = if close { Side::ownerless(client.netns(), "full") } else { Side::full(&client) };
    stage.reset("reply", conn.kernel, conn.peer).sender = sender;
    stage.sends_resets(1);
    stage.counts("TCPAbortOnData", 1);
    Ok(())
}
