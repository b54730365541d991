//! The book of docs/book: builds it with mdBook for each language, follows its links, and runs the commands whose output it shows.

mod blocks;
mod files;
mod guests;
mod links;
mod made_on;
mod runs;
mod shape;
mod translation;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{command, paths, tools};

/// What to do with the book.
#[derive(clap::Args, Default)]
pub(crate) struct Options {
    /// Write what the commands print today into the chapters where it is not the same, in place of comparing
    #[arg(long)]
    regenerate: bool,
    /// Only chapters whose path contains this word, such as course/01 or zh-CN
    #[arg(long)]
    only: Option<String>,
    /// Build and follow links, but run no command
    #[arg(long, conflicts_with = "regenerate")]
    no_runs: bool,
}

/// What became of the commands in the chapters.
#[derive(Default)]
pub(crate) struct Outcome {
    /// Commands whose output is what the book shows.
    pub(crate) same: usize,
    /// Commands that were not run.
    pub(crate) skipped: usize,
}

/// Builds, checks and compares; or writes.
pub(crate) fn run(options: &Options) -> Result<Outcome> {
    let editions = editions()?;
    if options.regenerate {
        runs::all(&editions, options)?;
    }
    translation::check(&editions)?;
    make_pages(&editions)?;
    if options.no_runs || options.regenerate {
        return Ok(Outcome::default());
    }
    runs::all(&editions, options)
}

fn make_pages(editions: &[PathBuf]) -> Result<()> {
    let mdbook = tools::mdbook()?;
    for edition in editions {
        let pages = build(&mdbook, edition)?;
        let count = links::check(&pages)?;
        println!("   {}: {count} links lead somewhere", pages.display());
    }
    Ok(())
}

/// The folders of the book's languages.
fn editions() -> Result<Vec<PathBuf>> {
    let folder = folder();
    let mut found: Vec<PathBuf> =
        files::entries(&folder)?.into_iter().filter(|path| path.join("book.toml").exists()).collect();
    found.sort();
    if found.is_empty() {
        bail!("no folder of {} has a book.toml", folder.display());
    }
    Ok(found)
}

fn folder() -> PathBuf {
    paths::workspace().join("docs/book")
}

/// Lets mdBook make the pages of one language, and says where they are.
fn build(mdbook: &Path, edition: &Path) -> Result<PathBuf> {
    let name = edition.file_name().context("an edition without a name")?;
    let pages = paths::target_folder("book")?.join(name);
    paths::remove_folder(&pages)?;
    let mut build = Command::new(mdbook);
    let output = build.arg("build").arg(edition).arg("--dest-dir").arg(&pages).output();
    let output = output.with_context(|| format!("starting {}", mdbook.display()))?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    command::checked(&build, output)?;
    // A file that is not there to be included is told of as an error, and does not fail the build.
    if let Some(line) = said.lines().find(|line| line.contains("ERROR") || line.contains("WARN")) {
        bail!("mdBook, of {}: {line}", edition.display());
    }
    Ok(pages)
}
