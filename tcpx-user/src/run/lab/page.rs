//! A lab as one page for a browser: the page of `tcpx report`, with the steps before it.

use std::path::Path;

use serde_json::{Value, json};

use super::{course::Course, outcome::Outcome, steps::Step, tracer::Played};
use crate::{
    cli::failure::Failure,
    lab::{Table, Tables},
    line::Line,
    report::{
        Report,
        page::{Origin, page},
    },
    sink::whole::Whole,
};
use std::io::Write as _;

/// Writes it.
///
/// # Errors
/// When the file cannot be written.
pub(super) fn write(
    path: &Path,
    start: &Line,
    played: &Played,
    outcome: &Outcome,
    steps: &[Step],
) -> Result<(), Failure> {
    let mut report = Report::default();
    let summary = Line::Summary(played.summary.clone().into());
    for line in [start].into_iter().chain(&played.lines).chain([&summary]) {
        report.take(line);
    }
    let files = vec![format!("tcpx lab {}", played.scenario.name)];
    let origin = Origin { files, lab: Some(lab(played, outcome, steps)), ..Origin::default() };
    let mut out = Whole::file(path)?;
    let name = out.name().to_owned();
    out.write_all(page(&report, &origin).as_bytes())
        .and_then(|()| out.finish())
        .map_err(Failure::writing(name))
}

/// What the page's own code shows of it.
pub(super) fn lab(played: &Played, outcome: &Outcome, steps: &[Step]) -> Value {
    let scenario = played.scenario;
    json!({
        "name": scenario.name,
        "title": scenario.title,
        "verdict": scenario.verdict(),
        "why": outcome.ok.then_some(scenario.about),
        "words": Course::english().words,
        "steps": steps.iter().map(step).collect::<Vec<_>>(),
    })
}

fn step(step: &Step) -> Value {
    let calls = step.calls.iter().map(
        |call| json!({ "who": call.who, "code": call.code, "begun": call.begun(), "result": call.result }),
    );
    json!({
        "said": step.said,
        "then": step.then,
        "traced": step.traced,
        "calls": calls.collect::<Vec<_>>(),
        "question": step.question,
        "path": step.path,
        "packets": step.packets,
        "states": step.states,
        "changed": step.changed_tables(),
        "before": step.before.iter().map(|one| tables(one)).collect::<Vec<_>>(),
        "after": step.after.iter().map(|one| tables(one)).collect::<Vec<_>>(),
    })
}

fn tables(tables: &Tables) -> Value {
    let rows = |table| tables.of(table).map(ToString::to_string).collect::<Vec<_>>();
    json!({
        "namespace": tables.namespace,
        "shows_bound": tables.shows_bound,
        "established": rows(Table::Established),
        "listener": rows(Table::Listener),
        "bound": rows(Table::Bound),
    })
}
