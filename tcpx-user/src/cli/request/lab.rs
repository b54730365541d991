//! `tcpx lab`: what was typed, and what it means.

mod kernels;

use std::path::PathBuf;

use super::{
    Hooks, Output, ProbeSet,
    convert::{hooks, output},
};
use crate::{
    cli::{
        args::{CourseArgs, Format, LabArgs, ProgramArgs, When},
        failure::Failure,
    },
    lab::Role,
};

/// `tcpx lab`
#[derive(Debug)]
pub struct Lab {
    /// Scenarios; empty to list them.
    pub play: Vec<String>,
    /// Programs of the reader's, and whose place they take.
    pub programs: Vec<(Role, String)>,
    /// What is wanted of its tasks.
    pub tasks: Tasks,
    /// How one is shown.
    pub view: View,
    /// In guests with these kernels, not here.
    pub kernels: Option<Kernels>,
    /// Kernels to fetch.
    pub fetch: Vec<String>,
    /// What to attach.
    pub hooks: Hooks,
    /// Where results go.
    pub output: Output,
}

/// Guests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kernels {
    /// Series or files, each once.
    pub names: Vec<String>,
    /// What was typed for tcpx in the guests.
    pub options: Vec<String>,
}

/// What is wanted of the tasks of a scenario.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Tasks {
    /// Nothing: it is played itself.
    #[default]
    None,
    /// Their list.
    Show,
    /// Whether this file solves one.
    Check(String),
}

/// How a scenario is shown in a course.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// One step at a time.
    pub steps: bool,
    /// As a drawing.
    pub diagram: bool,
    /// As a page, into this file.
    pub page: Option<PathBuf>,
    /// As data, for the host of the guest that this is.
    pub for_host: bool,
}

impl View {
    /// In any way but the usual one.
    #[must_use]
    pub const fn is_special(&self) -> bool {
        self.for_host || self.is_walked() || self.page.is_some()
    }

    /// Step by step, or as a drawing.
    #[must_use]
    pub const fn is_walked(&self) -> bool {
        self.steps || self.diagram
    }
}

/// Checks what was typed.
///
/// # Errors
/// [`Failure::Usage`] with what does not go together, and what does.
pub(super) fn lab(typed: LabArgs, color: When) -> Result<Lab, Failure> {
    let fetch = fetch(&typed)?;
    if typed.names.is_empty() && !typed.list && fetch.is_empty() {
        return Err(wrong("which scenario? \"tcpx lab --list\" shows them, \"tcpx lab all\" plays them all"));
    }
    let view = view(&typed)?;
    let programs = programs(&typed)?;
    let tasks = tasks(&typed)?;
    let hooks = hooks(&typed.hooks, ProbeSet::Lookup, typed.output.verbose)?;
    let kernels = kernels::kernels(&typed)?;
    let lang = typed.lang.lang();
    let output = Output { lang, ..output(typed.output, color) };
    Ok(Lab { play: typed.names, programs, tasks, view, kernels, fetch, hooks, output })
}

/// A page is of one lab; steps and drawings are for people.
fn view(typed: &LabArgs) -> Result<View, Failure> {
    let CourseArgs { step, diagram, write, .. } = &typed.course;
    let view =
        View { steps: *step, diagram: *diagram, page: write.clone(), for_host: typed.kernels.for_host };
    let many = typed.names.len() > 1 || typed.names.iter().any(|name| name == "all");
    if view.page.is_some() && many {
        return Err(wrong("-w writes the page of one scenario: name one"));
    }
    if (view.steps || view.diagram) && typed.output.format == Format::Json {
        return Err(wrong("--step and --diagram are text; -o json has the same run as lines"));
    }
    Ok(view)
}

/// Programs take a place in one lab.
fn programs(typed: &LabArgs) -> Result<Vec<(Role, String)>, Failure> {
    let ProgramArgs { client, server } = &typed.programs;
    let given = [(Role::Client, client), (Role::Server, server)];
    let given: Vec<_> =
        given.into_iter().filter_map(|(role, command)| Some((role, command.clone()?))).collect();
    if let Some((role, _)) = given.iter().find(|(_, command)| command.trim().is_empty()) {
        return Err(wrong(&format!("--{} is empty; it takes a command line for sh", role.name())));
    }
    let client = given.iter().any(|(role, _)| *role == Role::Client);
    if client && (typed.course.step || typed.course.diagram || typed.course.write.is_some()) {
        return Err(wrong(
            "--step, --diagram and -w follow the calls of the lab's own client: leave --client out",
        ));
    }
    if !given.is_empty() && (typed.names.len() != 1 || typed.names[0] == "all") {
        return Err(wrong("--client and --server are for one scenario: name one"));
    }
    Ok(given)
}

fn tasks(typed: &LabArgs) -> Result<Tasks, Failure> {
    let tasks = match (&typed.course.check, typed.course.task) {
        (Some(file), _) => Tasks::Check(file.clone()),
        (None, true) => Tasks::Show,
        (None, false) => Tasks::None,
    };
    if tasks != Tasks::None && (typed.names.len() != 1 || typed.names[0] == "all") {
        return Err(wrong("--task and --check are about one scenario: name one"));
    }
    Ok(tasks)
}

/// Names of folders are made of them.
fn fetch(typed: &LabArgs) -> Result<Vec<String>, Failure> {
    let names = &typed.kernels.fetch_kernel;
    let is_series = |name: &str| {
        let number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        name.split_once('.').is_some_and(|(major, minor)| number(major) && number(minor))
    };
    match names.iter().find(|name| !is_series(name)) {
        Some(name) => Err(wrong(&format!(
            "--fetch-kernel: \"{name}\" is not valid: a series has two numbers, such as 6.1"
        ))),
        None => Ok(names.clone()),
    }
}

fn wrong(what: &str) -> Failure {
    Failure::Usage(format!("lab: {what}"))
}
