//! A recording of another kernel, on this machine, by a user who may nothing: the lines are those that were told live, and whatever
//! reads a recording reads it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::{command, paths};

/// Files that a guest gave in its results, by name: base64, as a line has room for nothing else.
pub(super) type Given = BTreeMap<String, String>;

/// Replays `x.tcpx`, compares with `x.json`, exports, reports and asks.
pub(super) fn check(given: &Given) -> Result<()> {
    let folder = tempfile::tempdir().context("making a folder")?;
    let place = Place { folder: folder.path().to_owned() };
    for (name, text) in given {
        place.put(name, text)?;
    }
    place.install()?;
    let live = lines(&String::from_utf8_lossy(&paths::read(&place.folder.join("x.json"))?))?;
    let replayed = lines(&place.tcpx(&["replay", "x.tcpx", "-o", "json"])?)?;
    ensure!(!live.is_empty(), "nothing was told live");
    ensure!(live == replayed, "live:\n{live:#?}\nreplayed:\n{replayed:#?}");
    place.tcpx(&["export", "x.tcpx", "--write", "x.pcapng"])?;
    place.tcpx(&["report", "x.tcpx", "--write", "x.html"])?;
    let sql = "SELECT verdict, count(*) AS n FROM attempts GROUP BY verdict";
    let rows = place.tcpx(&["query", "x.tcpx", sql, "--format", "csv"])?;
    ensure!(rows.lines().any(|row| row == "closed-port,3"), "the verdicts of three refusals:\n{rows}");
    Ok(())
}

/// Lines with a verdict.
fn lines(text: &str) -> Result<Vec<Value>> {
    let all: Vec<Value> =
        text.lines().map(serde_json::from_str).collect::<Result<_, _>>().context(text.to_owned())?;
    Ok(all.into_iter().filter(|line| line["data"].get("verdict").is_some()).collect())
}

/// A folder of that user's own.
struct Place {
    folder: PathBuf,
}

impl Place {
    fn put(&self, name: &str, text: &str) -> Result<()> {
        let decoded = command::filter(Command::new("base64").arg("--decode"), text.as_bytes().to_vec())?;
        ensure!(decoded.status.success(), "{name} is no base64");
        paths::write(&self.folder.join(name), decoded.stdout)
    }

    /// The program that was packaged, where that user can run it.
    fn install(&self) -> Result<()> {
        let program: &Path = &paths::target().join("package/tcpx");
        let mut copy = Command::new("install");
        command::quiet(copy.args(["-m", "755"]).arg(program).arg(self.folder.join("tcpx")))?;
        command::quiet(
            Command::new("chown").args(["-R", &format!("{0}:{0}", command::NOBODY)]).arg(&self.folder),
        )?;
        Ok(())
    }

    /// What it prints.
    fn tcpx(&self, words: &[&str]) -> Result<String> {
        let mut tcpx = command::as_nobody(&self.folder.join("tcpx"));
        command::text(tcpx.args(words).current_dir(&self.folder))
    }
}
