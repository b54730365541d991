//! A line as a log record.

use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use opentelemetry_proto::tonic::logs::v1::{LogRecord, SeverityNumber};

use super::attributes::{self, Attributes};
use crate::line::{
    Attempt, CallLine, Death, Direction, DropLine, End, Endpoint, Line, Loss, Near, Outcome, Reset, Verdict,
    Word,
};

/// The record of a line; `None` for those that tell nothing that happened (`start`, `summary`).
#[must_use]
pub(super) fn of(line: &Line) -> Option<LogRecord> {
    Some(match line {
        Line::Attempt(attempt) => of_attempt(attempt),
        Line::Reset(reset) => of_reset(reset),
        Line::Drop(drop) => of_drop(drop),
        Line::Death(death) => of_death(death),
        Line::Call(call) => of_call(call),
        Line::Loss(loss) => of_loss(loss),
        Line::Start(_) | Line::Summary(_) => return None,
    })
}

fn of_attempt(attempt: &Attempt) -> LogRecord {
    let mut all = Attributes::default();
    let any = attempt.remote.or(attempt.requested);
    all.family(any.map(|at| at.addr));
    all.endpoint("network.local", attempt.local);
    all.endpoint("network.peer", attempt.remote.or(attempt.requested));
    all.endpoint("tcpx.requested", attempt.requested);
    all.endpoint("tcpx.nat.local", attempt.nat.map(|nat| nat.local));
    all.endpoint("tcpx.nat.peer", attempt.nat.map(|nat| nat.remote));
    all.netns(Some(&attempt.netns));
    all.process_in(attempt.process.as_deref(), &attempt.netns);
    all.text("error.type", attempt.errno.as_deref());
    all.text("tcpx.outcome", Some(Word(attempt.outcome).to_string()));
    all.text("tcpx.how", Some(Word(attempt.how).to_string()));
    all.number("tcpx.duration_ns", Some(attempt.duration_ns));
    all.number("tcpx.syn_retransmits", Some(attempt.syn_retransmits));
    all.number("tcpx.seq", attempt.isn);
    all.number("tcpx.reset", attempt.reset);
    all.text("tcpx.was", attempt.was.map(|was| was.to_string()));
    let failed = !matches!(attempt.outcome, Outcome::Established | Outcome::Pending | Outcome::Cancelled);
    told("attempt", Some(attempt.id), &attempt.time, attempt.complete, &attempt.verdict, failed, all)
}

/// Local and peer are as seen from the end that is on this host; from the sender's if both are.
fn of_reset(reset: &Reset) -> LogRecord {
    let mut all = Attributes::default();
    let flow = reset.flow;
    let (source, destination) =
        (Endpoint { addr: flow.saddr, port: flow.sport }, Endpoint { addr: flow.daddr, port: flow.dport });
    let (own, other) = if reset.sender.is_some() { (source, destination) } else { (destination, source) };
    all.family(Some(flow.saddr));
    all.endpoint("network.local", Some(own));
    all.endpoint("network.peer", Some(other));
    let end = reset.sender.as_ref().or(reset.receiver.as_ref());
    all.netns(end.map(|end| &end.netns));
    owner(&mut all, end, &reset.near);
    all.text("tcpx.origin", Some(Word(reset.origin).to_string()));
    all.text("tcpx.direction", Some(Direction::of(reset).name()));
    let segment = reset.segment.as_ref();
    all.text("tcpx.segment.flags", segment.map(|segment| segment.flags.to_string()));
    all.number("tcpx.seq", segment.map(|segment| segment.seq));
    all.number("tcpx.ack", segment.map(|segment| segment.ack));
    all.text("tcpx.reason", reset.reason.as_ref().map(|reason| reason.name.to_string()));
    all.number("tcpx.attempt", reset.attempt);
    all.text("tcpx.joined_by", reset.joined_by.as_deref());
    all.text("tcpx.was", reset.was.map(|was| was.to_string()));
    told("reset", Some(reset.id), &reset.time, reset.complete, &reset.verdict, true, all)
}

/// An owner that is known because of its port is among what almost matched, with its container and pod.
fn owner(all: &mut Attributes, end: Option<&End>, near: &[Near]) {
    let Some(end) = end else { return };
    let Some(owner) = &end.owner else { return all.process_in(None, &end.netns) };
    let mut known = near.iter().filter_map(|near| near.process.as_deref());
    if let Some(process) = known.find(|process| process.pid == owner.pid) {
        return all.process(Some(process));
    }
    all.number("process.pid", Some(owner.pid));
    all.text("process.executable.name", Some(owner.comm.as_str()));
}

/// The segment was on its way in: its destination is here.
fn of_drop(drop: &DropLine) -> LogRecord {
    let mut all = Attributes::default();
    let flow = drop.flow;
    all.family(Some(flow.saddr));
    all.endpoint("network.local", Some(Endpoint { addr: flow.daddr, port: flow.dport }));
    all.endpoint("network.peer", Some(Endpoint { addr: flow.saddr, port: flow.sport }));
    all.netns(Some(&drop.netns));
    all.process_in(drop.process.as_deref(), &drop.netns);
    all.number("tcpx.count", Some(drop.count));
    all.number("tcpx.backlog", drop.socket.map(|socket| socket.backlog));
    all.number("tcpx.max_backlog", drop.socket.map(|socket| socket.max_backlog));
    all.text("tcpx.reason", drop.reason.as_ref().map(|reason| reason.name.to_string()));
    all.number("tcpx.attempt", drop.attempt);
    told("drop", Some(drop.id), &drop.time, drop.complete, &drop.verdict, true, all)
}

fn of_death(death: &Death) -> LogRecord {
    let mut all = Attributes::default();
    all.family(death.remote.map(|at| at.addr));
    all.endpoint("network.local", death.local);
    all.endpoint("network.peer", death.remote);
    all.netns(Some(&death.netns));
    all.process_in(death.process.as_deref(), &death.netns);
    all.text("error.type", death.errno.as_deref());
    all.text("tcpx.outcome", Some(Word(death.outcome).to_string()));
    all.text("tcpx.state", Some(death.state.as_ref()));
    all.number("tcpx.age_ns", death.age_ns);
    all.number("tcpx.idle_ns", Some(death.idle_ns));
    all.number("tcpx.bytes_sent", Some(death.bytes_sent));
    all.number("tcpx.bytes_received", Some(death.bytes_received));
    all.number("tcpx.attempt", death.attempt);
    told("death", Some(death.id), &death.time, death.complete, &death.verdict, true, all)
}

fn of_call(call: &CallLine) -> LogRecord {
    let mut all = Attributes::default();
    all.family(Some(call.requested.addr));
    all.endpoint("network.local", Some(call.requested));
    all.netns(Some(&call.netns));
    all.process_in(call.process.as_deref(), &call.netns);
    all.text("error.type", Some(call.errno.as_str()));
    all.text("tcpx.call", Some(call.call.as_str()));
    told("call", Some(call.id), &call.time, call.complete, &call.verdict, true, all)
}

fn of_loss(loss: &Loss) -> LogRecord {
    let mut all = Attributes::default();
    all.text("tcpx.hook", Some(loss.hook.as_str()));
    all.text("tcpx.stage", Some(loss.stage.as_str()));
    all.number("tcpx.count", Some(loss.count));
    let text = format!("{} records of {} were lost", loss.count, loss.hook);
    record("loss", now(), true, text, all)
}

fn told(
    kind: &str,
    id: Option<u64>,
    time: &str,
    complete: Option<bool>,
    verdict: &Verdict,
    bad: bool,
    mut all: Attributes,
) -> LogRecord {
    all.number("tcpx.id", id);
    all.text("tcpx.verdict", Some(verdict.id.as_str()));
    all.text("tcpx.title", Some(verdict.title.as_ref()));
    all.text("tcpx.confidence", Some(Word(verdict.confidence).to_string()));
    all.texts("tcpx.evidence", &verdict.evidence);
    all.text("tcpx.advice", Some(verdict.advice.as_ref()));
    all.truth("tcpx.complete", complete);
    let first = verdict.evidence.first().cloned().unwrap_or_default();
    let text = if first.is_empty() { verdict.title.to_string() } else { first };
    record(kind, nanoseconds(time), bad, text, all)
}

/// The name of the event is an attribute too: exporters to databases that are older than OTLP's own field leave that out.
fn record(kind: &str, time: u64, bad: bool, text: String, mut all: Attributes) -> LogRecord {
    let name = format!("tcpx.{kind}");
    all.text("event.name", Some(name.as_str()));
    let (number, severity) =
        if bad { (SeverityNumber::Warn, "WARN") } else { (SeverityNumber::Info, "INFO") };
    LogRecord {
        time_unix_nano: time,
        observed_time_unix_nano: now(),
        severity_number: number.into(),
        severity_text: severity.to_owned(),
        body: Some(attributes::text(text)),
        attributes: all.0,
        event_name: name,
        ..LogRecord::default()
    }
}

/// 0, which OTLP reads as unknown, for what is no time.
fn nanoseconds(time: &str) -> u64 {
    let nanoseconds = time.parse::<Timestamp>().map(Timestamp::as_nanosecond);
    nanoseconds.ok().and_then(|ns| u64::try_from(ns).ok()).unwrap_or(0)
}

/// Nanoseconds since 1970.
pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64)
}
