//! `tcpx lab`: plays scenarios while tracing them, retells what happened, and says whether tcpx saw what there was to see.
//!
//! What is attached is attached once. The scenarios themselves are in [`crate::lab`], which knows no tracing.

mod compare;
mod course;
mod cue;
mod declared;
mod diagram;
mod exercise;
mod expected;
pub mod kernels;
mod outcome;
mod page;
mod part;
mod retell;
mod show;
mod steps;
mod tell;
mod text;
mod tracer;
mod walk;

use std::io::Write as _;

pub use exercise::check;
pub use expected::Expected;
pub use tracer::{Played, Request, Tracer};

use super::{Source, live, session::runtime, stop::Signals};
use crate::{
    cli::{
        args::Format,
        failure::Failure,
        request::{Detail, Lab, Output, View},
        surroundings::Surroundings,
    },
    lab::Scenario,
    line::Line,
    sink::open::Results,
};
use outcome::Outcome;
use walk::{Walked, Walker};

/// Plays these.
///
/// # Errors
/// When tracing or showing fails; what this machine cannot do is [`Failure::Unavailable`].
pub fn run(request: &Lab, scenarios: &[&'static Scenario]) -> Result<u8, Failure> {
    let results = Results::open(&request.output)?;
    let tracer = attached(request)?;
    let tracer = if request.view.is_special() { tracer.in_detail() } else { tracer };
    let (view, output) = (&request.view, &request.output);
    let walks = view.is_walked() && !view.for_host;
    let walker = walks.then(|| Walker::new(view, results.look, output.path.is_none())).transpose()?;
    let shown = Shown { results, output, view, walker, alone: scenarios.len() == 1 };
    runtime()?.block_on(play(tracer, scenarios, shown))
}

fn attached(request: &Lab) -> Result<Tracer<impl Source>, Failure> {
    let live = Surroundings::read().check().and_then(|()| live::attach(&request.hooks, false, None));
    Ok(Tracer::new(live.map_err(unavailable)?, &request.hooks))
}

/// Plays one, until a signal comes.
async fn one<S: Source>(
    tracer: &mut Tracer<S>,
    scenario: &'static Scenario,
    signals: &mut Signals,
) -> Result<Played, Failure> {
    tokio::select! {
        played = tracer.play(scenario) => played,
        // Actors die with the threads of their namespaces, which end with this process.
        _ = signals.next() => Err(Failure::Other(anyhow::anyhow!("stopped during {}", scenario.name))),
    }
}

/// A machine that does not let tcpx trace cannot play either.
fn unavailable(failure: Failure) -> Failure {
    match failure {
        Failure::Machine { what, advice } => Failure::Unavailable(format!("{what}; {advice}")),
        other => other,
    }
}

async fn play<S: Source>(
    mut tracer: Tracer<S>,
    scenarios: &[&'static Scenario],
    mut shown: Shown<'_>,
) -> Result<u8, Failure> {
    let mut signals = Signals::take().map_err(Failure::io("taking over signals"))?;
    shown.begin(tracer.start())?;
    let mut outcomes = Vec::new();
    for scenario in scenarios {
        let played = one(&mut tracer, scenario, &mut signals).await?;
        let outcome = Outcome::of(&played);
        let walked = shown.played((tracer.start(), &played), &outcome, &mut signals).await?;
        outcomes.push(outcome);
        if walked == Walked::Left {
            break;
        }
    }
    shown.end(&outcomes)
}

/// What JSON has beside the lines of a trace.
#[derive(serde::Serialize)]
#[serde(tag = "type", content = "data", rename_all = "lowercase")]
enum Extra<'a> {
    Lab(&'a Outcome),
    Course(serde_json::Value),
}

/// Where it is shown.
struct Shown<'a> {
    results: Results,
    output: &'a Output,
    view: &'a View,
    /// Who goes through steps or a drawing, if those are shown.
    walker: Option<Walker<'a>>,
    /// There is one scenario only.
    alone: bool,
}

impl Shown<'_> {
    fn begin(&mut self, start: &Line) -> Result<(), Failure> {
        match self.output.format {
            Format::Json => self.json(start),
            Format::Text => Ok(()),
        }
    }

    async fn played(
        &mut self,
        (start, played): (&Line, &Played),
        outcome: &Outcome,
        signals: &mut Signals,
    ) -> Result<Walked, Failure> {
        let told = played.ending.is_ok() || !played.script.is_empty();
        let page = self.view.page.as_deref();
        if !told || (page.is_none() && self.walker.is_none() && !self.view.for_host) {
            self.tell(played, outcome, told)?;
            return Ok(Walked::Through);
        }
        let look = self.results.look;
        let steps = steps::steps(played, course::Course::of(look.lang));
        if let Some(path) = page {
            page::write(path, start, played, (outcome, &steps), look.lang)?;
        }
        let show = show::Show { played, steps: &steps, outcome, look };
        if self.view.for_host {
            self.for_host(&show)?;
        } else if let Some(walker) = &mut self.walker {
            return walker.show(&show.texts()?, &mut *self.results.out, signals).await;
        } else {
            self.tell(played, outcome, told)?;
        }
        Ok(Walked::Through)
    }

    /// As lines, and as all that the host of this guest may show of it.
    fn for_host(&mut self, show: &show::Show<'_>) -> Result<(), Failure> {
        self.tell(show.played, show.outcome, true)?;
        self.json(&Extra::Course(show.as_data()?))
    }

    /// As lines, or as a story.
    fn tell(&mut self, played: &Played, outcome: &Outcome, told: bool) -> Result<(), Failure> {
        if self.output.format == Format::Json {
            for line in &played.lines {
                self.json(line)?;
            }
            self.json(&Line::Summary(played.summary.clone().into()))?;
            return self.json(&Extra::Lab(outcome));
        }
        let (look, detail) = (self.results.look, self.output.detail);
        let text = if told && (self.alone || detail == Detail::Verbose) {
            let after = if self.alone { "" } else { "\n" };
            text::retelling(played, outcome, look, detail).map_err(Failure::io("retelling"))? + after
        } else {
            text::line(outcome, look)
        };
        self.write(&text)
    }

    /// Details of failures, and the exit status.
    fn end(mut self, outcomes: &[Outcome]) -> Result<u8, Failure> {
        let failed: Vec<_> = outcomes.iter().filter(|outcome| outcome.failed()).collect();
        if !self.alone && self.output.format == Format::Text {
            let look = self.results.look;
            let mut text = String::new();
            for outcome in &failed {
                text.extend(["\n", &text::line(outcome, look), &text::differences(outcome, look)]);
            }
            let ok = outcomes.iter().filter(|outcome| outcome.ok).count();
            let all = format!("{ok} of {} scenarios showed their verdict", outcomes.len());
            text.extend(["\n", &look.lang.run(&all), "\n"]);
            self.write(&text)?;
        }
        if !failed.is_empty() {
            return Ok(1);
        }
        let hidden = |outcome: &Outcome| Some(format!("{}: {}", outcome.name, outcome.unavailable.as_ref()?));
        let hidden: Vec<_> = outcomes.iter().filter_map(hidden).collect();
        let many = outcomes.len();
        match hidden.first() {
            Some(why) if many == 1 => Err(Failure::Unavailable(format!("cannot be shown here: {why}"))),
            Some(why) => {
                let few = hidden.len();
                Err(Failure::Unavailable(format!("{few} of {many} cannot be shown here; the first is {why}")))
            }
            None => Ok(0),
        }
    }

    fn json(&mut self, line: &impl serde::Serialize) -> Result<(), Failure> {
        let text = serde_json::to_string(line).map_err(|error| Failure::Other(error.into()))?;
        self.write(&(text + "\n"))
    }

    fn write(&mut self, text: &str) -> Result<(), Failure> {
        let out = &mut self.results.out;
        let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        written.map_err(Failure::writing(self.results.name.as_str()))
    }
}
