//! `reset` lines.

use std::net::SocketAddr;

use super::{
    Check, Expected,
    check::{is_at, shown, word},
};
use crate::{
    lab::{AttemptFact, Holder, ResetFact, Side},
    line::{Confidence, End, Endpoint, Line, LookupResult, LookupStep, Near, Reset, SocketKind, Source},
};

/// The line about this RST: the same addresses.
pub(super) fn take<'a>(fact: &ResetFact, left: &mut Vec<&'a Line>) -> Option<&'a Reset> {
    super::take(left, |line| match line {
        Line::Reset(reset) => {
            let (from, to) = ends(reset);
            (is_at(fact.from, from) && is_at(fact.to, to)).then_some(&**reset)
        }
        _ => None,
    })
}

fn ends(reset: &Reset) -> (Endpoint, Endpoint) {
    let flow = reset.flow;
    (Endpoint { addr: flow.saddr, port: flow.sport }, Endpoint { addr: flow.daddr, port: flow.dport })
}

pub(super) fn compare(expected: &Expected, fact: &ResetFact, left: &mut Vec<&Line>) -> Vec<String> {
    let about = format!("RST from {}:{} to {}", fact.from.ip, shown(fact.from.port), fact.to.ip);
    let Some(line) = take(fact, left) else { return vec![format!("{about}: expected a line, got none")] };
    let mut check = Check::new(about);
    let (from, to) = ends(line);
    check.end("flow source", fact.from, Some(from));
    check.end("flow destination", fact.to, Some(to));
    check.same("origin", fact.origin, word(&line.origin));
    side(&mut check, "sender", fact.sender.as_ref(), line.sender.as_ref());
    side(&mut check, "receiver", fact.receiver.as_ref(), line.receiver.as_ref());
    let by_number = client_of(expected, fact).is_some_and(|client| expected.joins_by_number(client));
    let sure = if by_number { Confidence::Derived } else { expected.confidence_of_reset(fact) };
    check.verdict(fact.verdict, sure, &line.verdict);
    if fact.sender.is_some() && client_of(expected, fact).is_some_and(|client| client.nat.is_some()) {
        let how = if by_number { "sequence number" } else { "conntrack" };
        check.same("joined_by", how, shown(line.joined_by.as_ref()));
    }
    if let Some(upstream) = fact.upstream {
        let said = line.verdict.evidence.join(" ");
        let wanted = format!("had just been refused by {upstream}");
        check.holds(said.contains(&wanted), "verdict.evidence", wanted, said);
    }
    if let Some(Holder { process, at }) = &fact.meant_for {
        let is = |near: &&Near| SocketAddr::new(near.addr, near.port) == *at;
        let pid = line.near.iter().find(is).and_then(|near| Some(near.process.as_ref()?.pid));
        check.same("near", process.pid, shown(pid));
    }
    if let Some(Holder { process, at }) = &fact.successor {
        let said = line.verdict.evidence.join(" ");
        let wanted = format!("{}[{}] listens on {at}", process.comm, process.pid);
        check.holds(said.contains(&wanted), "verdict.evidence", wanted, said);
    }
    if let Some((handshake, rst)) =
        fact.ttls.filter(|_| expected.abilities.handshakes && line.segment.is_some())
    {
        let said = line.verdict.evidence.join(" ");
        let wanted = if rst == handshake {
            "Its TTL and device are those of the handshake.".to_owned()
        } else {
            format!("its TTL is {rst} and not {handshake}.")
        };
        check.holds(said.contains(&wanted), "verdict.evidence", wanted, said);
    }
    check.path(&line.path);
    // It ended a connection that a process of this host had asked for.
    let of_client = client_of(expected, fact).is_some() || is_by_client(expected, fact);
    let wanted = if of_client { "a line's id" } else { "null" };
    check.holds(line.attempt.is_some() == of_client, "attempt", wanted, shown(line.attempt));
    both_ages(&mut check, line);
    lookup(&mut check, expected, fact, line);
    early_demux(&mut check, line);
    check.holds(line.complete != Some(false), "complete", "true or null", "false");
    check.end_of()
}

/// Every connection of a scenario is opened after tracing has begun, so each end on this host has an age, an idle time and
/// what it has moved, and before it is open it has none of them. A TIME_WAIT record keeps no more than when it began.
fn both_ages(check: &mut Check, line: &Reset) {
    for (name, end) in [("sender", &line.sender), ("receiver", &line.receiver)] {
        let Some(socket) = end.as_ref().and_then(|end| end.socket.as_ref()) else { continue };
        let begun = socket.state.as_deref().is_some_and(|state| !matches!(state, "SYN_SENT" | "SYN_RECV"));
        let open = begun && socket.kind == SocketKind::Full;
        let age = socket.age_ns.filter(|_| socket.kind != SocketKind::TimeWait);
        let numbers = [age, socket.idle_ns, socket.bytes_sent, socket.bytes_received];
        let wanted = if open { "age, idle time and bytes" } else { "none of them" };
        let got = numbers.map(shown).join(", ");
        check.holds(
            numbers.iter().all(|number| number.is_some() == open),
            &format!("{name}.socket"),
            wanted,
            got,
        );
    }
}

/// The attempt of a process of this host that it ended.
fn client_of<'a>(expected: &'a Expected, fact: &ResetFact) -> Option<&'a AttemptFact> {
    let received = |attempt: &&AttemptFact| fact.receiver.is_some() && attempt.is_answered_from(fact.from);
    expected.facts.attempts.iter().find(received)
}

/// A process of this host had asked for the connection that its own end reset.
fn is_by_client(expected: &Expected, fact: &ResetFact) -> bool {
    let to = |attempt: &AttemptFact| crate::lab::Endpoint::from(attempt.remote);
    let ends = |attempt: &AttemptFact| (attempt.local, to(attempt));
    fact.origin == "active"
        && expected.facts.attempts.iter().any(|attempt| (fact.from, fact.to) == ends(attempt))
}

fn side(check: &mut Check, name: &str, expected: Option<&Side>, got: Option<&End>) {
    let (expected, got) = match (expected, got) {
        (None, None) => return,
        (Some(expected), Some(got)) => (expected, got),
        (expected, got) => {
            let here = |there: bool| if there { "on this host" } else { "null" };
            return check.same(name, here(expected.is_some()), here(got.is_some()));
        }
    };
    check.same(&format!("{name}.netns"), expected.netns, got.netns.inum);
    let kind = got.socket.as_ref().map(|socket| word(&socket.kind));
    check.same(&format!("{name}.socket.kind"), expected.socket, shown(kind));
    if let Some(owner) = &expected.owner {
        let seen = got.owner.as_ref().map(|owner| format!("{}[{}]", owner.comm, owner.pid));
        check.same(&format!("{name}.owner"), format!("{}[{}]", owner.comm, owner.pid), shown(seen));
    }
}

/// A segment that found no socket missed in both tables, and where the lookups are hooked that was seen.
fn lookup(check: &mut Check, expected: &Expected, fact: &ResetFact, line: &Reset) {
    let no_socket = fact.sender.as_ref().is_some_and(|sender| sender.socket == "none");
    if fact.origin != "reply" || !no_socket {
        return;
    }
    let Some(lookup) = line.lookup else { return check.same("lookup", "two lookups", "null") };
    let source = if expected.abilities.lookups { Source::Observed } else { Source::Derived };
    let wanted = format!("{} ({})", word(&LookupResult::Miss), word(&source));
    for (name, step) in [("established", lookup.established), ("listener", lookup.listener)] {
        let got = format!("{} ({})", word(&step.result), word(&step.source));
        check.same(&format!("lookup.{name}"), &wanted, got);
    }
}

/// What comes over a wire has its socket looked up before its route; on loopback it has its route already.
fn early_demux(check: &mut Check, line: &Reset) {
    let seen = LookupStep { result: LookupResult::Hit, source: Source::Observed };
    let Some(device) = line.segment.as_ref().and_then(|segment| segment.device.as_ref()) else { return };
    if line.lookup.is_some_and(|lookup| lookup.established == seen) {
        let shown = line.path.iter().any(|frame| frame.function.ends_with("_early_demux"));
        check.same("early demux in path", &**device != "lo", shown);
    }
}
