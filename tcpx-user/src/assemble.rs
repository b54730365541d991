//! Facts and verdict → the published line. Nothing is concluded here that `verdict` has not; what follows from the
//! site of a RST (its lookups, its path) is marked as derived.

mod attempt;
mod call;
mod death;
mod drop;
mod ends;
mod near;
mod packets;
mod path;
mod reset;

use crate::{
    decode::Symbols,
    event::Segment,
    line::{self, FlowLine, SegmentLine},
    packet::Packets,
    verdict::{self, rules::Finding, rules::words},
    who::Who,
};

pub use attempt::attempt;
pub use call::call;
pub use death::death;
pub use drop::drop;
pub(crate) use reset::origin;
pub use reset::reset;

/// Where names come from.
#[derive(Clone, Copy)]
pub struct Names<'a> {
    /// Processes, namespaces, times.
    pub who: &'a dyn Who,
    /// Functions of a stack.
    pub symbols: &'a dyn Symbols,
    /// The kernel counts what it keeps from the programs.
    pub counts_misses: bool,
    /// Lines carry the packets that they belong to.
    pub packets: bool,
}

impl Names<'_> {
    /// The packets of a line, if they are wanted.
    fn packets(&self, of: impl FnOnce(&Self) -> Packets) -> Option<Box<Packets>> {
        self.packets.then(|| Box::new(of(self)))
    }

    /// Whether all that matters was seen: known only where the kernel says what was not.
    const fn complete(&self, so_far: bool) -> Option<bool> {
        if so_far && !self.counts_misses { None } else { Some(so_far) }
    }
}

fn verdict(finding: Finding) -> line::Verdict {
    let entry = verdict::entry(finding.id);
    line::Verdict {
        id: finding.id,
        title: entry.title.as_str().into(),
        confidence: finding.confidence,
        evidence: finding.evidence,
        advice: entry.advice.as_str().into(),
    }
}

fn flow(ends: crate::event::Ends) -> FlowLine {
    FlowLine { saddr: ends.a.ip(), sport: ends.a.port(), daddr: ends.b.ip(), dport: ends.b.port() }
}

fn segment(segment: &Segment) -> SegmentLine {
    SegmentLine {
        flags: words::flags(segment.flags),
        seq: segment.seq,
        ack: segment.ack,
        len: segment.payload,
        ttl: (segment.ttl != 0).then_some(segment.ttl),
        device: segment.device.clone(),
    }
}
