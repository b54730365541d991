//! The story of one run: what programs did and what the kernel did, in the order in which it happened. Everything in it
//! comes from the script of this run and from the lines that its events led to.

use super::tracer::Played;
use crate::{
    lab::What,
    line::{Frame, Line, Note},
};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// The scenario says what it is about to show.
    Heading(String),
    /// Somebody did something.
    Step {
        /// A program, the peer, or the kernel.
        who: String,
        /// What.
        what: String,
        /// `observed` or `derived`, for what the kernel did.
        known: Option<&'static str>,
    },
}

/// With its time, on the script's clock.
pub(super) type Timed = (u64, Told);

/// The story in order.
pub(super) fn story(played: &Played) -> Vec<Told> {
    let kernel = kernel(played);
    let mut all: Vec<Timed> = Vec::new();
    for line in &played.script {
        let at = line.at_ns;
        match &line.what {
            What::Step(text) => all.push((at, Told::Heading(text.clone()))),
            What::Packet { sent, text } => {
                let what = format!("{} {text}", if *sent { "sends" } else { "receives" });
                all.push((at, step("peer", what, None)));
            }
            What::Ready | What::Tables(_) => {}
            What::Call { comm, pid, text, ended_ns } => {
                all.extend(call(&format!("{comm}[{pid}]"), text, (at, *ended_ns), &kernel));
            }
        }
    }
    all.extend(kernel);
    all.sort_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, told)| told).collect()
}

fn step(who: &str, what: String, known: Option<&'static str>) -> Told {
    Told::Step { who: who.to_owned(), what, known }
}

/// A call during which the kernel did something that is told has a beginning and an end.
fn call(who: &str, text: &str, (from, until): (u64, u64), kernel: &[Timed]) -> Vec<Timed> {
    let busy = kernel.iter().any(|(at, _)| (from..until).contains(at));
    match text.rsplit_once(" = ").filter(|_| busy) {
        Some((begun, result)) => vec![
            (from, step(who, begun.to_owned(), None)),
            (until, step(who, format!("{} returns {result}", function_of(begun)), None)),
        ],
        None => vec![(from, step(who, text.to_owned(), None))],
    }
}

pub(super) fn function_of(call: &str) -> String {
    call.split_once('(').map_or_else(|| call.to_owned(), |(name, _)| format!("{name}()"))
}

/// What the kernel did. An attempt's path repeats those of its RST and its drop, which are lines of their own.
pub(super) fn kernel(played: &Played) -> Vec<Timed> {
    let elsewhere: Vec<&Frame> = played.lines.iter().flat_map(own_path).collect();
    let mut all = Vec::new();
    for line in &played.lines {
        match line {
            Line::Attempt(attempt) => {
                let own = attempt.path.iter().filter(|frame| !elsewhere.contains(frame)).cloned();
                all.extend(outermost_first(&own.collect::<Vec<_>>(), played.suspended));
            }
            Line::Reset(reset) => all.extend(outermost_first(&reset.path, played.suspended)),
            Line::Drop(drop) => {
                let mut steps = outermost_first(&drop.path, played.suspended);
                if let Some((_, Told::Step { what, .. })) = steps.last_mut().filter(|_| drop.count > 1) {
                    what.extend([", the first of ", &drop.count.to_string()]);
                }
                all.extend(steps);
            }
            Line::Death(death) => all.extend(outermost_first(&death.path, played.suspended)),
            Line::Call(call) => all.extend(outermost_first(&call.path, played.suspended)),
            Line::Start(_) | Line::Loss(_) | Line::Summary(_) => {}
        }
    }
    all
}

fn own_path(line: &Line) -> &[Frame] {
    match line {
        Line::Reset(reset) => &reset.path,
        Line::Drop(drop) => &drop.path,
        _ => &[],
    }
}

/// A path as it was run, on the script's clock. What a note says of a label comes after the lookups that led there.
fn outermost_first(path: &[Frame], suspended: u64) -> Vec<Timed> {
    let mut told = Vec::new();
    let mut label = None;
    // What only a stack shows has nothing to say of itself.
    let path: Vec<&Frame> = path.iter().filter(|frame| frame.note.is_some()).collect();
    for (n, frame) in path.iter().rev().enumerate() {
        let at = frame.at.map_or(0, |at| at.saturating_sub(suspended));
        if n + 1 == path.len() {
            told.extend(label.take());
        }
        let note = frame.note.as_ref().map(Note::text).unwrap_or_default();
        let (what, known) = split(&note);
        let (what, place) =
            what.split_once(", label ").map_or((what, None), |(what, name)| (what, Some(name)));
        if let Some(name) = place {
            let text = format!("{name} in {}: nobody takes it", frame.function);
            label = Some((at, step("kernel", text, Some("derived"))));
        }
        let text =
            if what.is_empty() { frame.function.to_string() } else { format!("{}: {what}", frame.function) };
        told.push((at, step("kernel", text, known)));
    }
    told.extend(label);
    told
}

/// Splits `miss; observed (kprobe)` into what happened and how that is known.
fn split(note: &str) -> (&str, Option<&'static str>) {
    let (what, how) = note.rsplit_once("; ").unwrap_or(("", note));
    let known = ["observed", "derived"].into_iter().find(|word| how.starts_with(word));
    (if known.is_some() { what } else { note }, known)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(function: &str, note: &str) -> Frame {
        Frame {
            function: function.to_owned().into(),
            offset: None,
            note: Some(note.to_owned().into()),
            at: Some(7),
        }
    }

    fn words(told: Vec<Timed>) -> Vec<String> {
        told.into_iter()
            .map(|(_, told)| match told {
                Told::Heading(text) => text,
                Told::Step { what, known, .. } => format!("{what} [{}]", known.unwrap_or("-")),
            })
            .collect()
    }

    #[test]
    fn the_label_comes_after_the_lookups() {
        let path = [
            frame("tcp_v4_send_reset", "sent the RST; observed (tracepoint tcp_send_reset)"),
            frame("__inet_lookup_listener", "miss; derived"),
            frame("__inet_lookup_established", "miss; observed"),
            frame("tcp_v4_rcv", "took the segment, label no_tcp_socket; observed"),
        ];
        assert_eq!(
            words(outermost_first(&path, 0)),
            [
                "tcp_v4_rcv: took the segment [observed]",
                "__inet_lookup_established: miss [observed]",
                "__inet_lookup_listener: miss [derived]",
                "no_tcp_socket in tcp_v4_rcv: nobody takes it [derived]",
                "tcp_v4_send_reset: sent the RST [observed]",
            ]
        );
    }

    #[test]
    fn a_call_is_cut_in_two_by_what_the_kernel_did_in_it() {
        let kernel = [(15, step("kernel", "x".to_owned(), None))];
        let told = call("a[1]", "connect(3, 127.0.0.1:1) = -1 ECONNREFUSED", (10, 20), &kernel);
        let (begun, ended) = ("connect(3, 127.0.0.1:1)", "connect() returns -1 ECONNREFUSED");
        assert_eq!(words(told), [begun, ended].map(|text| format!("{text} [-]")));
        assert_eq!(call("a[1]", "close(3) = 0", (20, 30), &kernel).len(), 1);
    }
}
