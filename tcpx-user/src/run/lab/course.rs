//! The words of `tcpx lab --step`: questions, headings. One file a language, `course/LANGUAGE.toml`.

use std::{collections::BTreeMap, sync::OnceLock};

use serde::{Deserialize, Serialize};

use crate::{lab::Scenario, text::lang::Lang};

/// The languages that there are, English first: each must have all that English has.
const LANGUAGES: [(Lang, &str); 2] =
    [(Lang::English, include_str!("course/en.toml")), (Lang::Chinese, include_str!("course/zh-CN.toml"))];

/// All words of one language.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Course {
    pub(crate) words: Words,
    /// By call.
    ask: BTreeMap<String, String>,
    /// By lab, then by call, or by program and call.
    lab: BTreeMap<String, BTreeMap<String, String>>,
}

/// Headings and short sentences. A file that lacks one cannot be read.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Words {
    pub(crate) step: String,
    pub(crate) setup: String,
    pub(crate) question: String,
    pub(crate) kernel: String,
    pub(crate) unseen: String,
    pub(crate) packets: String,
    pub(crate) states: String,
    pub(crate) before: String,
    pub(crate) after: String,
    pub(crate) changed: String,
    pub(crate) unchanged: String,
    pub(crate) namespace: String,
    pub(crate) established: String,
    pub(crate) listener: String,
    pub(crate) bound: String,
    pub(crate) empty: String,
    pub(crate) unknown: String,
    pub(crate) returns: String,
    pub(crate) why: String,
    pub(crate) more: String,
    pub(crate) answer: String,
    pub(crate) straight: String,
    pub(crate) client: String,
    pub(crate) server: String,
}

impl Course {
    /// In this language.
    ///
    /// # Panics
    /// Never in a build whose tests passed: one of them reads the files.
    pub(crate) fn of(lang: Lang) -> &'static Self {
        static PARSED: OnceLock<Vec<(Lang, Course)>> = OnceLock::new();
        let parsed = PARSED.get_or_init(|| {
            let read = |text| parse(text).expect("a test parses the embedded files");
            LANGUAGES.iter().map(|(lang, text)| (*lang, read(text))).collect()
        });
        let found = parsed.iter().find(|(known, _)| *known == lang);
        found.map(|(_, course)| course).expect("a test finds a file for each language")
    }

    /// What is asked before the result of this call is shown.
    pub(crate) fn question(&self, scenario: &Scenario, comm: &str, function: &str) -> Option<String> {
        let names = [scenario.name, scenario.verdict()];
        let lab = names.iter().find_map(|&name| self.lab.get(name));
        let own = lab.and_then(|lab| lab.get(&format!("{comm} {function}")).or_else(|| lab.get(function)));
        own.or_else(|| self.ask.get(function)).map(|text| text.replace("{who}", comm))
    }
}

fn parse(text: &str) -> Result<Course, toml::de::Error> {
    toml::from_str(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::{find, scenarios};

    /// Which texts a language has; its words are the same for all, or the file cannot be read.
    fn keys(course: &Course) -> Vec<String> {
        let ask = course.ask.keys().map(|call| format!("ask.{call}"));
        let lab =
            course.lab.iter().flat_map(|(lab, calls)| calls.keys().map(move |call| format!("{lab}.{call}")));
        ask.chain(lab).collect()
    }

    #[test]
    fn every_language_has_every_text() {
        let english = keys(Course::of(Lang::English));
        assert_eq!(LANGUAGES.map(|(lang, _)| lang), Lang::ALL);
        for (lang, text) in LANGUAGES {
            let course = parse(text).unwrap_or_else(|error| panic!("{}: {error}", lang.name()));
            assert_eq!(keys(&course), english, "{}", lang.name());
        }
    }

    /// `cargo xtask book` compares there what the steps of a lab say with what they said before.
    #[test]
    fn the_books_have_the_steps_of_every_lab() {
        const BOOKS: [&str; 2] = [
            include_str!("../../../../docs/book/en/src/course/every-lab.md"),
            include_str!("../../../../docs/book/zh-CN/src/course/every-lab.md"),
        ];
        for name in scenarios().map(|scenario| scenario.name).filter(|name| !name.contains('/')) {
            for book in BOOKS {
                let mut runs = book.lines().filter(|line| line.starts_with("<!-- run: "));
                let shows = |run: &str| run.contains(" --step") && run.split(' ').any(|word| word == name);
                assert!(runs.any(shows), "{name} is not shown");
            }
        }
    }

    #[test]
    fn every_language_has_the_places_of_english() {
        let texts = |lang| {
            let Course { words, ask, lab } = Course::of(lang);
            let words = serde_json::to_value(words).expect("words are JSON");
            let words = words.as_object().expect("words have names").values();
            let words: Vec<_> = words.map(|word| word.as_str().expect("a text").to_owned()).collect();
            let asked = ask.values().chain(lab.values().flat_map(|calls| calls.values()));
            words.into_iter().chain(asked.cloned()).collect::<Vec<_>>()
        };
        for lang in Lang::ALL {
            for (text, english) in texts(lang).iter().zip(texts(Lang::English)) {
                for place in ["{n}", "{all}", "{who}", "{name}", "{result}", "{time}"] {
                    assert_eq!(text.contains(place), english.contains(place), "{text}");
                }
            }
        }
    }

    #[test]
    fn questions_are_about_labs_that_there_are() {
        for lab in Course::of(Lang::English).lab.keys() {
            assert!(scenarios().any(|scenario| scenario.name == lab || scenario.verdict() == lab), "{lab}");
        }
    }

    #[test]
    fn a_question_names_the_program_that_calls() {
        let ask = |lab, comm, call| Course::of(Lang::English).question(find(lab).expect("a lab"), comm, call);
        let asked = ask("bound-not-listening", "curl", "connect").expect("a question");
        assert!(asked.contains("What will curl get?"), "{asked}");
        let variant = ask("closed-port/ipv6", "client", "connect").expect("a question");
        assert!(variant.starts_with("No socket in any state"), "{variant}");
        assert_eq!(ask("closed-port", "client", "socket"), None);
    }
}
