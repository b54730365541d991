//! `docs/man` and `docs/completions`, made from the definitions of the command line so that they cannot say anything else:
//! `cargo xtask docs` writes them.

mod completions;
mod man;

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
};

use clap::{Command, CommandFactory as _};

use super::args::Args;

/// Files by their paths below `docs/`.
type Files = BTreeMap<PathBuf, String>;

/// The command with all that clap adds to it, but for its own `help`, which the pages are.
fn command() -> Command {
    let mut command = Args::command().disable_help_subcommand(true);
    command.build();
    command
}

/// Those that people see.
fn subcommands(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|sub| !sub.is_hide_set())
}

/// Options of a command as they are typed, without `--help`.
fn options(command: &Command) -> Vec<String> {
    let shown = command.get_arguments().filter(|arg| !arg.is_hide_set());
    let names = shown.flat_map(|arg| {
        let short = arg.get_short().map(|short| format!("-{short}"));
        short.into_iter().chain(arg.get_long().map(|long| format!("--{long}")))
    });
    names.collect()
}

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs")
}

/// Files that are in these folders below `docs/`.
fn there(folders: &[&str]) -> Files {
    let entries = folders.iter().filter_map(|folder| docs().join(folder).read_dir().ok()).flatten();
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let read = paths.map(|path| {
        let text = fs::read_to_string(&path).expect("text");
        (path.strip_prefix(docs()).expect("below docs").to_owned(), text)
    });
    read.collect()
}

fn write(files: &Files, folders: &[&str]) {
    for folder in folders {
        let folder = docs().join(folder);
        // What is no longer made goes.
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("docs can be written");
    }
    for (path, text) in files {
        fs::write(docs().join(path), text).expect("docs can be written");
    }
}

#[test]
fn man_pages_and_completions_are_current() {
    const FOLDERS: [&str; 2] = [man::FOLDER, completions::FOLDER];
    let mut files = man::pages();
    files.extend(completions::files());
    if env::var_os("TCPX_WRITE_DOCS").is_some() {
        write(&files, &FOLDERS);
    }
    let there = there(&FOLDERS);
    let names = |files: &Files| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&there), names(&files), "`cargo xtask docs` writes them");
    for (path, text) in &files {
        assert!(there[path] == *text, "docs/{} is out of date: `cargo xtask docs` writes it", path.display());
    }
}

#[test]
fn every_command_has_a_page_with_all_its_options_examples_and_exit_statuses() {
    let (command, pages) = (command(), man::pages());
    let page = |name: &str| &pages[&Path::new(man::FOLDER).join(name)];
    assert_eq!(pages.len(), 1 + subcommands(&command).count());
    for sub in subcommands(&command) {
        let page = page(&format!("tcpx-{}.8", sub.get_name()));
        for part in ["NAME", "SYNOPSIS", "EXAMPLES", "\"EXIT STATUS\"", "\"SEE ALSO\""] {
            assert!(page.contains(&format!("\n.SH {part}\n")), "{}: {part}", sub.get_name());
        }
        for option in options(sub) {
            let typed = option.replace('-', "\\-");
            assert!(page.contains(&format!("\\fB{typed}\\fR")), "{}: {option}", sub.get_name());
        }
    }
    for part in ["\n.SH ENVIRONMENT\n", "\\fBtcpx\\-trace\\fR(8)"] {
        assert!(page("tcpx.8").contains(part), "{part}");
    }
}

#[test]
fn every_option_and_command_stands_in_every_completion() {
    let (command, files) = (command(), completions::files());
    assert_eq!(files.len(), completions::SHELLS.len());
    for (path, text) in &files {
        for sub in subcommands(&command) {
            assert!(text.contains(sub.get_name()), "{}: {}", path.display(), sub.get_name());
            for option in options(sub) {
                // fish names options without dashes.
                let bare = option.trim_start_matches('-');
                let fish = [format!("-l {bare}"), format!("-s {bare}")];
                let known = text.contains(&option) || fish.iter().any(|typed| text.contains(typed));
                assert!(known, "{}: {option} of {}", path.display(), sub.get_name());
            }
        }
        // clap_complete gives fish no values of arguments without an option.
        let positional = !path.ends_with("tcpx.fish");
        for value in ["accept-queue-full", "timed-out"].into_iter().chain(positional.then_some("no-listen")) {
            assert!(text.contains(value), "{}: {value}", path.display());
        }
    }
}
