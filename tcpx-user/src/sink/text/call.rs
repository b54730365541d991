//! A bind() or listen() that failed.

use super::{Meaning, block::Block, names, path};
use crate::line::CallLine;

pub(super) const HEADLINE: (Meaning, &str) = (Meaning::Bad, "FAILED");

pub(super) fn render(block: &mut Block, call: &CallLine) {
    let (meaning, label) = HEADLINE;
    block.head(meaning, label, &subject(call), &call.verdict);
    block.evidence(&call.verdict);
    if block.is_verbose() {
        let facts = [
            Some(format!("at {}", call.time)),
            Some(call.errno.clone()),
            call.process.as_deref().and_then(names::inner_pid),
            Some(names::netns(&call.netns)),
        ];
        block.detail(&facts.into_iter().flatten().collect::<Vec<_>>().join(", "));
    }
    path::render(block, &call.path);
    block.next(&call.verdict.advice);
}

pub(super) fn subject(call: &CallLine) -> String {
    let who = call.process.as_deref().map_or_else(|| "?".to_owned(), names::process);
    format!("{who} {} {}", call.call, call.requested)
}
