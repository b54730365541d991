//! A RST that ended no attempt of this host: one that hit an open connection, or that refused somebody else.

use super::{Look, Meaning, block::Block, names, path};
use crate::{
    cli::filter::facts::answers_syn,
    line::{Endpoint, Near, Reset},
};

pub(super) fn render(block: &mut Block, reset: &Reset) {
    let (meaning, label) = headline(reset);
    block.head(meaning, label, &subject(block.look(), reset), &reset.verdict);
    block.evidence(&reset.verdict);
    if reset.complete == Some(false) {
        block.sentence(super::notes::INCOMPLETE);
    }
    if block.is_verbose() {
        block.detail(&format!("at {}", reset.time));
        facts(block, reset);
    }
    path::render(block, &reset.path);
    block.next(&reset.verdict.advice);
}

pub(super) fn headline(reset: &Reset) -> (Meaning, &'static str) {
    (Meaning::Bad, if answers_syn(reset) { "REFUSED" } else { "RESET" })
}

/// Who was refused → where; or whose connection ↔ with whom: the end that was hit comes first if it is here.
pub(super) fn subject(look: Look, reset: &Reset) -> String {
    let (source, destination) = (names::source(reset.flow), names::destination(reset.flow));
    let hit = reset.receiver.as_ref().map(names::end);
    if answers_syn(reset) {
        let hit = hit.unwrap_or_else(|| destination.to_string());
        return format!("{hit} {} {source}", look.to());
    }
    let sender = reset.sender.as_ref().map(names::end);
    match (hit, sender) {
        (Some(hit), Some(sender)) if sender != source.to_string() => {
            format!("{hit} {} {sender} {source}", look.between())
        }
        (Some(hit), _) => format!("{hit} {} {source}", look.between()),
        (None, Some(sender)) => format!("{sender} {} {destination}", look.between()),
        (None, None) => format!("{destination} {} {source}", look.between()),
    }
}

/// What `-v` adds, also for a RST that is told within its attempt.
pub(super) fn facts(block: &mut Block, reset: &Reset) {
    let flow =
        format!("RST {} {} {}", names::source(reset.flow), block.look().to(), names::destination(reset.flow));
    let reason = reset.reason.as_ref().map(|reason| format!("reason {}", reason.name));
    let origin = Some(format!("origin {:?}", reset.origin).to_lowercase());
    let joined = reset.joined_by.as_ref().map(|how| format!("ends joined by {how}"));
    let facts: Vec<_> = [Some(flow), origin, reason, segment(reset), joined].into_iter().flatten().collect();
    block.detail(&facts.join(", "));
    for (name, end) in [("sender", &reset.sender), ("receiver", &reset.receiver)] {
        let Some(end) = end else { continue };
        let state = end.socket.as_ref().and_then(|socket| socket.state.as_deref()).map(str::to_owned);
        let idle = end
            .socket
            .as_ref()
            .and_then(|socket| socket.idle_ns)
            .map(|ns| format!("idle {}", names::span(ns)));
        let owner = end.owner.as_ref().map(names::owner);
        let facts = [Some(format!("{name} in {}", names::netns(&end.netns))), owner, state, idle];
        block.detail(&facts.into_iter().flatten().collect::<Vec<_>>().join(", "));
    }
    reset.near.iter().for_each(|near| block.detail(&near_miss(near)));
}

fn segment(reset: &Reset) -> Option<String> {
    let segment = reset.segment.as_ref()?;
    let device = segment.device.as_ref().map(|device| format!(" on {device}")).unwrap_or_default();
    let ttl = segment.ttl.map(|ttl| format!(" TTL {ttl}")).unwrap_or_default();
    Some(format!(
        "segment [{}] seq {} ack {} len {}{ttl}{device}",
        segment.flags, segment.seq, segment.ack, segment.len
    ))
}

fn near_miss(near: &Near) -> String {
    let process = near.process.as_deref();
    let who = process.map(|process| format!(" of {}", names::process(process))).unwrap_or_default();
    let at = Endpoint { addr: near.addr, port: near.port };
    let container = process.and_then(|process| process.container.as_deref());
    let more = [
        process.and_then(names::inner_pid),
        near.unit.as_ref().map(|unit| format!("unit {unit}")),
        container.map(|id| format!("container {id}")),
        near.age_ns.map(|age| format!("there for {}", names::span(age))),
    ];
    let more: Vec<_> = more.into_iter().flatten().collect();
    let more = if more.is_empty() { String::new() } else { format!(" ({})", more.join(", ")) };
    format!("near: {at}{who}{more} in {}: {}", names::netns(&near.netns), near.why)
}
