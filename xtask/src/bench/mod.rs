//! `cargo xtask bench`: what tracing costs. Speed is told as a ratio to the same load untraced, the two taking turns in
//! one run: the numbers of different runs, or of different machines, say nothing about each other.

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "numbers for people, far from the ends of their types"
)]

mod load;
mod proc;
mod ratio;
mod replay;
mod rows;
mod table;
mod tracer;

use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use serde_json::Value;

use crate::{command, paths};
use rows::ROWS;
use table::Table;

#[derive(Args)]
pub(crate) struct Options {
    /// Rows to measure, by their names; all if none is given
    rows: Vec<String>,
    /// How often traced and untraced take turns
    #[arg(long, default_value_t = 15)]
    rounds: usize,
    /// Write the table to docs/benchmarks.md: needs all rows
    #[arg(long, conflicts_with = "rows")]
    write: bool,
}

/// What every row needs.
pub(crate) struct Bench {
    tcpx: PathBuf,
    load: PathBuf,
    /// Recordings and output, removed at the end.
    folder: PathBuf,
    rounds: usize,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    ensure!(command::is_root()?, "tracing needs root: run `cargo xtask bench` as root");
    let known = |name: &String| ROWS.iter().any(|row| row.name == name);
    if let Some(name) = options.rows.iter().find(|name| !known(name)) {
        let names: Vec<_> = ROWS.iter().map(|row| row.name).collect();
        bail!("there is no row {name}; there are {}", names.join(", "));
    }
    let bench = Bench::prepare(options.rounds)?;
    let mut table = Table::default();
    let chosen = |name: &str| options.rows.is_empty() || options.rows.iter().any(|row| row == name);
    for row in ROWS.iter().filter(|row| chosen(row.name)) {
        println!("-- {}: {}", row.name, row.what);
        let measured = (row.measure)(&bench).with_context(|| format!("measuring {}", row.name))?;
        for one in &measured {
            println!("   {one}");
        }
        table.add(row, measured);
    }
    paths::remove_folder(&bench.folder)?;
    println!("\n{table}");
    if options.write {
        table.write(options.rounds)?;
    }
    match table.missed() {
        0 => Ok(()),
        missed => bail!("{missed} targets were missed"),
    }
}

impl Bench {
    fn prepare(rounds: usize) -> Result<Self> {
        // In this order: benchmarks are built into the folder of releases, with a tcpx that is not one.
        let load = load::build()?;
        let tcpx =
            command::built(&["build", "--release", "--package", "tcpx-user", "--bin", "tcpx"], "tcpx")?;
        let folder = paths::target_folder("bench")?;
        Ok(Self { tcpx, load, folder, rounds })
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// The summary at the end of JSON lines.
fn summary(lines: &str) -> Result<Value> {
    let last = lines.lines().last().context("tcpx wrote nothing")?;
    let line: Value = serde_json::from_str(last).context("the last line is no JSON")?;
    ensure!(line["type"] == "summary", "the last line is no summary: {last}");
    Ok(line["data"].clone())
}
