//! The `drop` line.

use super::{Names, flow, packets, path, verdict};
use crate::{
    correlate::facts::{DropCause, DropFacts},
    event::Met,
    line::{self, Backlog, Reason, ReasonSource},
    verdict::rules::Finding,
};

/// The line of a flow whose handshake vanished.
#[must_use]
pub fn drop(facts: &DropFacts, finding: Finding, names: &Names<'_>) -> line::DropLine {
    let (socket, inode, reason) = match &facts.cause {
        DropCause::Queue(seen) => {
            let (backlog, max_backlog) = seen.what.sock.backlog;
            (Some(Backlog { backlog, max_backlog }), seen.what.sock.inode, None)
        }
        DropCause::Mini(seen) => match &seen.what.met {
            Met::Request { sock, .. } => {
                let (backlog, max_backlog) = sock.backlog;
                (Some(Backlog { backlog, max_backlog }), sock.inode, None)
            }
            Met::TimeWait { .. } => (None, None, None),
        },
        DropCause::Freed(seen) => {
            let kernel =
                |name: &crate::event::Name| Reason { name: name.clone(), source: ReasonSource::Kernel };
            let listener = seen.what.passed_over_by();
            let queue = listener.map(|listener| {
                let (backlog, max_backlog) = listener.backlog;
                Backlog { backlog, max_backlog }
            });
            (queue, listener.and_then(|listener| listener.inode), seen.what.reason.as_ref().map(kernel))
        }
    };
    line::DropLine {
        id: facts.id,
        time: names.who.time(facts.cause.time()),
        netns: names.who.netns(facts.cause.netns()),
        flow: flow(facts.cause.segment().ends),
        count: facts.count,
        process: inode.and_then(|inode| names.who.holder(inode)),
        socket,
        reason,
        path: path::drop(facts, names),
        verdict: verdict(finding),
        attempt: facts.attempt,
        complete: names.complete(facts.complete),
        packets: names.packets(|names| packets::drop(facts, names)),
    }
}
