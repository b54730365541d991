//! The lines above and below the body.

use ratatui::text::{Line, Span};

use super::{fit, names, theme};
use crate::{
    text::{escape::escape, width::columns},
    top::state::{Origin, Reading, State, Tab},
};

/// What is looked at; whether it stands still.
pub(super) fn title(state: &State) -> Line<'static> {
    let kernel = state.start.as_ref().map(|start| escape(&start.kernel).into_owned());
    let what = match (&state.origin, kernel) {
        (Origin::Live, Some(kernel)) => format!(" tcpx top: Linux {kernel}{}", hooks(state)),
        (Origin::Live, None) => " tcpx top".to_owned(),
        (Origin::Recording(name), kernel) => {
            let kernel = kernel.map(|kernel| format!(", Linux {kernel}")).unwrap_or_default();
            format!(" tcpx top: recording {}{kernel}", escape(name))
        }
    };
    let width = usize::from(state.size.0);
    Line::styled(fit::ends(&what, &standing(state), width, state.unicode), theme::BAR)
}

/// A view that sees less than it could says so.
fn hooks(state: &State) -> String {
    let missing = state.start.as_ref().map_or(0, |start| start.missing.len());
    match missing {
        0 => String::new(),
        1 => ", 1 hook missing (tcpx check)".to_owned(),
        many => format!(", {many} hooks missing (tcpx check)"),
    }
}

fn standing(state: &State) -> String {
    match (state.paused(), &state.reading) {
        (Some((at, since)), _) => {
            format!(" PAUSED at {} UTC, {} since ", names::clock(at), fit::number(since))
        }
        (None, Reading::Broken(_)) => " NOT READ TO ITS END ".to_owned(),
        (None, Reading::Done) => " all of it read ".to_owned(),
        (None, Reading::Going) if state.origin == Origin::Live => " live ".to_owned(),
        (None, Reading::Going) => " reading ".to_owned(),
    }
}

/// How many, and how fast.
pub(super) fn totals(state: &State) -> Line<'static> {
    let (model, now) = state.shown();
    let total = model.total();
    let words = format!(" {} failed, {} worked", fit::number(total.failed), fit::number(total.worked));
    let since = model.since.map(|since| format!(" since {} UTC", names::clock(since))).unwrap_or_default();
    let last = |seconds| {
        let worked = if state.all { model.worked.last(seconds, now) } else { 0 };
        model.failed.last(seconds, now) + worked
    };
    // A window that is longer than the time since the start would make the rate look lower than it is.
    let known = model.since.map_or(1, |since| now.saturating_sub(since)).max(1);
    let rate = |seconds: u64| tenths(last(seconds), seconds.min(known));
    let rates = format!(" now {}/s, 10 s {}/s, 60 s {}/s ", fit::number(last(1)), rate(10), rate(60));
    let width = usize::from(state.size.0);
    let fits = columns(&words) + columns(&since) + columns(&rates) <= width;
    let words = if fits { words + &since } else { words };
    Line::styled(fit::ends(&words, &rates, width, state.unicode), theme::PLAIN)
}

/// With one place behind the point.
fn tenths(count: u64, seconds: u64) -> String {
    let tenths = count.saturating_mul(10) / seconds;
    format!("{}.{}", fit::number(tenths / 10), tenths % 10)
}

/// Which list.
pub(super) fn tabs(state: &State) -> Line<'static> {
    let mut spans = vec![Span::raw(" ")];
    for (n, tab) in Tab::ALL.into_iter().enumerate() {
        let (open, close) = if tab == state.tab { ('[', ']') } else { (' ', ' ') };
        let style = if tab == state.tab { theme::HEADING } else { theme::PLAIN };
        spans.push(Span::styled(format!("{open}{} {}{close}", n + 1, tab.name()), style));
    }
    let used: usize = spans.iter().map(|span| columns(&span.content)).sum();
    let room = usize::from(state.size.0).saturating_sub(used);
    spans.push(Span::styled(fit::right(&about(state), room, state.unicode), theme::DIM));
    Line::from(spans)
}

/// What of it all is shown.
fn about(state: &State) -> String {
    let all = if state.all { "all" } else { "what failed" };
    let within = state.within.as_ref().map(|row| format!(" of {}", names::row(row)));
    let by_name = (state.tab == Tab::Processes && state.by_name).then(|| ", by name".to_owned());
    format!("  {all}{}{} ", within.unwrap_or_default(), by_name.unwrap_or_default())
}

/// What is being typed; else what is left out, and what is looked for.
pub(super) fn search(state: &State) -> Vec<String> {
    let width = usize::from(state.size.0);
    if let Some(typing) = &state.typing {
        // The end is where the cursor is.
        let text = escape(&typing.text);
        let mut start = 0;
        while columns(&text[start..]) + PROMPT.len() + 1 > width {
            start += text[start..].chars().next().map_or(1, char::len_utf8);
        }
        let mut lines = vec![format!("{PROMPT}{}", &text[start..])];
        let hint = "words, or filters as the command has them: curl port=5432 outcome=refused (--help)";
        let wrong = typing.wrong.as_deref().map(|wrong| format!("not valid: {}", escape(wrong)));
        lines.extend(fit::wrapped(wrong.as_deref().unwrap_or(hint), width));
        return lines;
    }
    let found = state.search().map(|search| {
        let typed = escape(search.typed());
        format!("filter {typed}: counted among the latest when it was set and in all since; Esc ends it")
    });
    let only = state.only.as_ref().map(|only| format!("only {}", escape(only)));
    only.into_iter().chain(found).flat_map(|text| fit::wrapped(&text, width)).collect()
}

const PROMPT: &str = "filter: ";

/// Where what is typed goes on.
pub(super) fn cursor(state: &State) -> Option<u16> {
    state.typing.as_ref()?;
    let line = search(state).into_iter().next()?;
    u16::try_from(columns(&line)).ok()
}

/// What was lost, and what that means.
pub(super) fn losses(state: &State) -> Vec<String> {
    let width = usize::from(state.size.0);
    let lost = &state.losses;
    let mut lines = Vec::new();
    if lost.kernel + lost.user > 0 {
        let (kernel, user) = (fit::number(lost.kernel), fit::number(lost.user));
        let text = format!(
            "LOST {kernel} records in the kernel, {user} in tcpx{}: results may be missing or say less than they could",
            worst(state)
        );
        lines.extend(fit::wrapped(&text, width));
    }
    if lost.missed > 0 {
        let missed = fit::number(lost.missed);
        let text =
            format!("the kernel passed over {missed} firings of tcpx's programs: results may be missing");
        lines.extend(fit::wrapped(&text, width));
    }
    if let Reading::Broken(why) = &state.reading {
        lines.extend(fit::wrapped(&escape(why), width));
    }
    lines
}

/// The hook that lost most.
fn worst(state: &State) -> String {
    let most = state.losses.hooks.iter().max_by_key(|(_, count)| **count);
    most.map(|(hook, _)| format!(" (most of {})", escape(hook))).unwrap_or_default()
}

/// The keys that are needed most where one is.
pub(super) fn keys(state: &State) -> Line<'static> {
    let arrows = if state.unicode { "↑↓" } else { "Up/Down" };
    let sides = if state.unicode { "←→" } else { "Left/Right" };
    let pause = if state.paused().is_some() { "p go on" } else { "p pause" };
    let text = if state.typing.is_some() {
        " Enter look for it  Esc leave it  Ctrl-U empty it".to_owned()
    } else if state.help.is_some() {
        format!(" Esc back  {arrows} scroll  q quit")
    } else if state.opened.is_some() {
        format!(
            " Esc back  {arrows} scroll  {sides} newer, older  {pause}  ? help  q quit{}",
            position(state)
        )
    } else if state.tab == Tab::Latest {
        format!(" q quit  ? help  {arrows} pick  Enter open  {pause}  / filter  a all  Tab next")
    } else {
        format!(" q quit  ? help  {arrows} pick  Enter open  s sort  {pause}  / filter  a all  Tab next")
    };
    let width = usize::from(state.size.0);
    Line::styled(fit::left(&text, width, state.unicode), theme::BAR)
}

fn position(state: &State) -> String {
    let last = super::last_scroll(state);
    let at = state.opened.as_ref().map_or(0, |opened| opened.scroll.min(last));
    if last == 0 { String::new() } else { format!("   line {} of {}", at + 1, last + 1) }
}
