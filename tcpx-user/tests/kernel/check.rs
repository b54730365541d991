//! `tcpx check` tells the truth: what it says of a hook is what a trace then gets, and it leaves nothing attached.

use anyhow::{Context as _, Result, ensure};
use tcpx_user::kernel::{self, Asked, KernelFacts, survey::survey};

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
