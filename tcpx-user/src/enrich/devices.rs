//! Device index → name, per namespace: told by segments that came in, else asked in the namespace.

use std::os::fd::AsFd as _;

use rustix::net::{AddressFamily, SocketFlags, SocketType, netdevice::index_to_name, socket_with};

use crate::event::Netns;

use super::{cache::Cache, inside::inside, netns::Held};

const CAPACITY: usize = 16_384;

/// Names of devices.
pub(crate) struct Devices {
    /// `None`: asked, and there was none.
    names: Cache<(Netns, u32), Option<String>>,
}

impl Default for Devices {
    fn default() -> Self {
        Self { names: Cache::new(CAPACITY) }
    }
}

impl Devices {
    /// The kernel said so.
    pub(crate) fn learn(&mut self, netns: Netns, ifindex: u32, name: &str) {
        let known = self.names.entry((netns, ifindex), || None);
        if known.as_deref() != Some(name) {
            *known = Some(name.to_owned());
        }
    }

    /// The name of device `ifindex` in namespace `netns`, which `open` opens.
    pub(crate) fn name(
        &mut self,
        netns: Netns,
        ifindex: u32,
        open: impl FnOnce() -> Option<Held>,
    ) -> Option<String> {
        if ifindex == 0 {
            return None;
        }
        self.names.entry((netns, ifindex), || open().and_then(|held| ask(&held, ifindex))).clone()
    }
}

/// Any socket made in the namespace can be asked; it is never bound.
fn ask(held: &Held, ifindex: u32) -> Option<String> {
    let ask = || {
        let socket = socket_with(AddressFamily::INET, SocketType::DGRAM, SocketFlags::CLOEXEC, None)?;
        Ok(index_to_name(&socket, ifindex)?)
    };
    inside(held.as_fd(), ask).ok()
}
