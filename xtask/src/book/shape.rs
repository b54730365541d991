//! What two runs of a command have in common: words, but no number, time, port or kernel release; and not the order of words, as
//! two ends of a connection do things at once.

use std::collections::BTreeMap;

/// Of a number that may be another one next time, and whatever is written around it without a space.
const NUMBER: char = 'N';
/// Written after a number, whose size decides which.
const UNITS: [&str; 6] = ["ns", "us", "µs", "ms", "s", "min"];

/// The words of an output, in order. Spaces, line ends and ruling go by the width of what varies, and so are none of them.
pub(super) fn shape(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in text.split_whitespace().flat_map(pieces).filter(|word| !is_ruling(word)) {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        let after_number = words.last().is_some_and(|last| last.ends_with(NUMBER));
        if after_number && UNITS.contains(&bare) {
            words.push(word.replace(bare, "UNIT"));
        } else {
            words.push(masked(word));
        }
    }
    words
}

/// A line may end after any character of Chinese, so that each is a word.
fn pieces(word: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = word;
    while let Some((at, wide)) = rest.char_indices().find(|&(_, c)| c >= '\u{2e80}') {
        let (before, after) = rest.split_at(at);
        let (one, after) = after.split_at(wide.len_utf8());
        pieces.extend((!before.is_empty()).then_some(before));
        pieces.push(one);
        rest = after;
    }
    pieces.extend((!rest.is_empty()).then_some(rest));
    pieces
}

/// Drawn, not said.
fn is_ruling(word: &str) -> bool {
    word.chars().all(|c| matches!(c, '\u{2500}'..='\u{257f}' | '-' | '|' | '◀' | '▶' | '<' | '>'))
}

/// Addresses of IPv4 stay; other runs of digits, with points and commas inside, become one letter.
fn masked(word: &str) -> String {
    let mut text = String::new();
    let mut rest = word;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let is_inside = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',');
        let end = rest[start..].find(|c| !is_inside(c)).map_or(rest.len(), |n| n + start);
        let number = rest[start..end].trim_end_matches(['.', ',']);
        text += &rest[..start];
        if number.matches('.').count() == 3 {
            text += number;
        } else {
            text.push(NUMBER);
        }
        rest = &rest[start + number.len()..];
    }
    text + rest
}

/// What only one of two outputs has, told word by word; `None` if they have one shape.
pub(super) fn difference(book: &str, run: &str) -> Option<String> {
    let mut counts: BTreeMap<String, i32> = BTreeMap::new();
    for word in shape(book) {
        *counts.entry(word).or_default() += 1;
    }
    for word in shape(run) {
        *counts.entry(word).or_default() -= 1;
    }
    let only = |sign: i32| {
        let words = counts.iter().filter(|(_, count)| count.signum() == sign);
        words.map(|(word, _)| word.as_str()).collect::<Vec<_>>().join(" ")
    };
    let (book, run) = (only(1), only(-1));
    (!book.is_empty() || !run.is_empty())
        .then(|| format!("  more often in the book:  {book}\n  more often in this run:  {run}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_times_and_widths_make_no_difference() {
        let book = "curl[41] connect() returns -1 ECONNREFUSED after 71 us\n── Step 1 of 2 ──\n127.0.0.1:40000, seq 1000.";
        let run = "curl[5] connect()  returns -1\n  ECONNREFUSED after 1.2 ms\n─── Step 1 of 2 ─\n127.0.0.1:39 , seq 7.";
        assert_eq!(difference(book, &run.replace(" ,", ",")), None);
    }

    #[test]
    fn a_line_of_chinese_may_end_anywhere() {
        assert_eq!(difference("内核做了 3 件事，tcp_v4_rcv", "内核做\n  了 14 件\n  事，tcp_v4_rcv"), None);
        assert!(difference("内核做了", "内核没做").is_some());
    }

    #[test]
    fn words_and_addresses_do() {
        assert!(difference("tcp_v4_rcv: took it", "tcp_v4_rcv: dropped it").is_some());
        assert!(difference("127.0.0.1:80", "127.0.0.2:80").is_some());
        assert!(difference("one line", "one line more").is_some());
        assert!(difference("after 3 ms", "after 3 SYNs").is_some());
    }

    #[test]
    fn the_words_are_shown() {
        let told = difference("a b c b", "a x c b").unwrap_or_default();
        assert_eq!(told, "  more often in the book:  b\n  more often in this run:  x");
    }
}
