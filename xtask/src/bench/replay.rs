//! The row of the replay: how many records of a recorded storm it handles in a second, whole and with one part less each time.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::{
    Bench,
    rows::{RECORDS_EACH, ROOM, STORM, recording},
    table::Measured,
};
use crate::command;

pub(super) fn measure(bench: &Bench) -> Result<Vec<Measured>> {
    let file = bench.file("storm.tcpx");
    // All of it is wanted, however busy the machine is.
    let tracer = recording(bench, &file, "path", &["--buffer-size", ROOM])?;
    bench.load(&["storm", STORM])?;
    tracer.stop()?;
    let name = file.display().to_string();
    let verdicts = best(bench, || took(bench, &file, &["--verdict", "unknown"]))?;
    let json = best(bench, || took(bench, &file, &[]))?;
    let until = |stage: &str| best(bench, || bench.load(&["read", &name, "--until", stage]));
    let (correlated, decoded, read) = (until("correlated")?, until("events")?, until("blocks")?);
    let rate = |what: &str, speed: f64, least: f64| {
        Measured::target(what, format!("{speed:.0}"), format!("at least {least}"), speed >= least)
    };
    Ok(vec![
        rate("events a second to verdicts", verdicts, 1_000_000.0),
        rate("events a second to JSON", json, 500_000.0),
        Measured::reference("the same, only decoded and correlated", format!("{correlated:.0}")),
        Measured::reference("the same, only decoded", format!("{decoded:.0}")),
        Measured::reference("the same, only read", format!("{read:.0}")),
    ])
}

/// Records of the storm in a second, in the best of some runs.
fn best(bench: &Bench, run: impl Fn() -> Result<Duration>) -> Result<f64> {
    let mut best = Duration::MAX;
    for _ in 0..bench.rounds.max(3) {
        best = best.min(run()?);
    }
    Ok(STORM.parse::<f64>()? * RECORDS_EACH / best.as_secs_f64())
}

/// How long `tcpx replay` takes.
pub(super) fn took(bench: &Bench, file: &Path, filter: &[&str]) -> Result<Duration> {
    let start = Instant::now();
    let mut replay = Command::new("taskset");
    replay.args(["-c", "1"]).arg(&bench.tcpx).args(["replay", "-o", "json", "--output", "/dev/null"]);
    command::quiet(replay.args(filter).arg(file))?;
    Ok(start.elapsed())
}
