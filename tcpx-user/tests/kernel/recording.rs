//! What `tcpx trace -w` shows and what `tcpx replay` makes of its recording are the same lines, with a thousand connections at
//! once and another process that takes and leaves ports all the time: what /proc and inet_diag say changes from one
//! answer to the next.

use std::{fs, path::Path};

use anyhow::{Context as _, Result, ensure};
use clap::Parser as _;
use tcpx_user::{
    cli::{args::Args, request::Request},
    run,
};

use crate::{report::Outcome, thousand::CALLER};

pub(crate) fn is_replayed_to_the_same_lines() -> Result<Outcome> {
    let name = |what: &str| std::env::temp_dir().join(format!("tcpx-recording.{what}"));
    let (recording, live, again) = (name("tcpx"), name("live.json"), name("again.json"));
    let text = |path: &Path| path.to_str().map(str::to_owned).context("a path in UTF-8");
    let (file, lines) = (text(&recording)?, text(&live)?);
    let traced = ["trace", "-w", &file, "-o", "json", "--output", &lines, "--", "/proc/self/exe", CALLER];
    let Request::Trace(trace) = typed(&traced)? else { unreachable!("a trace") };
    ensure!(run::trace(&trace)? == 0, "the trace failed");
    let Request::Replay(replay) = typed(&["replay", &file, "-o", "json", "--output", &text(&again)?])? else {
        unreachable!("a replay")
    };
    ensure!(run::replay(&replay)? == 0, "the replay failed");
    let (live, again) = (take(&live)?, take(&again)?);
    let differs = live.lines().zip(again.lines()).find(|(line, other)| line != other);
    ensure!(differs.is_none(), "{differs:#?}");
    ensure!(live.lines().count() == again.lines().count() && live.lines().count() > 1_000, "too few lines");
    fs::remove_file(&recording)?;
    Ok(Outcome::Passed)
}

fn typed(args: &[&str]) -> Result<Request> {
    Ok(Request::new(Args::try_parse_from(["tcpx"].iter().chain(args))?, "")?)
}

fn take(path: &Path) -> Result<String> {
    let text = fs::read_to_string(path)?;
    fs::remove_file(path)?;
    Ok(text)
}
