//! The kernel's path: compact as a chain from the outside in, or with `-v` one frame a line.

use super::block::Block;
use crate::{
    line::{Frame, Note, Source},
    text::lang::Lang,
};

/// More frames than this are shortened to those that have something to say.
const MOST: usize = 8;

/// A frame with its note taken apart.
struct Step {
    text: String,
    source: Option<Source>,
    noted: bool,
}

/// Adds the path, which is given innermost first; nothing if there is none.
pub(super) fn render(block: &mut Block, path: &[Frame]) {
    if path.is_empty() || !block.shows_path() {
        return;
    }
    if block.is_verbose() {
        return one_a_line(block, path);
    }
    let lang = block.look().lang;
    let steps: Vec<_> = path.iter().rev().map(|frame| step(frame, lang)).collect();
    let derived_all = steps.iter().all(|step| step.source == Some(Source::Derived));
    let mut pieces = Vec::new();
    for (n, step) in steps.iter().enumerate() {
        let edge = n == 0 || n + 1 == steps.len();
        if steps.len() > MOST && !step.noted && !edge {
            if pieces.last().is_none_or(|last| last != "…") {
                pieces.push("…".to_owned());
            }
            continue;
        }
        let derived = step.source == Some(Source::Derived) && !derived_all;
        let text = step.text.clone();
        pieces.push(if derived { format!("{text} {}", lang.run("[derived]")) } else { text });
    }
    let joint = block.look().to();
    block.chain(&lang.run("path  "), &pieces, joint, &lang.run(mark(&steps)));
}

/// What holds for all steps that say nothing else.
fn mark(steps: &[Step]) -> &'static str {
    let count = |source| steps.iter().filter(|step| step.source == Some(source)).count();
    match (count(Source::Observed), count(Source::Derived)) {
        (0, 0) => "",
        (0, _) => "[derived]",
        (observed, 0) if observed == steps.len() => "[observed]",
        _ => "[rest observed]",
    }
}

/// Splits `miss; observed (kprobe)` into what happened and how that is known.
fn step(frame: &Frame, lang: Lang) -> Step {
    let note = frame.note.as_ref().map(Note::text).unwrap_or_default();
    let known = |text: &str| match text {
        text if text.starts_with("observed") => Some(Source::Observed),
        text if text.starts_with("derived") => Some(Source::Derived),
        _ => None,
    };
    let (happened, how) = note.rsplit_once("; ").unwrap_or(("", &note));
    let source = known(how);
    let note = lang.run(if source.is_some() { happened } else { &note });
    let text =
        if note.is_empty() { frame.function.to_string() } else { format!("{} ({note})", frame.function) };
    Step { text, source, noted: !note.is_empty() }
}

/// As a stack: innermost first, as the kernel prints them.
fn one_a_line(block: &mut Block, path: &[Frame]) {
    for (n, frame) in path.iter().enumerate() {
        let before = if n == 0 { "path  " } else { "      " };
        let offset = frame.offset.map(|offset| format!("+{offset:#x}")).unwrap_or_default();
        let note = frame.note.as_ref().map(|note| format!(": {note}")).unwrap_or_default();
        block.chain(before, &[format!("{}{offset}{note}", frame.function)], "", "");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cli::request::Detail,
        sink::{
            samples::{frame, refused_path},
            text::Look,
        },
    };

    fn rendered(path: &[Frame], detail: Detail, look: Look) -> String {
        let mut block = Block::new(look, detail);
        render(&mut block, path);
        block.finish()
    }

    #[test]
    fn reads_from_the_outside_in() {
        insta::assert_snapshot!(rendered(&refused_path(), Detail::Normal, Look::default()), @"
    path  tcp_v6_rcv (took the segment) → __inet6_lookup_established (miss)
          → __inet6_lookup_listener (miss)
          → tcp_v6_send_reset (sent the RST)  [observed]
    ");
    }

    #[test]
    fn what_follows_is_marked() {
        let mut path = refused_path();
        path[1] = frame("__inet6_lookup_listener", "miss; derived from the drop");
        insta::assert_snapshot!(rendered(&path, Detail::Normal, Look::default()), @"
    path  tcp_v6_rcv (took the segment) → __inet6_lookup_established (miss)
          → __inet6_lookup_listener (miss) [derived]
          → tcp_v6_send_reset (sent the RST)  [rest observed]
    ");
        let all: Vec<_> = path.iter().map(|step| frame(&step.function, "derived")).collect();
        insta::assert_snapshot!(rendered(&all, Detail::Normal, Look { unicode: false, ..Look::default() }), @"
    path  tcp_v6_rcv -> __inet6_lookup_established
          -> __inet6_lookup_listener -> tcp_v6_send_reset  [derived]
    ");
    }

    #[test]
    fn long_stacks_are_shortened_to_what_says_something() {
        let mut path: Vec<_> = (0..14).map(|n| frame(&format!("function_{n}"), "")).collect();
        path[3] = frame("tcp_close", "unread data");
        insta::assert_snapshot!(rendered(&path, Detail::Normal, Look::default()), @"         path  function_13 → … → tcp_close (unread data) → … → function_0");
    }

    #[test]
    fn verbose_is_a_stack() {
        let mut path = refused_path();
        path[0].offset = Some(0x1a3);
        insta::assert_snapshot!(rendered(&path, Detail::Verbose, Look::default()), @"
    path  tcp_v6_send_reset+0x1a3: sent the RST; observed (tracepoint
            tcp_send_reset)
          __inet6_lookup_listener: miss; observed
          __inet6_lookup_established: miss; observed
          tcp_v6_rcv: took the segment; observed
    ");
    }

    #[test]
    fn quiet_has_none_and_nothing_gives_nothing() {
        assert_eq!(rendered(&refused_path(), Detail::Quiet, Look::default()), "");
        assert_eq!(rendered(&[], Detail::Normal, Look::default()), "");
    }
}
