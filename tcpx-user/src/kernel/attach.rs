//! Loads and attaches what the plan says, way by way, and keeps what worked and why the rest did not.

use std::borrow::Cow;

use aya::{
    Btf, Ebpf, EbpfError, EbpfLoader,
    maps::{Array, MapError},
    programs::{KProbe, Program, ProgramError, RawTracePoint, TracePoint},
};
use tcpx_common::{
    abi::{Backend, Hook},
    config::{Config, Switches},
};

use super::{
    KernelFacts,
    misses::Misses,
    plan::{Asked, HookPlan, Obstacle, plan, sentence},
    sight::Sight,
    symbols::Symbols,
    table::{Attach, Way},
};
use crate::abilities::Abilities;

/// The programs, built by `cargo xtask build-ebpf`.
static OBJECT: &[u8] = aya::include_bytes_aligned!("../../bpf/tcpx-x86_64.bpf.o");

/// Why nothing could be attached at all.
#[derive(Debug, thiserror::Error)]
pub enum AttachError {
    /// The kernel's types.
    #[error(transparent)]
    Facts(#[from] super::facts::FactsError),
    /// Maps or object.
    #[error("the kernel refused tcpx's maps: {0}")]
    Maps(#[source] Box<EbpfError>),
    /// `--bpf-log` in a build that cannot.
    #[error(
        "--bpf-log: {0}; run cargo xtask build-ebpf --log, then cargo run --features bpf-log with TCPX_BPF_OBJECT \
         set to the object that it names"
    )]
    NoLog(String),
    /// Not one hook works.
    #[error("no hook could be attached: {0}")]
    Nothing(String),
}

/// What stands.
pub struct Attached {
    /// How it was to be attached.
    pub asked: Asked,
    /// Programs and maps; dropping it detaches all.
    pub ebpf: Ebpf,
    /// Each hook that works.
    pub hooks: Vec<AttachedHook>,
    /// Each hook that does not, and why.
    pub missing: Vec<(Hook, String)>,
    /// What the attached hooks see.
    pub abilities: Abilities,
}

/// A hook that works.
#[derive(Clone, Debug)]
pub struct AttachedHook {
    /// Hook.
    pub hook: Hook,
    /// Backend.
    pub backend: Backend,
    /// Functions or tracepoints.
    pub targets: Vec<&'static str>,
    /// Programs of the object.
    pub programs: Vec<&'static str>,
}

impl AttachedHook {
    /// A hook attached in this way.
    pub(super) fn by(way: &Way) -> Self {
        let mut targets: Vec<_> = way.programs.iter().map(|(_, attach)| attach.target()).collect();
        targets.dedup();
        let programs = way.programs.iter().map(|(name, _)| *name).collect();
        Self { hook: way.hook, backend: way.backend, targets, programs }
    }
}

/// Attaches what was asked for, as far as this kernel lets it.
///
/// # Errors
/// When the kernel refuses maps altogether, or not one hook works.
pub fn attach(facts: &KernelFacts, asked: Asked) -> Result<Attached, AttachError> {
    let mut attempt = Attempt::new(facts, asked)?;
    for plan in plan(facts, asked) {
        attempt.hook(plan);
    }
    if attempt.hooks.is_empty() {
        let why =
            attempt.missing.first().map_or_else(String::new, |(hook, why)| format!("{}: {why}", hook.name()));
        return Err(AttachError::Nothing(why));
    }
    let sight = Sight { facts, hooks: &attempt.hooks, counts_misses: attempt.counts_misses() };
    let (abilities, switches) = (sight.abilities(), sight.switches());
    switch(&mut attempt.ebpf, switches)?;
    Ok(Attached { asked, abilities, ebpf: attempt.ebpf, hooks: attempt.hooks, missing: attempt.missing })
}

/// The programs, as they ship or as they log.
fn object(bpf_log: bool) -> Result<Cow<'static, [u8]>, AttachError> {
    #[cfg(feature = "bpf-log")]
    if bpf_log {
        return super::bpf_log::object()
            .map(Cow::Owned)
            .map_err(|error| AttachError::NoLog(error.to_string()));
    }
    if bpf_log {
        return Err(AttachError::NoLog("this tcpx was built without the feature bpf-log".to_owned()));
    }
    Ok(Cow::Borrowed(OBJECT))
}

/// The object with its constants and maps in the kernel; no program yet.
fn load(facts: &KernelFacts, config: &Config, asked: Asked) -> Result<Ebpf, AttachError> {
    EbpfLoader::new()
        .map_max_entries("EVENTS", asked.ring_bytes)
        .override_global("OFFSETS", &facts.offsets, true)
        .override_global("CONFIG", config, true)
        .load(&object(asked.bpf_log)?)
        .map_err(|error| AttachError::Maps(Box::new(error)))
}

fn configure(facts: &KernelFacts, asked: Asked) -> Config {
    let mut config = Config {
        scope_tgid: if asked.command { std::process::id() } else { 0 },
        stacks: u8::from(asked.stacks),
        headers_together: u8::from(facts.offsets.headers_are_together()),
        reason_no_socket: facts.drop_reason("NO_SOCKET").unwrap_or(0) as u16,
        reason_not_specified: facts.drop_reason("NOT_SPECIFIED").unwrap_or(0) as u16,
        reason_listen_overflow: facts.drop_reason("TCP_LISTEN_OVERFLOW").unwrap_or(0) as u16,
        most_per_second: asked.most_per_second,
        sock_linger_bit: facts.sock_linger_bit.unwrap_or(0) as u16,
        ..Config::default()
    };
    let range = |name| Symbols::get().range(name).unwrap_or_default();
    (config.tcp_v4_rcv_start, config.tcp_v4_rcv_end) = range("tcp_v4_rcv");
    (config.tcp_v6_rcv_start, config.tcp_v6_rcv_end) = range("tcp_v6_rcv");
    let freeing = ["sk_skb_reason_drop", "kfree_skb_reason", "kfree_skb"];
    let frees = freeing.into_iter().map(range).find(|range| range.0 != 0).unwrap_or_default();
    (config.free_start, config.free_end) = frees;
    config
}

fn switch(ebpf: &mut Ebpf, switches: Switches) -> Result<(), AttachError> {
    let map_error = |error: MapError| AttachError::Maps(Box::new(EbpfError::MapError(error)));
    let Some(map) = ebpf.map_mut("SWITCHES") else {
        return Err(map_error(MapError::InvalidName { name: "SWITCHES".to_owned() }));
    };
    let mut array = Array::<_, Switches>::try_from(map).map_err(map_error)?;
    array.set(0, switches, 0).map_err(map_error)
}

/// The attachments so far.
pub(super) struct Attempt {
    ebpf: Ebpf,
    btf: Option<Btf>,
    hooks: Vec<AttachedHook>,
    missing: Vec<(Hook, String)>,
    placed: Vec<(&'static str, Attach)>,
    /// The kernel counts the firings that it passes over; known once a program is loaded.
    counts_misses: Option<bool>,
}

impl Attempt {
    /// The object in the kernel, and nothing attached.
    pub(super) fn new(facts: &KernelFacts, asked: Asked) -> Result<Self, AttachError> {
        Ok(Self {
            ebpf: load(facts, &configure(facts, asked), asked)?,
            btf: Btf::from_sys_fs().ok(),
            hooks: Vec::new(),
            missing: Vec::new(),
            placed: Vec::new(),
            counts_misses: None,
        })
    }

    /// Tries the ways of one hook until one works.
    fn hook(&mut self, plan: HookPlan) {
        let mut why = plan.ruled_out;
        for way in plan.ways {
            match self.way(way) {
                Ok(()) => return self.hooks.push(AttachedHook::by(way)),
                Err(error) => why.push((way.backend, Obstacle::Refused(error))),
            }
        }
        self.missing.push((plan.hook, sentence(&why)));
    }

    /// Attaches a way and lets it go again. Nothing else may be attached.
    pub(super) fn try_out(&mut self, way: &Way) -> Result<(), String> {
        let outcome = self.way(way);
        self.take_back(way.programs);
        outcome
    }

    /// Attaches all programs of a way, or none.
    fn way(&mut self, way: &Way) -> Result<(), String> {
        for (at, (name, place)) in way.programs.iter().enumerate() {
            if let Err(why) = self.program(name, *place) {
                self.take_back(&way.programs[..=at]);
                return Err(why);
            }
        }
        Ok(())
    }

    fn take_back(&mut self, programs: &[(&'static str, Attach)]) {
        for (name, place) in programs {
            self.unload(name);
            self.placed.retain(|placed| *placed != (*name, *place));
        }
    }

    /// Two hooks may share a program: it is attached once to each place.
    fn program(&mut self, name: &'static str, place: Attach) -> Result<(), String> {
        if self.placed.contains(&(name, place)) {
            return Ok(());
        }
        self.place(name, place)?;
        self.placed.push((name, place));
        if self.counts_misses.is_none() {
            self.counts_misses = Some(Misses::of(&self.ebpf).read().is_some());
        }
        Ok(())
    }

    /// Whether the kernel counts the firings that it passes over.
    pub(super) fn counts_misses(&self) -> bool {
        self.counts_misses.unwrap_or(false)
    }

    fn place(&mut self, name: &str, place: Attach) -> Result<(), String> {
        let program =
            self.ebpf.program_mut(name).ok_or_else(|| format!("the object has no program {name}"))?;
        let result = match place {
            Attach::RawTracepoint(target) => raw_tracepoint(program, target),
            Attach::Syscall(target) => tracepoint(program, target),
            Attach::Kprobe(target) | Attach::Kretprobe(target) => kprobe(program, target),
            Attach::TypedTracepoint(target) | Attach::Fentry(target) | Attach::Fexit(target) => {
                let btf = self.btf.as_ref().ok_or("no BTF of the kernel")?;
                with_types(program, target, btf)
            }
        };
        result.map_err(|error| reason(place, &error))
    }

    fn unload(&mut self, name: &str) {
        if let Some(program) = self.ebpf.program_mut(name) {
            // One that was never loaded says so; there is nothing to undo then.
            let _ = match program {
                Program::RawTracePoint(program) => program.unload(),
                Program::BtfTracePoint(program) => program.unload(),
                Program::TracePoint(program) => program.unload(),
                Program::KProbe(program) => program.unload(),
                Program::FEntry(program) => program.unload(),
                Program::FExit(program) => program.unload(),
                _ => Ok(()),
            };
        }
    }
}

type Outcome = Result<(), ProgramError>;

/// A program may stand at several places, and is loaded once.
fn once(loaded: Outcome) -> Outcome {
    match loaded {
        Err(ProgramError::AlreadyLoaded) => Ok(()),
        other => other,
    }
}

fn raw_tracepoint(program: &mut Program, target: &str) -> Outcome {
    let program: &mut RawTracePoint = program.try_into()?;
    once(program.load())?;
    program.attach(target).map(drop)
}

fn tracepoint(program: &mut Program, target: &str) -> Outcome {
    let program: &mut TracePoint = program.try_into()?;
    once(program.load())?;
    program.attach("syscalls", target).map(drop)
}

fn kprobe(program: &mut Program, target: &str) -> Outcome {
    let program: &mut KProbe = program.try_into()?;
    once(program.load())?;
    program.attach(target, 0).map(drop)
}

/// The kernel looks up the types of the arguments at the target.
fn with_types(program: &mut Program, target: &str, btf: &Btf) -> Outcome {
    match program {
        Program::BtfTracePoint(program) => {
            once(program.load(target, btf))?;
            program.attach().map(drop)
        }
        Program::FEntry(program) => {
            once(program.load(target, btf))?;
            program.attach().map(drop)
        }
        Program::FExit(program) => {
            once(program.load(target, btf))?;
            program.attach().map(drop)
        }
        _ => Err(ProgramError::UnexpectedProgramType),
    }
}

/// What the kernel said, in one line.
fn reason(place: Attach, error: &ProgramError) -> String {
    let target = place.target();
    let trampoline = matches!(place, Attach::Fentry(_) | Attach::Fexit(_));
    if let ProgramError::LoadError { io_error, verifier_log } = error {
        let log = verifier_log.to_string();
        let statistics = ["processed", "verification time", "stack depth"];
        let told = |line: &&str| !line.is_empty() && !statistics.iter().any(|start| line.starts_with(start));
        let last = log.lines().rev().find(told);
        return match last {
            Some(line) => format!("the verifier refused the program for {target} ({io_error}): {line}"),
            None if trampoline && io_error.raw_os_error() == Some(libc::EPERM) => {
                "the kernel refuses to load BPF trampolines (EPERM)".to_owned()
            }
            None => format!("the kernel refused the program for {target}: {io_error}"),
        };
    }
    match (errno(error), place) {
        (Some(ENOTSUPP), _) if trampoline => {
            format!("the kernel cannot put a trampoline at {target} (ENOTSUPP)")
        }
        (Some(libc::ENOENT), Attach::Kprobe(_) | Attach::Kretprobe(_)) => {
            format!(
                "the kernel has no function {target} now: it is in a module that is not loaded, or inlined"
            )
        }
        (_, Attach::Syscall(_)) => {
            format!(
                "{target} takes /sys/kernel/tracing, mounted and readable for tcpx ({})",
                innermost(error)
            )
        }
        _ => format!("attaching to {target}: {}", innermost(error)),
    }
}

/// The kernel's own number for "operation is not supported", which libc does not name.
const ENOTSUPP: i32 = 524;

fn errno(error: &(dyn std::error::Error + 'static)) -> Option<i32> {
    let own = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::raw_os_error);
    own.or_else(|| errno(error.source()?))
}

/// The last error of a chain is the kernel's own.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
