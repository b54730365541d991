//! The latest results, one a line, newest first.

use std::rc::Rc;

use ratatui::text::{Line, Span};

use super::{
    fit, names, table,
    theme::{self, Theme},
};
use crate::{
    sink::text::{Look, brief},
    text::{escape::escape, width::columns},
    top::{
        model::Item,
        state::{Pick, State},
    },
};

/// `03:04:05` and a space at both sides.
const TIME: usize = 10;
/// The longest label and a space.
const LABEL: usize = 8;
/// The longest verdict.
const LONGEST: usize = "listener-closed-unaccepted ?".len();

pub(super) fn lines(state: &State, theme: Theme, width: usize, height: usize) -> Vec<Line<'static>> {
    let items = state.latest();
    if items.is_empty() {
        return vec![Line::styled(table::nothing(state), theme::DIM)];
    }
    let picks: Vec<_> = items.iter().map(|item| Pick::Item(item.seq)).collect();
    let at = state.at(&picks);
    let feet = items.get(at).map(|item| whole(state, item, width)).unwrap_or_default();
    let room = height.saturating_sub(1 + feet.len());
    let first = table::first(at, items.len(), room);
    let shown = &items[first..items.len().min(first + room)];
    let widths = Widths::of(shown, width);
    let mut lines = vec![head(state, items.len(), &widths)];
    for (n, item) in shown.iter().enumerate() {
        let line = row(state, theme, item, &widths);
        lines.push(if first + n == at { line.style(theme::PICKED) } else { line });
    }
    super::with_feet(lines, feet, height)
}

/// The latest results of a row, below its table.
pub(super) fn of_row(
    state: &State,
    theme: Theme,
    pick: &Pick,
    width: usize,
    height: usize,
) -> Vec<Line<'static>> {
    let items = state.latest_of(pick, height.saturating_sub(1));
    let title = format!(" latest of {}", names::row(pick));
    let mut lines = vec![Line::styled(fit::cut(&title, width, state.unicode), theme::HEADING)];
    let widths = Widths::of(&items, width);
    lines.extend(items.iter().map(|item| row(state, theme, item, &widths)));
    lines
}

/// How wide the columns are.
struct Widths {
    subject: usize,
    verdict: usize,
}

impl Widths {
    /// Verdicts have what they need.
    fn of(items: &[Rc<Item>], width: usize) -> Self {
        let widest = items.iter().map(|item| verdict(item).len()).max().unwrap_or(0);
        let verdict = widest.max("verdict".len());
        Self { subject: width.saturating_sub(TIME + LABEL + verdict + 1), verdict }
    }
}

/// The picked one in full, where it does not fit.
fn whole(state: &State, item: &Item, width: usize) -> Vec<String> {
    let subject = subject(state, item);
    let fits = TIME + LABEL + columns(&subject) + 1 + LONGEST <= width;
    if fits { Vec::new() } else { fit::wrapped(&subject, width) }
}

fn subject(state: &State, item: &Item) -> String {
    escape(&brief(&item.group.main, look(state)).subject).into_owned()
}

fn look(state: &State) -> Look {
    Look { unicode: state.unicode, ..Look::default() }
}

/// One that losses may have touched is marked.
fn verdict(item: &Item) -> String {
    let mark = if item.is_complete() { "" } else { " ?" };
    format!("{}{mark}", item.verdict())
}

fn head(state: &State, many: usize, widths: &Widths) -> Line<'static> {
    let title = format!("who and whom ({} kept)", fit::number(many as u64));
    let unicode = state.unicode;
    let line = fit::left(" UTC", TIME, unicode)
        + &fit::left("what", LABEL, unicode)
        + &fit::left(&title, widths.subject, unicode)
        + &fit::left(" verdict", widths.verdict + 1, unicode);
    Line::styled(line, theme::HEADING)
}

fn row(state: &State, theme: Theme, item: &Item, widths: &Widths) -> Line<'static> {
    let unicode = state.unicode;
    let brief = brief(&item.group.main, look(state));
    let time = format!(" {}", names::time_of_day(item.time()));
    Line::from(vec![
        Span::styled(fit::left(&time, TIME, unicode), theme::DIM),
        Span::styled(fit::left(brief.label, LABEL, unicode), theme.of(brief.meaning)),
        Span::raw(fit::left(&escape(&brief.subject), widths.subject, unicode)),
        Span::styled(format!(" {}", fit::left(&verdict(item), widths.verdict, unicode)), theme::HEADING),
    ])
}
