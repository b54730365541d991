//! Rows with counts: by verdict, by process, by peer.

use ratatui::text::Line;

use super::{fit, names, theme};
use crate::{
    text::width::columns,
    top::{
        model::Others,
        state::{Column, Pick, Sort, State, Tab, TableRow},
    },
    verdict::entry,
};

/// Columns of a number at least.
const NUMBER: usize = 6;
/// Columns between two.
const GAP: usize = 1;

/// How wide the columns are.
struct Widths {
    name: usize,
    counts: [usize; 4],
    rest: usize,
}

pub(super) fn lines(state: &State, width: usize, height: usize) -> Vec<Line<'static>> {
    let (rows, others) = state.table();
    if rows.is_empty() && others.rows == 0 {
        return vec![Line::styled(nothing(state), theme::DIM)];
    }
    let widths = Widths::of(&rows, width);
    let mut lines = vec![Line::styled(head(state, &widths), theme::HEADING)];
    let picks: Vec<_> = rows.iter().map(|row| row.pick.clone()).collect();
    let at = state.at(&picks);
    let feet: Vec<_> =
        foot(state, others).into_iter().chain(rows.get(at).and_then(|row| whole(row, &widths))).collect();
    let feet: Vec<_> = feet.iter().flat_map(|foot| fit::wrapped(foot, width)).collect();
    let room = height.saturating_sub(1 + feet.len());
    for (n, row) in rows.iter().enumerate().skip(first(at, rows.len(), room)).take(room) {
        let style = if n == at { theme::PICKED } else { theme::PLAIN };
        lines.push(Line::styled(cells(state, row, &widths), style));
    }
    super::with_feet(lines, feet, height)
}

/// The picked row in full, where it did not fit.
fn whole(row: &TableRow, widths: &Widths) -> Option<String> {
    let (name, words) = (names::row(&row.pick), words(row));
    let fits = columns(&name) < widths.name && columns(words) + GAP < widths.rest;
    (!fits).then(|| format!("{name}: {words}"))
}

fn words(row: &TableRow) -> &'static str {
    match row.pick {
        Pick::Verdict(verdict) => entry(verdict).title.as_str(),
        _ => row.latest.as_str(),
    }
}

/// The first row that is shown, so that the picked one is in the middle where it can.
pub(super) fn first(at: usize, rows: usize, room: usize) -> usize {
    at.saturating_sub(room / 2).min(rows.saturating_sub(room))
}

/// Said in place of rows.
pub(super) fn nothing(state: &State) -> String {
    let worked = state.shown().0.total().worked;
    let hidden = if state.all || worked == 0 { "" } else { " (a shows what worked)" };
    let found = if state.search().is_some() { "nothing of that was found" } else { "nothing failed" };
    format!(" {found} so far{hidden}")
}

impl Widths {
    /// Numbers have what they need, names as well, and the rest is for words.
    fn of(rows: &[TableRow], width: usize) -> Self {
        let widest = |n: usize| rows.iter().map(|row| count(row, n).len()).max().unwrap_or(0).max(NUMBER);
        let counts = [0, 1, 2, 3].map(widest);
        let numbers: usize = counts.iter().map(|width| width + GAP).sum();
        let named = rows.iter().map(|row| columns(&names::row(&row.pick))).max().unwrap_or(0).max(12);
        let name = (named + 1).min(width.saturating_sub(numbers));
        Self { name, counts, rest: width.saturating_sub(name + numbers) }
    }
}

/// Where others were dropped before this row began it may have been counted among them.
fn count(row: &TableRow, n: usize) -> String {
    let more = if n == 3 && row.at_least { "+" } else { "" };
    format!("{}{more}", fit::number(row.counts[n]))
}

fn cells(state: &State, row: &TableRow, widths: &Widths) -> String {
    let unicode = state.unicode;
    let mut line = fit::left(&format!(" {}", names::row(&row.pick)), widths.name, unicode);
    for (n, width) in widths.counts.iter().enumerate() {
        line += &fit::right(&count(row, n), width + GAP, unicode);
    }
    line + &fit::left(&format!("  {}", words(row)), widths.rest, unicode)
}

fn head(state: &State, widths: &Widths) -> String {
    let unicode = state.unicode;
    let (name, words) = match state.tab {
        Tab::Verdicts => ("verdict", "what happened"),
        Tab::Processes => ("process", "latest verdict"),
        Tab::Peers | Tab::Latest => ("peer", "latest verdict"),
    };
    let name = format!(" {name}{}", sign(state, Column::Name));
    let mut line = fit::left(&name, widths.name, unicode);
    let titles = [Column::Second, Column::TenSeconds, Column::Minute, Column::Total];
    for ((column, title), width) in
        titles.into_iter().zip(["1 s", "10 s", "60 s", "total"]).zip(widths.counts)
    {
        line += &fit::right(&format!("{title}{}", sign(state, column)), width + GAP, unicode);
    }
    line + &fit::left(&format!("  {words}"), widths.rest, unicode)
}

/// Which column sorts, and which way it goes.
fn sign(state: &State, column: Column) -> &'static str {
    let Sort { column: by, reversed } = state.sort;
    // Numbers go down from the largest, names go up.
    let up = (column == Column::Name) != reversed;
    match (by == column, up, state.unicode) {
        (false, ..) => "",
        (true, true, true) => "↑",
        (true, false, true) => "↓",
        (true, true, false) => "^",
        (true, false, false) => "v",
    }
}

/// What is not shown row by row.
fn foot(state: &State, others: Others) -> Option<String> {
    let worked = if state.all { others.results.worked } else { 0 };
    let results = fit::number(others.results.failed + worked);
    let rows = if others.rows == 1 { "1 other is" } else { "others are" };
    let rows =
        if others.rows == 1 { rows.to_owned() } else { format!("{} {rows}", fit::number(others.rows)) };
    (others.rows > 0).then(|| format!("{rows} not kept one by one: {results} results; + is at least"))
}
