//! Devices and addresses by rtnetlink messages of our own: a test guest has no `ip`.

use std::{
    fs, io,
    net::{IpAddr, Ipv6Addr},
    os::fd::AsRawFd,
    sync::Arc,
};

use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};
use rustix::net::{AddressFamily, SocketType, netdevice::name_to_index, socket};

use super::{Deadline, LabError, Namespace};

/// An address with the length of its network's prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address {
    /// The address.
    pub ip: IpAddr,
    /// Prefix length in bits.
    pub prefix: u8,
}

impl Address {
    /// `ip/prefix`.
    #[must_use]
    pub fn new(ip: impl Into<IpAddr>, prefix: u8) -> Self {
        Self { ip: ip.into(), prefix }
    }
}

/// A netlink request under construction: header, fixed part, attributes.
struct Request(Vec<u8>);

impl Request {
    fn new(kind: u16, flags: i32, fixed: &[u8]) -> Self {
        let flags = (libc::NLM_F_REQUEST | libc::NLM_F_ACK | flags).cast_unsigned() as u16;
        let mut bytes = vec![0; 4];
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(flags.to_ne_bytes());
        bytes.extend([0; 8]);
        bytes.extend(fixed);
        Self(bytes)
    }

    fn attribute(&mut self, kind: u16, value: &[u8]) {
        self.nest(kind, |inner| inner.0.extend(value));
    }

    /// An attribute whose value is made of what `fill` adds.
    fn nest(&mut self, kind: u16, fill: impl FnOnce(&mut Self)) {
        let start = self.0.len();
        self.0.extend([0; 2]);
        self.0.extend(kind.to_ne_bytes());
        fill(self);
        let length = (self.0.len() - start) as u16;
        self.0[start..start + 2].copy_from_slice(&length.to_ne_bytes());
        self.0.resize(self.0.len().next_multiple_of(4), 0);
    }

    /// Sends the request from the calling thread's namespace; the kernel acknowledges before `send` returns.
    fn send(mut self, what: &str) -> Result<(), LabError> {
        let length = self.0.len() as u32;
        self.0[..4].copy_from_slice(&length.to_ne_bytes());
        let answer = exchange(&self.0).map_err(LabError::io(format!("rtnetlink: {what}")))?;
        // struct nlmsghdr (16 bytes), then the negative errno of struct nlmsgerr.
        let code =
            answer.get(16..20).and_then(|b| b.try_into().ok()).map_or(-libc::EBADMSG, i32::from_ne_bytes);
        match -code {
            0 => Ok(()),
            libc::EOPNOTSUPP => Err(LabError::Unavailable {
                what: what.to_owned(),
                why: "this kernel does not know such a device".to_owned(),
                advice: "load its module (veth, dummy)",
            }),
            errno => Err(LabError::io(format!("rtnetlink: {what}"))(io::Error::from_raw_os_error(errno))),
        }
    }
}

fn exchange(request: &[u8]) -> io::Result<Vec<u8>> {
    let mut socket = Socket::new(NETLINK_ROUTE)?;
    socket.bind_auto()?;
    socket.send_to(request, &SocketAddr::new(0, 0), 0)?;
    Ok(socket.recv_from_full()?.0)
}

/// `struct ifinfomsg`.
fn ifinfomsg(index: u32, flags: i32) -> Vec<u8> {
    let words = [0, index, flags.cast_unsigned(), flags.cast_unsigned()];
    words.iter().flat_map(|word| word.to_ne_bytes()).collect()
}

pub(super) fn index(device: &str) -> Result<u32, LabError> {
    let any =
        socket(AddressFamily::UNIX, SocketType::DGRAM, None).map_err(LabError::io("socket(AF_UNIX)"))?;
    name_to_index(&any, device).map_err(LabError::io(format!("index of device {device}")))
}

/// Brings the loopback device of the calling thread's namespace up.
pub fn loopback_up() -> Result<(), LabError> {
    set_up("lo")
}

/// Brings a device of the calling thread's namespace up.
pub(super) fn set_up(device: &str) -> Result<(), LabError> {
    Request::new(libc::RTM_NEWLINK, 0, &ifinfomsg(index(device)?, libc::IFF_UP))
        .send(&format!("set {device} up"))
}

/// Adds an address to a device of the calling thread's namespace; an IPv6 address is usable at once (no duplicate
/// address detection).
pub(super) fn add_address(device: &str, address: Address) -> Result<(), LabError> {
    let (family, bytes) = parts(address.ip);
    let mut fixed = vec![family, address.prefix, libc::IFA_F_NODAD as u8, 0];
    fixed.extend(index(device)?.to_ne_bytes());
    let mut request = Request::new(libc::RTM_NEWADDR, libc::NLM_F_CREATE | libc::NLM_F_EXCL, &fixed);
    request.attribute(libc::IFA_LOCAL, &bytes);
    request.attribute(libc::IFA_ADDRESS, &bytes);
    request.send(&format!("add {}/{} to {device}", address.ip, address.prefix))?;
    match address.ip {
        IpAddr::V4(_) => Ok(()),
        IpAddr::V6(ip) => await_local_route(ip),
    }
}

/// Even without duplicate address detection the kernel leaves the last part of adding an IPv6 address, its local
/// route, to a workqueue (addrconf_dad_work). Until then what is sent to the address is dropped.
fn await_local_route(ip: Ipv6Addr) -> Result<(), LabError> {
    const ROUTES: &str = "/proc/thread-self/net/ipv6_route";
    let host = format!("{:032x} 80 ", u128::from(ip));
    Deadline::default().until(&format!("the local route of {ip}"), || {
        let routes = fs::read_to_string(ROUTES).map_err(LabError::io(format!("read {ROUTES}")))?;
        Ok(routes.lines().any(|route| route.starts_with(&host)).then_some(()))
    })
}

/// Routes a network through a device of the calling thread's namespace, with no gateway.
pub(super) fn add_route(device: &str, to: Address) -> Result<(), LabError> {
    route(device, to, libc::RT_SCOPE_LINK)?.send(&format!("route {}/{} through {device}", to.ip, to.prefix))
}

/// The same, through a gateway on the device's network.
pub(super) fn add_gateway(device: &str, to: Address, gateway: IpAddr) -> Result<(), LabError> {
    let mut request = route(device, to, libc::RT_SCOPE_UNIVERSE)?;
    request.attribute(libc::RTA_GATEWAY, &parts(gateway).1);
    request.send(&format!("route {}/{} through {gateway}", to.ip, to.prefix))
}

fn route(device: &str, to: Address, scope: u8) -> Result<Request, LabError> {
    let (family, bytes) = parts(to.ip);
    let mut fixed = vec![family, to.prefix, 0, 0, libc::RT_TABLE_MAIN, libc::RTPROT_STATIC];
    fixed.extend([scope, libc::RTN_UNICAST, 0, 0, 0, 0]);
    let mut request = Request::new(libc::RTM_NEWROUTE, libc::NLM_F_CREATE | libc::NLM_F_EXCL, &fixed);
    request.attribute(libc::RTA_DST, &bytes);
    request.attribute(libc::RTA_OIF, &index(device)?.to_ne_bytes());
    Ok(request)
}

/// Makes the calling thread's namespace refuse a network: `kind` is `RTN_UNREACHABLE`, `RTN_PROHIBIT` or `RTN_BLACKHOLE`.
pub(super) fn refuse_route(kind: u8, to: Address) -> Result<(), LabError> {
    let (family, bytes) = parts(to.ip);
    let mut fixed = vec![family, to.prefix, 0, 0, libc::RT_TABLE_MAIN, libc::RTPROT_STATIC];
    fixed.extend([libc::RT_SCOPE_UNIVERSE, kind, 0, 0, 0, 0]);
    let mut request = Request::new(libc::RTM_NEWROUTE, libc::NLM_F_CREATE | libc::NLM_F_EXCL, &fixed);
    request.attribute(libc::RTA_DST, &bytes);
    request.send(&format!("route {}/{} of type {kind}", to.ip, to.prefix))
}

fn parts(ip: IpAddr) -> (u8, Vec<u8>) {
    match ip {
        IpAddr::V4(ip) => (libc::AF_INET as u8, ip.octets().to_vec()),
        IpAddr::V6(ip) => (libc::AF_INET6 as u8, ip.octets().to_vec()),
    }
}

/// A veth pair: one end named `device` in each namespace, both up.
pub fn veth_pair(device: &'static str, one: &Namespace, other: &Arc<Namespace>) -> Result<(), LabError> {
    let there = Arc::clone(other);
    one.run(move || create_veth(device, &there).and_then(|()| set_up(device)))??;
    other.run(move || set_up(device))?
}

/// A bridge in `middle`, up, with a veth pair to each of `ends`, whose devices have the same name on both sides.
pub(super) fn bridge(
    name: &'static str,
    middle: &Arc<Namespace>,
    ends: &[(&'static str, &Arc<Namespace>)],
) -> Result<(), LabError> {
    middle.run(move || create(name, b"bridge", |_| {}).and_then(|()| set_up(name)))??;
    for &(port, end) in ends {
        veth_pair(port, middle, end)?;
        middle.run(move || enslave(port, name))??;
    }
    Ok(())
}

/// A VRF with a routing table of its own, up; `port` becomes its device. IPv6 addresses of `port` outlive that only with
/// `keep_addr_on_down`, as its device goes down for a moment.
pub(super) fn vrf(
    name: &'static str,
    table: u32,
    port: &'static str,
    namespace: &Namespace,
) -> Result<(), LabError> {
    namespace.run(move || {
        create_vrf(name, table)?;
        set_up(name)?;
        enslave(port, name)
    })?
}

fn create_vrf(name: &str, table: u32) -> Result<(), LabError> {
    const IFLA_VRF_TABLE: u16 = 1;
    create(name, b"vrf", |data| data.attribute(IFLA_VRF_TABLE, &table.to_ne_bytes()))
}

/// Makes `port` a port of the bridge, or a device of the VRF, `master`.
fn enslave(port: &str, master: &str) -> Result<(), LabError> {
    let mut request = Request::new(libc::RTM_NEWLINK, 0, &ifinfomsg(index(port)?, 0));
    request.attribute(libc::IFLA_MASTER, &index(master)?.to_ne_bytes());
    request.send(&format!("put {port} into {master}"))
}

/// Creates a device of a kind that takes no peer.
fn create(name: &str, kind: &[u8], data: impl FnOnce(&mut Request)) -> Result<(), LabError> {
    let flags = libc::NLM_F_CREATE | libc::NLM_F_EXCL;
    let mut request = Request::new(libc::RTM_NEWLINK, flags, &ifinfomsg(0, 0));
    request.attribute(libc::IFLA_IFNAME, &[name.as_bytes(), &[0]].concat());
    request.nest(libc::IFLA_LINKINFO, |info| {
        info.attribute(libc::IFLA_INFO_KIND, kind);
        info.nest(libc::IFLA_INFO_DATA, data);
    });
    request.send(&format!("create the device {name}"))
}

fn create_veth(device: &str, other: &Namespace) -> Result<(), LabError> {
    const VETH_INFO_PEER: u16 = 1;
    let name = [device.as_bytes(), &[0]].concat();
    let mut request =
        Request::new(libc::RTM_NEWLINK, libc::NLM_F_CREATE | libc::NLM_F_EXCL, &ifinfomsg(0, 0));
    request.attribute(libc::IFLA_IFNAME, &name);
    request.nest(libc::IFLA_LINKINFO, |info| {
        info.attribute(libc::IFLA_INFO_KIND, b"veth");
        info.nest(libc::IFLA_INFO_DATA, |data| {
            data.nest(VETH_INFO_PEER, |peer| {
                peer.0.extend(ifinfomsg(0, 0));
                peer.attribute(libc::IFLA_IFNAME, &name);
                peer.attribute(libc::IFLA_NET_NS_FD, &other.fd().as_raw_fd().to_ne_bytes());
            });
        });
    });
    request.send("create a veth pair")
}
