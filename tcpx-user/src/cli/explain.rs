//! `tcpx explain`: asks the catalogue and shows its answer.

use super::{
    args::Format,
    failure::Failure,
    request::{Explain, Question},
};
use crate::{
    explain::{Answer, Kind, backends, explain},
    sink::{
        open::Results,
        text::{Look, Meaning},
    },
};

/// Answers.
///
/// # Errors
/// When nothing is known by that name, or the answer cannot be written.
pub fn run(asked: &Explain) -> Result<u8, Failure> {
    let answer = match &asked.question {
        Question::All => explain(None),
        Question::Backends => Ok(backends()),
        Question::About(query) => explain(Some(query)),
    };
    let answer = answer.map_err(|unknown| Failure::Other(unknown.into()))?;
    let results = Results::open(&asked.output)?;
    let text = match asked.output.format {
        Format::Text => text(&answer, results.look),
        Format::Json => json(&answer)?,
    };
    results.write(&text)?;
    Ok(0)
}

fn text(answer: &Answer, look: Look) -> String {
    let meaning = |kind| match kind {
        Kind::Title | Kind::Heading => Meaning::Cause,
        Kind::Verdict | Kind::Text => Meaning::Plain,
        Kind::Command => Meaning::Good,
    };
    answer
        .lines(look.width, look.lang)
        .iter()
        .map(|line| look.paint(meaning(line.kind), &look.signs(&line.text)) + "\n")
        .collect()
}

/// In the same envelope as the lines of a trace.
fn json(answer: &Answer) -> Result<String, Failure> {
    let line = serde_json::json!({ "type": "explain", "data": answer });
    let line = serde_json::to_string(&line).map_err(|error| Failure::Other(error.into()))?;
    Ok(line + "\n")
}
