//! `--btf-fixture VMLINUX.BTF OUT`: reduces a kernel's type information (megabytes) to what tcpx asks of it (kilobytes),
//! so that plans for kernels that do not run here can be tested anywhere. Driven by `cargo xtask btf-fixture`.
//!
//! The result is BTF itself and goes through the same code. What is not asked for is not there: structures have only
//! the members that some question names, and pointers lead to forward declarations.

mod format;
mod reduce;

use std::{collections::BTreeMap, fs};

use anyhow::{Context as _, Result, bail, ensure};
use tcpx_common::offsets::Offsets;
use tcpx_user::kernel::{KernelFacts, facts, table};

use format::Types;
use reduce::Reduction;

/// The argument that asks for it.
pub(crate) const ARGUMENT: &str = "--btf-fixture";

/// Carries it out.
pub(crate) fn main(args: &[String]) -> Result<()> {
    let [from, to] = args else { bail!("{ARGUMENT} takes two files: the kernel's BTF and the fixture") };
    let full = fs::read(from).with_context(|| format!("reading {from}"))?;
    let small = reduce(&full)?;
    let of = |bytes: &[u8]| KernelFacts::from_btf(bytes, &[]).map(|facts| format!("{facts:#?}"));
    let (before, after) = (of(&full)?, of(&small)?);
    let difference = before.lines().zip(after.lines()).find(|(before, after)| before != after);
    ensure!(before == after, "the fixture answers otherwise than the kernel: {difference:?}");
    println!("{to}: {} bytes of {}", small.len(), full.len());
    fs::write(to, small).with_context(|| format!("writing {to}"))
}

/// Everything that tcpx asks, once.
#[derive(Default)]
struct Wanted {
    /// Structures, each with the paths of members below it.
    structures: BTreeMap<&'static str, Vec<Vec<&'static str>>>,
    /// Functions, and `btf_trace_…` typedefs of tracepoints.
    functions: Vec<String>,
    enums: Vec<&'static str>,
}

fn reduce(full: &[u8]) -> Result<Vec<u8>> {
    let types = Types::parse(full).context("this is no BTF that the kernel would write")?;
    let mut wanted = Wanted::default();
    for (_, question) in Offsets::PATHS {
        question.split('|').for_each(|part| wanted.part(part));
    }
    wanted.functions.extend(table::functions().map(str::to_owned));
    wanted.functions.extend(table::tracepoints().map(|name| format!("btf_trace_{name}")));
    wanted.functions.sort();
    wanted.functions.dedup();
    wanted.enums.extend(facts::ENUMS);
    let mut reduction = Reduction::new(&types, &wanted.enums);
    for (name, paths) in &wanted.structures {
        reduction.structure(name, paths);
    }
    for name in &wanted.functions {
        reduction.function(name);
    }
    Ok(reduction.finish())
}

impl Wanted {
    /// One alternative of a question, in the language of `Offsets::PATHS`.
    fn part(&mut self, part: &'static str) {
        let words: Vec<&str> = part.split_whitespace().collect();
        match words.as_slice() {
            ["sizeof", name] => drop(self.structures.entry(name).or_default()),
            ["always", _] => {}
            ["enum", name, _] => self.enums.push(name),
            ["slot" | "result", functions, ..] | ["module", _, functions, ..] => {
                self.functions.extend(functions.split('&').map(str::to_owned));
            }
            ["mask", path] | [path] => {
                let mut parts = path.split('.');
                let paths = self.structures.entry(parts.next().unwrap_or_default()).or_default();
                paths.push(parts.collect());
            }
            _ => panic!("{part:?} is a question that the fixtures do not know"),
        }
    }
}
