//! A translated course is whole: each chapter of the English one is there, built alike, and shows what the same commands print.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::{blocks, files};

/// The edition that others are translations of.
const ORIGINAL: &str = "en";

/// What a translation keeps of a chapter.
#[derive(Debug, PartialEq, Eq)]
struct Skeleton {
    /// Of headings, how deep each is.
    headings: Vec<usize>,
    /// The commands whose output it shows, without their language, and whether all of it is shown.
    commands: Vec<(String, (bool, bool))>,
    /// Rows of tables.
    rows: usize,
    /// Code that is not output: it is the same in every language.
    code: Vec<String>,
}

/// Compares the course of each edition with the English one.
pub(super) fn check(editions: &[PathBuf]) -> Result<()> {
    let Some(original) = editions.iter().find(|edition| edition.ends_with(ORIGINAL)) else {
        bail!("the book has no edition \"{ORIGINAL}\"");
    };
    let chapters = files::below(&original.join("src/course"), "md")?;
    let mut wrong = Vec::new();
    for edition in editions.iter().filter(|edition| *edition != original) {
        for chapter in &chapters {
            let other = edition.join(chapter.strip_prefix(original)?);
            wrong.extend(difference(chapter, &other)?);
        }
    }
    if wrong.is_empty() { Ok(()) } else { bail!("translations that are not whole:\n{}", wrong.join("\n")) }
}

fn difference(original: &Path, other: &Path) -> Result<Option<String>> {
    if !other.exists() {
        return Ok(Some(format!("  {} is missing", other.display())));
    }
    let (one, two) = (skeleton(&files::text(original)?)?, skeleton(&files::text(other)?)?);
    let parts = [
        ("headings", one.headings == two.headings),
        ("commands", one.commands == two.commands),
        ("rows of tables", one.rows == two.rows),
        ("code", one.code == two.code),
    ];
    let differ: Vec<_> = parts.iter().filter(|(_, same)| !same).map(|(name, _)| *name).collect();
    let told = || format!("  {}: other {} than in English", other.display(), differ.join(", "));
    Ok((!differ.is_empty()).then(told))
}

fn skeleton(chapter: &str) -> Result<Skeleton> {
    let shown = blocks::blocks(chapter)?;
    let commands = shown.iter().map(|block| (without_language(&block.command), block.cuts())).collect();
    let (mut headings, mut rows, mut code) = (Vec::new(), 0, Vec::new());
    let mut fenced: Option<String> = None;
    for line in blocks::without_outputs(chapter, &shown).lines() {
        match &mut fenced {
            Some(text) if line == "```" => {
                code.push(std::mem::take(text));
                fenced = None;
            }
            Some(text) => text.extend([line, "\n"]),
            None if line.starts_with("```") => fenced = Some(String::new()),
            None => {
                headings
                    .extend(line.starts_with('#').then(|| line.chars().take_while(|c| *c == '#').count()));
                rows += usize::from(line.starts_with('|'));
            }
        }
    }
    Ok(Skeleton { headings, commands, rows, code })
}

/// `tcpx lab closed-port` of `tcpx lab closed-port --lang zh-CN`.
fn without_language(command: &str) -> String {
    let mut words: Vec<&str> = command.split(' ').collect();
    if let Some(at) = words.iter().position(|word| *word == "--lang") {
        words.drain(at..(at + 2).min(words.len()));
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENGLISH: &str =
        "# One\n<!-- run: tcpx lab x -->\n```text\nold\n```\n| a |\n|---|\n```sh\nls\n```\n## Two\n";

    #[test]
    fn a_translation_keeps_what_is_no_prose() -> Result<()> {
        let other =
            ENGLISH.replace("One", "一").replace("lab x", "lab x --lang zh-CN").replace("old", "旧\n旧");
        assert_eq!(skeleton(ENGLISH)?, skeleton(&other)?);
        for broken in [
            ENGLISH.replace("## Two\n", ""),
            ENGLISH.replace("lab x", "lab y"),
            ENGLISH.replace("| a |\n", ""),
            ENGLISH.replace("ls", "ll"),
        ] {
            assert_ne!(skeleton(ENGLISH)?, skeleton(&broken)?, "{broken}");
        }
        Ok(())
    }
}
