//! The words beside a packet: verdict, whose connection, the kernel's path. One fact a line, so that they can be searched for.

use std::fmt::Write as _;

use super::headers;
use crate::{
    line::{Attempt, Confidence, Death, DropLine, End, Frame, Line, Note, Process, Reset, Verdict},
    packet::{Numbers, Packet, Part},
    text::escape::escape,
};

/// A comment is at most 65,535 bytes long; nobody reads as much.
const LONGEST: usize = 16 * 1024;

/// What all packets of a line have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Comment {
    /// The verdict.
    head: String,
    /// Why, who, where.
    body: String,
}

impl Comment {
    /// Of a line that has packets.
    pub(super) fn of(line: &Line) -> Option<Self> {
        Some(match line {
            Line::Attempt(attempt) => of_attempt(attempt),
            Line::Reset(reset) => of_reset(reset),
            Line::Drop(drop) => of_drop(drop),
            Line::Death(death) => of_death(death),
            Line::Start(_) | Line::Call(_) | Line::Loss(_) | Line::Summary(_) => return None,
        })
    }

    /// With what is to be said of one packet.
    pub(super) fn with(&self, packet: &Packet) -> String {
        let mut text = format!("{}\npacket: {}\n", self.head, part(packet.part));
        let unseen = headers::unseen(&packet.headers);
        if !unseen.is_empty() {
            push(&mut text, "not seen, and 0 here", &unseen.join(", "));
        }
        if packet.device.is_none() {
            push(&mut text, "device", "not seen");
        }
        text.push_str(&self.body);
        clip(text.trim_end())
    }
}

fn of_attempt(attempt: &Attempt) -> Comment {
    let mut facts = Rest::of(&attempt.verdict);
    facts.process(attempt.process.as_deref());
    if let Some(errno) = &attempt.errno {
        facts.add("errno", errno);
    }
    let reset = attempt.reset.map(|id| format!(", ended by reset {id}")).unwrap_or_default();
    facts.end(&format!("attempt {}{reset}", attempt.id), &attempt.path, attempt.complete, &attempt.verdict)
}

fn of_reset(reset: &Reset) -> Comment {
    let mut facts = Rest::of(&reset.verdict);
    facts.owner("sender", reset.sender.as_ref());
    facts.owner("receiver", reset.receiver.as_ref());
    if let Some(reason) = &reset.reason {
        facts.add("reason", &reason.name);
    }
    let name = with_attempt("reset", reset.id, reset.attempt);
    facts.end(&name, &reset.path, reset.complete, &reset.verdict)
}

fn of_drop(drop: &DropLine) -> Comment {
    let mut facts = Rest::of(&drop.verdict);
    facts.process(drop.process.as_deref());
    if let Some(reason) = &drop.reason {
        facts.add("reason", &reason.name);
    }
    if drop.count > 1 {
        facts.add("dropped", &format!("{} times; this is the first", drop.count));
    }
    let name = with_attempt("drop", drop.id, drop.attempt);
    facts.end(&name, &drop.path, drop.complete, &drop.verdict)
}

fn of_death(death: &Death) -> Comment {
    let mut facts = Rest::of(&death.verdict);
    facts.process(death.process.as_deref());
    let name = with_attempt("death", death.id, death.attempt);
    facts.end(&name, &death.path, death.complete, &death.verdict)
}

/// As JSON lines have it.
fn with_attempt(what: &str, id: u64, attempt: Option<u64>) -> String {
    let attempt = attempt.map(|attempt| format!(" of attempt {attempt}")).unwrap_or_default();
    format!("{what} {id}{attempt}")
}

/// Lines after the first, in the making.
struct Rest(String);

impl Rest {
    fn of(verdict: &Verdict) -> Self {
        let mut facts = Self(String::new());
        verdict.evidence.iter().for_each(|sentence| facts.add("evidence", sentence));
        facts
    }

    fn add(&mut self, name: &str, text: &str) {
        push(&mut self.0, name, text);
    }

    fn process(&mut self, process: Option<&Process>) {
        if let Some(process) = process {
            self.add("process", &who(process));
        }
    }

    fn owner(&mut self, name: &str, end: Option<&End>) {
        if let Some(owner) = end.and_then(|end| end.owner.as_ref()) {
            self.add(name, &format!("{}[{}]", owner.comm, owner.pid));
        }
    }

    fn end(mut self, name: &str, path: &[Frame], complete: Option<bool>, verdict: &Verdict) -> Comment {
        if !path.is_empty() {
            let steps: Vec<_> = path.iter().rev().map(step).collect();
            self.add("path", &steps.join(" → "));
        }
        if !verdict.advice.is_empty() {
            self.add("next", &verdict.advice);
        }
        if complete == Some(false) {
            self.add("incomplete", "records that could matter were lost");
        }
        self.add("line", name);
        Comment { head: head(verdict), body: self.0 }
    }
}

/// The id first: it is what is searched for.
fn head(verdict: &Verdict) -> String {
    let confidence = match verdict.confidence {
        Confidence::Observed => "observed",
        Confidence::Derived => "derived",
        Confidence::Unknown => "unknown",
    };
    format!("tcpx: {} ({confidence}): {}", verdict.id, verdict.title)
}

fn who(process: &Process) -> String {
    let mut text = format!("{}[{}]", process.comm, process.pid);
    for (name, fact) in [
        ("", process.exe.clone()),
        ("uid ", process.uid.map(|uid| uid.to_string())),
        ("container ", process.container.clone()),
    ] {
        if let Some(fact) = fact {
            // Writing to a String cannot fail.
            let _ = write!(text, ", {name}{fact}");
        }
    }
    text
}

fn step(frame: &Frame) -> String {
    let note = frame.note.as_ref().map(Note::text).filter(|note| !note.is_empty());
    note.map_or_else(|| frame.function.to_string(), |note| format!("{} ({note})", frame.function))
}

const fn part(part: Part) -> &'static str {
    match part {
        Part::Syn => "the SYN of this attempt, as its socket tells of it",
        Part::SynAgain => "the SYN, sent again, as its socket tells of it",
        Part::Arrived => "a segment of the handshake, as it arrived",
        Part::Answered => "what was answered with a RST",
        Part::RstSent(Numbers::Seen) => "the RST, as it was sent",
        Part::RstSent(Numbers::OfAnswered) => {
            "the RST, as it was sent; its numbers follow from the segment that it answers"
        }
        Part::RstSent(Numbers::OfSocket) => "the RST, as it was sent; its numbers are those of its socket",
        Part::RstReceived(Numbers::Seen) => "the RST, as it arrived",
        Part::RstReceived(_) => "the RST, as it arrived; its numbers are those with which it was sent",
        Part::Dropped => "the kernel dropped this",
        Part::Icmp => "an ICMP error, as it arrived",
    }
}

/// Names are chosen by others.
fn push(text: &mut String, name: &str, what: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{name}: {}", escape(what));
}

fn clip(text: &str) -> String {
    if text.len() <= LONGEST {
        text.to_owned()
    } else {
        format!("{}…", &text[..text.floor_char_boundary(LONGEST)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::{
        pcapng::testing::{packet, syn},
        samples,
    };

    #[test]
    fn verdict_first_then_the_packet_then_all_that_is_known() {
        let comment = Comment::of(&samples::attempt()).expect("it may have packets");
        insta::assert_snapshot!(comment.with(&packet(1, Part::Syn, syn(5))));
        let comment = Comment::of(&samples::reset_of_attempt()).expect("it may have packets");
        let seen = packet(1, Part::RstReceived(Numbers::Seen), syn(5));
        insta::assert_snapshot!(comment.with(&Packet { device: Some("lo".into()), ..seen }));
        let comment = Comment::of(&samples::drop_line()).expect("it may have packets");
        insta::assert_snapshot!(comment.with(&packet(1, Part::Dropped, syn(5))));
    }

    #[test]
    fn names_from_outside_are_harmless_and_comments_not_endless() {
        let mut attempt = samples::plain_attempt();
        attempt.process = Some(Process { comm: "\u{1b}[2J\nx".to_owned(), ..Process::default() }.into());
        attempt.verdict.evidence = std::sync::Arc::new(vec!["ä".repeat(LONGEST)]);
        let comment = Comment::of(&Line::Attempt(Box::new(attempt.clone()))).expect("it may have packets");
        let text = comment.with(&packet(1, Part::Syn, syn(5)));
        assert!(text.len() <= LONGEST + 3 && text.ends_with('…'));
        attempt.verdict.evidence = std::sync::Arc::default();
        let comment = Comment::of(&Line::Attempt(Box::new(attempt))).expect("it may have packets");
        let text = comment.with(&packet(1, Part::Syn, syn(5)));
        assert!(text.contains(r"process: \x1b[2J") && !text.contains('\u{1b}') && !text.contains("\nx"));
    }

    #[test]
    fn lines_without_packets_have_no_comment() {
        for line in [samples::start(), samples::call_line(), samples::loss(), samples::summary()] {
            assert_eq!(Comment::of(&line), None);
        }
    }
}
