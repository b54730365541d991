//! Text in columns.

use crate::text::width::{columns, wrap};

/// Between two columns.
const GAP: usize = 2;
/// A narrower column breaks most words.
const NARROWEST: usize = 16;

/// A row of a table: a label, then a cell for each column; each cell is wrapped in its column.
pub(super) fn row(label: &str, cells: &[String], (margin, width): (usize, usize)) -> Vec<String> {
    let each = each(cells.len(), margin, width);
    let wrapped: Vec<Vec<String>> = cells.iter().map(|cell| folded(cell, each)).collect();
    let lines = wrapped.iter().map(Vec::len).max().unwrap_or(0);
    let line = |n: usize| {
        let mut line = padded(if n == 0 { label } else { "" }, margin);
        for cell in &wrapped {
            line += &padded(cell.get(n).map_or("", String::as_str), each + GAP);
        }
        line.trim_end().to_owned()
    };
    (0..lines).map(line).collect()
}

/// Whether so many columns can be read.
pub(super) const fn fits(count: usize, margin: usize, width: usize) -> bool {
    each(count, margin, width) >= NARROWEST
}

const fn each(count: usize, margin: usize, width: usize) -> usize {
    let count = if count == 0 { 1 } else { count };
    (width.saturating_sub(margin) / count).saturating_sub(GAP)
}

/// Wrapped; a word that is wider than the column is cut.
fn folded(text: &str, width: usize) -> Vec<String> {
    let cut = |line: String| {
        let mut parts = vec![String::new()];
        for c in line.chars() {
            let last = parts.last().map_or(0, |part| columns(part));
            if last + columns(c.encode_utf8(&mut [0; 4])) > width {
                parts.push(String::new());
            }
            if let Some(part) = parts.last_mut() {
                part.push(c);
            }
        }
        parts
    };
    wrap(text, width, "", "").into_iter().flat_map(cut).collect()
}

/// With spaces up to this width.
pub(super) fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(columns(text))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_wrapped_in_their_columns() {
        let cells = ["reason no-socket".to_owned(), "none at all that it names".to_owned()];
        assert_eq!(
            row("RST", &cells, (6, 38)),
            ["RST   reason          none at all", "      no-socket       that it names"]
        );
        let long = ["5.10.0-46-cloud-amd64".to_owned()];
        assert_eq!(row("", &long, (2, 14)), ["  5.10.0-46-", "  cloud-amd6", "  4"]);
    }
}
