//! Makes text fit its place: by columns, not by characters, and never silently.

use unicode_width::UnicodeWidthChar as _;

use crate::text::width::{columns, wrap};

/// Exactly `width` columns; what was cut shows.
pub(super) fn left(text: &str, width: usize, unicode: bool) -> String {
    let text = cut(text, width, unicode);
    let used = columns(&text);
    text + &" ".repeat(width.saturating_sub(used))
}

/// The same, on the right side of its place.
pub(super) fn right(text: &str, width: usize, unicode: bool) -> String {
    let text = cut(text, width, unicode);
    " ".repeat(width.saturating_sub(columns(&text))) + &text
}

/// `width` columns at most; what was cut shows.
pub(super) fn cut(text: &str, width: usize, unicode: bool) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let sign = if unicode { "…" } else { ">" };
    let Some(room) = width.checked_sub(columns(sign)) else { return String::new() };
    head(text, room).0.to_owned() + sign
}

/// Two texts at both ends of a line; the left one is cut if they do not fit together.
pub(super) fn ends(one: &str, other: &str, width: usize, unicode: bool) -> String {
    if other.is_empty() {
        return left(one, width, unicode);
    }
    let other = cut(other, width, unicode);
    left(one, width.saturating_sub(columns(&other)), unicode) + &other
}

/// Lines of at most `width` columns, broken at spaces, and within words only where there is no other way.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    wrap(text, width, "", "").iter().flat_map(|line| broken(line, width)).collect()
}

/// A line, or several where it is too wide: nothing is cut off.
pub(super) fn broken(line: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut rest = line;
    while columns(rest) > width {
        let (first, more) = head(rest, width);
        // A character that is wider than the place.
        if first.is_empty() {
            break;
        }
        lines.push(first.to_owned());
        rest = more;
    }
    lines.push(rest.to_owned());
    lines
}

/// The longest beginning of at most `width` columns, and the rest.
fn head(text: &str, width: usize) -> (&str, &str) {
    let mut used = 0;
    let end = text.char_indices().find(|(_, c)| {
        used += c.width().unwrap_or(0);
        used > width
    });
    text.split_at(end.map_or(text.len(), |(at, _)| at))
}

/// `1,234,567`
pub(super) fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn places_are_filled_exactly() {
        assert_eq!(left("java", 6, true), "java  ");
        assert_eq!(right("java", 6, true), "  java");
        assert_eq!(left("数据库", 4, true), "数… ");
        assert_eq!(left("python3", 4, false), "pyt>");
        assert_eq!(ends("left side", "right", 12, false), "left s>right");
        assert_eq!([0, 999, 1_000, 1_234_567].map(number), ["0", "999", "1,000", "1,234,567"]);
    }

    proptest! {
        #[test]
        fn nothing_is_wider_than_its_place(text in "\\PC{0,60}", width in 0_usize..40) {
            prop_assert_eq!(columns(&left(&text, width, true)), width);
            prop_assert_eq!(columns(&right(&text, width, false)), width);
        }

        #[test]
        fn breaking_loses_nothing(text in "\\PC{0,60}", width in 2_usize..40) {
            let lines = broken(&text, width);
            prop_assert_eq!(lines.concat(), text);
            for line in lines {
                prop_assert!(columns(&line) <= width, "{:?}", line);
            }
        }
    }
}
