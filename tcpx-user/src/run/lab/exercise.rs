//! Exercises: a file is played, and what the kernel did says whether it does what a task asks for.

use std::fmt::Write as _;

use serde::Serialize;

use super::{Played, attached, one, text};
use crate::{
    cli::{args::Format, failure::Failure, request::Lab},
    lab::{Scenario, Task},
    line::Line,
    run::{session::runtime, stop::Signals},
    sink::{
        open::Results,
        text::{Look, Meaning},
    },
};

/// What is said of one task: the `task` line of `-o json`.
#[derive(Serialize)]
struct Judged<'a> {
    lab: &'a str,
    number: usize,
    text: &'a str,
    solved: bool,
    /// Why this kernel or machine does not tell.
    unavailable: Option<&'static str>,
    differences: Vec<String>,
}

/// Plays the file and judges it by the tasks of a lab. Status 0 if one of them is solved.
///
/// # Errors
/// When tracing or showing fails, or this machine cannot play the file.
pub fn check(request: &Lab, (lab, tasks): (&str, &[Task]), answer: &'static Scenario) -> Result<u8, Failure> {
    let results = Results::open(&request.output)?;
    let mut tracer = attached(request)?;
    let played = runtime()?.block_on(async {
        let mut signals = Signals::take().map_err(Failure::io("taking over signals"))?;
        one(&mut tracer, answer, &mut signals).await
    })?;
    if let Some(error) = played.ending.as_ref().err().filter(|error| error.is_unavailable()) {
        return Err(Failure::Unavailable(error.to_string()));
    }
    let judge = |(n, task)| judge(lab, n, task, &played);
    let judged: Vec<_> = tasks.iter().enumerate().map(judge).collect();
    let text = match request.output.format {
        Format::Json => json(tracer.start(), &played, &judged)?,
        Format::Text => told(&played, &judged, results.look)?,
    };
    results.write(&text)?;
    let solved = judged.iter().any(|task| task.solved);
    match judged.iter().find_map(|task| task.unavailable) {
        Some(why) if !solved => Err(Failure::Unavailable(format!("cannot be judged here: {why}"))),
        _ => Ok(u8::from(!solved)),
    }
}

fn judge<'a>(lab: &'a str, n: usize, task: &'a Task, played: &Played) -> Judged<'a> {
    let (differences, unavailable) = (played.unsolved(task), played.unjudged(task));
    let solved = differences.is_empty() && unavailable.is_none();
    Judged { lab, number: n + 1, text: &task.text, solved, unavailable, differences }
}

fn told(played: &Played, judged: &[Judged<'_>], look: Look) -> Result<String, Failure> {
    let mut told = text::results(played, look).map_err(Failure::io("retelling"))?;
    for task in judged {
        let (meaning, word) = match task.unavailable {
            _ if task.solved => (Meaning::Good, "solved"),
            Some(_) => (Meaning::Silent, "cannot be judged here"),
            None => (Meaning::Bad, "not solved"),
        };
        let head = look.lang.run(&format!("{}, task {}", task.lab, task.number)).into_owned();
        let head = format!("{head}{}{}", look.lang.colon(), look.lang.lab(task.text));
        told += "\n";
        told += &text::paragraph(look, Meaning::Plain, &head, "", "  ");
        told += &text::paragraph(look, meaning, &look.lang.run(word), "", "");
        told.extend(
            task.differences
                .iter()
                .map(|what| text::paragraph(look, Meaning::Bad, &look.lang.run(what), "  ", "    ")),
        );
    }
    Ok(told)
}

fn json(start: &Line, played: &Played, judged: &[Judged<'_>]) -> Result<String, Failure> {
    let summary = Line::Summary(played.summary.clone().into());
    let lines = [start].into_iter().chain(&played.lines).chain([&summary]).map(serde_json::to_value);
    let tasks = judged.iter().map(|data| Ok(serde_json::json!({ "type": "task", "data": data })));
    let mut text = String::new();
    for line in lines.chain(tasks) {
        let line = line.map_err(|error| Failure::Other(error.into()))?;
        let _ = writeln!(text, "{line}");
    }
    Ok(text)
}
