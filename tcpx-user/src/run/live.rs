//! What stands between the programs in the kernel and the session: the source with all that is known about it, and the
//! engine that names, correlates, judges and audits.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
    time::Duration,
};

use tcpx_common::{
    abi::Hook,
    event::{NetnsKey, NetnsResets},
};

use super::{
    Engine, Source,
    judge::{finish_recorded, judge, judge_recorded},
    scope::Scope,
    sharing::Sharing,
};
use crate::{
    abilities::Abilities,
    audit::{self, Audit},
    cli::{
        failure::Failure,
        request::{Hooks, ProbeSet},
        surroundings::Surroundings,
    },
    correlate::Limits,
    decode::Symbols,
    enrich::{self, Enrich, Informant},
    event::Event,
    kernel::{self, Asked, AttachError, BackendChoice, KernelFacts, Probes, symbols::Kallsyms},
    line::{AttachedHook, Line, MissingHook, SCHEMA, Start, Summary},
    pipeline::Pipeline,
    record::{Facts, Noted, Recorder, Summed, facts::KernelNames},
    verdict::VerdictId,
};

/// Reads the map in which the programs count resets by namespace.
pub type Counted = Rc<dyn Fn() -> Vec<(NetnsKey, NetnsResets)>>;

/// Reads how many firings of the programs the kernel passed over.
pub type Missed = Rc<dyn Fn() -> Option<u64>>;

/// Reads how full the programs' maps are.
pub type Maps = Rc<dyn Fn() -> kernel::Fills>;

/// Reads which records the programs did not write.
pub type Untold = Rc<dyn Fn() -> NotWritten>;

/// Records that the programs did not write.
#[derive(Clone, Debug, Default)]
pub struct NotWritten {
    /// By hook and the kernel's reason (0: none).
    pub causes: BTreeMap<(Hook, u32), u64>,
    /// Those of them that were above the limit for a second.
    pub shed: u64,
}

/// Attached programs, and what they can see.
pub struct Live<S> {
    /// Their ring.
    pub source: S,
    /// What works.
    pub hooks: Vec<AttachedHook>,
    /// What does not.
    pub missing: Vec<MissingHook>,
    /// What that lets tcpx see.
    pub abilities: Abilities,
    /// Names of kernel functions.
    pub symbols: fn() -> Box<dyn Symbols + Send>,
    /// Resets as the programs count them.
    pub counted: Counted,
    /// Firings of which nothing was seen.
    pub missed: Missed,
    /// Records that they did not write.
    pub untold: Untold,
    /// How full their maps are.
    pub maps: Maps,
    /// Whether this process may read all of these now.
    pub readable: Rc<dyn Fn() -> bool>,
    /// What the kernel calls its numbers.
    pub names: KernelNames,
    /// Where all of it is recorded.
    pub recorder: Option<Recorder>,
}

impl<S: Source> Live<S> {
    /// The first line.
    #[must_use]
    pub fn start(&self, asked: &Hooks) -> Start {
        let kernel = rustix::system::uname();
        Start {
            schema: SCHEMA,
            tcpx: env!("CARGO_PKG_VERSION").to_owned(),
            kernel: kernel.release().to_string_lossy().into_owned(),
            arch: kernel.machine().to_string_lossy().into_owned(),
            backend: asked.backend.map_or("auto", crate::event::Backend::name).to_owned(),
            probes: asked.probes.name().to_owned(),
            hooks: self.hooks.clone(),
            missing: self.missing.clone(),
        }
    }

    /// Looks at the host as it is now, and begins to count.
    #[must_use]
    pub fn engage(self, audited: audit::Scope) -> (S, Host) {
        let host = self.host(audited);
        (self.source, host)
    }

    /// The same for one part of a longer trace: nothing is known of what came before.
    #[must_use]
    pub fn host(&self, audited: audit::Scope) -> Host {
        self.host_of(audited, Rc::new(Enrich::new(enrich::Limits::default())))
    }

    /// The same, where somebody else looks things up.
    #[must_use]
    pub fn host_of(&self, audited: audit::Scope, enrich: Rc<dyn Informant>) -> Host {
        let counted = Rc::clone(&self.counted);
        let audit = Audit::begin(&*enrich, &*counted);
        let symbols = match &self.recorder {
            Some(recorder) => Box::new(Noted::of_engine((self.symbols)(), recorder.clone())),
            None => (self.symbols)(),
        };
        let pipeline = Pipeline::new(self.abilities, Limits::DEFAULT, symbols);
        let (names, recorder) = (self.names.clone(), self.recorder.clone());
        let (missed, missed_before) = (Rc::clone(&self.missed), (self.missed)());
        let (untold, untold_before) = (Rc::clone(&self.untold), (self.untold)());
        let abilities = self.abilities;
        Host {
            enrich,
            pipeline,
            audit,
            counted,
            missed,
            missed_before,
            untold,
            untold_before,
            abilities,
            audited,
            names,
            recorder,
            sharing: None,
        }
    }
}

/// The engine of a live trace.
pub struct Host {
    enrich: Rc<dyn Informant>,
    pipeline: Pipeline,
    audit: Audit,
    counted: Counted,
    missed: Missed,
    missed_before: Option<u64>,
    untold: Untold,
    untold_before: NotWritten,
    abilities: Abilities,
    audited: audit::Scope,
    names: KernelNames,
    recorder: Option<Recorder>,
    sharing: Option<Sharing>,
}

impl Host {
    /// What it tells is decided elsewhere: another one may watch this host too.
    #[must_use]
    pub fn sharing(self, sharing: Sharing) -> Self {
        Self { sharing: Some(sharing), ..self }
    }

    /// Lines carry the packets that they belong to.
    #[must_use]
    pub fn with_packets(self) -> Self {
        Self { pipeline: self.pipeline.with_packets(), ..self }
    }

    /// Lines of other verdicts are not made, as nobody wants them ([`Pipeline::telling_only`]). A recording has what all of them
    /// took, so that a replay can show them.
    #[must_use]
    pub fn telling_only(self, verdicts: Vec<VerdictId>) -> Self {
        let verdicts = if self.recorder.is_some() { Vec::new() } else { verdicts };
        Self { pipeline: self.pipeline.telling_only(verdicts), ..self }
    }

    /// Begins the recording, if there is one: `start` and `scope` are what replay begins with.
    pub fn begin_recording(&self, start: &Start, scope: &Scope) {
        if let Some(recorder) = &self.recorder {
            let clock = self.enrich.clock();
            recorder.begin(Facts::new(start, self.abilities, self.names.clone(), clock, scope));
        }
    }

    /// Namespaces that were there when tracing began: nobody's own.
    #[must_use]
    pub fn namespaces(&self) -> BTreeSet<u32> {
        let census = self.enrich.census(false);
        let held = census.held.iter().filter(|held| held.at_start).map(|held| held.inum);
        held.chain(census.unheld).collect()
    }

    /// The pipeline's counts, and what the kernel counted meanwhile.
    fn summary(&self) -> Summary {
        let outcome = self.audit.finish(&*self.enrich, &*self.counted, &self.audited, &self.abilities);
        let untold = (self.untold)();
        Summary {
            shed: untold.shed - self.untold_before.shed,
            untold: self.causes(&untold),
            kernel: outcome.kernel,
            unaccounted: outcome.unaccounted,
            unaccounted_why: outcome.why,
            missed: (self.missed)().zip(self.missed_before).map(|(now, before)| now.saturating_sub(before)),
            ..self.pipeline.summary().clone()
        }
    }
}

impl Host {
    /// What was not written since the start, by hook and reason in words.
    fn causes(&self, now: &NotWritten) -> BTreeMap<String, u64> {
        let before = |cause| self.untold_before.causes.get(cause).copied().unwrap_or(0);
        let risen = now.causes.iter().map(|(cause, count)| (cause, count - before(cause)));
        let named = risen.filter(|&(_, count)| count > 0).map(|(&(hook, reason), count)| {
            let name = self.names.reset_reasons.iter().find(|(number, _)| reason != 0 && *number == reason);
            (name.map_or(hook.name().to_owned(), |(_, name)| format!("{} {name}", hook.name())), count)
        });
        // Reasons without a name are one.
        named.fold(BTreeMap::new(), |mut all, (name, count)| {
            *all.entry(name).or_default() += count;
            all
        })
    }
}

impl Engine for Host {
    fn push(&mut self, event: &Event, lines: &mut Vec<Line>) {
        self.enrich.observe(event);
        if let Some(sharing) = &self.sharing {
            sharing.before(event, &mut self.pipeline);
        }
        match &self.recorder {
            Some(recorder) => judge_recorded(&mut self.pipeline, event, &*self.enrich, recorder, lines),
            None => judge(&mut self.pipeline, event, &*self.enrich, lines),
        }
        if let Some(sharing) = &self.sharing {
            sharing.after(event, &self.pipeline);
        }
    }

    fn failure(&mut self) -> Option<Failure> {
        self.recorder.as_ref()?.failure()
    }

    fn grace(&self) -> Duration {
        Duration::from_nanos(Limits::DEFAULT.grace_ns)
    }

    fn finish(&mut self, lines: &mut Vec<Line>) {
        match &self.recorder {
            Some(recorder) => finish_recorded(&mut self.pipeline, &*self.enrich, recorder, lines),
            None => lines.extend(self.pipeline.finish(&*self.enrich)),
        }
        let summary = self.summary();
        if let Some(recorder) = &self.recorder {
            recorder.close(&Summed::of(&summary));
        }
        lines.push(Line::Summary(summary.into()));
    }
}

/// Attaches what was asked for; `command` says that a command's processes have to be told from others.
///
/// # Errors
/// When the kernel refuses, with what to do.
pub fn attach(
    asked: &Hooks,
    command: bool,
    recorder: Option<Recorder>,
) -> Result<Live<kernel::Live>, Failure> {
    let facts = facts()?;
    let live = attach_to(&facts, asked, command, recorder);
    drop(facts);
    kernel::give_back();
    live
}

/// What this kernel is like: half of the time that attaching takes.
///
/// # Errors
/// When it shows no types.
pub fn facts() -> Result<KernelFacts, Failure> {
    KernelFacts::of_this_kernel().map_err(|error| Failure::Other(error.into()))
}

/// [`attach`], when the kernel is known.
///
/// # Errors
/// As [`attach`].
pub fn attach_to(
    facts: &KernelFacts,
    asked: &Hooks,
    command: bool,
    recorder: Option<Recorder>,
) -> Result<Live<kernel::Live>, Failure> {
    let attached = kernel::attach(facts, in_kernel_words(asked, command)).map_err(refused)?;
    let hooks = attached.hooks.iter().map(hook).collect();
    let missing = attached
        .missing
        .iter()
        .map(|(hook, why)| MissingHook { hook: hook.name().to_owned(), why: why.clone() });
    let (missing, abilities) = (missing.collect(), attached.abilities);
    let names = kernel::names(facts);
    let opened = kernel::Live::new(attached, &names, recorder.clone());
    let (source, counts) = opened.map_err(Failure::io("opening the ring"))?;
    let source = if command { source.following_a_command() } else { source };
    let missed = Rc::clone(&counts);
    let written = Rc::clone(&counts);
    let readable = Rc::clone(&counts);
    let filled = Rc::clone(&counts);
    let (counted, missed) = (Rc::new(move || counts.read()), Rc::new(move || missed.missed()));
    let untold = Rc::new(move || NotWritten {
        causes: written.untold(),
        shed: Hook::ALL.iter().map(|hook| written.of(*hook).shed).sum(),
    });
    let maps = Rc::new(move || filled.fills());
    let readable = Rc::new(move || readable.can_be_read());
    let symbols = || -> Box<dyn Symbols + Send> { Box::new(Kallsyms) };
    Ok(Live {
        source,
        hooks,
        missing,
        abilities,
        symbols,
        counted,
        missed,
        untold,
        maps,
        readable,
        names,
        recorder,
    })
}

/// What to attach, for the plan.
#[must_use]
pub fn in_kernel_words(asked: &Hooks, command: bool) -> Asked {
    Asked {
        backend: asked.backend.map_or(BackendChoice::Auto, BackendChoice::Only),
        probes: match asked.probes {
            ProbeSet::Resets => Probes::Resets,
            ProbeSet::Path => Probes::Path,
            ProbeSet::Lookup => Probes::Lookup,
        },
        command,
        stacks: asked.stacks,
        bpf_log: asked.bpf_log,
        most_per_second: asked.flow.most_per_second,
        ring_bytes: asked.flow.ring_bytes,
    }
}

fn hook(attached: &kernel::attach::AttachedHook) -> AttachedHook {
    AttachedHook {
        hook: attached.hook.name().to_owned(),
        backend: attached.backend.name().to_owned(),
        target: attached.targets.join(","),
    }
}

/// What to say when nothing could be attached.
pub(crate) fn refused(error: AttachError) -> Failure {
    match &error {
        AttachError::Maps(_) => Surroundings::read().refused(&error.to_string()),
        AttachError::Nothing(why) => Failure::Machine {
            what: format!("no hook could be attached ({why})"),
            advice: "run \"tcpx check\" for what works here".to_owned(),
        },
        AttachError::Facts(_) | AttachError::NoLog(_) => Failure::Other(error.into()),
    }
}
