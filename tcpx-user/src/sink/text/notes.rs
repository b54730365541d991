//! What text says beside results: how tracing began, and what was lost.

use std::collections::BTreeSet;

use super::{Look, Meaning};
use crate::{
    cli::request::Detail,
    line::{Loss, Start},
    text::width::wrap,
};

/// Said of each line that losses may have touched.
pub(super) const INCOMPLETE: &str = "Events were lost around this one: what is said here may not be all.";

/// How tracing began.
pub(super) fn start(start: &Start, look: Look, detail: Detail) -> String {
    let backends: BTreeSet<_> = start.hooks.iter().map(|hook| hook.backend.as_str()).collect();
    let backends = backends.into_iter().collect::<Vec<_>>().join(", ");
    let missing = match start.missing.len() {
        0 => String::new(),
        1 => "; 1 hook is missing (tcpx check says why)".to_owned(),
        many => format!("; {many} hooks are missing (tcpx check says why)"),
    };
    let hooks = start.hooks.len();
    let mut text = note(
        look,
        Meaning::Dim,
        &format!("tcpx: tracing Linux {} with {hooks} hooks by {backends}{missing}", start.kernel),
    );
    if detail == Detail::Verbose {
        for hook in &start.hooks {
            text +=
                &note(look, Meaning::Dim, &format!("  {} by {}: {}", hook.hook, hook.backend, hook.target));
        }
        for hook in &start.missing {
            text += &note(look, Meaning::Silent, &format!("  {} is missing: {}", hook.hook, hook.why));
        }
    }
    text
}

/// Records that were lost.
pub(super) fn loss(loss: &Loss, look: Look) -> String {
    let place = if loss.stage == "kernel" { "in the kernel" } else { "in tcpx" };
    let text = format!(
        "tcpx: LOST {} records of {} {place}: connections around this time may be missing or unexplained",
        loss.count, loss.hook
    );
    note(look, Meaning::Silent, &text)
}

/// A line, or several.
pub(super) fn note(look: Look, meaning: Meaning, text: &str) -> String {
    let indent = text.len() - text.trim_start().len();
    let first = " ".repeat(indent);
    let text = look.clean(&look.lang.run(text));
    let lines = wrap(&text, look.width, &first, &format!("{first}      "));
    lines.into_iter().map(|line| look.paint(meaning, &line) + "\n").collect()
}
