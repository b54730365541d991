//! Plays one scenario while tracing it. The programs stay attached from one scenario to the next; everything that
//! knows something (pipeline, names, audit) begins anew when a scenario says that its set-up is made.

use std::{
    collections::BTreeSet,
    sync::{Arc, mpsc},
    thread,
};

use rustix::time::{ClockId, clock_gettime};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::expected::Expected;
use crate::{
    abilities::Abilities,
    audit,
    cli::{failure::Failure, filter::Filter, request::Hooks},
    event::{Event, What},
    lab::{self, Facts, LabError, Namespace, Scenario, Stage},
    line::{Line, Summary},
    run::{
        Engine as _, Source,
        live::{Host, Live},
        scope::Scope,
        select::Selection,
    },
};

/// Attached programs, for any number of scenarios.
pub struct Tracer<S> {
    live: Live<S>,
    start: Line,
}

/// What came of one run of a scenario.
pub struct Played {
    /// Which.
    pub scenario: &'static Scenario,
    /// Whether the scenario itself came to its end.
    pub ending: Result<(), LabError>,
    /// What tcpx said of its namespaces; the summary is not among them.
    pub lines: Vec<Line>,
    /// The summary.
    pub summary: Summary,
    /// What was done, in order.
    pub script: Vec<lab::Line>,
    /// What must have been said.
    pub facts: Facts,
    /// How far the boot clock is ahead of the script's, which does not count suspension, ns.
    pub suspended: u64,
    /// What the attached hooks see.
    pub abilities: Abilities,
}

impl Played {
    /// What tcpx should have said and did not, or the other way round.
    #[must_use]
    pub fn mismatches(&self) -> Vec<String> {
        super::compare::compare(&self.expected(), &self.lines, &self.summary)
    }

    /// What must have been said.
    #[must_use]
    pub fn expected(&self) -> Expected {
        Expected::of(&self.facts, &self.abilities)
    }

    /// The verdict that the scenario's own attempt, RST or drop got, if there was one.
    #[must_use]
    pub fn verdict_seen(&self) -> Option<&'static str> {
        super::compare::verdict_seen(self.scenario.verdict(), &self.facts, &self.lines)
    }
}

/// What the scenario's thread says.
enum Cue {
    /// Its set-up is made; it waits for an answer.
    Ready(BTreeSet<u32>, mpsc::Sender<()>),
    /// It has come to its end. The stage is still up.
    Done(Box<Stage>, Result<(), LabError>),
}

impl<S: Source> Tracer<S> {
    /// Takes over what is attached.
    #[must_use]
    pub fn new(live: Live<S>, hooks: &Hooks) -> Self {
        let start = live.start(hooks);
        Self { live, start }
    }

    /// The first line.
    #[must_use]
    pub const fn start(&self) -> &Line {
        &self.start
    }

    /// What the attached hooks see.
    #[must_use]
    pub const fn abilities(&self) -> &Abilities {
        &self.live.abilities
    }

    /// Plays a scenario. If this is dropped before its end, the actors live until the process ends.
    ///
    /// # Errors
    /// When events cannot be read. What goes wrong in the scenario itself is in [`Played::ending`].
    pub async fn play(&mut self, scenario: &'static Scenario) -> Result<Played, Failure> {
        let mut cues = perform(scenario)?;
        let mut part = Part::default();
        let mut events = Vec::new();
        let done = loop {
            tokio::select! {
                read = self.live.source.next(&mut events) => read.map_err(Failure::io("reading events"))?,
                cue = cues.recv() => match cue {
                    Some(Cue::Ready(namespaces, go)) => {
                        self.live.source.drain(&mut events).map_err(Failure::io("reading events"))?;
                        // What the set-up did is not what the scenario is about.
                        events.clear();
                        part = Part::begin(&self.live, namespaces);
                        // A scenario that has ended meanwhile waits for nothing.
                        let _ = go.send(());
                    }
                    Some(Cue::Done(stage, ending)) => break Some((stage, ending)),
                    None => break None,
                },
            }
            part.take(&mut events);
        };
        self.settle(&mut part).await?;
        let gone = || LabError::Gone { who: format!("the scenario {}", scenario.name) };
        let (facts, script, ending) = match &done {
            Some((stage, _)) => (stage.facts().clone(), stage.script().lines(), None),
            None => (Facts::default(), Vec::new(), Some(Err(gone()))),
        };
        let (lines, summary) = part.finish();
        // Only now may the actors end: what that resets is not part of the scenario.
        let ending = ending.or_else(|| done.map(|(_, ending)| ending)).unwrap_or(Ok(()));
        let abilities = self.live.abilities;
        Ok(Played { scenario, ending, lines, summary, script, facts, suspended: suspended(), abilities })
    }

    /// Reads on until all that belongs to what was done last must have come.
    async fn settle(&mut self, part: &mut Part) -> Result<(), Failure> {
        let until = now(ClockId::Boottime) + part.grace_ns();
        let mut events = Vec::new();
        let mut over = false;
        while !over {
            self.live.source.next(&mut events).await.map_err(Failure::io("reading events"))?;
            over = events.iter().any(|event| matches!(event.what, What::Tick) && event.time >= until);
            part.take(&mut events);
        }
        self.live.source.drain(&mut events).map_err(Failure::io("reading events"))?;
        part.take(&mut events);
        Ok(())
    }
}

/// The scenario on a thread of its own.
fn perform(scenario: &'static Scenario) -> Result<UnboundedReceiver<Cue>, Failure> {
    let (say, cues) = unbounded_channel();
    let ready = say.clone();
    let mut stage = scenario.stage().on_ready(move |namespaces| await_tracer(namespaces, &ready));
    let thread = thread::Builder::new().name("scenario".to_owned());
    let spawned = thread.spawn(move || {
        let ending = scenario.play(&mut stage);
        // If nobody listens any more, tracing has failed or was stopped, and dropping the stage is all that is left.
        let _ = say.send(Cue::Done(Box::new(stage), ending));
    });
    spawned.map_err(Failure::io("starting a thread for the scenario"))?;
    Ok(cues)
}

fn await_tracer(namespaces: &[Arc<Namespace>], say: &UnboundedSender<Cue>) -> Result<(), LabError> {
    // Numbers of namespaces have 32 bits (struct ns_common).
    let inums = namespaces.iter().map(|namespace| namespace.inum() as u32).collect();
    let (go, gone) = mpsc::channel();
    let stopped = || LabError::Gone { who: "the tracer".to_owned() };
    say.send(Cue::Ready(inums, go)).map_err(|_| stopped())?;
    gone.recv().map_err(|_| stopped())
}

/// The part of the trace that is about one scenario.
#[derive(Default)]
struct Part {
    running: Option<(Host, Selection)>,
    lines: Vec<Line>,
}

impl Part {
    fn begin<S: Source>(live: &Live<S>, namespaces: BTreeSet<u32>) -> Self {
        let host = live.host(audit::Scope::Only(namespaces.clone()));
        let selection = Selection::new(Filter::default(), Scope::Namespaces(namespaces));
        Self { running: Some((host, selection)), lines: Vec::new() }
    }

    fn grace_ns(&self) -> u64 {
        let grace = self.running.as_ref().map(|(host, _)| host.grace().as_nanos());
        u64::try_from(grace.unwrap_or(0)).unwrap_or(u64::MAX)
    }

    fn take(&mut self, events: &mut Vec<Event>) {
        let Some((host, selection)) = &mut self.running else { return events.clear() };
        let mut lines = Vec::new();
        for event in events.drain(..) {
            selection.observe(&event);
            host.push(&event, &mut lines);
        }
        for line in lines {
            selection.select(line, &mut self.lines);
        }
    }

    fn finish(mut self) -> (Vec<Line>, Summary) {
        let Some((mut host, mut selection)) = self.running else { return Default::default() };
        let mut lines = Vec::new();
        host.finish(&mut lines);
        for line in lines {
            selection.select(line, &mut self.lines);
        }
        match self.lines.pop() {
            Some(Line::Summary(summary)) => (as_told_last(self.lines), summary),
            other => {
                self.lines.extend(other);
                (as_told_last(self.lines), Summary::default())
            }
        }
    }
}

/// Without what was told again later.
fn as_told_last(lines: Vec<Line>) -> Vec<Line> {
    let mut last: Vec<Line> = Vec::new();
    for line in lines {
        let again = |told: &mut Line| match (&line, told) {
            (Line::Attempt(new), Line::Attempt(old)) => new.id == old.id,
            (Line::Reset(new), Line::Reset(old)) => new.id == old.id,
            _ => false,
        };
        match last.iter_mut().find_map(|told| again(told).then_some(told)) {
            Some(told) => *told = line,
            None => last.push(line),
        }
    }
    last
}

fn now(clock: ClockId) -> u64 {
    let now = clock_gettime(clock);
    now.tv_sec.unsigned_abs() * 1_000_000_000 + now.tv_nsec.unsigned_abs()
}

fn suspended() -> u64 {
    let monotonic = now(ClockId::Monotonic);
    // They are read one after the other: less than a millisecond is that, and no suspension.
    let ahead = now(ClockId::Boottime).saturating_sub(monotonic);
    if ahead < 1_000_000 { 0 } else { ahead }
}
