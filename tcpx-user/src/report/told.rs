//! What a report counts of a line, whatever its kind.

use std::{fmt, net::IpAddr};

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::{
    line::{
        Attempt, CallLine, Confidence, Death, DropLine, Endpoint, Line, Outcome, Process, Reset, Verdict,
    },
    verdict::VerdictId,
};

/// Kinds of lines that tell of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A connection attempt.
    Attempt,
    /// A RST.
    Reset,
    /// A handshake segment that vanished.
    Drop,
    /// A connection that ended without RST.
    Death,
    /// A bind() or listen() that failed.
    Call,
}

/// What has its own counts over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Track {
    /// An attempt that ended so.
    Attempt(Outcome),
    /// A RST.
    Reset,
    /// A drop.
    Drop,
    /// A death.
    Death,
    /// A failed call.
    Call,
}

impl Track {
    /// How many there are.
    pub const COUNT: usize = 13;

    /// Position among the names.
    #[must_use]
    pub const fn index(self) -> usize {
        match self {
            Self::Attempt(outcome) => outcome as usize,
            Self::Reset => 9,
            Self::Drop => 10,
            Self::Death => 11,
            Self::Call => 12,
        }
    }

    /// Outcomes as docs/formats.md has them, and kinds.
    #[must_use]
    pub const fn names() -> [&'static str; Self::COUNT] {
        [
            "established",
            "refused",
            "reset",
            "timed-out",
            "unreachable",
            "denied",
            "failed",
            "cancelled",
            "pending",
            "resets",
            "drops",
            "deaths",
            "calls",
        ]
    }
}

/// The other end, or what a call asked for. Ports that were chosen at random are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Peer {
    addr: IpAddr,
    port: Option<u16>,
}

impl Peer {
    const fn service(addr: IpAddr, port: u16) -> Self {
        Self { addr, port: Some(port) }
    }

    const fn host(addr: IpAddr) -> Self {
        Self { addr, port: None }
    }
}

impl From<Endpoint> for Peer {
    fn from(endpoint: Endpoint) -> Self {
        Self::service(endpoint.addr, endpoint.port)
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => std::net::SocketAddr::new(self.addr, port).fmt(f),
            None => self.addr.fmt(f),
        }
    }
}

impl Serialize for Peer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A line that tells of something, as a report counts it.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// Kind of the line.
    pub kind: Kind,
    /// Its id.
    pub id: u64,
    /// Id of what it belongs to: that of its attempt, if it has one.
    pub belongs_to: u64,
    /// RFC 3339.
    pub time: &'a str,
    /// Name of the process that is concerned first.
    pub process: Option<&'a str>,
    /// The other end.
    pub peer: Option<Peer>,
    /// Why.
    pub verdict: VerdictId,
    /// How sure.
    pub confidence: Confidence,
    /// The verdict that it was told with before.
    pub was: Option<VerdictId>,
    /// Whether something that matters was lost.
    pub complete: Option<bool>,
    /// Where it is counted over time.
    pub track: Track,
}

impl<'a> Told<'a> {
    /// What the line tells of; `None` if it is about the trace itself.
    #[must_use]
    pub fn of(line: &'a Line) -> Option<Self> {
        match line {
            Line::Attempt(attempt) => Some(Self::attempt(attempt)),
            Line::Reset(reset) => Some(Self::reset(reset)),
            Line::Drop(drop) => Some(Self::dropped(drop)),
            Line::Death(death) => Some(Self::death(death)),
            Line::Call(call) => Some(Self::call(call)),
            Line::Start(_) | Line::Loss(_) | Line::Summary(_) => None,
        }
    }

    /// Nanoseconds since 1970.
    #[must_use]
    pub fn time_ns(&self) -> Option<i64> {
        let time: Timestamp = self.time.parse().ok()?;
        i64::try_from(time.as_nanosecond()).ok()
    }

    const fn new(kind: Kind, id: u64, time: &'a str, verdict: &Verdict, track: Track) -> Self {
        Self {
            kind,
            id,
            belongs_to: id,
            time,
            process: None,
            peer: None,
            verdict: verdict.id,
            confidence: verdict.confidence,
            was: None,
            complete: None,
            track,
        }
    }

    fn attempt(line: &'a Attempt) -> Self {
        let track = Track::Attempt(line.outcome);
        Self {
            process: line.process.as_deref().map(comm),
            peer: line.remote.or(line.requested).map(Peer::from),
            was: line.was,
            complete: line.complete,
            ..Self::new(Kind::Attempt, line.id, &line.time, &line.verdict, track)
        }
    }

    /// Its peer is the service that a local client spoke to, else the host at the other end.
    fn reset(line: &'a Reset) -> Self {
        let (sender, receiver) = (line.sender.as_ref(), line.receiver.as_ref());
        let owner = |end: &'a crate::line::End| end.owner.as_ref().map(|owner| owner.comm.as_str());
        let flow = line.flow;
        let peer =
            if receiver.is_some() { Peer::service(flow.saddr, flow.sport) } else { Peer::host(flow.daddr) };
        Self {
            belongs_to: line.attempt.unwrap_or(line.id),
            process: sender.and_then(owner).or_else(|| receiver.and_then(owner)),
            peer: Some(peer),
            was: line.was,
            complete: line.complete,
            ..Self::new(Kind::Reset, line.id, &line.time, &line.verdict, Track::Reset)
        }
    }

    /// A SYN of this host's own belongs to an attempt; any other comes from a client.
    fn dropped(line: &'a DropLine) -> Self {
        let flow = line.flow;
        let out = line.attempt.is_some();
        Self {
            belongs_to: line.attempt.unwrap_or(line.id),
            process: line.process.as_deref().map(comm),
            peer: Some(if out { Peer::service(flow.daddr, flow.dport) } else { Peer::host(flow.saddr) }),
            complete: line.complete,
            ..Self::new(Kind::Drop, line.id, &line.time, &line.verdict, Track::Drop)
        }
    }

    fn death(line: &'a Death) -> Self {
        Self {
            belongs_to: line.attempt.unwrap_or(line.id),
            process: line.process.as_deref().map(comm),
            peer: line.remote.map(Peer::from),
            complete: line.complete,
            ..Self::new(Kind::Death, line.id, &line.time, &line.verdict, Track::Death)
        }
    }

    fn call(line: &'a CallLine) -> Self {
        Self {
            process: line.process.as_deref().map(comm),
            peer: Some(line.requested.into()),
            complete: line.complete,
            ..Self::new(Kind::Call, line.id, &line.time, &line.verdict, Track::Call)
        }
    }
}

fn comm(process: &Process) -> &str {
    &process.comm
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::samples;

    #[test]
    fn tracks_are_named_as_lines_name_outcomes() {
        use Outcome::{
            Cancelled, Denied, Established, Failed, Pending, Refused, Reset, TimedOut, Unreachable,
        };
        for outcome in
            [Established, Refused, Reset, TimedOut, Unreachable, Denied, Failed, Cancelled, Pending]
        {
            let name = serde_json::to_value(outcome).expect("a word");
            assert_eq!(name, Track::names()[Track::Attempt(outcome).index()]);
        }
        assert_eq!(Track::names()[Track::Call.index()], "calls");
    }

    #[test]
    fn a_reset_shares_the_number_of_its_attempt() {
        let line = samples::reset_of_attempt();
        let told = Told::of(&line).expect("it tells of a RST");
        assert_eq!((told.id, told.belongs_to), (2, 1));
    }

    #[test]
    fn peers_have_ports_that_mean_something() {
        let peer = |line: &Line| Told::of(line).and_then(|told| told.peer).map(|peer| peer.to_string());
        assert_eq!(peer(&samples::attempt()).as_deref(), Some("[::1]:8080"));
        assert_eq!(peer(&samples::peer_reset()).as_deref(), Some("10.2.0.5:5432"));
        assert_eq!(peer(&samples::passive_refusal()).as_deref(), Some("10.0.0.7"));
        assert_eq!(peer(&samples::drop_line()).as_deref(), Some("10.0.0.7"));
        assert_eq!(peer(&samples::call_line()).as_deref(), Some("0.0.0.0:80"));
    }
}
