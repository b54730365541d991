//! An open connection from a client to the peer, which many scenarios begin with.

use super::{LabError, Stage};
use crate::lab::{Actor, Conn, Fd, Peer};

/// The connection, and both of its ends.
pub(super) struct ToPeer {
    pub(super) client: Actor,
    pub(super) socket: Fd,
    pub(super) peer: Peer,
    pub(super) conn: Conn,
}

/// Opens one in a namespace of its own while it is traced, and records the attempt.
pub(super) fn open_to_peer(stage: &mut Stage, port: u16) -> Result<ToPeer, LabError> {
    let namespace = stage.namespace("lab")?;
    let client = stage.actor(&namespace, "client")?;
    let peer = stage.peer(&namespace)?;
    stage.ready()?;
    let to = peer.far(port);
    let socket = client.socket(to)?;
    let connecting = client.begin_connect(socket, to)?;
    let mut conn = peer.await_syn(to.port())?;
    peer.accept(&mut conn)?;
    connecting.finish()?.ok()?;
    stage.attempt(&client, conn.kernel, to).because("established");
    Ok(ToPeer { client, socket, peer, conn })
}
