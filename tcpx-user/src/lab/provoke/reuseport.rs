//! SO_REUSEPORT groups, as servers use them that hand their port from one process to the next: each member has an accept
//! queue of its own, and what waits in that of a member that leaves is lost or moves on.

use std::net::SocketAddr;

use super::{
    Family::{Ipv4, Ipv6},
    LabError, Scenario, Stage,
    established::talk,
    scenario,
};
use crate::lab::{Actor, Fd, Holder, Side};

pub(super) const TABLE: &[Scenario] = &[
    scenario(
        "listener-closed-unaccepted/reuseport",
        Ipv4,
        "A member of a SO_REUSEPORT group is closed while a connection waits in its queue",
        GROUP,
        member_closed,
    ),
    scenario("listener-closed-unaccepted/reuseport-ipv6", Ipv6, "The same, IPv6", GROUP, member_closed),
    scenario(
        "listener-closed-unaccepted/rolling-restart",
        Ipv4,
        "The old server leaves when the new one listens already",
        RESTART,
        rolling_restart,
    ),
    scenario(
        "listener-closed-unaccepted/rolling-restart-ipv6",
        Ipv6,
        "The same, IPv6",
        RESTART,
        rolling_restart,
    ),
    scenario(
        "established/reuseport-migrated",
        Ipv4,
        "The same with tcp_migrate_req: the connection moves to the new server",
        MIGRATED,
        migrated,
    ),
    scenario("established/reuseport-migrated-ipv6", Ipv6, "The same, IPv6", MIGRATED, migrated),
];

const GROUP: &str = "What waits in the queue of a member that closes is reset (inet_csk_listen_stop), although another \
                     member listens.";
const RESTART: &str =
    "A restart without a moment in which nobody listens still resets what the old process had not accepted.";
const MIGRATED: &str = "With net.ipv4.tcp_migrate_req=1 (since Linux 5.14) inet_csk_listen_stop hands what waits to another \
                        member of the group.";

const MOVED: &str = "TCPMigrateReqSuccess";

/// A connection that waits in the queue of a listener which then closes, while another one listens on the same port.
struct Queued {
    client: Actor,
    socket: Fd,
    local: SocketAddr,
    remote: SocketAddr,
    second: Fd,
}

fn member(server: &Actor, at: SocketAddr) -> Result<Fd, LabError> {
    let listener = server.socket(at)?;
    server.reuse_port(listener)?;
    server.bind(listener, at)?;
    server.listen(listener, 16)?;
    Ok(listener)
}

fn queued(stage: &mut Stage, old: &Actor, new: &Actor) -> Result<Queued, LabError> {
    let namespace = stage.namespaces()[0].clone();
    let client = stage.actor(&namespace, "client")?;
    let remote = stage.loopback(8080);
    let first = member(old, remote)?;
    stage.ready()?;
    let socket = client.socket(remote)?;
    let reply = client.connect(socket, remote)?;
    reply.ok()?;
    let local = reply.local.unwrap_or(stage.loopback(0));
    stage.await_socket(&namespace, "the unaccepted connection", |row| {
        row.local == remote && row.state == "ESTABLISHED"
    })?;
    let second = member(new, remote)?;
    stage.step("the first listener closes without accept()");
    old.close(first)?;
    Ok(Queued { client, socket, local, remote, second })
}

fn reset(stage: &mut Stage, old: &Actor, new: &Actor) -> Result<(), LabError> {
    let Queued { client, socket, local, remote, .. } = queued(stage, old, new)?;
    client.receive(socket)?.failed_with("ECONNRESET")?;
    stage.attempt(&client, local, remote).because("established");
    let fact = stage.reset("active", remote, local);
    fact.sender = Side::full(old);
    fact.receiver = Side::full(&client);
    fact.successor = Some(Holder { process: new.process(), at: remote });
    stage.sends_resets(1);
    stage.counts("EstabResets", 1);
    Ok(())
}

fn member_closed(stage: &mut Stage) -> Result<(), LabError> {
    let namespace = stage.namespace("lab")?;
    let server = stage.actor(&namespace, "server")?;
    reset(stage, &server, &server)
}

fn rolling_restart(stage: &mut Stage) -> Result<(), LabError> {
    let namespace = stage.namespace("lab")?;
    let (old, new) = (stage.actor(&namespace, "old-server")?, stage.actor(&namespace, "new-server")?);
    reset(stage, &old, &new)
}

fn migrated(stage: &mut Stage) -> Result<(), LabError> {
    let namespace = stage.namespace("lab")?;
    // 5.10's stable series has the sysctl, but nothing that heeds it.
    if namespace.counter(MOVED)?.is_none() {
        return Err(LabError::Unavailable {
            what: "the migration of queued connections".to_owned(),
            why: format!("this kernel does not count {MOVED}"),
            advice: "Linux 5.14 or later",
        });
    }
    namespace.sysctl("net/ipv4/tcp_migrate_req", "1")?;
    let (old, new) = (stage.actor(&namespace, "old-server")?, stage.actor(&namespace, "new-server")?);
    let Queued { client, socket, local, remote, second } = queued(stage, &old, &new)?;
    stage.await_counter(&namespace, MOVED, 1)?;
    let accepted = new.accept(second)?;
    talk(stage, (&client, socket), (&new, accepted))?;
    stage.attempt(&client, local, remote);
    stage.does_not_count("OutRsts");
    Ok(())
}
