//! Connections whose addresses conntrack rewrites: what was called is not what answers.

use super::{
    Family::{Ipv4, Ipv6},
    LabError, Scenario, Stage,
    established::say_hello,
    scenario,
};
use crate::lab::{Actor, Address, Endpoint, Holder, Namespace, Side, nft, veth_pair};
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

pub(super) const TABLE: &[Scenario] = &[
    scenario("closed-port/dnat", Ipv4, "DNAT to a port that nobody has", CLOSED, closed_port),
    scenario("closed-port/dnat-ipv6", Ipv6, "The same, IPv6", CLOSED, closed_port),
    scenario(
        "closed-port/dnat-router",
        Ipv4,
        "A router between two namespaces sends it on to a port that nobody has",
        ROUTER,
        behind_router,
    ),
    scenario("closed-port/dnat-router-ipv6", Ipv6, "The same, IPv6", ROUTER, behind_router),
    scenario(
        "bound-not-listening/dnat-pod",
        Ipv4,
        "DNAT to a pod whose program has not called listen() yet",
        POD,
        pod_not_listening,
    ),
    scenario("bound-not-listening/dnat-pod-ipv6", Ipv6, "The same, IPv6", POD, pod_not_listening),
    scenario("established/redirect", Ipv4, "REDIRECT to a local proxy", REDIRECT, redirect),
    scenario("established/redirect-ipv6", Ipv6, "The same, IPv6", REDIRECT, redirect),
    scenario("peer-refused/dnat", Ipv4, "DNAT to another host, which refuses", PEER, peer_refused),
    scenario("peer-refused/dnat-ipv6", Ipv6, "The same, IPv6", PEER, peer_refused),
    scenario(
        "icmp-refused/no-endpoints",
        Ipv4,
        "A service address without endpoints: a rule rejects it where it leaves",
        ENDPOINTS,
        no_endpoints,
    ),
    scenario("icmp-refused/no-endpoints-ipv6", Ipv6, "The same, IPv6", ENDPOINTS, no_endpoints),
    scenario(
        "netfilter-reject-reset/dnat",
        Ipv4,
        "DNAT to a local port that a rule rejects",
        REJECTED,
        rejected_behind_dnat,
    ),
    scenario(
        "close-unread-data/upstream-refused",
        Ipv4,
        "A proxy resets its client, as its own upstream has refused it",
        UPSTREAM,
        upstream_refused,
    ),
    scenario(
        "stray-segment/nat-invalid",
        Ipv4,
        "A segment of an open connection that conntrack holds invalid",
        INVALID,
        invalid,
    ),
    scenario("stray-segment/nat-invalid-ipv6", Ipv6, "The same, IPv6", INVALID, invalid),
];

const INVALID: &str = "Conntrack does not translate what it holds invalid: here a segment that acknowledges what was never \
                       sent. It arrives under the address behind the service, finds no socket, and the RST kills a \
                       connection that was in order.";
const UPSTREAM: &str = "As docker-proxy and sidecars do: they accept whatever comes, and close what they cannot pass on. The \
                        client's request is unread by then, so that it gets a RST for somebody else's refusal.";
const CLOSED: &str = "The SYN is rewritten in the OUTPUT hook, finds no socket under its new address, and the RST is \
                      rewritten back: the client is refused by an address that nobody has.";
const ROUTER: &str = "As a container host does: PREROUTING rewrites the destination, POSTROUTING the source. Neither the \
                      client nor the pod knows of the other's address; the pod's RST goes back through both.";
const POD: &str = "As a service address does: the client's own namespace rewrites the destination, and the SYN goes \
                   through a veth to the pod's. Only the pod's namespace knows who holds the port.";
const REDIRECT: &str = "As sidecars do: whatever is called, a proxy on this host accepts it.";
const PEER: &str = "The RST comes from the address behind the one that was called.";
const ENDPOINTS: &str = "As kube-proxy does for a service without endpoints: reject in the OUTPUT hook.";
const REJECTED: &str = "The rule sees the rewritten address, the client the one that it called.";

/// What is called, and what is behind it.
const CALLED: u16 = 80;
const BEHIND: u16 = 8080;

/// Addresses of a network between two namespaces.
struct Net {
    one: IpAddr,
    other: IpAddr,
    /// An address of the same network that nobody has.
    service: IpAddr,
    prefix: u8,
}

fn net(stage: &Stage, number: u8) -> Net {
    let four = |host| IpAddr::from([10, 244, number, host]);
    let six = |host| IpAddr::from([0xfd44, 0, 0, u16::from(number), 0, 0, 0, host]);
    match stage.family() {
        Ipv4 => Net { one: four(1), other: four(2), service: four(10), prefix: 24 },
        Ipv6 => Net { one: six(1), other: six(2), service: six(0x10), prefix: 64 },
    }
}

/// A veth pair with an address at each end.
fn connect(device: &'static str, net: &Net, one: &Namespace, other: &Arc<Namespace>) -> Result<(), LabError> {
    veth_pair(device, one, other)?;
    one.add_address(device, Address::new(net.one, net.prefix))?;
    other.add_address(device, Address::new(net.other, net.prefix))
}

fn family(stage: &Stage) -> &'static str {
    match stage.family() {
        Ipv4 => "ip",
        Ipv6 => "ip6",
    }
}

/// A rule of the OUTPUT hook: what this namespace itself calls.
fn rewrite_output(stage: &Stage, namespace: &Namespace, action: &str) -> Result<(), LabError> {
    let rule = format!("tcp dport {CALLED} {action}");
    stage.step(format!("nat rule at output: {rule}"));
    nft(
        namespace,
        &format!("table inet nat {{ chain out {{ type nat hook output priority -100; {rule}; }}; }}"),
    )
}

fn dnat(stage: &Stage, namespace: &Namespace, to: SocketAddr) -> Result<(), LabError> {
    rewrite_output(stage, namespace, &format!("dnat {} to {to}", family(stage)))
}

/// A namespace with a client and a device; an address that is routed to the device and that nobody has.
fn client_with_service(stage: &mut Stage) -> Result<(Actor, crate::lab::Peer, SocketAddr), LabError> {
    let namespace = stage.namespace("lab")?;
    let client = stage.actor(&namespace, "client")?;
    let peer = stage.peer(&namespace)?;
    let service = match stage.family() {
        Ipv4 => IpAddr::from([10, 99, 0, 10]),
        Ipv6 => IpAddr::from([0xfd99, 0, 0, 0, 0, 0, 0, 0x10]),
    };
    Ok((client, peer, SocketAddr::new(service, CALLED)))
}

fn closed_port(stage: &mut Stage) -> Result<(), LabError> {
    let (client, peer, service) = client_with_service(stage)?;
    let behind = peer.near(BEHIND);
    dnat(stage, &stage.namespaces()[0].clone(), behind)?;
    stage.ready()?;
    let socket = client.socket(service)?;
    client.connect(socket, service)?.failed_with("ECONNREFUSED")?;
    refused_behind(stage, &client, (behind.ip(), service), (behind.ip().into(), behind), client.netns());
    Ok(())
}

/// The client's attempt and the RST of the place behind: both with both names.
fn refused_behind(
    stage: &mut Stage,
    client: &Actor,
    called: (IpAddr, SocketAddr),
    behind: (Endpoint, SocketAddr),
    netns: u64,
) {
    let ((local, service), (seen, at)) = (called, behind);
    stage.attempt(client, local, service).ended("refused", "ECONNREFUSED").sent_on(seen, at);
    let reset = stage.reset("reply", at, seen);
    reset.sender = Side::ownerless(netns, "none");
    reset.receiver = Side::full(client);
    stage.sends_resets(1);
}

fn pod_not_listening(stage: &mut Stage) -> Result<(), LabError> {
    let (host, pod) = (stage.namespace("host")?, stage.namespace("pod")?);
    let (client, python) = (stage.actor(&host, "client")?, stage.actor(&pod, "python3")?);
    let net = net(stage, 0);
    connect("veth0", &net, &host, &pod)?;
    let (at, behind) = (stage.any(BEHIND), SocketAddr::new(net.other, BEHIND));
    let service = SocketAddr::new(net.service, CALLED);
    dnat(stage, &host, behind)?;
    let bound = python.socket(at)?;
    python.bind(bound, at)?;
    stage.ready()?;
    let socket = client.socket(service)?;
    client.connect(socket, service)?.failed_with("ECONNREFUSED")?;
    refused_behind(stage, &client, (net.one, service), (net.one.into(), behind), pod.inum());
    stage.amend_attempt(|fact| fact.holder = Some(Holder { process: python.process(), at }));
    Ok(())
}

fn behind_router(stage: &mut Stage) -> Result<(), LabError> {
    let (home, router, pod) = (stage.namespace("home")?, stage.namespace("router")?, stage.namespace("pod")?);
    let client = stage.actor(&home, "client")?;
    let (near, far) = (net(stage, 1), net(stage, 2));
    connect("veth1", &near, &home, &router)?;
    connect("veth2", &far, &router, &pod)?;
    let (service, behind) = (SocketAddr::new(near.other, CALLED), SocketAddr::new(far.other, BEHIND));
    router.sysctl("net/ipv4/conf/all/forwarding", "1")?;
    router.sysctl("net/ipv6/conf/all/forwarding", "1")?;
    let to = format!("tcp dport {CALLED} dnat {} to {behind}", family(stage));
    stage.step(format!("nat rules of the router: {to}; masquerade"));
    nft(
        &router,
        &format!(
            "table inet nat {{ chain pre {{ type nat hook prerouting priority -100; {to}; }}; \
             chain post {{ type nat hook postrouting priority 100; oifname veth2 masquerade; }}; }}"
        ),
    )?;
    stage.ready()?;
    let socket = client.socket(service)?;
    client.connect(socket, service)?.failed_with("ECONNREFUSED")?;
    refused_behind(stage, &client, (near.one, service), (far.one.into(), behind), pod.inum());
    Ok(())
}

fn redirect(stage: &mut Stage) -> Result<(), LabError> {
    const PROXY: u16 = 15_001;
    let (client, peer, service) = client_with_service(stage)?;
    let namespace = stage.namespaces()[0].clone();
    let envoy = stage.actor(&namespace, "envoy")?;
    let at = stage.any(PROXY);
    let listener = envoy.serve(at)?;
    rewrite_output(stage, &namespace, &format!("redirect to :{PROXY}"))?;
    stage.ready()?;
    let socket = client.socket(service)?;
    let reply = client.connect(socket, service)?;
    reply.ok()?;
    let accepted = envoy.accept(listener)?;
    // It stays open: under load a FIN is sent twice, and the ACK of the second meets the listener, which answers with RST.
    say_hello(&client, socket, &envoy, accepted)?;
    let local = reply.local.unwrap_or(peer.near(0));
    let fact = stage.attempt(&client, local, service);
    fact.holder = Some(Holder { process: envoy.process(), at });
    fact.sent_on(
        local,
        SocketAddr::new(if at.is_ipv4() { [127, 0, 0, 1].into() } else { loopback6() }, PROXY),
    );
    Ok(())
}

fn loopback6() -> IpAddr {
    [0, 0, 0, 0, 0, 0, 0, 1].into()
}

fn peer_refused(stage: &mut Stage) -> Result<(), LabError> {
    let (client, peer, service) = client_with_service(stage)?;
    let behind = peer.far(BEHIND);
    dnat(stage, &stage.namespaces()[0].clone(), behind)?;
    stage.ready()?;
    let socket = client.socket(service)?;
    let connecting = client.begin_connect(socket, service)?;
    let conn = peer.await_syn(BEHIND)?;
    peer.refuse(&conn)?;
    connecting.finish()?.failed_with("ECONNREFUSED")?;
    stage
        .attempt(&client, conn.kernel, service)
        .ended("refused", "ECONNREFUSED")
        .sent_on(conn.kernel, behind);
    stage.reset("elsewhere", service, conn.kernel).receiver = Side::full(&client);
    Ok(())
}

fn no_endpoints(stage: &mut Stage) -> Result<(), LabError> {
    let (client, peer, service) = client_with_service(stage)?;
    let rule = format!("{} daddr {} tcp dport {CALLED} reject", family(stage), service.ip());
    stage.step(format!("firewall rule at output: {rule}"));
    nft(
        &stage.namespaces()[0],
        &format!("table inet lab {{ chain out {{ type filter hook output priority 0; {rule}; }}; }}"),
    )?;
    stage.ready()?;
    let socket = client.socket(service)?;
    client.connect(socket, service)?.failed_with("ECONNREFUSED")?;
    stage.attempt(&client, peer.near(0).ip(), service).ended("refused", "ECONNREFUSED");
    Ok(())
}

fn rejected_behind_dnat(stage: &mut Stage) -> Result<(), LabError> {
    let (client, peer, service) = client_with_service(stage)?;
    let namespace = stage.namespaces()[0].clone();
    let behind = peer.near(BEHIND);
    let server = stage.actor(&namespace, "server")?;
    server.serve(behind)?;
    dnat(stage, &namespace, behind)?;
    nft(
        &namespace,
        &format!(
            "table inet lab {{ chain input {{ type filter hook input priority 0; \
             tcp dport {BEHIND} reject with tcp reset; }}; }}"
        ),
    )?;
    stage.ready()?;
    let socket = client.socket(service)?;
    client.connect(socket, service)?.failed_with("ECONNREFUSED")?;
    stage
        .attempt(&client, behind.ip(), service)
        .ended("refused", "ECONNREFUSED")
        .sent_on(behind.ip(), behind);
    let fact = stage.reset("netfilter", behind, behind.ip());
    fact.sender = Side::ownerless(client.netns(), "none");
    fact.receiver = Side::full(&client);
    Ok(())
}

fn invalid(stage: &mut Stage) -> Result<(), LabError> {
    let (client, peer, service) = client_with_service(stage)?;
    let behind = peer.far(BEHIND);
    dnat(stage, &stage.namespaces()[0].clone(), behind)?;
    stage.ready()?;
    let socket = client.socket(service)?;
    let connecting = client.begin_connect(socket, service)?;
    let mut conn = peer.await_syn(BEHIND)?;
    peer.accept(&mut conn)?;
    connecting.finish()?.ok()?;
    stage.attempt(&client, conn.kernel, service).because("established").sent_on(conn.kernel, behind);
    stage.step("the peer acknowledges what was never sent");
    let mut wrong = conn.clone();
    wrong.expected = wrong.expected.wrapping_add(5000);
    peer.send_data(&mut wrong, b"Hello")?;
    peer.await_reset(&wrong)?;
    let fact = stage.reset("reply", conn.kernel, conn.peer);
    fact.sender = Side::ownerless(client.netns(), "none");
    fact.meant_for = Some(Holder { process: client.process(), at: conn.kernel });
    stage.sends_resets(1);
    Ok(())
}

fn upstream_refused(stage: &mut Stage) -> Result<(), LabError> {
    let namespace = stage.namespace("lab")?;
    let (client, proxy) = (stage.actor(&namespace, "client")?, stage.actor(&namespace, "docker-proxy")?);
    let (front, upstream) = (stage.loopback(BEHIND), stage.loopback(CALLED));
    let listener = proxy.serve(front)?;
    stage.ready()?;
    let socket = client.socket(front)?;
    let open = client.connect(socket, front)?;
    open.ok()?;
    let accepted = proxy.accept(listener)?;
    client.send(socket, "request")?.ok()?;
    proxy.await_readable(accepted)?;
    let onward = proxy.socket(upstream)?;
    proxy.connect(onward, upstream)?.failed_with("ECONNREFUSED")?;
    proxy.close(accepted)?;
    client.receive(socket)?.failed_with("ECONNRESET")?;
    let local = open.local.unwrap_or(stage.loopback(0));
    stage.attempt(&client, local, front).because("established");
    stage.refused(&proxy, upstream.ip(), upstream, None);
    stage.amend_attempt(|fact| fact.verdict = "closed-port");
    stage.amend_reset(|fact| fact.verdict = "closed-port");
    let fact = stage.reset("active", front, local);
    fact.sender = Side::full(&proxy);
    fact.receiver = Side::full(&client);
    fact.upstream = Some(upstream);
    stage.sends_resets(1);
    stage.counts("TCPAbortOnClose", 1);
    Ok(())
}
