//! How wide text is on a terminal, and how to make it fit.

use std::borrow::Cow;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The columns that `text` takes; it should have been escaped before.
#[must_use]
pub fn columns(text: &str) -> usize {
    text.width()
}

/// `text`, cut to at most `max` columns; what was cut shows as `…`.
#[must_use]
pub fn fit(text: &str, max: usize) -> Cow<'_, str> {
    if columns(text) <= max {
        return Cow::Borrowed(text);
    }
    let Some(room) = max.checked_sub(1) else { return Cow::Borrowed("") };
    let mut used = 0;
    let kept = text.chars().take_while(|c| {
        used += c.width().unwrap_or(0);
        used <= room
    });
    let mut out: String = kept.collect();
    out.push('…');
    Cow::Owned(out)
}

/// Breaks `text` at spaces into lines of at most `width` columns. The first line starts with `first`, the others with
/// `rest`. A word that is wider than a line gets a line of its own and is not cut: addresses and commands stay whole.
#[must_use]
pub fn wrap(text: &str, width: usize, first: &str, rest: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = first.to_owned();
    let mut empty = true;
    for word in text.split_whitespace() {
        if !empty && columns(&line) + 1 + columns(word) > width {
            lines.push(std::mem::replace(&mut line, rest.to_owned()));
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn wide_characters_count_twice() {
        assert_eq!(columns("python3"), 7);
        assert_eq!(columns("数据库"), 6);
        assert_eq!(columns("e\u{301}"), 1);
    }

    #[test]
    fn cuts_at_columns_and_says_so() {
        assert_eq!(fit("java", 4), "java");
        assert_eq!(fit("javac", 4), "jav…");
        assert_eq!(fit("数据库", 4), "数…");
        assert_eq!(fit("java", 0), "");
    }

    #[test]
    fn wraps_with_a_hanging_indent() {
        let lines = wrap("one two three four", 11, "- ", "  ");
        assert_eq!(lines, ["- one two", "  three", "  four"]);
    }

    #[test]
    fn a_long_word_stays_whole() {
        assert_eq!(wrap("see /a/very/long/path now", 10, "", ""), ["see", "/a/very/long/path", "now"]);
    }

    proptest! {
        #[test]
        fn fitted_text_fits(text in "\\PC{0,40}", max in 0_usize..20) {
            prop_assert!(columns(&fit(&text, max)) <= max.max(columns("…")));
        }

        #[test]
        fn wrapping_loses_no_word(text in "[a-z ]{0,120}", width in 1_usize..50) {
            let lines = wrap(&text, width, "", "");
            let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            prop_assert_eq!(words(&lines.join(" ")), words(&text));
            for line in lines {
                prop_assert!(columns(&line) <= width || !line.contains(' '));
            }
        }
    }
}
