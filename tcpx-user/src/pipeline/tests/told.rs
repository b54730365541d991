//! What the pipeline made of a scene.

use super::scene::Table;
use crate::{
    abilities::Abilities,
    correlate::Limits,
    decode::Symbols,
    event::{Event, Name},
    line::{self, Line, Summary},
    pipeline::Pipeline,
};

/// The functions that walked stacks of the tests name; an address is a place in this list.
pub(crate) const FUNCTIONS: &[&str] = &[
    "tcp_send_active_reset",
    "tcp_disconnect",
    "__inet_stream_connect",
    "__tcp_close",
    "tcp_abort",
    "tcp_keepalive_timer",
    "tcp_write_timeout",
    "tcp_done",
    "mptcp_close",
    "mptcp_do_fastclose",
    "mptcp_worker",
    "__mptcp_close_ssk",
];

struct Numbered;

impl Symbols for Numbered {
    fn symbol(&self, address: u64) -> Option<(Name, u64)> {
        let name = FUNCTIONS.get(usize::try_from(address).ok()?.checked_sub(1)?)?;
        Some((Name::from(*name), 5))
    }
}

/// What came of it.
pub(crate) struct Told {
    pub(crate) attempts: Vec<line::Attempt>,
    pub(crate) resets: Vec<line::Reset>,
    pub(crate) drops: Vec<line::DropLine>,
    pub(crate) deaths: Vec<line::Death>,
    pub(crate) calls: Vec<line::CallLine>,
    pub(crate) summary: Summary,
}

pub(crate) fn run(abilities: Abilities, events: &[Event]) -> Told {
    run_within(abilities, Limits::DEFAULT, events)
}

pub(crate) fn run_within(abilities: Abilities, limits: Limits, events: &[Event]) -> Told {
    let (lines, summary) = lines(abilities, limits, events);
    let (resets, drops, deaths, calls) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut told = Told { attempts: Vec::new(), resets, drops, deaths, calls, summary };
    for line in lines {
        match line {
            Line::Attempt(attempt) => told.attempts.push(*attempt),
            Line::Reset(reset) => told.resets.push(*reset),
            Line::Drop(drop) => told.drops.push(*drop),
            Line::Death(death) => told.deaths.push(*death),
            Line::Call(call) => told.calls.push(*call),
            _ => {}
        }
    }
    told
}

/// As they come.
pub(crate) fn lines(abilities: Abilities, limits: Limits, events: &[Event]) -> (Vec<Line>, Summary) {
    let mut pipeline = Pipeline::new(abilities, limits, Box::new(Numbered)).with_packets();
    let mut lines: Vec<Line> = events.iter().flat_map(|event| pipeline.push(event, &Table)).collect();
    lines.extend(pipeline.finish(&Table));
    (lines, pipeline.summary().clone())
}

impl Told {
    /// The only attempt.
    pub(crate) fn attempt(&self) -> &line::Attempt {
        let [attempt] = self.attempts.as_slice() else { panic!("{:#?}", self.attempts) };
        attempt
    }

    /// The only reset.
    pub(crate) fn reset(&self) -> &line::Reset {
        let [reset] = self.resets.as_slice() else { panic!("{:#?}", self.resets) };
        reset
    }

    /// The only death.
    pub(crate) fn death(&self) -> &line::Death {
        let [death] = self.deaths.as_slice() else { panic!("{:#?}", self.deaths) };
        death
    }

    /// The only call.
    pub(crate) fn call(&self) -> &line::CallLine {
        let [call] = self.calls.as_slice() else { panic!("{:#?}", self.calls) };
        call
    }

    /// The only drop.
    pub(crate) fn drop(&self) -> &line::DropLine {
        let [drop] = self.drops.as_slice() else { panic!("{:#?}", self.drops) };
        drop
    }
}

/// Id, confidence and first sentence of a verdict.
pub(crate) fn gist(verdict: &line::Verdict) -> (&'static str, line::Confidence, &str) {
    (verdict.id.as_str(), verdict.confidence, verdict.evidence.first().map_or("", String::as_str))
}
