//! Connection tracking has no room for a connection, or no room beside another one.

use super::{
    Family::{Ipv4, Ipv6},
    LabError, Scenario, Stage, scenario,
};
use crate::lab::{Actor, nft};
use std::net::{Ipv4Addr, SocketAddr};

pub(super) const TABLE: &[Scenario] = &[
    scenario("conntrack-full", Ipv4, "The table of connections is full", FULL, table_full).machine_wide(),
    scenario("conntrack-full/ipv6", Ipv6, "The same, IPv6", FULL, table_full).machine_wide(),
    scenario(
        "conntrack-insert-failed",
        Ipv4,
        "Two connections would be the same after NAT",
        CLASH,
        same_after_nat,
    ),
    scenario("conntrack-insert-failed/ipv6", Ipv6, "The same, IPv6", CLASH, same_after_nat6),
];

const FULL: &str = "nf_conntrack_max is 1, and one connection is open. nf_conntrack_in finds nothing that it could \
                    forget in its favour (early_drop), drops the SYN of the next, and says so in the kernel's log.";
const CLASH: &str = "A rule gives every connection the same source port. Nobody asks before __nf_conntrack_confirm \
                     whether that port is in use; it counts insert_failed and drops the SYN.";

const PORT: u16 = 8080;

/// One connection is open, so that conntrack will not forget it.
fn one_is_open(stage: &Stage, server: &Actor, client: &Actor) -> Result<SocketAddr, LabError> {
    let to = stage.loopback(PORT);
    let listener = server.serve(to)?;
    let first = client.socket(to)?;
    client.connect(first, to)?.ok()?;
    server.accept(listener)?;
    Ok(to)
}

fn table_full(stage: &mut Stage) -> Result<(), LabError> {
    let (server, client) = stage.pair()?;
    let namespace = stage.namespaces()[0].clone();
    nft(
        &namespace,
        "table inet lab { chain output { type filter hook output priority 0; ct state new counter accept; }; }",
    )?;
    let to = one_is_open(stage, &server, &client)?;
    stage.machine_sysctl("net/netfilter/nf_conntrack_max", "1")?;
    stage.ready()?;
    let local = super::silent::give_up_after_retransmission(stage, &client, to)?;
    stage.dropped(client.netns(), local, to, 2);
    Ok(())
}

/// Where the SYN came from when it was dropped.
const TRANSLATED: (Ipv4Addr, u16) = (Ipv4Addr::new(127, 0, 0, 9), 6000);

fn same_after_nat(stage: &mut Stage) -> Result<(), LabError> {
    clash(
        stage,
        TRANSLATED.into(),
        "table ip lab { chain post { type nat hook postrouting priority 100; \
                  tcp dport 8080 snat to 127.0.0.9:6000; }; }",
    )
}

fn same_after_nat6(stage: &mut Stage) -> Result<(), LabError> {
    let translated = stage.loopback(6000);
    clash(
        stage,
        translated,
        "table ip6 lab { chain post { type nat hook postrouting priority 100; \
                  tcp dport 8080 snat to [::1]:6000; }; }",
    )
}

fn clash(stage: &mut Stage, translated: SocketAddr, rules: &str) -> Result<(), LabError> {
    let (server, client) = stage.pair()?;
    nft(&stage.namespaces()[0], rules)?;
    stage.step(format!("firewall rules: {rules}"));
    let to = one_is_open(stage, &server, &client)?;
    stage.ready()?;
    let socket = client.socket_nonblocking(to)?;
    super::silent::give_up(stage, &client, socket, to)?;
    stage.amend_attempt(|fact| {
        fact.sent_on(translated, to);
    });
    stage.dropped(client.netns(), translated, to, 2);
    Ok(())
}
