//! A lab as one page for a browser: the page of `tcpx report`, with the steps before it.

use std::path::Path;

use serde_json::{Value, json};

use super::{
    course::Course,
    outcome::Outcome,
    steps::{Fact, Step},
    tracer::Played,
};
use crate::{
    cli::failure::Failure,
    lab::{Table, Tables},
    line::Line,
    report::{
        Report,
        page::{Origin, page},
    },
    sink::whole::Whole,
    text::lang::Lang,
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
    (outcome, steps): (&Outcome, &[Step]),
    lang: Lang,
) -> Result<(), Failure> {
    let mut report = Report::default();
    let summary = Line::Summary(played.summary.clone().into());
    for line in [start].into_iter().chain(&played.lines).chain([&summary]) {
        report.take(line);
    }
    let files = vec![format!("tcpx lab {}", played.scenario.name)];
    let origin = Origin { files, lab: Some(lab(played, (outcome, steps), lang)), lang, ..Origin::default() };
    let mut out = Whole::file(path)?;
    let name = out.name().to_owned();
    out.write_all(page(&report, &origin).as_bytes())
        .and_then(|()| out.finish())
        .map_err(Failure::writing(name))
}

/// What the page's own code shows of it.
pub(super) fn lab(played: &Played, (outcome, steps): (&Outcome, &[Step]), lang: Lang) -> Value {
    let scenario = played.scenario;
    json!({
        "name": scenario.name,
        "title": lang.lab(scenario.title),
        "verdict": scenario.verdict(),
        "why": outcome.ok.then(|| lang.lab(scenario.about)),
        "words": Course::of(lang).words,
        "steps": steps.iter().map(|one| step(one, lang)).collect::<Vec<_>>(),
    })
}

fn step(step: &Step, lang: Lang) -> Value {
    let said = |texts: &[String]| texts.iter().map(|text| lang.lab(text).into_owned()).collect::<Vec<_>>();
    let facts = |facts: &[Fact]| facts.iter().map(|fact| fact.in_language(lang)).collect::<Vec<_>>();
    let calls = step.calls.iter().map(
        |call| json!({ "who": call.who, "code": call.code, "begun": call.begun(), "result": call.result }),
    );
    json!({
        "said": said(&step.said),
        "then": said(&step.then),
        "traced": step.traced,
        "calls": calls.collect::<Vec<_>>(),
        "question": step.question,
        "path": facts(&step.path),
        "packets": facts(&step.packets),
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
