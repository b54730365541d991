//! The page of a lab: every text of its code is there, and none of a text that is gone.

use super::*;

/// The code of the page.
fn code() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/report/page");
    let entries = fs::read_dir(folder).expect("a folder of the source");
    let files = entries.map(|entry| entry.expect("an entry").path());
    let code = files.filter(|path| path.extension().is_some_and(|ending| ending == "js"));
    code.map(|path| fs::read_to_string(path).expect("a file of the source")).collect()
}

/// What each call of a function is given.
fn calls<'a>(code: &'a str, name: &str) -> Vec<&'a str> {
    let open = format!("{name}(");
    let is_call = |at: usize| {
        let before = &code[..at];
        !before.ends_with("function ") && !before.ends_with(|sign: char| sign.is_alphanumeric())
    };
    let starts = code.match_indices(&open).map(|(at, _)| at).filter(|at| is_call(*at));
    starts.map(|at| code[at + open.len()..].trim_start()).collect()
}

/// What stands between this text's first two quotation marks.
fn quoted(text: &str) -> &str {
    text.split('"').nth(1).unwrap_or_default()
}

/// The texts that the page says.
fn said(code: &str) -> BTreeSet<String> {
    let said = calls(code, "say");
    let other: Vec<_> = said.iter().filter(|given| !given.starts_with('"')).collect();
    assert!(other.is_empty(), "say() is for texts that stand there: {:.80}", other[0]);
    let counted = calls(code, "plural").into_iter().map(quoted);
    let counted = counted.flat_map(|word| [format!("{{a}} {word}"), format!("{{a}} {word}s")]);
    said.into_iter().map(|given| quoted(given).to_owned()).chain(counted).collect()
}

/// The words that lines have for the variants of an enum.
fn variants(name: &str) -> Vec<String> {
    let code = crate::line::tests::source();
    let (_, rest) = code.split_once(&format!("pub enum {name} {{")).expect("an enum of a line");
    let body = rest.split_once("\n}").expect("its end").0;
    let names = body.lines().map(str::trim).filter(|line| !line.starts_with("//") && !line.is_empty());
    names.map(|line| kebab(line.trim_end_matches(','))).collect()
}

fn kebab(name: &str) -> String {
    let mut text = String::new();
    for sign in name.chars() {
        if sign.is_ascii_uppercase() && !text.is_empty() {
            text.push('-');
        }
        text.push(sign.to_ascii_lowercase());
    }
    text
}

/// Words of lines that the page shows.
fn words() -> Vec<String> {
    let enums = ["Outcome", "How", "Confidence", "Origin", "SocketKind", "LookupResult", "Source"];
    enums.into_iter().flat_map(variants).collect()
}

#[test]
fn every_text_of_the_page_is_there() {
    let said = said(&code());
    assert!(said.len() > 250, "{said:?}");
    let words = words();
    assert!(words.contains(&"timed-out".to_owned()) && words.len() > 25, "{words:?}");
    let missing = said.into_iter().chain(words).filter(|text| !chinese().page.all().contains_key(text));
    none_missing(missing, "page.toml");
}

#[test]
fn no_text_of_the_page_is_of_one_that_is_gone() {
    let (code, words) = (code(), words());
    let said = said(&code);
    let rust = ["report", "report.rs", "assemble", "assemble.rs", "audit.rs"].map(source).concat();
    let gone = chinese().page.all().keys().filter(|english| {
        let known = said.contains(*english) || words.contains(english);
        // A word in the code, such as the name of a theme, or a sentence of Rust's in pieces.
        let pieces = english.split(['{', '}']).step_by(2);
        !known
            && !code.contains(&format!("\"{english}\""))
            && !pieces
                .map(|piece| piece.trim_matches([' ', ',', '.', ':', '(', ')', ';']))
                .all(|piece| rust.contains(piece))
    });
    let gone: Vec<_> = gone.collect();
    assert!(gone.is_empty(), "stands nowhere in the sources: {gone:#?}");
}

#[test]
fn every_text_of_kernels_side_by_side_is_there() {
    let code =
        ["told.rs", "rows.rs", "guests.rs"].map(|file| source(&format!("run/lab/kernels/{file}"))).concat();
    let own: std::collections::BTreeMap<String, String> =
        toml::from_str(include_str!("../zh-CN/kernels.toml")).expect("phrases");
    let gone = own.keys().filter(|english| {
        let mut pieces = english.split(['{', '}']).step_by(2);
        !pieces.all(|piece| code.contains(piece.trim_matches([' ', ',', '.', ':', '(', ')'])))
    });
    let gone: Vec<_> = gone.collect();
    assert!(gone.is_empty(), "stands nowhere in the sources: {gone:#?}");
    // An operation that failed is named in English, as by every command.
    let failed: Vec<_> = strings(&code, "Failure::io(\"").collect();
    let texts =
        code.split('"').skip(1).step_by(2).map(filled).filter(|text| text.contains(' ') && text.len() > 3);
    let missing = texts.filter(|text| {
        let neutral = ["x x", " = x", "; as it arrived", "/usr/sbin", " [x]", "; "]
            .iter()
            .any(|part| text.contains(part));
        !neutral && !failed.contains(text) && Lang::Chinese.kernels(text) == *text
    });
    none_missing(missing, "kernels.toml");
}

#[test]
fn a_text_of_the_page_is_chinese_but_for_names() {
    let names = ["RST", "RSTs", "errno", "netfilter", "conntrack", "pod {a}", "time-wait", "{a} of {b}"];
    let marks =
        |text: &str| !text.split(['{', '}']).step_by(2).any(|piece| piece.contains(char::is_alphabetic));
    let english =
        chinese().page.all().iter().filter(|(english, other)| {
            other.is_ascii() && !names.contains(&english.as_str()) && !marks(english)
        });
    let english: Vec<_> = english.collect();
    assert!(english.is_empty(), "{english:#?}");
}

#[test]
fn what_may_be_missing_is_said_in_every_language() {
    let code = source("report/losses.rs") + &source("audit.rs");
    let sentences = code.split('"').skip(1).step_by(2).map(filled);
    let sentences: Vec<_> = sentences.filter(|text| text.matches(' ').count() > 3).collect();
    assert!(sentences.len() > 10, "{sentences:?}");
    let missing = sentences.iter().filter(|text| {
        // The sentence of lost records is put together there.
        let part = text.starts_with("; ") || text.ends_with("lost in the kernel");
        !part && chinese().page.find(text).is_none()
    });
    none_missing(missing.cloned(), "page.toml");
}
