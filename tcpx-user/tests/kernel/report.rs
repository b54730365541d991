//! What a trial tells `cargo xtask`: one JSON line when it starts, one when it ends.
//!
//! libtest-mimic's own JSON knows neither durations nor the reason of a skip. The lines go to the file that
//! `TCPX_REPORT` names, in a guest the second serial port; without it nothing is written.

use std::fs::OpenOptions;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use libtest_mimic::{Completion, Failed, Trial};
use serde_json::{Value, json};

use crate::hidden;

/// Where the report lines go.
pub(crate) const REPORT: &str = "TCPX_REPORT";

/// How a trial that did not fail ended.
pub(crate) enum Outcome {
    /// It ran, and all it asserts holds.
    Passed,
    /// The same, with what it measured.
    Measured(String),
    /// It could not run here; the reason is shown, and the trial counts as skipped.
    Skipped(String),
}

impl Outcome {
    /// Of what the kernel kept from the programs nothing can be told: that is no passed trial, but no fault of a verdict.
    /// `None` if it kept nothing, or does not count that.
    ///
    /// `firings`: how many it passed over as it counts them; `begun`: when the trial began (boot clock, ns); `seen`: whether
    /// something was seen in the context of process 1, which then is not hidden.
    pub(crate) fn passed_over(firings: Option<u64>, begun: u64, seen: bool, wrong: &str) -> Option<Self> {
        let passed_over = firings.unwrap_or(0);
        let hidden = if seen { 0 } else { hidden::firings_since(begun) };
        let why = match (passed_over, hidden) {
            (0, 0) => return None,
            (0, _) => {
                format!("{hidden} firings were in the context of process 1, of which no program saw any")
            }
            _ => format!("the kernel passed over {passed_over} firings of programs"),
        };
        Some(Self::Skipped(format!("{why}; {wrong}")))
    }
}

/// A trial whose course is reported. Its name is `{backend}/{scenario}`.
pub(crate) fn trial(
    name: impl Into<String>,
    body: impl FnOnce() -> anyhow::Result<Outcome> + Send + 'static,
) -> Trial {
    let name = name.into();
    let reported = name.clone();
    Trial::ignorable_test(name, move || run(&reported, body))
}

fn run(name: &str, body: impl FnOnce() -> anyhow::Result<Outcome>) -> Result<Completion, Failed> {
    say(&json!({ "trial": name, "event": "started" }));
    let start = Instant::now();
    let result = catch_unwind(AssertUnwindSafe(body));
    let ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
    let (event, detail, completion) = match result {
        Ok(Ok(Outcome::Passed)) => ("passed", String::new(), Ok(Completion::Completed)),
        Ok(Ok(Outcome::Measured(what))) => ("passed", what, Ok(Completion::Completed)),
        Ok(Ok(Outcome::Skipped(why))) => ("skipped", why.clone(), Ok(Completion::ignored_with(why))),
        Ok(Err(error)) => failed(format!("{error:#}")),
        Err(panic) => failed(panic_message(panic.as_ref())),
    };
    say(&json!({ "trial": name, "event": event, "ms": ms, "detail": detail }));
    completion
}

fn failed(message: String) -> (&'static str, String, Result<Completion, Failed>) {
    ("failed", message.clone(), Err(Failed::from(message)))
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "panic without a message".to_owned())
}

/// Writes one line; a report that cannot be written fails the trial loudly, for it would look as if it never ran.
fn say(line: &Value) {
    let Some(path) = std::env::var_os(REPORT) else { return };
    let mut text = line.to_string();
    text.push('\n');
    OpenOptions::new()
        .append(true)
        .create(true)
        .open(&path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .unwrap_or_else(|error| panic!("cannot write to {}: {error}", path.display()));
}
