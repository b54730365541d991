//! `tcpx check` tells the truth: what it says of a hook is what a trace then gets, and it leaves nothing attached.

use anyhow::{Context as _, Result, ensure};
use tcpx_common::abi::{Backend, Hook};
use tcpx_user::kernel::{self, Asked, BackendChoice, KernelFacts, survey::survey};

use crate::report::Outcome;

/// With `auto`, which tries every backend of every hook.
pub(crate) fn tells_what_attaches() -> Result<Outcome> {
    let facts = KernelFacts::of_this_kernel().context("reading the kernel's types")?;
    let asked = Asked::EVERYTHING;
    let before = held()?;
    let told = survey(&facts, asked)?;
    ensure!(held()? == before, "check still holds programs");
    let attached = kernel::attach(&facts, asked)?;
    ensure!(told.abilities == attached.abilities, "{:?} is not {:?}", told.abilities, attached.abilities);
    let says = told.hooks.iter().filter_map(|hook| hook.chosen.as_ref());
    let says: Vec<_> = says.map(|chosen| (chosen.hook, chosen.backend, chosen.targets.clone())).collect();
    let mut gets: Vec<_> =
        attached.hooks.iter().map(|hook| (hook.hook, hook.backend, hook.targets.clone())).collect();
    gets.sort_by_key(|(hook, ..)| *hook);
    ensure!(says == gets, "check says {says:?}, a trace gets {gets:?}");
    let missing = told.hooks.iter().filter_map(|hook| Some((hook.hook, hook.missing.clone()?)));
    let mut missing: Vec<_> = missing.collect();
    missing.sort();
    let mut lacks = attached.missing.clone();
    lacks.sort();
    ensure!(missing == lacks, "check says {missing:?}, a trace lacks {lacks:?}");
    Ok(Outcome::Passed)
}

/// Of what runs for a refused connection, the programs are taken whose arguments have types: the verifier of this kernel grants
/// each load in them.
pub(crate) fn takes_typed_programs() -> Result<Outcome> {
    let facts = KernelFacts::of_this_kernel().context("reading the kernel's types")?;
    let backend = BackendChoice::Only(Backend::Tracepoint);
    let attached = kernel::attach(&facts, Asked { backend, ..Asked::EVERYTHING })?;
    let hooks = [Hook::State, Hook::SendReset, Hook::ActiveReset, Hook::ReceiveReset, Hook::Icmp];
    for hook in hooks {
        let found = attached.hooks.iter().find(|attached| attached.hook == hook);
        let found = found.with_context(|| format!("{hook:?} is not attached"))?;
        let typed = found.programs.iter().all(|name| name.ends_with("_btf"));
        ensure!(typed, "{hook:?} is told by {:?}", found.programs);
    }
    Ok(Outcome::Passed)
}

/// What of BPF this process holds open: a program that nobody holds any more is not attached either.
fn held() -> Result<usize> {
    let files = std::fs::read_dir("/proc/self/fd").context("listing open files")?;
    let targets = files.filter_map(|file| std::fs::read_link(file.ok()?.path()).ok());
    let is_bpf = |target: &std::path::PathBuf| {
        let name = target.to_string_lossy();
        name.starts_with("anon_inode:bpf") || name.starts_with("anon_inode:[perf_event]")
    };
    Ok(targets.filter(is_bpf).count())
}
