//! One page for the program and one for each command, section 8. What follows the options in `--help` is divided into the sections that
//! a page has.

use std::path::Path;

use clap::Command;
use clap_mangen::Man;
use roff::{Roff, bold, roman};

use super::{Files, command, subcommands};

pub(super) const FOLDER: &str = "man";

/// Paragraphs that begin with one of these open a section.
const SECTIONS: [(&str, &str); 3] =
    [("Examples:", "EXAMPLES"), ("Exit status:", "EXIT STATUS"), ("Environment:", "ENVIRONMENT")];
/// What roff says about apostrophes.
const APOSTROPHE: &str = ".ie \\n(.g .ds Aq \\(aq\n.el .ds Aq '\n";
/// For what else is said there.
const NOTES: &str = "NOTES";

pub(super) fn pages() -> Files {
    let root = command();
    let subs = subcommands(&root).map(|sub| page(sub, &root));
    std::iter::once(page(&root, &root)).chain(subs).collect()
}

fn page(command: &Command, root: &Command) -> (std::path::PathBuf, String) {
    let source = format!("tcpx {}", env!("CARGO_PKG_VERSION"));
    let man = Man::new(command.clone()).section("8").source(source).manual("System Administration");
    let name = Path::new(FOLDER).join(man.get_filename());
    let text = rendered(&man, command, root).expect("memory");
    (name, text)
}

fn rendered(man: &Man, command: &Command, root: &Command) -> std::io::Result<String> {
    let mut out = Vec::new();
    man.render_title(&mut out)?;
    man.render_name_section(&mut out)?;
    synopsis(command).to_writer(&mut out)?;
    man.render_description_section(&mut out)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut out)?;
    }
    man.render_options_section(&mut out)?;
    let after = command.get_after_long_help().or_else(|| command.get_after_help());
    for (title, paragraphs) in sections(&after.map(ToString::to_string).unwrap_or_default()) {
        section(title, &paragraphs).to_writer(&mut out)?;
    }
    see_also(command, root).to_writer(&mut out)?;
    let text = String::from_utf8(out).expect("UTF-8");
    // Each piece begins with it; once is enough.
    Ok(format!("{APOSTROPHE}{}", text.replace(APOSTROPHE, "")))
}

/// As `--help` has it: the list of all options that clap_mangen would write says nothing.
fn synopsis(command: &Command) -> Roff {
    let usage = command.clone().render_usage().to_string();
    let mut roff = Roff::new();
    roff.control("SH", ["SYNOPSIS"]).text([roman(usage.trim_start_matches("Usage: "))]);
    roff
}

/// Divides text into sections, each a list of paragraphs. Those of one title come together.
fn sections(text: &str) -> Vec<(&'static str, Vec<String>)> {
    let mut found: Vec<(&str, Vec<String>)> = Vec::new();
    let mut at = NOTES;
    for paragraph in text.split("\n\n") {
        let opened = SECTIONS.iter().find_map(|(word, title)| Some((*title, paragraph.strip_prefix(word)?)));
        let (title, body) = match opened {
            // On a line of its own, or before the first words.
            Some((title, body)) => (title, body.strip_prefix('\n').unwrap_or_else(|| body.trim_start())),
            // What is set in goes on with what was before.
            None if paragraph.starts_with(' ') => (at, paragraph),
            None => (NOTES, paragraph),
        };
        at = title;
        let body = body.trim_end().to_owned();
        match found.iter_mut().find(|section| section.0 == title) {
            Some(section) => section.1.push(body),
            None => found.push((title, vec![body])),
        }
    }
    let order = |title: &str| SECTIONS.iter().position(|section| section.1 == title);
    found.sort_by_key(|section| order(section.0).map_or((1, 0), |place| (usize::from(place > 0) * 2, place)));
    found
}

/// Lines that are set in stay as they are; others flow.
fn section(title: &str, paragraphs: &[String]) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", [title]);
    for (n, paragraph) in paragraphs.iter().enumerate() {
        if n > 0 {
            roff.control("PP", []);
        }
        if paragraph.starts_with(' ') {
            roff.control("nf", []);
            for line in paragraph.lines() {
                roff.text([roman(line)]);
            }
            roff.control("fi", []);
        } else {
            roff.text([roman(paragraph.lines().map(str::trim).collect::<Vec<_>>().join(" "))]);
        }
    }
    roff
}

fn see_also(command: &Command, root: &Command) -> Roff {
    let own = command.get_display_name().unwrap_or("tcpx").to_owned();
    let names = subcommands(root).map(|sub| format!("tcpx-{}", sub.get_name()));
    let others: Vec<_> =
        std::iter::once("tcpx".to_owned()).chain(names).filter(|name| *name != own).collect();
    let mut roff = Roff::new();
    roff.control("SH", ["SEE ALSO"]);
    let last = others.len().saturating_sub(1);
    for (n, name) in others.iter().enumerate() {
        roff.text([bold(name.as_str()), roman(if n == last { "(8)" } else { "(8)," })]);
    }
    roff
}

#[test]
fn what_help_says_after_the_options_is_divided() {
    let text = "Examples:\n  a\n\n  b\n\nSome words\nand more.\n\nEnvironment:\n  E  x\n\nExit status: 0 fine;\n1 not.";
    let found = sections(text);
    assert_eq!(
        found,
        [
            ("EXAMPLES", vec!["  a".to_owned(), "  b".to_owned()]),
            (NOTES, vec!["Some words\nand more.".to_owned()]),
            ("EXIT STATUS", vec!["0 fine;\n1 not.".to_owned()]),
            ("ENVIRONMENT", vec!["  E  x".to_owned()]),
        ]
    );
}
