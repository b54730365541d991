//! `tcpx check`: what this kernel lets tcpx see. `ask` fills the report, `render` lays it out.

mod ask;
mod render;
mod service;

use serde::{Deserialize, Serialize};

use crate::{
    cli::{
        args::Format,
        failure::Failure,
        request::{Check, Output},
        surroundings::Surroundings,
    },
    line::MissingHook,
    sink::open::Results,
};

pub use render::text;

/// What works here.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct CheckReport {
    /// Version of tcpx.
    pub tcpx: String,
    /// Release of the kernel.
    pub kernel: String,
    /// Machine.
    pub arch: String,
    /// The kernel's type information.
    pub btf: Ability,
    /// Each backend as such.
    pub backends: Vec<CheckBackend>,
    /// Whether the service's rights are enough for what works here; `None` where tcpx has no others itself.
    pub service: Option<Ability>,
    /// What follows from the hooks that work, and from the kernel's types.
    pub sees: Vec<CheckFact>,
    /// Each hook.
    pub hooks: Vec<CheckHook>,
    /// What is not seen, and why: as in `start`.
    pub missing: Vec<MissingHook>,
}

/// Something is there, or is not for a reason.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub struct Ability {
    /// It is.
    pub works: bool,
    /// Where it is, or why it is not.
    pub detail: String,
}

/// A backend, whatever the hook.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub struct CheckBackend {
    /// `tracepoint`, `fentry` or `kprobe`.
    pub backend: String,
    /// Whether anything attaches by it.
    #[serde(flatten)]
    pub ability: Ability,
}

/// Something that tcpx tells where the kernel lets it.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub struct CheckFact {
    /// What.
    pub what: String,
    /// Whether it can.
    #[serde(flatten)]
    pub ability: Ability,
}

/// A hook, and how it would be attached.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub struct CheckHook {
    /// Its name.
    pub hook: String,
    /// The question that it answers.
    pub answers: String,
    /// The backend that works and would be chosen; `None` if there is none.
    pub backend: Option<String>,
    /// Functions or tracepoints, joined by a comma.
    pub target: Option<String>,
    /// Why the others are not used.
    pub others: Vec<OtherBackend>,
}

/// A backend that is not used for a hook.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub struct OtherBackend {
    /// Which.
    pub backend: String,
    /// It would work too.
    pub works: bool,
    /// Why not: does not work, or works and sees less or costs more.
    pub why: String,
}

/// Writes the report.
///
/// # Errors
/// When it cannot be written.
pub fn write(report: &CheckReport, output: &Output) -> Result<(), Failure> {
    let results = Results::open(output)?;
    let written = match output.format {
        Format::Text => text(report, results.look, output.detail),
        Format::Json => json(report)?,
    };
    results.write(&written)
}

fn json(report: &CheckReport) -> Result<String, Failure> {
    let line = serde_json::json!({ "type": "check", "data": report });
    let line = serde_json::to_string(&line).map_err(|error| Failure::Other(error.into()))?;
    Ok(line + "\n")
}

/// Carries out `tcpx check`.
///
/// # Errors
/// When the kernel cannot be asked or the report cannot be written.
pub fn run(request: &Check) -> Result<u8, Failure> {
    Surroundings::read().check()?;
    write(&ask::report(request.backend)?, &request.output)?;
    Ok(0)
}
