//! A transparent proxy: a segment for an address that is not this host's is given to a socket that listens elsewhere, and
//! nothing is translated.

use std::{net::SocketAddr, sync::Arc};

use super::{
    Family::{Ipv4, Ipv6},
    LabError, Scenario, Stage,
    established::say_hello,
    scenario,
    silent::give_up_after_retransmission,
};
use crate::lab::{Actor, Address, Fd, Holder, Namespace, Side, TcpOption, nft, run, steer, veth_pair};

pub(super) const TABLE: &[Scenario] = &[
    scenario("established/tproxy", Ipv4, "A TPROXY rule gives the SYN to a proxy", TPROXY, taken),
    scenario("established/tproxy-ipv6", Ipv6, "The same, IPv6", TPROXY, taken),
    scenario(
        "established/sk-lookup",
        Ipv4,
        "A BPF program of the namespace gives the SYN to a proxy",
        LOOKUP,
        steered,
    ),
    scenario("established/sk-lookup-ipv6", Ipv6, "The same, IPv6", LOOKUP, steered),
    scenario("closed-port/tproxy", Ipv4, "A TPROXY rule is there, and the proxy is not", GONE, gone),
    scenario("closed-port/tproxy-ipv6", Ipv6, "The same, IPv6", GONE, gone),
];

const TPROXY: &str = "nft_tproxy puts the proxy's listener into the packet (skb->sk), and TCP takes that without a lookup; the \
                      proxy's end of the connection has the address that the client called.";
const LOOKUP: &str = "inet_lookup_run_sk_lookup asks the programs before the listeners' hash, and takes what bpf_sk_assign chose, \
                      whatever its port.";
const GONE: &str = "The rule finds no socket and lets the SYN go on; the mark makes the route local, and TCP finds nobody who \
                    has the port.";

const PROXY_PORT: u16 = 9000;
const CLIENT6: [u16; 8] = [0xfd98, 0, 0, 0, 0, 0, 0, 2];

/// A client in one namespace, whose default route leads to the one of the proxy; and what it calls, which is nowhere.
fn between(stage: &mut Stage) -> Result<(Arc<Namespace>, Actor, SocketAddr), LabError> {
    let (proxy, client) = (stage.namespace("proxy")?, stage.namespace("client")?);
    veth_pair("eth0", &proxy, &client)?;
    let to = if stage.family() == Ipv4 {
        proxy.add_address("eth0", Address::new([10, 98, 0, 1], 24))?;
        client.add_address("eth0", Address::new([10, 98, 0, 2], 24))?;
        run(&client, "ip route add 192.0.2.0/24 via 10.98.0.1")?;
        run(&proxy, "ip rule add fwmark 1 lookup 100")?;
        run(&proxy, "ip route add local 0.0.0.0/0 dev lo table 100")?;
        SocketAddr::new([192, 0, 2, 9].into(), 80)
    } else {
        proxy.add_address("eth0", Address::new([0xfd98, 0, 0, 0, 0, 0, 0, 1], 64))?;
        client.add_address("eth0", Address::new(CLIENT6, 64))?;
        run(&client, "ip -6 route add 2001:db8::/64 via fd98::1")?;
        run(&proxy, "ip -6 rule add fwmark 1 lookup 100")?;
        run(&proxy, "ip -6 route add local ::/0 dev lo table 100")?;
        SocketAddr::new([0x2001, 0xdb8, 0, 0, 0, 0, 0, 9].into(), 80)
    };
    nft(
        &proxy,
        &format!(
            "table inet lab {{ chain prerouting {{ type filter hook prerouting priority mangle; \
             tcp dport 80 meta mark set 1 tproxy to :{PROXY_PORT} accept; }}; }}"
        ),
    )?;
    let client = stage.actor(&client, "client")?;
    Ok((proxy, client, to))
}

/// The client calls an address, and the proxy, whose listener is bound to another, takes the call. The connection stays open:
/// the ACK of a FIN that was sent twice meets the proxy's listener, which answers with RST.
fn talks_to_proxy(
    stage: &mut Stage,
    client: &Actor,
    to: SocketAddr,
    (proxy, listener, at): (&Actor, Fd, SocketAddr),
) -> Result<(), LabError> {
    let socket = client.socket(to)?;
    let reply = client.connect(socket, to)?;
    reply.ok()?;
    let accepted = proxy.accept(listener)?;
    say_hello(client, socket, proxy, accepted)?;
    let attempt = stage.attempt(client, reply.local.unwrap_or(at), to);
    attempt.holder = Some(Holder { process: proxy.process(), at });
    Ok(())
}

fn taken(stage: &mut Stage) -> Result<(), LabError> {
    let (namespace, client, to) = between(stage)?;
    let proxy = stage.actor(&namespace, "proxy")?;
    let at = stage.any(PROXY_PORT);
    let listener = proxy.socket(at)?;
    proxy.set_option(listener, TcpOption::transparent(at), 1)?;
    proxy.bind(listener, at)?;
    proxy.listen(listener, 16)?;
    stage.ready()?;
    talks_to_proxy(stage, &client, to, (&proxy, listener, at))
}

fn steered(stage: &mut Stage) -> Result<(), LabError> {
    let (proxy, client) = stage.pair()?;
    let (at, to) = (stage.loopback(PROXY_PORT), stage.loopback(80));
    let listener = proxy.serve(at)?;
    stage.step("a BPF program of type sk_lookup gives all SYNs to the proxy");
    let program = steer::to_listener(&stage.namespaces()[0], &proxy, listener)?;
    stage.keep(program);
    stage.ready()?;
    talks_to_proxy(stage, &client, to, (&proxy, listener, at))
}

/// Over IPv4 the answer does not leave: its source is no address of the proxy's namespace, and for want of a transparent
/// socket `ip_send_unicast_reply` finds no route for it. Over IPv6 the client gets the RST.
fn gone(stage: &mut Stage) -> Result<(), LabError> {
    let (namespace, client, to) = between(stage)?;
    stage.ready()?;
    let sender = Side::ownerless(namespace.inum(), "none");
    if stage.family() == Ipv4 {
        let local = give_up_after_retransmission(stage, &client, to)?;
        // The client knows that it has sent the SYN again, not that it has arrived.
        stage.await_counter(&namespace, "OutRsts", 2)?;
        stage.amend_attempt(|attempt| {
            attempt.because("no-answer");
        });
        stage.reset("reply", to, local).sender.clone_from(&sender);
        stage.reset("reply", to, local).sender = sender;
        stage.sends_resets(2);
        return Ok(());
    }
    let socket = client.socket(to)?;
    client.connect(socket, to)?.failed_with("ECONNREFUSED")?;
    stage.refused(&client, CLIENT6.into(), to, None);
    stage.amend_reset(|reset| reset.sender = sender);
    Ok(())
}
