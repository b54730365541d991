//! Which facts of a line go into which row: the order is that of `schema::tables`.

use jiff::Timestamp;

use super::Row;
use crate::line::Frame;
use crate::line::{
    Attempt, CallLine, Death, DropLine, End, Endpoint, FlowLine, LookupLine, LookupStep, Loss, Nat, Netns,
    Process, Reason, Reset, SegmentLine, Start, Summary, Verdict,
};
use crate::query::index::Span;

/// A time of a line in nanoseconds since 1970.
pub(in crate::query) fn nanoseconds(time: &str) -> Option<i64> {
    i64::try_from(time.parse::<Timestamp>().ok()?.as_nanosecond()).ok()
}

impl<'a> Row<'a> {
    fn begin(id: u64, time: &str) -> Self {
        let mut row = Self::new();
        row.integer(Some(id));
        row.integer(nanoseconds(time));
        row
    }

    fn netns(&mut self, netns: Option<&'a Netns>) {
        self.integer(netns.map(|netns| netns.inum));
        self.shared(netns.and_then(|netns| netns.name.as_deref()));
        self.known(netns.and_then(|netns| netns.of.as_ref()));
    }

    fn endpoint(&mut self, at: Option<Endpoint>) {
        self.address(at.map(|at| at.addr));
        self.integer(at.map(|at| at.port));
    }

    fn nat(&mut self, nat: Option<Nat>) {
        self.endpoint(nat.map(|nat| nat.local));
        self.endpoint(nat.map(|nat| nat.remote));
    }

    fn process(&mut self, process: Option<&'a Process>) {
        self.integer(process.map(|process| process.pid));
        self.integer(process.and_then(|process| process.tid));
        self.integer(process.and_then(|process| process.ns_pid));
        self.text(process.map(|process| process.comm.as_str()));
        self.shared(process.and_then(|process| process.exe.as_deref()));
        self.integer(process.and_then(|process| process.uid));
        self.shared(process.and_then(|process| process.cgroup.as_deref()));
        self.shared(process.and_then(|process| process.container.as_deref()));
    }

    fn verdict(&mut self, verdict: &'a Verdict, path: &[Frame]) {
        self.text(Some(verdict.id.as_str()));
        self.shared(Some(&verdict.title));
        self.word(Some(verdict.confidence));
        self.json(&*verdict.evidence);
        self.json(path);
    }

    fn flow(&mut self, flow: FlowLine) {
        self.address(Some(flow.saddr));
        self.integer(Some(flow.sport));
        self.address(Some(flow.daddr));
        self.integer(Some(flow.dport));
    }

    fn reason(&mut self, reason: Option<&'a Reason>) {
        self.text(reason.map(|reason| &*reason.name));
        self.shared_word(reason.map(|reason| reason.source));
    }

    fn end(&mut self, end: Option<&'a End>) {
        self.address(end.map(|end| end.addr));
        self.integer(end.map(|end| end.port));
        self.netns(end.map(|end| &end.netns));
        let socket = end.and_then(|end| end.socket.as_ref());
        self.word(socket.map(|socket| socket.kind));
        self.text(socket.and_then(|socket| socket.state.as_deref()));
        self.integer(socket.and_then(|socket| socket.age_ns));
        self.integer(socket.and_then(|socket| socket.idle_ns));
        self.integer(socket.and_then(|socket| socket.bytes_sent));
        self.integer(socket.and_then(|socket| socket.bytes_received));
        let owner = end.and_then(|end| end.owner.as_ref());
        self.integer(owner.map(|owner| owner.pid));
        self.text(owner.map(|owner| owner.comm.as_str()));
        self.shared_word(owner.map(|owner| owner.how));
    }

    fn segment(&mut self, segment: Option<&'a SegmentLine>) {
        self.text(segment.map(|segment| &*segment.flags));
        self.integer(segment.map(|segment| segment.seq));
        self.integer(segment.map(|segment| segment.ack));
        self.integer(segment.map(|segment| segment.len));
        self.integer(segment.and_then(|segment| segment.ttl));
        self.text(segment.and_then(|segment| segment.device.as_deref()));
    }

    fn lookup(&mut self, lookup: Option<LookupLine>) {
        let step = |row: &mut Self, step: Option<LookupStep>| {
            row.word(step.map(|step| step.result));
            row.shared_word(step.map(|step| step.source));
        };
        step(self, lookup.map(|lookup| lookup.established));
        step(self, lookup.map(|lookup| lookup.listener));
    }
}

/// A row of `attempts`.
pub(in crate::query) fn attempt(line: &Attempt) -> Row<'_> {
    let mut row = Row::begin(line.id, &line.time);
    row.integer(Some(line.duration_ns));
    row.netns(Some(&line.netns));
    row.word(Some(line.family));
    row.endpoint(line.local);
    row.endpoint(line.remote);
    row.endpoint(line.requested);
    row.nat(line.nat);
    row.process(line.process.as_deref());
    row.word(Some(line.outcome));
    row.text(line.errno.as_deref());
    row.word(Some(line.how));
    row.integer(Some(line.syn_retransmits));
    row.verdict(&line.verdict, &line.path);
    row.integer(line.reset);
    row.boolean(line.complete);
    row
}

/// A row of `resets`.
pub(in crate::query) fn reset(line: &Reset) -> Row<'_> {
    let mut row = Row::begin(line.id, &line.time);
    row.word(Some(line.origin));
    row.flow(line.flow);
    row.end(line.sender.as_ref());
    row.end(line.receiver.as_ref());
    row.segment(line.segment.as_ref());
    row.reason(line.reason.as_ref());
    row.lookup(line.lookup);
    row.json(&line.near);
    row.verdict(&line.verdict, &line.path);
    row.integer(line.attempt);
    row.shared(line.joined_by.as_deref());
    row.boolean(line.complete);
    row
}

/// A row of `drops`.
pub(in crate::query) fn drop(line: &DropLine) -> Row<'_> {
    let mut row = Row::begin(line.id, &line.time);
    row.integer(Some(line.count));
    row.netns(Some(&line.netns));
    row.flow(line.flow);
    row.process(line.process.as_deref());
    row.integer(line.socket.map(|socket| socket.backlog));
    row.integer(line.socket.map(|socket| socket.max_backlog));
    row.reason(line.reason.as_ref());
    row.verdict(&line.verdict, &line.path);
    row.integer(line.attempt);
    row.boolean(line.complete);
    row
}

/// A row of `deaths`.
pub(in crate::query) fn death(line: &Death) -> Row<'_> {
    let mut row = Row::begin(line.id, &line.time);
    row.integer(line.duration_ns);
    row.netns(Some(&line.netns));
    row.word(Some(line.family));
    row.endpoint(line.local);
    row.endpoint(line.remote);
    row.nat(line.nat);
    row.process(line.process.as_deref());
    row.word(Some(line.outcome));
    row.text(line.errno.as_deref());
    row.text(Some(&line.state));
    row.integer(line.age_ns);
    row.integer(Some(line.idle_ns));
    row.integer(Some(line.bytes_sent));
    row.integer(Some(line.bytes_received));
    row.integer(Some(line.retransmits));
    row.integer(Some(line.probes));
    row.verdict(&line.verdict, &line.path);
    row.integer(line.attempt);
    row.boolean(line.complete);
    row
}

/// A row of `calls`.
pub(in crate::query) fn call(line: &CallLine) -> Row<'_> {
    let mut row = Row::begin(line.id, &line.time);
    row.netns(Some(&line.netns));
    row.text(Some(&line.call));
    row.text(Some(&line.errno));
    row.endpoint(Some(line.requested));
    row.process(line.process.as_deref());
    row.json(&line.holders);
    row.verdict(&line.verdict, &line.path);
    row.boolean(line.complete);
    row
}

/// A row of `losses`.
pub(in crate::query) fn loss(line: &Loss) -> Row<'_> {
    let mut row = Row::new();
    row.text(Some(&line.hook));
    row.text(Some(&line.stage));
    row.integer(Some(line.count));
    row
}

/// The row of `recordings`: how it began, what came, how it ended, and why not, if it did not.
pub(in crate::query) fn recording<'a>(
    start: &'a Start,
    span: &Span,
    counts: [i64; 5],
    summary: &'a Summary,
    broken: Option<&'a str>,
) -> Row<'a> {
    let mut row = Row::new();
    for text in [&start.kernel, &start.arch, &start.tcpx, &start.backend, &start.probes] {
        row.text(Some(text));
    }
    row.json(&start.hooks);
    row.json(&start.missing);
    row.integer(span.first);
    row.integer(span.last);
    for count in counts {
        row.integer(Some(count));
    }
    let lost = summary.lost.kernel + summary.lost.user;
    row.integer(Some(summary.lost.kernel));
    row.integer(Some(summary.lost.user));
    row.integer(Some(summary.shed));
    row.integer(summary.missed);
    row.integer(summary.unaccounted);
    row.text(summary.unaccounted_why.as_deref());
    row.json(&summary.kernel);
    row.boolean(if broken.is_some() || lost > 0 {
        Some(false)
    } else {
        summary.missed.map(|missed| missed == 0)
    });
    row.text(broken);
    row
}
