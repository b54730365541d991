//! From an event and who answers questions about it to lines: the same live and in replay.

use std::sync::Arc;

use crate::{
    event::{Event, Holder, Holders, ListenLimits, Reply, What},
    line::Line,
    pipeline::Pipeline,
    record::{Asked, Recorder},
    who::Who,
};

/// Appends the lines that are settled by an event.
pub(crate) fn judge(pipeline: &mut Pipeline, event: &Event, who: &dyn Who, lines: &mut Vec<Line>) {
    let completed = completed(event, who);
    pipeline.push_to(completed.as_ref().unwrap_or(event), who, lines);
}

/// The same, and what it took is recorded.
pub(crate) fn judge_recorded(
    pipeline: &mut Pipeline,
    event: &Event,
    who: &dyn Who,
    recorder: &Recorder,
    lines: &mut Vec<Line>,
) {
    recorder.advance(event);
    let before = lines.len();
    judge(pipeline, event, &Asked::new(who, recorder), lines);
    recorder.dealt_with(lines.len() > before);
}

/// Appends what is left at the end, and records what it took.
pub(crate) fn finish_recorded(
    pipeline: &mut Pipeline,
    who: &dyn Who,
    recorder: &Recorder,
    lines: &mut Vec<Line>,
) {
    recorder.finish();
    lines.extend(pipeline.finish(&Asked::new(who, recorder)));
}

/// Where the walk through the bind hash could not be made or did not come to its end, inet_diag is asked.
fn completed(event: &Event, who: &dyn Who) -> Option<Event> {
    let What::Reply(reply) = &event.what else { return None };
    let known = reply.holders.as_ref().is_some_and(|holders| holders.complete);
    if known || reply.sk_state != 0 || !reply.segment.is_syn() {
        return None;
    }
    let found = who.port_holders(event.netns, reply.segment.ends.b.port())?;
    let seen = reply.holders.as_ref().map_or(&[][..], |holders| &holders.list);
    let list = found.list.into_iter().map(|holder| as_seen(holder, seen)).collect();
    let (complete, limits) = (found.bound_visible, ListenLimits::default());
    let holders = Some(Holders { list, complete, limits });
    let what = What::Reply(Arc::new(Reply { holders, ..(**reply).clone() }));
    Some(Event { what, ..event.clone() })
}

/// What the kernel's walk saw of a socket says more than inet_diag does.
fn as_seen(holder: Holder, seen: &[Holder]) -> Holder {
    let same = |other: &&Holder| other.inode.is_some() && other.inode == holder.inode;
    seen.iter().find(same).cloned().unwrap_or(holder)
}
