//! Which network namespaces are linked: by a veth pair, or by a bridge of a third one that both have a veth pair to.
//!
//! rtnetlink names the other end of a veth pair by its index and by a number that the namespace has for the other one
//! (`IFLA_LINK_NETNSID`); which namespace that is, `RTM_GETNSID` tells of a descriptor.

use std::{
    io,
    os::fd::{AsFd as _, AsRawFd as _},
};

use netlink_sys::{Socket, protocols::NETLINK_ROUTE};

use super::{
    inside::inside_each,
    netlink::{Attributes, Messages, ask, text, word},
    netns::Held,
};
use crate::who::Link;

/// What one namespace has to do with others.
#[derive(Debug, Default)]
struct Survey {
    inum: u32,
    devices: Vec<Device>,
    /// Its numbers for other namespaces: inode number of the namespace, number.
    names: Vec<(u32, i32)>,
}

/// A device, as far as it leads elsewhere.
#[derive(Debug, Default, PartialEq, Eq)]
struct Device {
    index: u32,
    name: String,
    kind: String,
    /// Index of the other end.
    peer: u32,
    /// The namespace that the other end is in, if it is another one.
    peer_netns: Option<i32>,
    /// Index of the bridge that it is a port of.
    master: u32,
}

/// For each of `others`, what links it with `own`. `all` are the namespaces that may have the bridge.
pub(super) fn links(own: &Held, others: &[Held], all: &[Held]) -> Vec<Option<Link>> {
    let surveys: Vec<Survey> =
        inside_each(all, |at| survey(&all[at], all)).into_iter().filter_map(Result::ok).collect();
    others.iter().map(|other| link(own.inum, other.inum, &surveys)).collect()
}

fn link(one: u32, other: u32, surveys: &[Survey]) -> Option<Link> {
    if peers(one, surveys).any(|(netns, _)| netns == other) {
        return Some(Link::Veth);
    }
    let bridges: Vec<_> = bridges(one, surveys).collect();
    self::bridges(other, surveys)
        .find(|bridge| bridges.contains(bridge))
        .map(|(_, name)| Link::Bridge(name.to_owned()))
}

fn of(inum: u32, surveys: &[Survey]) -> Option<&Survey> {
    surveys.iter().find(|survey| survey.inum == inum)
}

/// The other ends of a namespace's veth pairs: namespace and index.
fn peers(inum: u32, surveys: &[Survey]) -> impl Iterator<Item = (u32, u32)> {
    let survey = of(inum, surveys);
    let pairs =
        survey.into_iter().flat_map(|survey| survey.devices.iter().map(move |device| (survey, device)));
    pairs.filter(|(_, device)| device.kind == "veth").filter_map(|(survey, device)| {
        let number = device.peer_netns?;
        let (netns, _) = survey.names.iter().find(|(_, name)| *name == number)?;
        Some((*netns, device.peer))
    })
}

/// The bridges behind them: namespace and name.
fn bridges(inum: u32, surveys: &[Survey]) -> impl Iterator<Item = (u32, &str)> {
    peers(inum, surveys).filter_map(|(netns, index)| {
        let there = &of(netns, surveys)?.devices;
        let end = there.iter().find(|device| device.index == index && device.master != 0)?;
        let bridge = there.iter().find(|device| device.index == end.master && device.kind == "bridge")?;
        Some((netns, bridge.name.as_str()))
    })
}

/// To be called inside the namespace.
fn survey(this: &Held, all: &[Held]) -> io::Result<Survey> {
    let mut socket = Socket::new(NETLINK_ROUTE)?;
    socket.bind_auto()?;
    let devices = devices(&socket)?;
    let leads_elsewhere = devices.iter().any(|device| device.peer_netns.is_some());
    let others = all.iter().filter(|other| leads_elsewhere && other.inum != this.inum);
    let names = others.filter_map(|other| Some((other.inum, name_of(&socket, other).ok()??))).collect();
    Ok(Survey { inum: this.inum, devices, names })
}

fn devices(socket: &Socket) -> io::Result<Vec<Device>> {
    let flags = (libc::NLM_F_REQUEST | libc::NLM_F_DUMP) as u16;
    // struct ifinfomsg
    ask(socket, libc::RTM_GETLINK, flags, &[0; 16])?;
    let mut list = Vec::new();
    loop {
        let (bytes, _) = socket.recv_from_full()?;
        for message in Messages(&bytes) {
            match message.kind {
                libc::RTM_NEWLINK => list.extend(device(message.payload)),
                _ => return Ok(list),
            }
        }
    }
}

fn device(payload: &[u8]) -> Option<Device> {
    const IFLA_LINK_NETNSID: u16 = 37;
    const IFLA_INFO_KIND: u16 = 1;
    let mut device = Device { index: word(payload.get(4..)?)?, ..Device::default() };
    for (kind, value) in Attributes(payload.get(16..)?) {
        match kind {
            libc::IFLA_IFNAME => device.name = text(value),
            libc::IFLA_LINK => device.peer = word(value)?,
            libc::IFLA_MASTER => device.master = word(value)?,
            libc::IFLA_LINKINFO => {
                let kind = Attributes(value).find(|(kind, _)| *kind == IFLA_INFO_KIND);
                device.kind = kind.map(|(_, value)| text(value)).unwrap_or_default();
            }
            IFLA_LINK_NETNSID => device.peer_netns = Some(word(value)?.cast_signed()),
            _ => {}
        }
    }
    Some(device)
}

/// The number that this namespace has for another one, if it has one.
fn name_of(socket: &Socket, other: &Held) -> io::Result<Option<i32>> {
    const RTM_GETNSID: u16 = 90;
    const NETNSA_NSID: u16 = 1;
    const NETNSA_FD: u16 = 3;
    // struct rtgenmsg, and the attribute.
    let mut body = vec![0, 0, 0, 0, 8, 0];
    body.extend(NETNSA_FD.to_ne_bytes());
    body.extend(other.as_fd().as_raw_fd().to_ne_bytes());
    ask(socket, RTM_GETNSID, libc::NLM_F_REQUEST as u16, &body)?;
    let (bytes, _) = socket.recv_from_full()?;
    let answer = Messages(&bytes).find(|message| i32::from(message.kind) != libc::NLMSG_ERROR);
    let attributes = answer.and_then(|message| message.payload.get(4..));
    let number = attributes.and_then(|bytes| Attributes::first(bytes, NETNSA_NSID));
    // NETNSA_NSID_NOT_ASSIGNED is -1.
    Ok(number.and_then(word).map(u32::cast_signed).filter(|number| *number >= 0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn veth(index: u32, peer: u32, peer_netns: i32, master: u32) -> Device {
        Device {
            index,
            kind: "veth".to_owned(),
            peer,
            peer_netns: Some(peer_netns),
            master,
            ..Device::default()
        }
    }

    /// The host (1) with a bridge, two containers at it (2, 3), and one beside it (4).
    fn host() -> Vec<Survey> {
        let bridge = |index, name: &str| Device {
            index,
            name: name.to_owned(),
            kind: "bridge".to_owned(),
            ..Device::default()
        };
        let devices = vec![
            bridge(2, "docker0"),
            veth(5, 2, 7, 2),
            veth(6, 2, 8, 2),
            veth(7, 2, 9, 0),
            bridge(9, "br9"),
        ];
        let container = |inum, peer| Survey { inum, devices: vec![veth(2, peer, 0, 0)], names: vec![(1, 0)] };
        vec![
            Survey { inum: 1, devices, names: vec![(2, 7), (3, 8), (4, 9)] },
            container(2, 5),
            container(3, 6),
            container(4, 7),
        ]
    }

    #[test]
    fn a_veth_pair_and_a_bridge_link() {
        let host = host();
        for (one, other, expected) in [
            (1, 2, Some(Link::Veth)),
            (4, 1, Some(Link::Veth)),
            (2, 3, Some(Link::Bridge("docker0".to_owned()))),
            (3, 4, None),
            (2, 5, None),
        ] {
            assert_eq!(link(one, other, &host), expected, "{one} {other}");
        }
    }

    proptest! {
        #[test]
        fn garbage_never_panics_nor_loops(bytes: Vec<u8>) {
            let _ = device(&bytes);
        }
    }
}
