//! A tun device: the kernel routes packets into it, and we read and write them as bytes.

use std::{os::fd::OwnedFd, sync::Arc};

use rustix::{
    event::PollFlags,
    fs::{CWD, FileType, Mode, OFlags, makedev, mkdir, mknodat, open},
    io::Errno,
};

use super::{Deadline, LabError, Namespace, link, link::Address, sys};

const NODE: &str = "/dev/net/tun";

/// A tun device in a namespace, up and with addresses; it goes when this is dropped.
#[derive(Debug)]
pub struct Tun {
    fd: OwnedFd,
}

impl Tun {
    /// Creates the device. The peer behind it has every address of `addresses`' networks but the addresses themselves.
    pub fn create(
        namespace: &Arc<Namespace>,
        device: &'static str,
        addresses: impl IntoIterator<Item = Address> + Send + 'static,
    ) -> Result<Self, LabError> {
        let fd = namespace.run(move || {
            // The device belongs to the namespace of the thread that opened the node.
            let fd = open_node()?;
            sys::attach_tun(&fd, device).map_err(|error| unavailable(format!("TUNSETIFF: {error}")))?;
            link::set_up(device)?;
            addresses.into_iter().try_for_each(|address| link::add_address(device, address))?;
            Ok::<_, LabError>(fd)
        })??;
        Ok(Self { fd })
    }

    /// The next packet that the kernel sends through the device.
    pub fn receive(&self, deadline: Deadline, what: &str) -> Result<Vec<u8>, LabError> {
        deadline.poll(&self.fd, PollFlags::IN, what)?;
        let mut packet = vec![0; 65_536];
        let length = rustix::io::read(&self.fd, &mut packet).map_err(LabError::io("read from tun"))?;
        packet.truncate(length);
        Ok(packet)
    }

    /// Reads what the kernel has sent through the device by now, if anything, into `packet`; its length.
    pub fn try_receive(&self, packet: &mut [u8]) -> Result<Option<usize>, LabError> {
        match rustix::io::read(&self.fd, packet) {
            Ok(length) => Ok(Some(length)),
            Err(Errno::AGAIN) => Ok(None),
            Err(error) => Err(LabError::io("read from tun")(error)),
        }
    }

    /// Hands a packet to the kernel as received on the device.
    pub fn send(&self, packet: &[u8]) -> Result<(), LabError> {
        rustix::io::write(&self.fd, packet).map_err(LabError::io("write to tun"))?;
        Ok(())
    }
}

/// Opens the node and makes it where there is none: an initramfs has no udev.
fn open_node() -> Result<OwnedFd, LabError> {
    let try_open = || open(NODE, OFlags::RDWR | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty());
    match try_open() {
        Err(Errno::NOENT) => {
            make_node().map_err(|error| unavailable(format!("mknod {NODE}: {error}")))?;
            try_open()
        }
        other => other,
    }
    .map_err(|error| unavailable(format!("open {NODE}: {error}")))
}

fn make_node() -> rustix::io::Result<()> {
    match mkdir("/dev/net", Mode::from_raw_mode(0o755)) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(error) => return Err(error),
    }
    // 10, 200: Documentation/networking/tuntap.rst.
    mknodat(CWD, NODE, FileType::CharacterDevice, Mode::from_raw_mode(0o600), makedev(10, 200))
}

fn unavailable(why: String) -> LabError {
    LabError::Unavailable { what: "a tun device".to_owned(), why, advice: "run as root; modprobe tun" }
}
