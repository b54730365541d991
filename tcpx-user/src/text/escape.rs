//! Makes names from outside harmless: process and container names, paths and interface names are chosen by others.
//!
//! What could move the cursor, change colours, reorder the line or hide in it is shown as an escape, such as `\x1b` or
//! `\u{202e}`. This is for reading: a backslash stays as it is (systemd's own `\x2d` stays readable), so the result is not
//! meant to be turned back.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Characters that are no control characters and yet change what a line looks like, or cannot be seen in it.
const DECEPTIVE: &[(char, char)] = &[
    ('\u{ad}', '\u{ad}'),       // soft hyphen
    ('\u{34f}', '\u{34f}'),     // combining grapheme joiner
    ('\u{61c}', '\u{61c}'),     // Arabic letter mark (bidi)
    ('\u{115f}', '\u{1160}'),   // Hangul fillers
    ('\u{17b4}', '\u{17b5}'),   // Khmer inherent vowels
    ('\u{180b}', '\u{180f}'),   // Mongolian selectors and vowel separator
    ('\u{200b}', '\u{200f}'),   // zero width, bidi marks
    ('\u{2028}', '\u{202e}'),   // line and paragraph separator, bidi embedding and override
    ('\u{2060}', '\u{206f}'), // word joiner, invisible operators, bidi isolates, deprecated format characters
    ('\u{3164}', '\u{3164}'), // Hangul filler
    ('\u{fe00}', '\u{fe0f}'), // variation selectors
    ('\u{feff}', '\u{feff}'), // zero width no-break space
    ('\u{ffa0}', '\u{ffa0}'), // halfwidth Hangul filler
    ('\u{fff0}', '\u{fffb}'), // interlinear annotation
    ('\u{1d173}', '\u{1d17a}'), // musical format characters
    ('\u{e0000}', '\u{e0fff}'), // tags, more variation selectors
];

/// Text that is safe to show on a terminal; borrowed when it was safe already.
#[must_use]
pub fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(harmful) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    push(&mut out, text);
    Cow::Owned(out)
}

/// The same for bytes that need not be UTF-8: each byte that is no part of a character becomes `\xNN`.
#[must_use]
pub fn escape_bytes(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = str::from_utf8(bytes) {
        return escape(text);
    }
    let mut out = String::with_capacity(bytes.len() + 16);
    for chunk in bytes.utf8_chunks() {
        push(&mut out, chunk.valid());
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    Cow::Owned(out)
}

fn push(out: &mut String, text: &str) {
    for c in text.chars() {
        // Writing to a String cannot fail.
        let _ = match c {
            '\n' => out.write_str("\\n"),
            '\t' => out.write_str("\\t"),
            '\r' => out.write_str("\\r"),
            c if c.is_ascii_control() => write!(out, "\\x{:02x}", u32::from(c)),
            c if harmful(c) => write!(out, "\\u{{{:x}}}", u32::from(c)),
            c => out.write_char(c),
        };
    }
}

/// Whether a character must not reach a terminal as it is.
fn harmful(c: char) -> bool {
    c.is_control() || DECEPTIVE.iter().any(|&(first, last)| (first..=last).contains(&c))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn shows_what_would_hide() {
        let cases = [
            ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
            ("a\nb\tc\r", r"a\nb\tc\r"),
            ("nul\0del\x7f", r"nul\x00del\x7f"),
            ("\u{9b}31m", r"\u{9b}31m"),
            ("exe\u{202e}gpj", r"exe\u{202e}gpj"),
            ("\u{2066}isolate\u{2069}", r"\u{2066}isolate\u{2069}"),
            ("zero\u{200b}width\u{feff}", r"zero\u{200b}width\u{feff}"),
            ("\u{e0041}", r"\u{e0041}"),
        ];
        for (given, shown) in cases {
            assert_eq!(escape(given), shown);
            assert_eq!(escape_bytes(given.as_bytes()), shown);
        }
    }

    #[test]
    fn leaves_names_that_are_merely_foreign() {
        for name in ["python3", "dev-disk-by\\x2duuid", "Bücher", "数据库", "eth0.100", ""] {
            assert!(matches!(escape(name), Cow::Borrowed(same) if same == name));
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_shown() {
        assert_eq!(escape_bytes(b"ok\xff\xfe"), r"ok\xff\xfe");
        assert_eq!(escape_bytes(b"cut \xe2\x82"), r"cut \xe2\x82");
        assert_eq!(escape_bytes(b"\xc3\xa9\xff\x1b"), r"é\xff\x1b");
        // An overlong encoding of ESC is no character either.
        assert_eq!(escape_bytes(b"\xc0\x9b[m"), r"\xc0\x9b[m");
    }

    /// Written apart from the table above, from Unicode's lists of what the issue names.
    fn forbidden(c: char) -> bool {
        let bidi = ['\u{61c}', '\u{200e}', '\u{200f}'].contains(&c)
            || ('\u{202a}'..='\u{202e}').contains(&c)
            || ('\u{2066}'..='\u{2069}').contains(&c);
        let unseen = ['\u{200b}', '\u{200c}', '\u{200d}', '\u{2060}', '\u{feff}', '\u{ad}'].contains(&c);
        c.is_control() || bidi || unseen
    }

    /// Any text, with harmful characters far more often than chance would give.
    fn hostile() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            any::<char>(),
            prop::char::range('\0', '\u{a0}'),
            prop::char::range('\u{2000}', '\u{2070}'),
            prop::char::range('\u{fe00}', '\u{feff}'),
        ];
        prop::collection::vec(piece, 0..40).prop_map(|chars| chars.into_iter().collect())
    }

    proptest! {
        #[test]
        fn nothing_harmful_gets_through(text in hostile()) {
            let shown = escape(&text);
            prop_assert!(!shown.chars().any(forbidden), "{:?}", shown);
            prop_assert_eq!(escape(&shown), shown.as_ref());
        }

        #[test]
        fn nothing_harmful_gets_through_as_bytes(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            prop_assert!(!escape_bytes(&bytes).chars().any(forbidden));
        }

        #[test]
        fn clean_ascii_is_the_same_and_not_copied(text in "[ -~]{0,60}") {
            prop_assert!(matches!(escape(&text), Cow::Borrowed(same) if same == text));
            prop_assert!(matches!(escape_bytes(text.as_bytes()), Cow::Borrowed(same) if same == text));
        }

        #[test]
        fn harmless_characters_are_kept_in_order(text in hostile()) {
            let kept: String = text.chars().filter(|&c| !harmful(c) && c != '\\').collect();
            let mut rest = kept.chars().peekable();
            for c in escape(&text).chars() {
                rest.next_if_eq(&c);
            }
            prop_assert!(rest.peek().is_none());
        }
    }
}
