//! Running what the chapters show, as a reader would: in a shell, with tcpx in its path.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use super::blocks::{self, Block};
use super::{Options, Outcome, files, folder, guests, made_on, shape};
use crate::{command, paths};

/// Far above what any of them takes, s: ten labs in a guest need two minutes where it is emulated.
const LIMIT: &str = "600";
/// What a command that traces begins with in the chapters.
const ROOT: &str = "sudo ";
/// Commands at a time.
const AT_A_TIME: usize = 4;
/// How often a command is run that loses events each time.
const TRIES: usize = 6;
/// What tcpx says then.
const LOSSES: [&str; 4] = ["Events were lost", "lost records of", "tcpx: LOST", "有事件丢失"];
/// Variables that change what tcpx prints.
const UNWANTED: [&str; 7] =
    ["LC_ALL", "LANGUAGE", "COLUMNS", "NO_COLOR", "CLICOLOR_FORCE", "RUST_LOG", "RUST_BACKTRACE"];

/// Runs the commands of all chapters, and compares their output with the book's or writes it there.
pub(super) fn all(editions: &[PathBuf], options: &Options) -> Result<Outcome> {
    let start = Instant::now();
    let chapters = chapters(editions, options)?;
    let reader = Reader::new(&chapters, options)?;
    if options.regenerate {
        let failed: Vec<String> = chapters
            .iter()
            .filter_map(|chapter| reader.write(chapter).err().map(|error| format!("{error:#}")))
            .collect();
        anyhow::ensure!(failed.is_empty(), "chapters that were left as they are:\n{}", failed.join("\n"));
        return Ok(Outcome::default());
    }
    let mut outcome = Outcome::default();
    let differences: Vec<String> =
        chapters.iter().flat_map(|chapter| reader.compare(chapter, &mut outcome)).collect();
    if let (Some(why), true) = (&reader.barred, outcome.skipped > 0) {
        println!("   SKIPPED: {} commands of the book, because {why}", outcome.skipped);
    }
    println!("   {} outputs are the book's, in {:.1} s", outcome.same, start.elapsed().as_secs_f64());
    if differences.is_empty() {
        return Ok(outcome);
    }
    bail!(
        "the book shows something else than the commands print today. If that is right, run `cargo xtask book --regenerate` \
         and read what it changed.\n{}",
        differences.join("\n")
    )
}

/// A file of the book.
struct Chapter {
    path: PathBuf,
    name: String,
    text: String,
    blocks: Vec<Block>,
}

fn chapters(editions: &[PathBuf], options: &Options) -> Result<Vec<Chapter>> {
    let mut chapters = Vec::new();
    for edition in editions {
        for path in files::below(&edition.join("src"), "md")? {
            let name = path.strip_prefix(folder()).unwrap_or(&path).display().to_string();
            if options.only.as_ref().is_none_or(|word| name.contains(word)) {
                let text = files::text(&path)?;
                let blocks = blocks::blocks(&text).with_context(|| name.clone())?;
                chapters.push(Chapter { path, name, text, blocks });
            }
        }
    }
    chapters.retain(|chapter| !chapter.blocks.is_empty());
    Ok(chapters)
}

/// What a command ended with, and printed.
type Printed = Result<(i32, String)>;

/// Whoever has the book and a terminal, and has tried all of it.
struct Reader {
    /// Why what needs root is not compared.
    barred: Option<String>,
    /// By command: one that stands in two chapters was run once.
    printed: BTreeMap<String, Printed>,
}

impl Reader {
    fn new(chapters: &[Chapter], options: &Options) -> Result<Self> {
        // As tests are built, so that after them there is nothing to build.
        let tcpx = command::built(&["test", "--locked", "--no-run", "--test", "lab"], "tcpx")?;
        let barred = if options.regenerate { None } else { made_on::why_not(&tcpx)? };
        let all: BTreeSet<&str> =
            chapters.iter().flat_map(|chapter| &chapter.blocks).map(|block| block.command.as_str()).collect();
        let wanted: Vec<&str> =
            all.into_iter().filter(|typed| barred.is_none() || !typed.starts_with(ROOT)).collect();
        guests::fetch(&tcpx, &wanted)?;
        let bin = tcpx.parent().context("a program without a folder")?;
        let path = std::env::var("PATH").unwrap_or_default();
        let path = format!("{}:{path}:/usr/sbin:/sbin", bin.display());
        // Not beside each other: where /dev/kvm is offered and boots nothing (PVM, which virtualizes by software), tracepoints in
        // softirqs do not fire on a CPU that tries it, and a lab on this kernel misses a RST that a timer sends.
        let (in_guests, here): (Vec<&str>, Vec<&str>) =
            wanted.into_iter().partition(|typed| guests::plays(typed));
        let mut printed = beside_each_other(here, &path);
        printed.extend(beside_each_other(in_guests, &path));
        Ok(Self { barred, printed })
    }

    /// Writes what has another shape; the rest stays as it is, whatever its numbers.
    fn write(&self, chapter: &Chapter) -> Result<()> {
        let mut changed = 0;
        let mut current = |block: &Block| {
            let (shown, lines) = (block.shown(&chapter.text), self.lines(block)?);
            if shape::difference(shown, &lines).is_none() {
                return Ok(shown.to_owned());
            }
            changed += 1;
            Ok(lines)
        };
        let lines = chapter.blocks.iter().map(&mut current).collect::<Result<Vec<_>>>();
        let lines = lines.with_context(|| chapter.name.clone())?;
        if changed > 0 {
            paths::write(&chapter.path, blocks::with(&chapter.text, &chapter.blocks, &lines))?;
        }
        println!("   {}: {changed} of {} outputs written", chapter.name, lines.len());
        Ok(())
    }

    /// The differences.
    fn compare(&self, chapter: &Chapter, outcome: &mut Outcome) -> Vec<String> {
        let mut differences = Vec::new();
        for block in &chapter.blocks {
            if self.barred.is_some() && block.command.starts_with(ROOT) {
                outcome.skipped += 1;
                continue;
            }
            let place = format!("{}:{}: {}", chapter.name, block.line, block.command);
            match self.lines(block).map(|lines| shape::difference(block.shown(&chapter.text), &lines)) {
                Ok(None) => outcome.same += 1,
                Ok(Some(difference)) => differences.push(format!("{place}\n{difference}")),
                Err(error) => differences.push(format!("{place}\n  {error:#}")),
            }
        }
        differences
    }

    fn lines(&self, block: &Block) -> Result<String> {
        let (status, output) = match self.printed.get(&block.command) {
            Some(Ok(ended)) => ended,
            Some(Err(error)) => bail!("{error:#}"),
            None => bail!("`{}` was not run", block.command),
        };
        if *status != block.exit {
            bail!("`{}` ended with status {status}, not {}:\n{output}", block.command, block.exit);
        }
        block.of(output)
    }
}

/// Runs the commands, some at a time: a lab mostly waits.
fn beside_each_other(commands: Vec<&str>, path: &str) -> BTreeMap<String, Printed> {
    let left = Mutex::new(commands.into_iter());
    let printed = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                loop {
                    let Some(typed) = lock(&left).next() else { break };
                    let ended = run_without_loss(typed, path);
                    lock(&printed).insert(typed.to_owned(), ended);
                }
            });
        }
    });
    printed.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where the machine does so much else that events were lost, what is printed is true, but no measure: it is run again.
fn run_without_loss(typed: &str, path: &str) -> Printed {
    let mut ended = run(typed, path)?;
    for _ in 1..TRIES {
        if !LOSSES.iter().any(|loss| ended.1.contains(loss)) {
            break;
        }
        println!("   events were lost, and it is run again: {typed}");
        ended = run(typed, path)?;
    }
    Ok(ended)
}

/// Both streams as a terminal would show them.
fn run(typed: &str, path: &str) -> Printed {
    let mut shell = Command::new("timeout");
    shell.args(["--kill-after=5", LIMIT, "sh", "-c"]);
    shell.arg(format!("exec 2>&1; {}", typed.replace(ROOT, ""))).current_dir(folder().join("labs"));
    shell.env("PATH", path).env("LANG", "C.UTF-8").env("TERM", "dumb").env(guests::CACHE, guests::cache());
    for name in UNWANTED {
        shell.env_remove(name);
    }
    let output = shell.stdin(Stdio::null()).output().with_context(|| format!("running `{typed}`"))?;
    let text = String::from_utf8(output.stdout).with_context(|| format!("what `{typed}` prints"))?;
    Ok((output.status.code().unwrap_or(-1), text))
}
