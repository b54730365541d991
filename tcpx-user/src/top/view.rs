//! Draws a state. Pure: a frame is all that is written to.
//!
//! ```text
//! title      what is looked at, and whether it stands still
//! totals     how many, how fast
//! tabs       which list
//! body       a list, a result, help
//! search     what is looked for, if anything is
//! losses     what was lost, if anything was
//! keys       the most needed
//! ```

mod bars;
mod below;
mod fit;
mod help;
mod latest;
pub mod names;
mod opened;
mod table;
mod theme;

use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    text::{Line, Text},
    widgets::Paragraph,
};

pub use theme::Theme;

use super::state::{State, Tab};
use crate::sink::text::Meaning;

/// Columns and rows below which nothing can be read.
const SMALLEST: (u16, u16) = (50, 12);

/// Where things stand.
struct Areas {
    title: Rect,
    totals: Rect,
    tabs: Rect,
    body: Rect,
    search: Rect,
    losses: Rect,
    keys: Rect,
}

impl Areas {
    fn of(state: &State) -> Self {
        let (columns, rows) = state.size;
        let height = |lines: usize| Constraint::Length(u16::try_from(lines).unwrap_or(u16::MAX));
        let [title, totals, tabs, body, search, losses, keys] = Layout::vertical([
            Constraint::Length(1),
            Constraint::Length(1),
            Constraint::Length(1),
            Constraint::Fill(1),
            height(bars::search(state).len()),
            height(bars::losses(state).len()),
            Constraint::Length(1),
        ])
        .areas(Rect::new(0, 0, columns, rows));
        Self { title, totals, tabs, body, search, losses, keys }
    }
}

/// Draws all of it.
pub fn draw(frame: &mut Frame<'_>, state: &State, theme: Theme) {
    let (columns, rows) = state.size;
    if columns < SMALLEST.0 || rows < SMALLEST.1 {
        return too_small(frame, state);
    }
    let areas = Areas::of(state);
    let mut show = |area: Rect, lines: Vec<Line<'_>>| frame.render_widget(Paragraph::new(lines), area);
    show(areas.title, vec![bars::title(state)]);
    show(areas.totals, vec![bars::totals(state)]);
    show(areas.tabs, vec![bars::tabs(state)]);
    show(areas.body, body(state, theme, areas.body));
    show(areas.search, styled(bars::search(state), theme::PLAIN));
    show(areas.losses, styled(bars::losses(state), theme.of(Meaning::Silent)));
    show(areas.keys, vec![bars::keys(state)]);
    if let Some(column) = bars::cursor(state) {
        frame.set_cursor_position((column.min(columns - 1), areas.search.y));
    }
}

fn body(state: &State, theme: Theme, area: Rect) -> Vec<Line<'static>> {
    let (width, height) = (usize::from(area.width), usize::from(area.height));
    match (state.help, &state.opened, state.tab) {
        (Some(scroll), ..) => page(help::lines(state), scroll, height),
        (None, Some(opened), _) => page(opened::lines(state), opened.scroll, height),
        (None, None, Tab::Latest) => latest::lines(state, theme, width, height),
        (None, None, _) => below::lines(state, theme, width, height),
    }
}

/// Text that may be longer than its place.
fn page(lines: Vec<String>, scroll: usize, height: usize) -> Vec<Line<'static>> {
    let first = scroll.min(lines.len().saturating_sub(height));
    let shown = lines.into_iter().enumerate().skip(first).take(height);
    let style = |n: usize| if n == 0 { theme::HEADING } else { theme::PLAIN };
    shown.map(|(n, line)| Line::styled(line, style(n))).collect()
}

/// Rows at the top, what is said of them at the bottom.
fn with_feet(mut rows: Vec<Line<'static>>, feet: Vec<String>, height: usize) -> Vec<Line<'static>> {
    rows.resize(rows.len().max(height.saturating_sub(feet.len())), Line::default());
    rows.extend(styled(feet, theme::DIM));
    rows
}

fn styled(lines: Vec<String>, style: ratatui::style::Style) -> Vec<Line<'static>> {
    lines.into_iter().map(|line| Line::styled(line, style)).collect()
}

fn too_small(frame: &mut Frame<'_>, state: &State) {
    let (columns, rows) = state.size;
    let text = format!(
        "tcpx top needs {}x{}, this terminal has {columns}x{rows}: enlarge it, or q to quit; counting goes on",
        SMALLEST.0, SMALLEST.1
    );
    let lines = fit::wrapped(&text, usize::from(columns).max(1));
    frame
        .render_widget(Paragraph::new(Text::from(styled(lines, ratatui::style::Style::new()))), frame.area());
}

/// Rows of the body, which is a page.
#[must_use]
pub fn rows(state: &State) -> u16 {
    Areas::of(state).body.height
}

/// How many lines of the text that is shown can be scrolled out at the top.
#[must_use]
pub fn last_scroll(state: &State) -> usize {
    let lines = match (state.help, &state.opened) {
        (Some(_), _) => help::lines(state).len(),
        (None, Some(_)) => opened::lines(state).len(),
        (None, None) => 0,
    };
    lines.saturating_sub(usize::from(rows(state)))
}

#[cfg(test)]
mod tests;
