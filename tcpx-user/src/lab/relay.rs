//! Two namespaces with nothing between them but the scenario: each packet passes only when the scenario hands it on.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use super::{
    Deadline, Family, LabError, Namespace, Script, Tun, What,
    link::Address,
    wire::{Flags, Segment},
};

/// A tun device in each namespace.
#[derive(Debug, Clone)]
pub struct Relay {
    ends: [Arc<Tun>; 2],
    script: Script,
    family: Family,
}

/// One side of a relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The first namespace.
    One = 0,
    /// The second.
    Other = 1,
}

impl End {
    const fn opposite(self) -> Self {
        match self {
            Self::One => Self::Other,
            Self::Other => Self::One,
        }
    }
}

/// A packet that was taken and not yet handed on.
#[derive(Debug)]
#[must_use]
pub struct Held {
    packet: Vec<u8>,
    to: End,
}

impl Relay {
    /// Makes device `tun0` in both, in one network.
    pub fn between(
        one: &Arc<Namespace>,
        other: &Arc<Namespace>,
        family: Family,
        script: Script,
    ) -> Result<Self, LabError> {
        let tun = |namespace, last| Tun::create(namespace, "tun0", addresses(last)).map(Arc::new);
        Ok(Self { ends: [tun(one, 1)?, tun(other, 2)?], script, family })
    }

    /// The address of a side.
    #[must_use]
    pub fn at(&self, end: End, port: u16) -> SocketAddr {
        let [v4, v6] = addresses(end as u8 + 1);
        let ip = match self.family {
            Family::Ipv4 => v4.ip,
            Family::Ipv6 => v6.ip,
        };
        SocketAddr::new(ip, port)
    }

    /// Waits for a segment with these flags from a side, and keeps it.
    pub fn take(&self, from: End, flags: Flags) -> Result<Held, LabError> {
        let deadline = Deadline::default();
        loop {
            let packet = self.ends[from as usize].receive(deadline, &format!("a segment with {flags}"))?;
            let Some(segment) = Segment::decode(&packet).filter(|segment| segment.flags == flags) else {
                continue;
            };
            self.script.note(What::Packet { sent: false, text: segment.to_string() });
            return Ok(Held { packet, to: from.opposite() });
        }
    }

    /// Hands a segment on.
    pub fn hand_on(&self, held: &Held) -> Result<(), LabError> {
        let text = Segment::decode(&held.packet).map(|segment| segment.to_string()).unwrap_or_default();
        self.script.note(What::Packet { sent: true, text });
        self.ends[held.to as usize].send(&held.packet)
    }
}

fn addresses(last: u8) -> [Address; 2] {
    let v6 = [0xfd99, 0, 0, 0, 0, 0, 0, u16::from(last)];
    [Address::new([10, 99, 0, last], 24), Address::new(IpAddr::from(v6), 64)]
}
