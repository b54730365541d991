//! Scenarios as text: one is retold step by step, several get a line each.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use super::{
    outcome::Outcome,
    retell::{Told, story},
    tracer::Played,
};
use crate::{
    cli::request::Detail,
    locked::locked,
    sink::{
        Sink as _,
        text::{Look, Meaning, Text},
    },
    text::width::{columns, pad, wrap},
};

/// Columns of the label before a line.
const LABEL: usize = 9;

/// The story, what tcpx says of it, and whether that is what was to be shown.
pub(super) fn retelling(
    played: &Played,
    outcome: &Outcome,
    look: Look,
    detail: Detail,
) -> io::Result<String> {
    let scenario = played.scenario;
    let (title, about) = (look.lang.lab(scenario.title), look.lang.lab(scenario.about));
    let mut text = paragraph(look, Meaning::Cause, &format!("{}: {title}", scenario.name), "", "  ");
    if detail > Detail::Quiet {
        text += &paragraph(look, Meaning::Dim, &about, "", "");
        text += "\n";
        text += &steps(&story(played), look);
    }
    text += "\n";
    text += &results(played, look)?;
    Ok(text + &judgement(outcome, look))
}

/// Whether what was to be shown was, and what was not.
pub(super) fn judgement(outcome: &Outcome, look: Look) -> String {
    let meaning = if outcome.ok { Meaning::Good } else { Meaning::Bad };
    let label = pad(&look.lang.run("verdict"), LABEL);
    let verdict = paragraph(look, meaning, &look.lang.run(&outcome.verdict()), &label, &" ".repeat(LABEL));
    verdict + &differences(outcome, look)
}

/// What was not as it should have been.
pub(super) fn differences(outcome: &Outcome, look: Look) -> String {
    let said =
        |text: &String| paragraph(look, Meaning::Bad, &look.lang.run(text), "         ", "           ");
    outcome.mismatches.iter().map(said).collect()
}

/// One line for one of several.
pub(super) fn line(outcome: &Outcome, look: Look) -> String {
    let (meaning, word, rest) = match &outcome.unavailable {
        _ if outcome.ok => (Meaning::Good, "ok", String::new()),
        Some(why) if !outcome.failed() => (Meaning::Silent, "cannot", format!(": {}", look.lang.run(why))),
        _ => (Meaning::Bad, "FAILED", format!(": {}", look.lang.run(&outcome.verdict()))),
    };
    let (name, word) = (outcome.name, look.lang.run(word));
    let label = pad(&word, LABEL);
    let lines = wrap(&look.clean(&format!("{name}{rest}")), look.width, &label, "         ");
    let text = lines.join("\n") + "\n";
    text.replacen(&*word, &look.paint(meaning, &word), 1)
}

fn steps(story: &[Told], look: Look) -> String {
    let width = story.iter().map(|told| match told {
        Told::Step { who, .. } => columns(&look.clean(&look.lang.run(who))),
        Told::Heading(_) => 0,
    });
    let width = width.max().unwrap_or(0).min(24);
    let mut number = 0;
    let mut text = String::new();
    for told in story {
        match told {
            Told::Heading(heading) => {
                text += &paragraph(look, Meaning::Cause, &look.lang.lab(heading), "", "  ");
            }
            Told::Step { who, what, known } => {
                number += 1;
                let known = known.map(|known| format!("  [{}]", look.lang.run(known))).unwrap_or_default();
                let (who, what) = (look.clean(&look.lang.run(who)), look.lang.run(what));
                let gap = " ".repeat(width.saturating_sub(columns(&who)));
                let first = format!("{number:>3}  {who}{gap}  ");
                let rest = " ".repeat(5 + width + 4);
                text += &paragraph(look, Meaning::Plain, &format!("{what}{known}"), &first, &rest);
            }
        }
    }
    text
}

/// The lines as `tcpx trace` would show them; their paths have been told.
pub(super) fn results(played: &Played, look: Look) -> io::Result<String> {
    let out = Memory::default();
    let notes: Box<dyn Write> = Box::new(io::sink());
    let mut sink = Text::new(Box::new(out.clone()), (notes, look), look, Detail::Quiet, true);
    for line in &played.lines {
        sink.line(line)?;
    }
    sink.flush()?;
    sink.line(&crate::line::Line::Summary(played.summary.clone().into()))?;
    drop(sink);
    let bytes = locked(&out.0).clone();
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

pub(super) fn paragraph(look: Look, meaning: Meaning, text: &str, first: &str, rest: &str) -> String {
    let lines = wrap(&look.clean(text), look.width, first, rest);
    lines.into_iter().map(|line| look.paint(meaning, &line) + "\n").collect()
}

/// A stream that stays in memory.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<u8>>>);

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        locked(&self.0).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
