//! A table, and below it the latest results of the picked row, where there is room for both.

use ratatui::text::Line;

use super::{latest, table, theme::Theme};
use crate::top::state::State;

/// Lines that a table needs beside its rows: its head, and what is said of it.
const AROUND: usize = 4;
/// Fewer lines of results than that say nothing.
const LEAST: usize = 4;
/// From this height on a long table leaves a third to the results.
const TALL: usize = 30;

pub(super) fn lines(state: &State, theme: Theme, width: usize, height: usize) -> Vec<Line<'static>> {
    let picks = state.picks();
    let third = if height >= TALL { height / 3 } else { 0 };
    let room = height.saturating_sub(picks.len() + AROUND).max(third);
    match picks.get(state.at(&picks)) {
        Some(pick) if room >= LEAST => {
            let mut lines = table::lines(state, width, height - room);
            lines.resize(height - room, Line::default());
            lines.extend(latest::of_row(state, theme, pick, width, room));
            lines
        }
        _ => table::lines(state, width, height),
    }
}
