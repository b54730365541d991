//! Handshake segments that vanished without an attempt of this host to tell it with.

use super::{Look, Meaning, block::Block, names, path};
use crate::line::DropLine;

pub(super) const HEADLINE: (Meaning, &str) = (Meaning::Silent, "DROPPED");

pub(super) fn render(block: &mut Block, drop: &DropLine) {
    let (meaning, label) = HEADLINE;
    block.head(meaning, label, &subject(block.look(), drop), &drop.verdict);
    block.evidence(&drop.verdict);
    if drop.complete == Some(false) {
        block.sentence(super::notes::INCOMPLETE);
    }
    if block.is_verbose() {
        facts(block, drop);
    }
    path::render(block, &drop.path);
    block.next(&drop.verdict.advice);
}

pub(super) fn subject(look: Look, drop: &DropLine) -> String {
    let many = if drop.count > 1 { format!(" {}{}", look.times(), drop.count) } else { String::new() };
    format!("{} {} {}{many}", names::source(drop.flow), look.to(), names::destination(drop.flow))
}

fn facts(block: &mut Block, drop: &DropLine) {
    let facts = [
        Some(format!("at {}", drop.time)),
        Some(names::netns(&drop.netns)),
        drop.process.as_deref().map(|process| format!("socket of {}", names::process(process))),
        drop.process.as_deref().and_then(names::inner_pid),
        drop.socket.map(|queue| format!("queue {} of {}", queue.backlog, queue.max_backlog)),
        drop.reason.as_ref().map(|reason| format!("reason {}", reason.name)),
    ];
    block.detail(&facts.into_iter().flatten().collect::<Vec<_>>().join(", "));
}
