//! Counts of what was told, for Prometheus (OpenMetrics text) and for OTLP.
//!
//! How many time series there may be follows from the code: labels are values of enums and names of verdicts, never an
//! address, a port or a process id. Names of processes and containers are labels only where asked for, and only so many
//! (`names.rs`).

mod duration;
pub mod family;
mod names;
mod shown;
mod tally;
mod text;
mod vitals;

use std::net::IpAddr;

use tcpx_common::abi::Hook;

pub use names::Asked;
pub use text::CONTENT_TYPE;
pub use vitals::{Fill, Own, Vitals};

use crate::{
    line::{
        Attempt, CallLine, Death, Direction, DropLine, Family, Line, Loss, Origin, Outcome, Reset, Start,
    },
    verdict::VerdictId,
};
use duration::Durations;
use names::{Name, Names};
use tally::Tally;

/// Kinds of lines, in the order of their numbers.
const KINDS: [&str; 8] = ["start", "attempt", "reset", "drop", "death", "call", "loss", "summary"];
/// How an attempt may end; a pending one has not.
const OUTCOMES: [Outcome; 8] = [
    Outcome::Established,
    Outcome::Refused,
    Outcome::Reset,
    Outcome::TimedOut,
    Outcome::Unreachable,
    Outcome::Denied,
    Outcome::Failed,
    Outcome::Cancelled,
];

/// Counts since it was made.
#[derive(Debug)]
pub struct Metrics {
    since: f64,
    started: Option<Box<Start>>,
    names: Names,
    lines: [u64; KINDS.len()],
    attempts: Tally<(VerdictId, Outcome, Family, Name)>,
    durations: [Durations; OUTCOMES.len()],
    resets: Tally<(VerdictId, Origin, Direction, Family, Name)>,
    drops: Tally<(VerdictId, Family, Name)>,
    segments: Tally<(VerdictId, Family, Name)>,
    deaths: Tally<(VerdictId, Outcome, Family, Name)>,
    calls: Tally<(VerdictId, bool, Family, Name)>,
    retold: Tally<(&'static str, VerdictId, VerdictId)>,
    lost: Tally<(&'static str, &'static str)>,
    vitals: Vitals,
}

impl Metrics {
    /// Nothing counted yet.
    #[must_use]
    pub fn new(asked: Asked) -> Self {
        let mut lost = Tally::default();
        // A counter that appears with its first loss would hide that loss from rate().
        for hook in Hook::ALL {
            lost.add(("kernel", hook.name()), 0);
        }
        Self {
            since: vitals::now(),
            started: None,
            names: Names::new(asked),
            lines: [0; KINDS.len()],
            attempts: Tally::default(),
            durations: [Durations::default(); OUTCOMES.len()],
            resets: Tally::default(),
            drops: Tally::default(),
            segments: Tally::default(),
            deaths: Tally::default(),
            calls: Tally::default(),
            retold: Tally::default(),
            lost,
            vitals: Vitals::default(),
        }
    }

    /// Counts one line.
    pub fn line(&mut self, line: &Line) {
        self.lines[kind(line)] += 1;
        match line {
            Line::Start(start) => self.started = Some(start.clone()),
            Line::Attempt(attempt) => self.attempt(attempt),
            Line::Reset(reset) => self.reset(reset),
            Line::Drop(drop) => self.drop(drop),
            Line::Death(death) => self.death(death),
            Line::Call(call) => self.call(call),
            Line::Loss(loss) => self.loss(loss),
            // Its numbers are the sums of what the lines before it told.
            Line::Summary(_) => {}
        }
    }

    /// What the running program knows of itself, as of now.
    pub fn vitals(&mut self, vitals: Vitals) {
        self.vitals = vitals;
    }

    /// All of it, as OpenMetrics text of type [`CONTENT_TYPE`].
    #[must_use]
    pub fn expose(&self) -> String {
        text::render(self.snapshot())
    }

    /// A line that is told again counts once, as what it was told first: a counter cannot fall.
    fn attempt(&mut self, attempt: &Attempt) {
        let id = attempt.verdict.id;
        if let Some(was) = attempt.was {
            return self.retold.add(("attempt", was, id), 1);
        }
        let name = self.names.of(attempt.process.as_deref());
        self.attempts.add((id, attempt.outcome, attempt.family, name), 1);
        if let Some(place) = OUTCOMES.iter().position(|&outcome| outcome == attempt.outcome) {
            self.durations[place].add(attempt.duration_ns);
        }
    }

    fn reset(&mut self, reset: &Reset) {
        let id = reset.verdict.id;
        if let Some(was) = reset.was {
            return self.retold.add(("reset", was, id), 1);
        }
        let direction = Direction::of(reset);
        let ends = [&reset.sender, &reset.receiver].into_iter().flatten();
        let owner = ends.filter_map(|end| end.owner.as_ref()).map(|owner| owner.comm.as_str()).next();
        let name = self.names.of_comm(owner);
        self.resets.add((id, reset.origin, direction, family(reset.flow.saddr), name), 1);
    }

    fn drop(&mut self, drop: &DropLine) {
        let name = self.names.of(drop.process.as_deref());
        let key = (drop.verdict.id, family(drop.flow.saddr), name);
        self.drops.add(key, 1);
        self.segments.add(key, drop.count);
    }

    fn death(&mut self, death: &Death) {
        let name = self.names.of(death.process.as_deref());
        self.deaths.add((death.verdict.id, death.outcome, death.family, name), 1);
    }

    fn call(&mut self, call: &CallLine) {
        let name = self.names.of(call.process.as_deref());
        self.calls.add((call.verdict.id, call.call == "listen", family(call.requested.addr), name), 1);
    }

    fn loss(&mut self, loss: &Loss) {
        let stage = if loss.stage == "user" { "user" } else { "kernel" };
        let hook = Hook::ALL.iter().map(|hook| hook.name()).find(|&name| name == loss.hook);
        self.lost.add((stage, hook.unwrap_or("unknown")), loss.count);
    }
}

/// Its place in [`KINDS`].
const fn kind(line: &Line) -> usize {
    match line {
        Line::Start(_) => 0,
        Line::Attempt(_) => 1,
        Line::Reset(_) => 2,
        Line::Drop(_) => 3,
        Line::Death(_) => 4,
        Line::Call(_) => 5,
        Line::Loss(_) => 6,
        Line::Summary(_) => 7,
    }
}

const fn family(addr: IpAddr) -> Family {
    match addr {
        IpAddr::V4(_) => Family::Ipv4,
        IpAddr::V6(_) => Family::Ipv6,
    }
}

#[cfg(test)]
mod tests;
