mod page;

use std::{collections::BTreeSet, env, fs, path::Path};

use super::*;
use crate::{
    lab::{EXAMPLES, File, scenarios},
    verdict::Group,
};

/// A lab of the book's.
const BOOK: &str = include_str!("../../../../docs/book/labs/activation.toml");

fn chinese() -> &'static Catalogue {
    Lang::Chinese.catalogue().expect("Chinese has a catalogue")
}

/// A folder's or a file's Rust code without tests, with strings that go over several lines as one.
fn source(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(path);
    let mut text = String::new();
    if path.is_dir() {
        for entry in fs::read_dir(&path).expect("a folder of the source") {
            text += &source(entry.expect("an entry").path().to_str().expect("UTF-8"));
        }
    } else if path.extension().is_some_and(|ending| ending == "rs") {
        let code = fs::read_to_string(&path).expect("a file of the source");
        text += code.split("#[cfg(test)]").next().unwrap_or_default();
    }
    let mut joined = String::new();
    for part in text.split("\\\n") {
        let part = if joined.is_empty() { part } else { part.trim_start() };
        joined += part;
    }
    joined.replace("\\\"", "\u{1}")
}

/// The strings in code that follow `before`.
fn strings<'a>(code: &'a str, before: &'a str) -> impl Iterator<Item = String> + 'a {
    let ends = code.match_indices(before).map(|(at, _)| &code[at + before.len()..]);
    ends.filter_map(|rest| Some(rest.split_once('"')?.0.replace('\u{1}', "\"")))
}

/// A string of `format!` as it would come out, with one word for each value.
fn filled(format: &str) -> String {
    let mut text = String::new();
    let mut left = format;
    while let Some((before, rest)) = left.split_once('{') {
        text.extend([before, "x"]);
        left = rest.split_once('}').map_or("", |(_, after)| after);
    }
    text + left
}

#[test]
fn locales_name_their_language() {
    let chinese =
        ["zh_CN.UTF-8", "zh_CN.utf8", "zh_CN", "zh_SG.UTF-8", "zh-Hans", "zh_Hans_CN.UTF-8@pinyin", "zh"];
    let english =
        ["C", "C.UTF-8", "POSIX", "en_US.UTF-8", "de_DE.UTF-8", "zh_TW.UTF-8", "zh_HK", "zh_CN.GB18030", ""];
    assert!(chinese.iter().all(|locale| Lang::of(locale, "") == Lang::Chinese));
    assert!(english.iter().all(|locale| Lang::of(locale, "") == Lang::English));
}

#[test]
fn a_list_of_languages_comes_before_the_locale() {
    assert_eq!(Lang::of("de_DE.UTF-8", "de:zh_CN:en"), Lang::Chinese);
    assert_eq!(Lang::of("zh_CN.UTF-8", "en_GB:zh_CN"), Lang::English);
    assert_eq!(Lang::of("zh_CN.UTF-8", "de"), Lang::Chinese);
    // As gettext does: without a locale there are no messages but the program's own.
    assert_eq!(Lang::of("C.UTF-8", "zh_CN"), Lang::English);
}

#[test]
fn a_translation_has_the_places_of_its_english() {
    for phrases in [&chinese().explain, &chinese().lab, &chinese().run, &chinese().evidence, &chinese().page]
    {
        for (english, other) in phrases.all() {
            assert_eq!(phrases::places(english), phrases::places(other), "{english}");
            assert!(!other.is_empty() && !other.contains('\n'), "{english}");
        }
    }
}

#[test]
fn each_verdict_has_the_conditions_of_english_and_texts_of_its_own() {
    let texts = verdicts::table(VERDICTS).expect("the table parses");
    assert_eq!(texts.keys().copied().collect::<Vec<_>>(), VerdictId::ALL);
    let mut titles = BTreeSet::new();
    for (id, texts) in &texts {
        let english = crate::verdict::entry(*id);
        assert_eq!(texts.conditions.len(), english.conditions.len(), "{id}");
        assert!(titles.insert(&texts.title), "{id}: its title is another one's too");
        assert!(texts.meaning.ends_with('。') && texts.advice.ends_with('。'), "{id}");
        for text in [&texts.title, &texts.meaning, &texts.advice].into_iter().chain(&texts.conditions) {
            assert!(!text.is_ascii() && text == text.trim() && !text.contains('\n'), "{id}: {text:?}");
        }
    }
}

#[test]
fn verdicts_are_in_the_order_of_the_catalogue() {
    let heads = VERDICTS.lines().filter_map(|line| line.strip_prefix('[')?.strip_suffix(']')?.parse().ok());
    assert_eq!(heads.collect::<Vec<VerdictId>>(), VerdictId::ALL);
}

#[test]
fn what_a_kernel_says_is_the_same_in_every_language() {
    for id in VerdictId::ALL {
        let (english, other) = (crate::verdict::entry(*id), Lang::Chinese.entry(*id));
        assert_eq!((&english.errno, &english.counters), (&other.errno, &other.counters));
        assert_eq!(english.implemented, other.implemented);
        for (one, two) in english.kernel.iter().zip(&other.kernel) {
            assert_eq!((&one.versions, one.functions.len()), (&two.versions, two.functions.len()));
        }
        assert!(english.confirm.iter().zip(&other.confirm).all(|(one, two)| one.run == two.run));
    }
}

/// Nothing, or what is missing.
fn none_missing(missing: impl IntoIterator<Item = String>, file: &str) {
    let missing: BTreeSet<_> = missing.into_iter().collect();
    assert!(missing.is_empty(), "not in {file}: {missing:#?}");
}

#[test]
fn no_function_result_is_left_in_english() {
    let functions = VerdictId::ALL.iter().flat_map(|id| &crate::verdict::entry(*id).kernel);
    let parts = functions.flat_map(|path| &path.functions).flat_map(|text| text.splitn(2, ": "));
    let missing = parts.filter(|part| !is_name(part) && chinese().explain.find(part).is_none());
    none_missing(missing.map(str::to_owned), "phrases.toml");
}

#[test]
fn every_word_of_explain_is_there() {
    let code = source("explain") + &source("explain.rs");
    let words: Vec<String> = [
        "say(\"",
        "say(\n            \"",
        "fill(\"",
        "list(\"",
        "paragraph(\n            \"",
        "paragraph(\"",
    ]
    .into_iter()
    .flat_map(|before| strings(&code, before).collect::<Vec<_>>())
    .collect();
    assert!(words.len() > 20, "{words:?}");
    let groups = Group::ALL.iter().map(|group| group.heading().to_owned());
    for word in words.into_iter().chain(groups) {
        assert!(chinese().explain.all().contains_key(&word), "{word}");
    }
}

#[test]
fn every_lab_is_there() {
    let has = |text: &str| assert!(chinese().lab.all().contains_key(text), "{text:?} is not in lab.toml");
    for scenario in scenarios() {
        has(scenario.title);
        has(scenario.about);
    }
    for (name, text) in EXAMPLES {
        let file = File::parse(name, text).unwrap_or_else(|wrong| panic!("{wrong}"));
        has(&file.title);
        has(&file.about);
        file.task.iter().for_each(|task| has(&task.text));
    }
}

#[test]
fn what_a_story_says_between_calls_is_there() {
    let code = source("lab");
    let said = ["step(\"", "step(format!(\"", "step(\n        \"", "step(\n            \""];
    let said: Vec<_> =
        said.into_iter().flat_map(|before| strings(&code, before).collect::<Vec<_>>()).collect();
    assert!(said.len() > 50, "{said:?}");
    let missing = said.iter().map(|text| filled(text)).filter(|text| {
        // A command is one in every language; who ended how is made of two strings.
        let neutral = text.starts_with("sysctl ") || text.starts_with("nft: ") || text == "x x";
        let program = format!("the program {text}");
        !neutral && chinese().lab.find(text).or_else(|| chinese().lab.find(&program)).is_none()
    });
    none_missing(missing, "lab.toml");
}

#[test]
fn what_the_kernels_path_says_is_there() {
    let code = source("assemble/path.rs") + &source("assemble/path") + &source("run/lab/steps/packets.rs");
    let how = ["; observed", "; derived"];
    let notes = code.split('"').skip(1).step_by(2).filter_map(|text| {
        let note =
            how.iter().fold(filled(text), |text, how| text.split(how).next().unwrap_or_default().to_owned());
        let note = note.trim_end_matches("; x").trim_end_matches("; ").to_owned();
        // Made of several strings: what they make stands in the catalogue.
        let parts = [
            "observed",
            "derived",
            "ack x",
            "len x",
            "x x x → x",
            "hit: ",
            ": ",
            " to ",
            "returned ",
            "took the RST in ",
        ];
        let prose = !is_name(&note) && !parts.iter().any(|start| note.starts_with(start));
        let note = note.replace("segmentx", "segment: x").replace("SYNx", "SYN: x");
        let note = if note.starts_with("left in") { format!("ICMP type x, code x; {note}") } else { note };
        (prose && note.contains(' ')).then_some(note)
    });
    let notes: Vec<_> = notes.collect();
    assert!(notes.len() > 50, "{notes:?}");
    none_missing(notes.into_iter().filter(|note| Lang::Chinese.run(note).is_ascii()), "run.toml");
}

#[test]
fn every_sentence_of_a_rule_is_there() {
    let code = source("verdict/rules") + &source("verdict/rules.rs");
    let sentences = code.split('"').skip(1).step_by(2).map(|text| text.replace('\u{1}', "\""));
    let sentences: Vec<_> = sentences.filter(|text| text.contains(' ') && text.ends_with('.')).collect();
    assert!(sentences.len() > 150, "{sentences:?}");
    let missing = sentences.iter().filter(|text| {
        // What may be missing stands without a space before it.
        let text = filled(text.trim());
        let without = text.replace("xx", "x");
        let told = |text: &str| chinese().evidence.find(text).is_some();
        // Where a word of the sentence is chosen, all its shapes stand in the catalogue; another follows a sentence.
        let chosen = text == "x x xx." || text.starts_with("x rules there may have");
        !chosen && !told(&text) && !told(&without) && !told(&format!("x {text}"))
    });
    none_missing(missing.cloned(), "evidence.toml");
}

#[test]
fn no_translation_is_of_a_text_that_is_gone() {
    let labs: String = EXAMPLES.iter().map(|(_, text)| *text).chain([BOOK]).collect();
    let catalogue = include_str!("../../verdict/catalogue.toml");
    let explain = source("explain") + &source("explain.rs") + &source("verdict/id.rs") + catalogue;
    for (phrases, sources) in [(&chinese().explain, explain), (&chinese().lab, source("lab") + &labs)] {
        let sources = sources.replace('\u{1}', "\"");
        let gone = phrases.all().keys().filter(|english| {
            // What programs did is made of two strings.
            let pieces = english.split(['{', '}']).step_by(2).flat_map(|piece| piece.split("the program "));
            !pieces.map(|piece| piece.trim_end_matches(": ").trim()).all(|piece| sources.contains(piece))
        });
        let gone: Vec<_> = gone.collect();
        assert!(gone.is_empty(), "stands nowhere in the sources: {gone:#?}");
    }
}

#[test]
fn what_a_reader_wrote_stays_as_it_is() {
    for text in ["We connect to the server", "see: this", ""] {
        assert_eq!(Lang::Chinese.lab(text), text);
    }
    assert_eq!(Lang::Chinese.run("tcp_v4_rcv: took the segment"), "tcp_v4_rcv: 收下了报文段");
    assert_eq!(Lang::Chinese.run("send(3, \"a; b: c\") = 7"), "send(3, \"a; b: c\") = 7");
    assert_eq!(Lang::English.run("miss"), "miss");
}

#[test]
fn what_hooks_cannot_see_is_said_in_every_language() {
    let code = source("run/lab/expected.rs");
    let hidden: Vec<_> = strings(&code, "hidden = Some(\"").collect();
    assert!(hidden.len() > 5, "{hidden:?}");
    none_missing(hidden.into_iter().filter(|why| chinese().run.find(why).is_none()), "run.toml");
}
