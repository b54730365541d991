//! A connection that ended without a RST.

use super::{Look, Meaning, block::Block, names, path};
use crate::line::Death;

pub(super) const HEADLINE: (Meaning, &str) = (Meaning::Bad, "DIED");

pub(super) fn render(block: &mut Block, death: &Death) {
    let (meaning, label) = HEADLINE;
    block.head(meaning, label, &subject(block.look(), death), &death.verdict);
    block.evidence(&death.verdict);
    if death.complete == Some(false) {
        block.sentence(super::notes::INCOMPLETE);
    }
    if block.is_verbose() {
        facts(block, death);
    }
    path::render(block, &death.path);
    block.next(&death.verdict.advice);
}

pub(super) fn subject(look: Look, death: &Death) -> String {
    let local = death.local.map(|local| local.to_string()).unwrap_or_default();
    let who = death.process.as_deref().map_or(local, names::process);
    let remote = death.remote.map(|remote| remote.to_string()).unwrap_or_default();
    format!("{who} {} {remote}", look.between())
}

fn facts(block: &mut Block, death: &Death) {
    let facts = [
        Some(format!("at {}", death.time)),
        death.process.as_deref().and_then(names::inner_pid),
        Some(names::netns(&death.netns)),
        death.local.map(|local| format!("from {local}")),
        death.errno.as_ref().map(|errno| format!("errno {errno}")),
        death.age_ns.map(|age| format!("open {}", names::span(age))),
        Some(format!("idle {}", names::span(death.idle_ns))),
        Some(format!("{} bytes sent, {} received", death.bytes_sent, death.bytes_received)),
    ];
    block.detail(&facts.into_iter().flatten().collect::<Vec<_>>().join(", "));
}
