//! The backends under test. Each is attached once, and stays attached while its trials run.

use std::cell::RefCell;

use anyhow::{Context, Result};
use tcpx_user::{
    cli::{
        failure::Failure,
        request::{Hooks, ProbeSet},
    },
    event::Backend,
    kernel::{self, KernelFacts},
    lab::Scenario,
    run::{
        lab::{Played, Tracer},
        live, session,
    },
};
use tokio::runtime::Runtime;

/// Names of the backends, as `--backend` has them, in the order of the trials.
pub(crate) const BACKENDS: [(&str, Option<Backend>); 4] = [
    ("auto", None),
    ("tracepoint", Some(Backend::Tracepoint)),
    ("fentry", Some(Backend::Fentry)),
    ("kprobe", Some(Backend::Kprobe)),
];

/// What came of attaching: something to play on, or why this kernel has none of that backend's hooks.
type Attached = Result<Tracer<kernel::Live>, String>;

/// Trials run one after the other on one thread, and share what is expensive.
struct Stand {
    runtime: Runtime,
    facts: KernelFacts,
    attached: Option<(&'static str, Attached)>,
}

thread_local! {
    static STAND: RefCell<Option<Stand>> = const { RefCell::new(None) };
}

/// Plays a scenario on a backend; `Err` inside says why this kernel has nothing of it.
pub(crate) fn play(backend: &'static str, scenario: &'static Scenario) -> Result<Result<Played, String>> {
    STAND.with_borrow_mut(|stand| {
        if stand.is_none() {
            *stand = Some(Stand::new()?);
        }
        stand.as_mut().context("there is a stand now")?.play(backend, scenario)
    })
}

impl Stand {
    fn new() -> Result<Self> {
        Ok(Self { runtime: session::runtime()?, facts: live::facts()?, attached: None })
    }

    fn play(&mut self, backend: &'static str, scenario: &'static Scenario) -> Result<Result<Played, String>> {
        if self.attached.as_ref().is_none_or(|(name, _)| *name != backend) {
            // The one before goes first: two at once would see each other's programs in the way.
            self.attached = None;
            self.attached = Some((backend, attach(&self.facts, backend)?));
        }
        match &mut self.attached {
            Some((_, Ok(tracer))) => Ok(Ok(self.runtime.block_on(tracer.play(scenario))?)),
            Some((_, Err(why))) => Ok(Err(why.clone())),
            None => anyhow::bail!("nothing was attached"),
        }
    }
}

fn attach(facts: &KernelFacts, name: &str) -> Result<Attached> {
    let backend = BACKENDS.iter().find(|(known, _)| *known == name).and_then(|(_, backend)| *backend);
    let hooks = Hooks { backend, probes: ProbeSet::Lookup, stacks: false, bpf_log: false };
    match live::attach_to(facts, &hooks, false) {
        Ok(live) => Ok(Ok(Tracer::new(live, &hooks))),
        Err(Failure::Machine { what, .. }) if backend.is_some() => Ok(Err(what)),
        Err(failure) => Err(failure.into()),
    }
}
