//! All scenarios at once, again and again for a minute: in namespaces of their own, with the same addresses and ports.
//! Each is traced among the events of all the others and must come out as if it had been alone: every attempt and every
//! RST told once, by the right verdict, with nothing unaccounted for.

use std::{
    collections::BTreeSet,
    rc::Rc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use tcpx_user::{
    cli::request::{Flow, Hooks, ProbeSet},
    enrich::boot_now,
    kernel,
    lab::{self, Scenario},
    run::{
        lab::{Played, Request, Tracer},
        live, session,
    },
};
use tokio::{
    sync::{mpsc::UnboundedSender, mpsc::unbounded_channel, oneshot},
    task::JoinSet,
};

use crate::report::Outcome;

/// How long scenarios are begun.
const LENGTH: Duration = Duration::from_secs(60);
/// So many run beside each other: two processes and two namespaces each. Each is traced by a pipeline of its own, which hears all: with
/// twice as many, two CPUs have no time left, and what must be looked up in time is looked up late.
const BESIDE: usize = 8;

/// The trial.
pub(crate) fn run() -> Result<Outcome> {
    let hooks =
        Hooks { backend: None, probes: ProbeSet::Lookup, stacks: false, bpf_log: false, flow: Flow::DEFAULT };
    let live = live::attach_to(&live::facts()?, &hooks, false, None)?;
    let begun = boot_now();
    let (missed, before) = (Rc::clone(&live.missed), (live.missed)());
    let tracer = Tracer::new(live, &hooks).hearing_all();
    let Mixed { wrong, played, names } = session::runtime()?.block_on(mix(tracer))?;
    ensure!(names.len() > 20, "only {} scenarios were played", names.len());
    if wrong.is_empty() {
        return Ok(Outcome::Passed);
    }
    let passed_over = (missed)().zip(before).map(|(now, before)| now.saturating_sub(before));
    let told = format!("{} of {played} went wrong:\n{}", wrong.len(), wrong.join("\n"));
    Outcome::passed_over(passed_over, begun, false, &told).context(told)
}

async fn mix(mut tracer: Tracer<kernel::Live>) -> Result<Mixed> {
    let (give, mut requests) = unbounded_channel();
    let (found, served) = tokio::join!(feed(give), tracer.serve(&mut requests));
    served?;
    found
}

#[derive(Default)]
struct Mixed {
    wrong: Vec<String>,
    played: usize,
    names: BTreeSet<&'static str>,
}

impl Mixed {
    fn take(&mut self, played: &Played) {
        let name = played.scenario.name;
        match &played.ending {
            Err(error) if error.is_unavailable() => return,
            Err(error) => self.wrong.push(format!("{name}: {error}")),
            Ok(()) => self.wrong.extend(played.mismatches().iter().map(|found| format!("{name}: {found}"))),
        }
        self.played += 1;
        self.names.insert(name);
    }
}

/// Keeps them coming.
async fn feed(give: UnboundedSender<Request>) -> Result<Mixed> {
    let until = Instant::now() + LENGTH;
    let mut mixed = Mixed::default();
    let mut beside = JoinSet::new();
    let suitable = |scenario: &&Scenario| !scenario.machine_wide && !scenario.timely;
    let all: Vec<_> = lab::scenarios().filter(suitable).collect();
    for scenario in all.iter().cycle() {
        if Instant::now() > until {
            break;
        }
        if beside.len() >= BESIDE {
            mixed.take(&next(&mut beside).await?);
        }
        let (answer, played) = oneshot::channel();
        give.send(Request { scenario, answer }).ok().context("the tracer is gone")?;
        beside.spawn(played);
    }
    while !beside.is_empty() {
        mixed.take(&next(&mut beside).await?);
    }
    Ok(mixed)
}

async fn next(beside: &mut JoinSet<Result<Played, oneshot::error::RecvError>>) -> Result<Played> {
    let ended = beside.join_next().await.context("nothing runs")?;
    ended?.context("the tracer is gone")
}
