//! A TCP peer in userspace behind a tun device: truly not this host's TCP, so no kernel hook sees its side.
//!
//! It does nothing of its own accord. The scenario says which segment it waits for and what it answers.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use super::{
    Deadline, Family, LabError, Namespace, Script, Tun, What,
    link::Address,
    wire::{Flags, Segment, icmp_error},
};

/// The network between namespace (.1) and peer (any other address).
const V4: ([u8; 4], u8) = ([10, 99, 0, 1], 24);
const V6: ([u16; 8], u8) = ([0xfd99, 0, 0, 0, 0, 0, 0, 1], 64);

/// Where the peer's sequence numbers start: recognisable in a capture.
const ISS: u32 = 1_000_000;

/// The peer, with the tun device that leads to it.
#[derive(Debug, Clone)]
pub struct Peer {
    tun: Arc<Tun>,
    script: Script,
    family: Family,
}

/// One connection as the peer knows it.
#[derive(Debug, Clone)]
pub struct Conn {
    /// The peer's address.
    pub peer: SocketAddr,
    /// The kernel's address.
    pub kernel: SocketAddr,
    /// The next sequence number that the peer sends.
    pub next: u32,
    /// The next sequence number that the peer expects: what it acknowledges.
    pub expected: u32,
    /// The timestamp of the kernel's SYN or SYN-ACK.
    pub timestamp: Option<u32>,
    /// The last packet that came from the kernel, to be quoted in an ICMP answer.
    packet: Vec<u8>,
}

impl Conn {
    /// A segment of this connection with the numbers as they stand.
    #[must_use]
    pub fn segment(&self, flags: Flags) -> Segment {
        let ack = if flags.has(Flags::ACK) { self.expected } else { 0 };
        Segment::new(self.peer, self.kernel, flags, self.next, ack)
    }

    /// The same with SYN, and the option that all have in it.
    fn opening(&self, flags: Flags) -> Segment {
        Segment { mss: Some(1400), ..self.segment(flags) }
    }

    /// The last packet that came from the kernel.
    #[must_use]
    pub fn packet(&self) -> &[u8] {
        &self.packet
    }
}

impl Peer {
    /// Makes device `tun0` in the namespace, with addresses of both families.
    pub fn behind(namespace: &Arc<Namespace>, family: Family, script: Script) -> Result<Self, LabError> {
        let addresses = vec![Address::new(IpAddr::from(V4.0), V4.1), Address::new(IpAddr::from(V6.0), V6.1)];
        Ok(Self { tun: Arc::new(Tun::create(namespace, "tun0", addresses)?), script, family })
    }

    /// The namespace's own address on the device.
    #[must_use]
    pub fn near(&self, port: u16) -> SocketAddr {
        match self.family {
            Family::Ipv4 => SocketAddr::new(V4.0.into(), port),
            Family::Ipv6 => SocketAddr::new(V6.0.into(), port),
        }
    }

    /// The peer's address.
    #[must_use]
    pub fn far(&self, port: u16) -> SocketAddr {
        match self.family {
            Family::Ipv4 => SocketAddr::new([10, 99, 0, 2].into(), port),
            Family::Ipv6 => SocketAddr::new([0xfd99, 0, 0, 0, 0, 0, 0, 2].into(), port),
        }
    }

    /// Waits for a segment that the kernel sends; others (and what is not TCP) are passed over.
    pub fn receive(
        &self,
        what: &str,
        wanted: impl Fn(&Segment) -> bool,
    ) -> Result<(Segment, Vec<u8>), LabError> {
        let deadline = Deadline::default();
        loop {
            let packet = self.tun.receive(deadline, what)?;
            let Some(segment) = Segment::decode(&packet) else { continue };
            self.script.note(What::Packet { sent: false, text: segment.to_string() });
            if wanted(&segment) {
                return Ok((segment, packet));
            }
        }
    }

    /// Sends a segment.
    pub fn send(&self, segment: &Segment) -> Result<(), LabError> {
        self.script.note(What::Packet { sent: true, text: segment.to_string() });
        self.tun.send(&segment.encode())
    }

    /// Sends a segment the TCP checksum of which is wrong.
    pub fn send_damaged(&self, segment: &Segment) -> Result<(), LabError> {
        self.script.note(What::Packet { sent: true, text: format!("{segment}, checksum wrong") });
        self.tun.send(&segment.encode_damaged())
    }

    /// Sends a SYN and waits for the answer, which never comes for what was sent before in vain.
    pub fn is_answered(&self, from: u16, to: u16) -> Result<(), LabError> {
        let conn = self.conn(from, to);
        self.send(&conn.segment(Flags::SYN))?;
        let both = Flags::SYN | Flags::ACK;
        self.receive("a SYN-ACK", |s| s.to == conn.peer && s.flags == both).map(drop)
    }

    /// Waits for a SYN to a port of the peer. Call it again to wait for the retransmission.
    pub fn await_syn(&self, port: u16) -> Result<Conn, LabError> {
        let (syn, packet) = self.receive("a SYN", |s| s.flags == Flags::SYN && s.to.port() == port)?;
        Ok(Conn {
            peer: syn.to,
            kernel: syn.from,
            next: ISS,
            expected: syn.seq.wrapping_add(1),
            timestamp: syn.timestamps.map(|(sent, _)| sent),
            packet,
        })
    }

    /// Answers a SYN with SYN-ACK and waits for the ACK: the connection is established.
    pub fn accept(&self, conn: &mut Conn) -> Result<(), LabError> {
        let syn_ack = conn.opening(Flags::SYN | Flags::ACK);
        self.advance(conn, &syn_ack)?;
        self.await_ack(conn)
    }

    /// Answers a SYN with RST: nobody listens here.
    pub fn refuse(&self, conn: &Conn) -> Result<(), LabError> {
        self.send(&Segment { seq: 0, ..conn.segment(Flags::RST | Flags::ACK) })
    }

    /// Resets an established connection, at exactly the sequence number that the kernel expects (RFC 5961).
    pub fn reset(&self, conn: &Conn) -> Result<(), LabError> {
        self.send(&conn.segment(Flags::RST | Flags::ACK))
    }

    /// Answers the last packet with ICMP "port unreachable", as a firewall with `reject` would.
    pub fn port_unreachable(&self, conn: &Conn) -> Result<(), LabError> {
        let (kind, code) = if conn.peer.is_ipv4() { (3, 3) } else { (1, 4) };
        self.icmp_error(conn, kind, code)
    }

    /// Answers the last packet with this ICMP error, in the name of its destination.
    pub fn icmp_error(&self, conn: &Conn, kind: u8, code: u8) -> Result<(), LabError> {
        let Some(answer) = icmp_error(&conn.packet, kind, code) else { return Ok(()) };
        let text = format!("{} > {} ICMP type {kind} code {code}", conn.peer.ip(), conn.kernel.ip());
        self.script.note(What::Packet { sent: true, text });
        self.tun.send(&answer)
    }

    /// Answers a SYN with a SYN of the peer's own, as if both had crossed on the wire, and plays the rest of the
    /// simultaneous open: SYN-ACKs both ways.
    ///
    /// The kernel takes the peer's SYN-ACK as the end of the handshake from 6.1 on; 5.10 challenges it, and the ACK that
    /// a real peer answers to the challenge ends it. So the ACK is sent in any case: to the others it is a duplicate.
    pub fn cross(&self, conn: &mut Conn) -> Result<(), LabError> {
        let first = conn.next;
        let syn = conn.opening(Flags::SYN);
        self.advance(conn, &syn)?;
        let both = Flags::SYN | Flags::ACK;
        self.receive("the kernel's SYN-ACK", |s| {
            s.from == conn.kernel && s.to == conn.peer && s.flags == both
        })?;
        self.send(&Segment { seq: first, ..conn.segment(both) })?;
        self.send(&conn.segment(Flags::ACK))
    }

    /// Opens a connection from the peer to a listener in the namespace.
    pub fn connect(&self, from: u16, to: u16) -> Result<Conn, LabError> {
        let conn = self.request(from, to)?;
        self.send(&conn.segment(Flags::ACK))?;
        Ok(conn)
    }

    /// Begins one: the listener's SYN-ACK has come, and its ACK is still to be sent.
    pub fn request(&self, from: u16, to: u16) -> Result<Conn, LabError> {
        self.request_with(from, to, b"")
    }

    /// The same with data in the SYN.
    pub fn request_with(&self, from: u16, to: u16, data: &[u8]) -> Result<Conn, LabError> {
        let mut conn = self.conn(from, to);
        let payload = data.to_vec();
        self.request_by(&mut conn, |syn| Segment { payload, ..syn })?;
        Ok(conn)
    }

    /// The same on a connection that nobody has opened, with a SYN that is made of the usual one.
    pub fn request_by(&self, conn: &mut Conn, made: impl FnOnce(Segment) -> Segment) -> Result<(), LabError> {
        let syn = made(conn.opening(Flags::SYN));
        self.advance(conn, &syn)?;
        let (answer, packet) =
            self.receive("a SYN-ACK", |s| s.to == conn.peer && s.flags == Flags::SYN | Flags::ACK)?;
        conn.expected = answer.seq.wrapping_add(1);
        conn.packet = packet;
        conn.timestamp = answer.timestamps.map(|(sent, _)| sent);
        Ok(())
    }

    /// A connection that nobody has opened: for stray segments.
    #[must_use]
    pub fn conn(&self, from: u16, to: u16) -> Conn {
        let (peer, kernel) = (self.far(from), self.near(to));
        Conn { peer, kernel, next: ISS, expected: 7_000, timestamp: None, packet: Vec::new() }
    }

    /// Sends data on a connection.
    pub fn send_data(&self, conn: &mut Conn, data: &[u8]) -> Result<(), LabError> {
        let segment = Segment { payload: data.to_vec(), ..conn.segment(Flags::PSH | Flags::ACK) };
        self.advance(conn, &segment)
    }

    /// Waits until the kernel has acknowledged all that the peer sent.
    pub fn await_ack(&self, conn: &Conn) -> Result<(), LabError> {
        self.receive("an ACK", |s| {
            s.from == conn.kernel && s.to == conn.peer && s.flags.has(Flags::ACK) && s.ack == conn.next
        })?;
        Ok(())
    }

    /// Waits for data, and does not acknowledge it; it is what an ICMP answer will quote.
    pub fn await_data(&self, conn: &mut Conn) -> Result<(), LabError> {
        let (from, to) = (conn.kernel, conn.peer);
        conn.packet = self.receive("data", |s| s.from == from && s.to == to && !s.payload.is_empty())?.1;
        Ok(())
    }

    /// Waits until the kernel has sent its FIN that often, without an acknowledgement.
    pub fn await_fins(&self, conn: &Conn, times: u32) -> Result<(), LabError> {
        for _ in 0..times {
            self.receive("a FIN", |s| s.from == conn.kernel && s.to == conn.peer && s.flags.has(Flags::FIN))?;
        }
        Ok(())
    }

    /// Waits for a RST of this connection.
    pub fn await_reset(&self, conn: &Conn) -> Result<Segment, LabError> {
        let ours = |s: &Segment| s.from == conn.kernel && s.to == conn.peer && s.flags.has(Flags::RST);
        Ok(self.receive("a RST", ours)?.0)
    }

    /// Sends a segment and moves the peer's sequence number past it.
    fn advance(&self, conn: &mut Conn, segment: &Segment) -> Result<(), LabError> {
        self.send(segment)?;
        conn.next = conn.next.wrapping_add(segment.span());
        Ok(())
    }
}
