//! Blocks of a chapter that show what a command printed:
//!
//! ````text
//! <!-- run: sudo tcpx lab closed-port --step -->
//! <!-- from: Step 2 -->
//! <!-- to: Question -->
//! <!-- exit: 0 -->
//! ```text
//! $ sudo tcpx lab closed-port --step
//! ...
//! ```
//! ````
//!
//! `from` and `to` show only the lines from the first that contains the one text to the next that contains the other; `exit` is
//! the status, 0 unless it says otherwise. The lines of the block are never typed: `cargo xtask book --regenerate` writes them.

use std::ops::Range;

use anyhow::{Context, Result, bail};

/// Stands for lines that are left out.
const CUT: &str = "...";

/// A command, and what the chapter shows of its output.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Block {
    /// The line of the command, from 1.
    pub(super) line: usize,
    /// As a reader would type it.
    pub(super) command: String,
    from: Option<String>,
    to: Option<String>,
    /// The status with which it ends.
    pub(super) exit: i32,
    /// Where in the chapter its lines stand.
    lines: Range<usize>,
}

impl Block {
    /// What the chapter shows.
    pub(super) fn shown<'a>(&self, chapter: &'a str) -> &'a str {
        &chapter[self.lines.clone()]
    }

    /// Whether it leaves out what comes before and after.
    pub(super) const fn cuts(&self) -> (bool, bool) {
        (self.from.is_some(), self.to.is_some())
    }

    /// What it would show of this output.
    pub(super) fn of(&self, output: &str) -> Result<String> {
        let lines: Vec<&str> = output.lines().map(str::trim_end).collect();
        let find = |text: &str, after: usize| {
            let found = lines.iter().skip(after).position(|line| line.contains(text));
            found.map(|n| n + after).with_context(|| {
                format!("`{}` prints no line with \"{text}\" there:\n{output}", self.command)
            })
        };
        let first = self.from.as_deref().map_or(Ok(0), |text| find(text, 0))?;
        let after = (first + usize::from(self.from.is_some())).min(lines.len());
        let last = self.to.as_deref().map_or(Ok(lines.len()), |text| find(text, after).map(|n| n + 1))?;
        let mut shown = vec![format!("$ {}", self.command)];
        shown.extend((first > 0).then(|| CUT.to_owned()));
        let part = lines[first..last].iter().skip_while(|line| line.is_empty());
        shown.extend(part.map(|line| (*line).to_owned()));
        while shown.last().is_some_and(String::is_empty) {
            shown.pop();
        }
        shown.extend((last < lines.len()).then(|| CUT.to_owned()));
        Ok(shown.join("\n") + "\n")
    }
}

/// The blocks of a chapter, in order.
pub(super) fn blocks(chapter: &str) -> Result<Vec<Block>> {
    let mut found = Vec::new();
    let mut open: Option<Block> = None;
    let mut at = 0;
    let mut fenced = false;
    for (n, line) in chapter.split_inclusive('\n').enumerate() {
        at += line.len();
        let text = line.trim_end();
        if fenced {
            fenced = text != "```";
            if !fenced && let Some(mut block) = open.take() {
                block.lines.end = at - line.len();
                found.push(block);
            }
        } else if let Some((key, value)) = remark(text) {
            note(&mut open, key, value, n + 1)?;
        } else if text.starts_with("```") {
            fenced = true;
            if let Some(block) = &mut open {
                block.lines = at..at;
            }
        } else if let Some(block) = &open {
            bail!("line {}: no ``` follows the command of line {}", n + 1, block.line);
        }
    }
    if let Some(block) = open {
        bail!("line {}: no block ends after this command", block.line);
    }
    Ok(found)
}

/// `<!-- KEY: VALUE -->` with a key of ours.
fn remark(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.strip_prefix("<!-- ")?.strip_suffix(" -->")?.split_once(": ")?;
    matches!(key, "run" | "from" | "to" | "exit").then_some((key, value))
}

fn note(open: &mut Option<Block>, key: &str, value: &str, line: usize) -> Result<()> {
    if key == "run" {
        if let Some(other) = open {
            bail!("line {line}: the command of line {} has no block", other.line);
        }
        *open = Some(Block { line, command: value.to_owned(), ..Block::default() });
        return Ok(());
    }
    let block = open.as_mut().with_context(|| format!("line {line}: `{key}` belongs below a `run`"))?;
    match key {
        "from" => block.from = Some(value.to_owned()),
        "to" => block.to = Some(value.to_owned()),
        _ => block.exit = value.parse().with_context(|| format!("line {line}: `{value}` is no status"))?,
    }
    Ok(())
}

/// The chapter with empty blocks.
pub(super) fn without_outputs(chapter: &str, blocks: &[Block]) -> String {
    with(chapter, blocks, &vec![String::new(); blocks.len()])
}

/// The chapter with other lines in its blocks.
pub(super) fn with(chapter: &str, blocks: &[Block], lines: &[String]) -> String {
    let mut text = String::new();
    let mut at = 0;
    for (block, lines) in blocks.iter().zip(lines) {
        text += &chapter[at..block.lines.start];
        text += lines;
        at = block.lines.end;
    }
    text + &chapter[at..]
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHAPTER: &str = "Text\n<!-- run: sudo tcpx lab x -->\n<!-- from: b -->\n<!-- to: d -->\n<!-- exit: 1 -->\n```text\nold\n```\nmore\n```sh\n<!-- run: no command, as it stands in a block -->\n```\n";

    #[test]
    fn a_block_is_found_and_filled_with_the_lines_that_it_asks_for() -> Result<()> {
        let found = blocks(CHAPTER)?;
        let [block] = &found[..] else { panic!("{found:?}") };
        assert_eq!((block.line, block.command.as_str(), block.exit), (2, "sudo tcpx lab x", 1));
        assert_eq!(block.shown(CHAPTER), "old\n");
        let lines = block.of("a\nb 1  \nc\nd 1\nd 2\n")?;
        assert_eq!(lines, "$ sudo tcpx lab x\n...\nb 1\nc\nd 1\n...\n");
        assert_eq!(with(CHAPTER, &found, std::slice::from_ref(&lines)), CHAPTER.replace("old\n", &lines));
        Ok(())
    }

    #[test]
    fn without_limits_all_is_shown() -> Result<()> {
        let found = blocks("<!-- run: date -->\n```text\n```\n")?;
        assert_eq!(found[0].of("\na\n\n")?, "$ date\na\n");
        Ok(())
    }

    #[test]
    fn what_is_not_there_is_said() {
        let block = Block { command: "date".into(), from: Some("Monday".into()), ..Block::default() };
        assert!(block.of("Tuesday\n").is_err_and(|error| error.to_string().contains("\"Monday\"")));
        for broken in [
            "<!-- run: a -->\ntext\n",
            "<!-- run: a -->\n```text\n",
            "<!-- from: a -->\n",
            "<!-- run: a -->\n",
        ] {
            assert!(blocks(broken).is_err(), "{broken}");
        }
    }
}
