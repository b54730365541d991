//! Two hundred segments and more that do not fit: crossed, stale, repeated and malformed ones, at ports and connections in
//! every state. Each RST that they provoke must get a verdict, and none may be missing.
//!
//! The peer on the tun device sends them; which, is drawn by a generator with a fixed seed, so that a run can be repeated.

use std::collections::BTreeMap;

use anyhow::{Result, bail, ensure};
use tcpx_user::{
    lab::{
        Actor, Conn, Fd, LabError, Peer, Scenario, Stage,
        wire::{Flags, Segment},
    },
    line::Line,
    run::lab::Played,
};

use crate::{report::Outcome, stand};

/// Connections in each state, and segments for each of them.
const ROUNDS: usize = 6;
const EACH: usize = 3;

/// One script for both families.
const fn play(name: &'static str, family: tcpx_user::lab::Family) -> Scenario {
    Scenario {
        name,
        aliases: &[],
        family,
        title: "Segments that do not fit, at ports and connections in every state",
        about: "",
        machine_wide: false,
        timely: false,
        file: None,
        run: provoke,
    }
}

static IPV4: Scenario = play("two-hundred-segments", tcpx_user::lab::Family::Ipv4);
static IPV6: Scenario = play("two-hundred-segments/ipv6", tcpx_user::lab::Family::Ipv6);

/// The trials.
pub(crate) fn ipv4() -> Result<Outcome> {
    check(&IPV4)
}

pub(crate) fn ipv6() -> Result<Outcome> {
    check(&IPV6)
}

fn check(scenario: &'static Scenario) -> Result<Outcome> {
    let played = match stand::play("auto", scenario)? {
        Ok(played) => played,
        Err(why) => return Ok(Outcome::Skipped(why)),
    };
    match &played.ending {
        Err(error) if error.is_unavailable() => return Ok(Outcome::Skipped(error.to_string())),
        Err(error) => bail!("the segments were not sent: {error}"),
        Ok(()) => {}
    }
    let summary = &played.summary;
    let unknown: Vec<String> = played.lines.iter().filter_map(unexplained).collect();
    ensure!(unknown.is_empty(), "{} without an explanation:\n{}", unknown.len(), unknown.join("\n"));
    ensure!(summary.unexplained == 0, "{summary:?}");
    ensure!(summary.unaccounted == Some(0), "{summary:?}");
    ensure!(summary.lost.kernel == 0 && summary.lost.user == 0, "{summary:?}");
    various(&played)?;
    Ok(Outcome::Passed)
}

/// A line that does not say why.
fn unexplained(line: &Line) -> Option<String> {
    let verdict = match line {
        Line::Attempt(attempt) => &attempt.verdict,
        Line::Reset(reset) => &reset.verdict,
        Line::Drop(drop) => &drop.verdict,
        _ => return None,
    };
    (verdict.id.as_str() == "unknown").then(|| serde_json::to_string(line).unwrap_or_default())
}

/// The run was about something: RSTs of all kinds.
fn various(played: &Played) -> Result<()> {
    let mut seen = BTreeMap::<&str, usize>::new();
    for line in &played.lines {
        if let Line::Reset(reset) = line {
            *seen.entry(reset.verdict.id.as_str()).or_default() += 1;
        }
    }
    ensure!(seen.values().sum::<usize>() >= 60 && seen.len() >= 9, "RSTs: {seen:?}");
    Ok(())
}

/// What the segments meet.
#[derive(Clone, Copy, Debug)]
enum Place {
    Closed,
    Bound,
    Listening,
    HalfOpen,
    SynSent,
    Crossed,
    Unaccepted,
    Open,
    FinWait1,
    FinWait2,
    TimeWait,
    CloseWait,
    LastAck,
}

const PLACES: [Place; 13] = [
    Place::Closed,
    Place::Bound,
    Place::Listening,
    Place::HalfOpen,
    Place::SynSent,
    Place::Crossed,
    Place::Unaccepted,
    Place::Open,
    Place::FinWait1,
    Place::FinWait2,
    Place::TimeWait,
    Place::CloseWait,
    Place::LastAck,
];

const CLOSED: u16 = 81;
const BOUND: u16 = 82;
/// Whose connections are accepted.
const SERVED: u16 = 8080;
/// Whose are not.
const LISTENING: u16 = 8081;

/// Everything that takes part.
struct Lab {
    server: Actor,
    client: Actor,
    peer: Peer,
    served: Fd,
    port: u16,
}

fn provoke(stage: &mut Stage) -> Result<(), LabError> {
    let namespace = stage.namespace("lab")?;
    let (server, client) = (stage.actor(&namespace, "server")?, stage.actor(&namespace, "client")?);
    let peer = stage.peer(&namespace)?;
    let listen = |port| {
        let at = peer.near(port);
        let socket = server.socket(at)?;
        server.bind(socket, at)?;
        server.listen(socket, 1024)?;
        Ok::<_, LabError>(socket)
    };
    let (served, _) = (listen(SERVED)?, listen(LISTENING)?);
    let bound = server.socket(peer.near(BOUND))?;
    server.bind(bound, peer.near(BOUND))?;
    stage.ready()?;
    let mut lab = Lab { server, client, peer, served, port: 20_000 };
    let mut dice = Dice(0x7c3f_5eed);
    for _ in 0..ROUNDS {
        for place in PLACES {
            let conn = lab.reach(place)?;
            for _ in 0..EACH {
                lab.peer.send(&dice.segment(&conn))?;
            }
        }
    }
    // What was sent last has been taken when this is answered.
    let port = lab.next_port();
    let last = lab.peer.conn(port, CLOSED);
    lab.peer.send(&last.segment(Flags::SYN))?;
    lab.peer.await_reset(&last).map(drop)
}

impl Lab {
    fn next_port(&mut self) -> u16 {
        self.port += 1;
        self.port
    }

    /// Leads to a connection, or a port, in that state.
    fn reach(&mut self, place: Place) -> Result<Conn, LabError> {
        let port = self.next_port();
        match place {
            Place::Closed => Ok(self.peer.conn(port, CLOSED)),
            Place::Bound => Ok(self.peer.conn(port, BOUND)),
            Place::Listening => Ok(self.peer.conn(port, LISTENING)),
            Place::HalfOpen => self.peer.request(port, LISTENING),
            Place::Unaccepted => self.peer.connect(port, LISTENING),
            Place::SynSent => self.called(port),
            Place::Crossed => self.crossed(port),
            Place::Open => Ok(self.open(port)?.0),
            Place::FinWait1 => {
                let (conn, fd) = self.open(port)?;
                self.close(&conn, fd)?;
                Ok(conn)
            }
            Place::FinWait2 => self.half_closed(port),
            Place::TimeWait => {
                let mut conn = self.half_closed(port)?;
                self.fin(&mut conn)?;
                Ok(conn)
            }
            Place::CloseWait => {
                let (mut conn, _) = self.open(port)?;
                self.fin(&mut conn)?;
                Ok(conn)
            }
            Place::LastAck => {
                let (mut conn, fd) = self.open(port)?;
                self.fin(&mut conn)?;
                self.close(&conn, fd)?;
                Ok(conn)
            }
        }
    }

    /// The client calls the peer, which has its SYN.
    fn called(&self, port: u16) -> Result<Conn, LabError> {
        let to = self.peer.far(port);
        let socket = self.client.socket_nonblocking(to)?;
        self.client.connect(socket, to)?.failed_with("EINPROGRESS")?;
        self.peer.await_syn(port)
    }

    fn crossed(&self, port: u16) -> Result<Conn, LabError> {
        let mut conn = self.called(port)?;
        self.peer.send(&Segment { mss: Some(1400), ..conn.segment(Flags::SYN) })?;
        let both = Flags::SYN | Flags::ACK;
        self.peer.receive("a SYN-ACK", |s| s.to == conn.peer && s.flags == both)?;
        conn.next = conn.next.wrapping_add(1);
        Ok(conn)
    }

    fn open(&self, port: u16) -> Result<(Conn, Fd), LabError> {
        let conn = self.peer.connect(port, SERVED)?;
        Ok((conn, self.server.accept(self.served)?))
    }

    fn close(&self, conn: &Conn, fd: Fd) -> Result<(), LabError> {
        self.server.close(fd)?;
        self.peer.receive("a FIN", |s| s.to == conn.peer && s.flags.has(Flags::FIN)).map(drop)
    }

    /// Closed by the server, its FIN acknowledged.
    fn half_closed(&self, port: u16) -> Result<Conn, LabError> {
        let (mut conn, fd) = self.open(port)?;
        self.close(&conn, fd)?;
        conn.expected = conn.expected.wrapping_add(1);
        self.peer.send(&conn.segment(Flags::ACK))?;
        Ok(conn)
    }

    /// The peer's FIN, which the kernel has taken.
    fn fin(&self, conn: &mut Conn) -> Result<(), LabError> {
        self.peer.send(&conn.segment(Flags::FIN | Flags::ACK))?;
        conn.next = conn.next.wrapping_add(1);
        self.peer.await_ack(conn)
    }
}

/// xorshift64: the same draws in each run.
struct Dice(u64);

impl Dice {
    fn draw<T: Copy>(&mut self, of: &[T]) -> T {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        of[(self.0 >> 32) as usize % of.len()]
    }

    /// A segment near to what the connection expects, or far from it.
    fn segment(&mut self, conn: &Conn) -> Segment {
        let flags = Flags(self.draw(&FLAGS));
        let (seq, ack) = (self.draw(&OFFSETS), self.draw(&OFFSETS));
        let payload = vec![b'x'; self.draw(&[0, 0, 5])];
        let timestamps = self.draw(&[None, None, Some((1, 1))]);
        let plain = Segment::new(conn.peer, conn.kernel, flags, conn.next, conn.expected);
        Segment {
            seq: plain.seq.wrapping_add_signed(seq),
            ack: plain.ack.wrapping_add_signed(ack),
            payload,
            timestamps,
            ..plain
        }
    }
}

/// Plain ones, and such as no TCP sends: FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32.
const FLAGS: [u8; 14] = [2, 2, 18, 18, 16, 16, 24, 17, 1, 4, 20, 3, 0, 0x3f];
/// From what is expected: exact, the one before, within the window, stale, far away.
const OFFSETS: [i32; 7] = [0, 0, -1, 100, -5_000, 1_000_000_000, i32::MIN];
