//! The last words: how many of what, whether the kernel counted the same, and whether anything was lost.

use std::collections::BTreeMap;

use super::{Look, Meaning, notes::note};
use crate::line::Summary;

pub(super) fn render(summary: &Summary, look: Look) -> String {
    let mut text = String::from("\n");
    let Summary { attempts, resets, drops, deaths, calls, .. } = summary;
    let first = [("attempt", attempts), ("reset", resets), ("drop", drops)];
    let counted = first.into_iter().chain([("death", deaths), ("failed call", calls)]);
    let counted = counted.map(|(what, counts)| count(what, counts));
    let counted: Vec<_> = counted.flatten().collect();
    if counted.is_empty() {
        text += &note(look, Meaning::Plain, "tcpx: nothing to tell: no attempt, no reset, no drop");
    }
    for line in counted {
        text += &note(look, Meaning::Plain, &line);
    }
    if summary.sent + summary.received + summary.netfilter > 0 {
        let Summary { sent, received, netfilter, .. } = summary;
        text += &note(
            look,
            Meaning::Plain,
            &format!("RSTs: {sent} sent, {received} received{}", by_netfilter(*netfilter)),
        );
    }
    text += &account(summary, look);
    text += &unexplained(summary, look);
    text + &losses(summary, look)
}

/// What was passed over and what was lost; empty if nothing was.
pub(crate) fn losses(summary: &Summary, look: Look) -> String {
    missed(summary, look) + &lost(summary, look)
}

/// `3 resets: 2 closed-port, 1 peer-reset`, the most frequent first.
fn count(what: &str, counts: &BTreeMap<String, u64>) -> Option<String> {
    let all: u64 = counts.values().sum();
    let mut counts: Vec<_> = counts.iter().filter(|(_, count)| **count > 0).collect();
    counts.sort_by_key(|&(_, &count)| std::cmp::Reverse(count));
    let each: Vec<_> = counts.iter().map(|(verdict, count)| format!("{count} {verdict}")).collect();
    let s = if all == 1 { "" } else { "s" };
    (all > 0).then(|| format!("{all} {what}{s}: {}", each.join(", ")))
}

/// Zero is not worth saying, and where netfilter's RSTs cannot be seen it would not be known.
fn by_netfilter(count: u64) -> String {
    if count == 0 { String::new() } else { format!(", {count} made by netfilter") }
}

/// Whether tcpx and the kernel counted the same.
fn account(summary: &Summary, look: Look) -> String {
    match (summary.unaccounted, &summary.unaccounted_why) {
        (Some(0), _) => note(look, Meaning::Dim, "kernel's counters agree: no RST is unaccounted for"),
        (Some(n), _) => {
            let rsts = if n == 1 { "RST" } else { "RSTs" };
            let text =
                format!("kernel's counters differ: {n} {rsts} more or fewer than tcpx saw (unaccounted {n})");
            note(look, Meaning::Silent, &text)
        }
        (None, Some(why)) => note(look, Meaning::Dim, &format!("kernel's counters not compared: {why}")),
        (None, None) => String::new(),
    }
}

fn unexplained(summary: &Summary, look: Look) -> String {
    match summary.unexplained {
        0 => String::new(),
        n => note(
            look,
            Meaning::Silent,
            &format!("unexplained resets: {n}; please report them, with what tcpx trace -o json says"),
        ),
    }
}

/// Not every missed firing would have been an event, so this is no loss that is known.
fn missed(summary: &Summary, look: Look) -> String {
    match summary.missed {
        None | Some(0) => String::new(),
        Some(n) => note(
            look,
            Meaning::Silent,
            &format!(
                "the kernel passed over {n} firings of tcpx's programs: something above may be missing or unknown"
            ),
        ),
    }
}

fn lost(summary: &Summary, look: Look) -> String {
    let (kernel, user) = (summary.lost.kernel, summary.lost.user);
    if kernel + user == 0 {
        return String::new();
    }
    let causes: Vec<_> = summary.untold.iter().map(|(cause, count)| format!("{count} {cause}")).collect();
    let causes = if causes.is_empty() { String::new() } else { format!(" ({})", causes.join(", ")) };
    let text = format!(
        "LOST: {kernel} records in the kernel{causes}, {user} in tcpx: something above may be missing or say less \
         than it could; {}",
        advice(summary)
    );
    note(look, Meaning::Silent, &text)
}

/// What to do against it.
fn advice(summary: &Summary) -> String {
    match summary.shed {
        0 => "a larger --buffer-size or fewer hooks (--probes path) lose less".to_owned(),
        shed => format!("{shed} of them were above --max-events-per-second"),
    }
}
