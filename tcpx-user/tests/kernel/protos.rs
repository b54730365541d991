//! `--protos FOLDER NAME=VMLINUX.BTF …`: what hooks rely on, against the types of each of these kernels, oldest first.
//! Driven by `cargo xtask protos`.
//!
//! Places and argument positions are asked for anew on each kernel, so that one that moves does no harm. What does is a
//! question that has no answer any more, a prototype that has changed under a hook, and a kernel on which a hook has no
//! way left. All of these are named; the last one, and a difference from what is on record in FOLDER, fail.

use std::{collections::BTreeSet, fs, path::Path};

use anyhow::{Context as _, Result, bail, ensure};
use tcpx_common::{abi::Hook, offsets::Offsets};
use tcpx_user::kernel::{
    Asked, KernelFacts, facts,
    plan::{plan, sentence},
    table,
};

/// The argument that asks for it.
pub(crate) const ARGUMENT: &str = "--protos";

/// One kernel.
struct Kernel<'a> {
    name: &'a str,
    facts: KernelFacts,
    /// For each of [`targets`].
    prototypes: Vec<Option<String>>,
    /// What the fixture on record answers otherwise.
    drift: Vec<String>,
}

/// Carries it out.
pub(crate) fn main(args: &[String]) -> Result<()> {
    let [folder, kernels @ ..] = args else { bail!("{ARGUMENT} takes a folder and kernels as NAME=FILE") };
    let read = |arg| Kernel::read(Path::new(folder), arg);
    let kernels = kernels.iter().map(|arg| read(arg)).collect::<Result<Vec<_>>>()?;
    show_prototypes(&kernels);
    show_places(&kernels);
    let lost = show_hooks(&kernels);
    let drift: Vec<_> = kernels.iter().flat_map(|kernel| &kernel.drift).collect();
    for line in &drift {
        println!("{line}");
    }
    ensure!(
        drift.is_empty(),
        "the types have moved since tests/data/btf was written: cargo xtask btf-fixture"
    );
    ensure!(lost == 0, "{lost} hooks have no way on some kernel");
    Ok(())
}

/// Functions and tracepoints at which hooks stand, as BTF names them.
fn targets() -> Vec<String> {
    let functions = table::probed().map(str::to_owned);
    let tracepoints = table::tracepoints().map(|name| format!("btf_trace_{name}"));
    functions.chain(tracepoints).collect::<BTreeSet<_>>().into_iter().collect()
}

impl<'a> Kernel<'a> {
    fn read(folder: &Path, arg: &'a str) -> Result<Self> {
        let (name, file) = arg.split_once('=').context("a kernel is NAME=FILE")?;
        let bytes = fs::read(file).with_context(|| format!("reading {file}"))?;
        let types = facts::types(&bytes, &[])?;
        let facts = KernelFacts::from_types(&types);
        let prototypes = targets().iter().map(|target| types.prototype(target)).collect();
        let record = folder.join(format!("{name}.btf"));
        let record = fs::read(&record).with_context(|| format!("reading {}", record.display()))?;
        let drift = drift(name, &facts, &KernelFacts::from_btf(&record, &[])?);
        Ok(Self { name, facts, prototypes, drift })
    }
}

/// Each answer that differs from the one on record.
fn drift(name: &str, now: &KernelFacts, record: &KernelFacts) -> Vec<String> {
    let places = Offsets::PATHS.iter().filter_map(|(field, question)| {
        let (before, after) = (record.offsets.get(field), now.offsets.get(field));
        let shown = |value: Option<u16>| value.map_or_else(|| "nothing".to_owned(), place);
        (before != after).then(|| format!("{name}: {question}: was {}, is {}", shown(before), shown(after)))
    });
    let names = [
        ("sk_rst_reason", &record.reset_reasons, &now.reset_reasons),
        ("skb_drop_reason", &record.drop_reasons, &now.drop_reasons),
    ];
    let enums = names.into_iter().filter(|(_, before, after)| before != after);
    places.chain(enums.map(|(what, ..)| format!("{name}: enum {what} has changed"))).collect()
}

fn place(value: u16) -> String {
    if value == tcpx_common::offsets::ABSENT { "absent".to_owned() } else { value.to_string() }
}

/// Kernels that say the same, together: `5.10, 6.1: (sock, sk_buff)`.
fn groups(kernels: &[Kernel<'_>], of: impl Fn(&Kernel<'_>) -> String) -> Vec<(String, String)> {
    let mut groups: Vec<(Vec<&str>, String)> = Vec::new();
    for kernel in kernels {
        let said = of(kernel);
        match groups.iter_mut().find(|(_, other)| *other == said) {
            Some((names, _)) => names.push(kernel.name),
            None => groups.push((vec![kernel.name], said)),
        }
    }
    groups.into_iter().map(|(names, said)| (names.join(", "), said)).collect()
}

fn show_prototypes(kernels: &[Kernel<'_>]) {
    println!("prototypes that are not the same everywhere:");
    for (at, target) in targets().iter().enumerate() {
        let absent = || "absent".to_owned();
        let groups = groups(kernels, |kernel| kernel.prototypes[at].clone().unwrap_or_else(absent));
        if groups.len() > 1 {
            println!("  {}", target.replace("btf_trace_", "tracepoint "));
            groups.iter().for_each(|(names, said)| println!("    {names}: {said}"));
        }
    }
}

fn show_places(kernels: &[Kernel<'_>]) {
    println!("\nplaces that not every kernel has:");
    for (field, question) in Offsets::PATHS {
        let lacking = |kernel: &&Kernel<'_>| !kernel.facts.has(field);
        let lacking: Vec<_> = kernels.iter().filter(lacking).map(|kernel| kernel.name).collect();
        if !lacking.is_empty() {
            println!("  {question}: not in {}", lacking.join(", "));
        }
    }
}

/// Hooks that have no way at all, by kernel; how many.
fn show_hooks(kernels: &[Kernel<'_>]) -> usize {
    println!("\nhooks without a way:");
    let mut lost = 0;
    for kernel in kernels {
        for hook in plan(&kernel.facts, Asked::EVERYTHING).iter().filter(|hook| hook.ways.is_empty()) {
            lost += 1;
            println!("  {}: {}: {}", kernel.name, hook.hook.name(), sentence(&hook.ruled_out));
        }
    }
    if lost == 0 {
        println!(
            "  none: each of the {} hooks has one on each of {} kernels",
            Hook::ALL.len(),
            kernels.len()
        );
    }
    lost
}
