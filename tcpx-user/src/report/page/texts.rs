//! What the page says in a language that is not English: for each text of its code, and for each sentence of its lines, what it is there.
//!
//! Lines stay as other programs read them: the page's code asks for their texts by the English, too.

use std::{borrow::Cow, collections::BTreeMap};

use serde_json::Value;

use super::super::{Report, losses::Losses};
use crate::text::lang::Lang;

/// By the English; a text that is the same is left out.
pub(super) fn texts(report: &Report, losses: &Losses, lang: Lang) -> BTreeMap<String, String> {
    if lang == Lang::English {
        return BTreeMap::new();
    }
    let mut texts = Texts { lang, all: BTreeMap::new() };
    for (english, other) in lang.page_texts() {
        texts.all.insert(english.to_owned(), other.to_owned());
    }
    for sentence in losses.missing.iter().chain(&losses.unknown) {
        texts.add(sentence, lang.page(sentence));
    }
    // A line that is no JSON would be a defect that the page's code shows.
    let lines = report.sample.texts().into_iter().filter_map(|text| serde_json::from_str::<Value>(text).ok());
    lines.for_each(|line| texts.line(&line["data"]));
    texts.all
}

struct Texts {
    lang: Lang,
    all: BTreeMap<String, String>,
}

impl Texts {
    fn add(&mut self, english: &str, other: Cow<'_, str>) {
        if other != english && !self.all.contains_key(english) {
            self.all.insert(english.to_owned(), other.into_owned());
        }
    }

    fn line(&mut self, data: &Value) {
        let lang = self.lang;
        for sentence in strings(&data["verdict"]["evidence"]) {
            self.add(sentence, lang.sentence(sentence));
        }
        for near in list(&data["near"]).filter_map(|near| near["why"].as_str()) {
            let sentence = lang.sentence(near);
            self.add(near, if sentence == near { lang.page(near) } else { sentence });
        }
        if let Some(joined) = data["joined_by"].as_str() {
            self.add(joined, lang.page(joined));
        }
        list(&data["path"]).for_each(|frame| self.frame(frame));
    }

    /// What happened there, alone and with how that is known, and what is said beside the function.
    fn frame(&mut self, frame: &Value) {
        let lang = self.lang;
        if let Some(function) = frame["function"].as_str() {
            self.add(function, lang.run(function));
            if let Some((_, beside)) = function.split_once(" (") {
                let beside = beside.trim_end_matches(')');
                self.add(beside, lang.page(beside));
            }
        }
        let Some(note) = frame["note"].as_str() else { return };
        let (happened, how) = split(note);
        self.add(happened, lang.run(happened));
        let both = [lang.run(happened).into_owned(), known(how, lang)];
        let both: Vec<_> = both.into_iter().filter(|text| !text.is_empty()).collect();
        self.add(note, both.join("；").into());
    }
}

/// A note as what happened, and how that is known; either may be empty. `withoutHow` of sequence.js cuts at the same place.
fn split(note: &str) -> (&str, &str) {
    let is_how = |text: &str| text.starts_with("observed") || text.starts_with("derived");
    match note.rsplit_once("; ") {
        Some((happened, how)) if is_how(how) => (happened, how),
        None if is_how(note) => ("", note),
        _ => (note, ""),
    }
}

/// `observed (fentry)`: the word in the language, the rest as it is.
fn known(how: &str, lang: Lang) -> String {
    match how.split_once(' ') {
        Some((word, rest)) => format!("{} {rest}", lang.page(word)),
        None => lang.page(how).into_owned(),
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn strings(value: &Value) -> impl Iterator<Item = &str> {
    list(value).filter_map(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        line::Line,
        sink::samples::{self, frame},
    };

    fn of(line: &Line) -> BTreeMap<String, String> {
        let mut report = Report::default();
        report.take(line);
        texts(&report, &Losses::default(), Lang::Chinese)
    }

    #[test]
    fn a_frame_is_told_in_each_way_in_which_the_page_shows_it() {
        let reset = crate::line::Reset {
            path: vec![
                frame(
                    "tcp_reset (inlined in tcp_rcv_state_process)",
                    "took the RST in SYN_SENT; observed (fentry)",
                ),
                frame("tcp_v4_rcv", "derived"),
            ],
            ..samples::plain_reset()
        };
        let texts = of(&Line::Reset(Box::new(reset)));
        let told = |english: &str| texts[english].as_str();
        assert_eq!(told("took the RST in SYN_SENT"), "在 SYN_SENT 状态收下了 RST");
        assert_eq!(
            told("took the RST in SYN_SENT; observed (fentry)"),
            "在 SYN_SENT 状态收下了 RST；观测 (fentry)"
        );
        assert_eq!(told("inlined in tcp_rcv_state_process"), "内联于 tcp_rcv_state_process");
        assert_eq!(told("derived"), "推断");
    }

    #[test]
    fn english_brings_no_texts() {
        let mut report = Report::default();
        report.take(&samples::reset_of_attempt());
        assert!(texts(&report, &Losses::default(), Lang::English).is_empty());
    }
}
