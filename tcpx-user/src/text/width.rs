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

/// `text` and as many spaces as make it `width` columns wide.
#[must_use]
pub fn pad(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(columns(text))))
}

/// Breaks `text` at spaces, and between Chinese characters, into lines of at most `width` columns. The first line starts with
/// `first`, the others with `rest`. A word that is wider than a line gets a line of its own and is not cut: addresses and
/// commands stay whole.
#[must_use]
pub fn wrap(text: &str, width: usize, first: &str, rest: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = first.to_owned();
    let mut empty = true;
    for word in text.split_whitespace() {
        for (n, part) in parts(word).into_iter().enumerate() {
            let gap = usize::from(n == 0);
            if !empty && columns(&line) + gap + columns(part) > width {
                lines.push(std::mem::replace(&mut line, rest.to_owned()));
                empty = true;
            }
            if !empty && gap > 0 {
                line.push(' ');
            }
            line.push_str(part);
            empty = false;
        }
    }
    lines.push(line);
    lines
}

/// A word cut where a line may end: beside a wide character, but not before a sign that closes nor after one that opens.
fn parts(word: &str) -> Vec<&str> {
    // A mark such as [推断] stays whole.
    if word.is_ascii() || (word.starts_with('[') && word.ends_with(']')) {
        return vec![word];
    }
    let (mut parts, mut from, mut last) = (Vec::new(), 0, None);
    for (at, c) in word.char_indices() {
        if last.is_some_and(|last| may_end_between(last, c)) {
            parts.push(&word[from..at]);
            from = at;
        }
        last = Some(c);
    }
    parts.push(&word[from..]);
    parts
}

fn may_end_between(last: char, next: char) -> bool {
    const CLOSING: &str = "，。、；：？！）》」』”’…)]},.;:?!";
    const OPENING: &str = "（《「『“‘([{";
    let wide = |c: char| c.width() == Some(2);
    (wide(last) || wide(next)) && !CLOSING.contains(next) && !OPENING.contains(last)
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

    #[test]
    fn chinese_breaks_between_characters_but_not_before_a_sign_that_closes() {
        assert_eq!(wrap("内核以 RST 应答，并继续。", 11, "", ""), ["内核以 RST", "应答，并继", "续。"]);
        assert_eq!(wrap("收到 SYN（重传）", 9, "- ", "  "), ["- 收到", "  SYN（重", "  传）"]);
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
