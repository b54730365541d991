//! A bind() or listen() that failed.

use super::{Meaning, block::Block, names, path};
use crate::line::CallLine;

pub(super) fn render(block: &mut Block, call: &CallLine) {
    let who = call.process.as_ref().map_or_else(|| "?".to_owned(), names::process);
    let subject = format!("{who} {} {}", call.call, call.requested);
    block.head(Meaning::Bad, "FAILED", &subject, &call.verdict);
    block.evidence(&call.verdict);
    if block.is_verbose() {
        let facts = [format!("at {}", call.time), call.errno.clone(), names::netns(&call.netns)];
        block.detail(&facts.join(", "));
    }
    path::render(block, &call.path);
    block.next(&call.verdict.advice);
}
