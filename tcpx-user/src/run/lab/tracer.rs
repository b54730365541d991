//! Plays scenarios while tracing them, one or several at a time. The programs stay attached from one scenario to the
//! next; everything that knows something (pipeline, names, audit) begins anew when a scenario says that its set-up is made.

use tokio::sync::{
    mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    oneshot,
};

use super::{
    cue::{Cue, Cued, perform},
    declared::Declared,
    expected::Expected,
    part::{Hears, Part},
};
use crate::{
    abilities::Abilities,
    cli::{failure::Failure, request::Hooks},
    enrich::boot_now,
    event::{Event, What},
    lab::{self, Facts, LabError, Scenario, Stage},
    line::{Line, Summary},
    run::{Source, live::Live},
};

/// Attached programs, for any number of scenarios.
pub struct Tracer<S> {
    live: Live<S>,
    start: Line,
    hears: Hears,
    detailed: bool,
}

/// What came of one run of a scenario.
pub struct Played {
    /// Which.
    pub scenario: &'static Scenario,
    /// Whether the scenario itself came to its end.
    pub ending: Result<(), LabError>,
    /// What the hooks told of its namespaces.
    pub events: Vec<Event>,
    /// What tcpx said of them, in the order of time; the summary is not among them.
    pub lines: Vec<Line>,
    /// The summary.
    pub summary: Summary,
    /// What was done, in order.
    pub script: Vec<lab::Line>,
    /// Counters of its namespaces that rose, and by how much; empty if they cannot be read.
    pub counters: Vec<(&'static str, u64)>,
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
        if let Some(file) = self.scenario.file {
            return Declared { file, expect: &file.expect, played: self }.differences();
        }
        super::compare::compare(&self.expected(), &self.lines, &self.summary)
    }

    /// Why a file that was played does not do what a task asks for: empty if it does.
    #[must_use]
    pub fn unsolved(&self, task: &lab::Task) -> Vec<String> {
        let failed = self.ending.as_ref().err().map(|error| format!("the scenario failed: {error}"));
        let told = self.declared(&task.expect).map(|declared| declared.differences()).unwrap_or_default();
        told.into_iter().chain(failed).collect()
    }

    /// Why that cannot be said with what is attached, if it cannot.
    #[must_use]
    pub fn unjudged(&self, task: &lab::Task) -> Option<&'static str> {
        self.declared(&task.expect)?.hidden()
    }

    fn declared<'a>(&'a self, expect: &'a lab::Expect) -> Option<Declared<'a>> {
        Some(Declared { file: self.scenario.file?, expect, played: self })
    }

    /// What must have been said.
    #[must_use]
    pub fn expected(&self) -> Expected {
        Expected::of(&self.facts, &self.abilities)
    }

    /// Why the scenario's verdict cannot come out with what is attached, if it cannot.
    #[must_use]
    pub fn hidden(&self) -> Option<&'static str> {
        match self.scenario.file {
            Some(file) => Declared { file, expect: &file.expect, played: self }.hidden(),
            None => self.expected().hidden,
        }
    }

    /// The verdict that the scenario's own attempt, RST or drop got, if there was one.
    #[must_use]
    pub fn verdict_seen(&self) -> Option<&'static str> {
        if let Some(file) = self.scenario.file {
            return Declared { file, expect: &file.expect, played: self }.verdict_seen();
        }
        super::compare::verdict_seen(self.scenario.verdict(), &self.facts, &self.lines)
    }
}

/// Asks for a scenario to be played.
pub struct Request {
    /// Which.
    pub scenario: &'static Scenario,
    /// Where to put what came of it.
    pub answer: oneshot::Sender<Played>,
}

/// A scenario on its way.
struct Running {
    id: u64,
    request: Request,
    part: Part,
    end: Option<End>,
}

/// The scenario has come to its end, and all that belongs to what was done last will have come at `settled` (boot clock, ns).
struct End {
    stage: Option<Box<Stage>>,
    ending: Result<(), LabError>,
    settled: u64,
}

impl<S: Source> Tracer<S> {
    /// Takes over what is attached.
    #[must_use]
    pub fn new(live: Live<S>, hooks: &Hooks) -> Self {
        let start = Line::Start(live.start(hooks).into());
        Self { live, start, hears: Hears::default(), detailed: false }
    }

    /// Each scenario is traced among the events of all that run beside it.
    #[must_use]
    pub fn hearing_all(self) -> Self {
        Self { hears: Hears::All, ..self }
    }

    /// The script also tells what was in the socket tables before and after each system call, and lines carry their packets.
    #[must_use]
    pub fn in_detail(self) -> Self {
        Self { detailed: true, ..self }
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
        let (ask, mut requests) = unbounded_channel();
        let (answer, played) = oneshot::channel();
        // The receiver is two lines above.
        let _ = ask.send(Request { scenario, answer });
        drop(ask);
        self.serve(&mut requests).await?;
        played.await.map_err(|_| Failure::Other(anyhow::anyhow!("{} was never played", scenario.name)))
    }

    /// Plays what is asked for, all that is asked for at a time, until nobody can ask any more.
    ///
    /// # Errors
    /// When events cannot be read, or no thread can be started.
    pub async fn serve(&mut self, requests: &mut UnboundedReceiver<Request>) -> Result<(), Failure> {
        let (say, mut cues) = unbounded_channel();
        let mut running = Vec::new();
        let mut events = Vec::new();
        let mut open = true;
        while open || !running.is_empty() {
            tokio::select! {
                read = self.live.source.next(&mut events) => read.map_err(Failure::io("reading events"))?,
                cue = cues.recv() => if let Some(Cued { id, cue }) = cue {
                    self.drain(&mut running, &mut events)?;
                    self.cued(&mut running, id, cue);
                },
                request = requests.recv(), if open => match request {
                    Some(request) => running.push(begin(request, self.detailed, &say)?),
                    None => open = false,
                },
            }
            let time = hand_out(&mut running, &mut events);
            while let Some(at) = running.iter().position(|one: &Running| one.is_settled(time)) {
                self.drain(&mut running, &mut events)?;
                self.finish(running.swap_remove(at));
            }
        }
        Ok(())
    }

    /// What is in the ring belongs to what was done before.
    fn drain(&mut self, running: &mut [Running], events: &mut Vec<Event>) -> Result<(), Failure> {
        self.live.source.drain(events).map_err(Failure::io("reading events"))?;
        hand_out(running, events);
        Ok(())
    }

    fn cued(&self, running: &mut [Running], id: u64, cue: Cue) {
        let Some(one) = running.iter_mut().find(|one| one.id == id) else { return };
        match cue {
            Cue::Ready(namespaces, go) => {
                one.part = Part::begin(&self.live, namespaces, self.hears, self.detailed);
                // A scenario that has ended meanwhile waits for nothing.
                let _ = go.send(());
            }
            Cue::Done(stage, ending) => {
                let settled = boot_now() + one.part.grace_ns();
                one.end = Some(End { stage, ending, settled });
            }
        }
    }

    fn finish(&self, one: Running) {
        let Running { request, mut part, end, .. } = one;
        let Some(End { stage, ending, .. }) = end else { return };
        let events = part.heard();
        let (mut lines, summary) = part.finish();
        // Which of two things is settled first is chance; a lab reads the same each time.
        lines.sort_by(|a, b| a.time().cmp(&b.time()));
        let stage = stage.as_ref();
        let played = Played {
            scenario: request.scenario,
            ending,
            events,
            lines,
            summary,
            script: stage.map_or_else(Vec::new, |stage| stage.script().lines()),
            counters: stage.and_then(|stage| stage.rises().ok()).unwrap_or_default(),
            facts: stage.map_or_else(Facts::default, |stage| stage.facts().clone()),
            suspended: suspended(),
            abilities: self.live.abilities,
        };
        // Only now may the actors end: what that resets is not part of the scenario. Whoever asked may be gone.
        let _ = request.answer.send(played);
    }
}

impl Running {
    fn is_settled(&self, time: u64) -> bool {
        self.end.as_ref().is_some_and(|end| end.settled <= time)
    }
}

fn begin(request: Request, detailed: bool, say: &UnboundedSender<Cued>) -> Result<Running, Failure> {
    let id = perform(request.scenario, detailed, say.clone())?;
    Ok(Running { id, request, part: Part::default(), end: None })
}

/// Gives the events to every part; how far time has come (boot clock, ns).
fn hand_out(running: &mut [Running], events: &mut Vec<Event>) -> u64 {
    for one in running.iter_mut() {
        one.part.take(events);
    }
    let ticks = events.iter().filter(|event| matches!(event.what, What::Tick));
    let time = ticks.map(|tick| tick.time).max().unwrap_or(0);
    events.clear();
    time
}

fn suspended() -> u64 {
    let monotonic = lab::monotonic_ns();
    // They are read one after the other: less than a millisecond is that, and no suspension.
    let ahead = boot_now().saturating_sub(monotonic);
    if ahead < 1_000_000 { 0 } else { ahead }
}
