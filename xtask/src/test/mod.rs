//! `cargo xtask test`: everything, in the order in which mistakes are cheapest to find.

mod host;
mod installed;
mod matrix;
mod replayed;
mod side_by_side;
mod soak;
mod summary;

use std::time::Instant;

use anyhow::Result;
use clap::Args;

use crate::vm::kernels::{self, Series};
use crate::{book, check, ebpf, setup, vm};
use summary::{Count, Summary};

/// What to run of it all.
#[derive(Args)]
pub(crate) struct Options {
    /// Only tests and trials whose names contain this word; lints and the object are left out
    #[arg(long)]
    only: Option<String>,
    /// Only guests with these kernels, as `cargo xtask vm list` names them
    #[arg(long, value_delimiter = ',')]
    kernel: Vec<String>,
    /// No guests: only this machine's kernel
    #[arg(long, conflicts_with = "kernel")]
    no_guests: bool,
    /// Only trials of this backend: auto, tracepoint, fentry or kprobe
    #[arg(long)]
    backend: Option<String>,
}

impl Options {
    /// The arguments that choose trials in the test binary.
    fn trial_args(&self) -> Vec<String> {
        let backend = self.backend.iter().flat_map(|backend| ["--backend".to_owned(), backend.clone()]);
        backend.chain(self.only.clone()).collect()
    }

    fn guests(&self) -> Result<Vec<&'static Series>> {
        if self.no_guests {
            return Ok(Vec::new());
        }
        if self.kernel.is_empty() {
            return Ok(kernels::SERIES.iter().collect());
        }
        self.kernel.iter().map(|name| kernels::series(name)).collect()
    }

    /// Some are asked for by their names only: the soak takes ten minutes and a machine that does nothing else, a Debian host of
    /// its own 100 MB of packages.
    fn asks_for(&self, name: &str) -> bool {
        self.only.as_deref() == Some(name)
    }
}

/// Runs the stages. One that fails does not keep later ones from running, unless they could not.
pub(crate) fn run(options: &Options) -> Result<()> {
    let guests = options.guests()?;
    let mut summary = Summary::default();
    stage("set-up", setup::run)?;
    if options.only.is_none() {
        attempt("lints", &mut summary, |_| check::run());
        attempt("committed object", &mut summary, |_| ebpf::check());
    }
    attempt("host tests", &mut summary, |summary| host::tests(options.only.as_deref(), summary));
    if options.only.is_none() {
        attempt("the book", &mut summary, the_book);
    }
    let binary = stage("building the trials", vm::test_binary)?;
    let args = options.trial_args();
    if options.kernel.is_empty() {
        attempt("live trials", &mut summary, |summary| host::live(&binary, &args, summary));
    }
    if !guests.is_empty() {
        attempt("guests", &mut summary, |summary| matrix::run(&guests, &binary, &args, summary));
    }
    if side_by_side::KERNELS.iter().all(|name| guests.iter().any(|series| series.name == *name)) {
        let only = options.only.as_deref();
        attempt("labs side by side", &mut summary, |summary| side_by_side::run(only, summary));
    }
    if options.asks_for("soak") {
        attempt("soak", &mut summary, soak::run);
    }
    if options.asks_for("installed") {
        attempt("installed on Debian", &mut summary, installed::run);
    }
    summary.finish()
}

/// Its links, and the output of its commands.
fn the_book(summary: &mut Summary) -> Result<()> {
    let start = Instant::now();
    let book::Outcome { same, skipped } = book::run(&book::Options::default())?;
    summary.add("the book", "-", Count { passed: same, skipped, failed: 0, time: start.elapsed() });
    Ok(())
}

/// A stage without which the rest makes no sense.
fn stage<T>(name: &str, body: impl FnOnce() -> Result<T>) -> Result<T> {
    println!("== {name}");
    let start = Instant::now();
    let result = body();
    let word = if result.is_ok() { "done" } else { "FAILED" };
    println!("   {name}: {word} in {:.1} s", start.elapsed().as_secs_f64());
    result
}

/// A stage whose failure is told again at the end, and counts as one unless its tests have been counted.
fn attempt(name: &str, summary: &mut Summary, body: impl FnOnce(&mut Summary) -> Result<()>) {
    let before = summary.failed();
    if let Err(error) = stage(name, || body(summary)) {
        eprintln!("error: {name}: {error:#}");
        if summary.failed() == before {
            summary.broken(name, &error);
        }
    }
}
