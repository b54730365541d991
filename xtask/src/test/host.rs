//! Tests on this machine: those that need no kernel, and the trials on the kernel that runs here.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::summary::{Count, Summary};
use crate::tail::Tail;
use crate::trials::Course;
use crate::{command, paths, vm};

/// Far above what the trials take, so that only one that hangs meets it.
const LIMIT: Duration = Duration::from_mins(10);

/// `cargo test` over the workspace; the test `kernel` is not among its default targets.
pub(super) fn tests(only: Option<&str>, summary: &mut Summary) -> Result<()> {
    let start = Instant::now();
    let mut test = Command::new(env!("CARGO"));
    test.current_dir(paths::workspace()).args(["test", "--locked", "--no-fail-fast", "--color", "never"]);
    test.args(only).stdin(Stdio::null());
    let output = test
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("starting `{}`", command::line(&test)))?;
    let said = String::from_utf8_lossy(&output.stdout);
    let mut count = totals(&said);
    count.time = start.elapsed();
    show(&said);
    if !output.status.success() && count.failed == 0 {
        // It did not even compile, or a test binary crashed.
        count.failed = 1;
    }
    summary.add("host", "-", count);
    for (name, said) in failures(&said) {
        summary.failure("host", name, &said);
    }
    if output.status.success() { Ok(()) } else { bail!("`{}` failed", command::line(&test)) }
}

/// Sums the lines `test result: ok. 3 passed; 0 failed; 1 ignored; …`.
fn totals(text: &str) -> Count {
    let mut count = Count::default();
    for line in text.lines().filter(|line| line.starts_with("test result: ")) {
        let number = |word: &str| {
            let before = line.split([';', '.']).find_map(|part| part.trim().strip_suffix(word))?;
            before.trim().parse::<usize>().ok()
        };
        count.passed += number(" passed").unwrap_or(0);
        count.failed += number(" failed").unwrap_or(0);
        count.skipped += number(" ignored").unwrap_or(0);
    }
    count
}

/// Tests that failed, each with what it said: the sections `---- name stdout ----` of libtest, `---- name ----` of libtest-mimic.
fn failures(text: &str) -> Vec<(&str, String)> {
    let mut found: Vec<(&str, String)> = Vec::new();
    let mut is_inside = false;
    for line in text.lines() {
        let name = line.strip_prefix("---- ").and_then(|rest| rest.strip_suffix(" ----"));
        if let Some(name) = name {
            found.push((name.trim_end_matches(" stdout"), String::new()));
            is_inside = true;
        } else if line == "failures:" || line.starts_with("test result: ") {
            is_inside = false;
        } else if let (true, Some((_, said))) = (is_inside, found.last_mut()) {
            *said += line;
            said.push('\n');
        }
    }
    found
}

/// What failed and what was skipped in full, the rest as its result lines.
fn show(text: &str) {
    let failed = text.contains("FAILED");
    for line in text.lines() {
        let is_result = line.starts_with("test result: ") && !line.contains(" 0 passed; 0 failed; 0 ignored");
        if failed || is_result || line.contains("... ignored") {
            println!("   {line}");
        }
    }
}

/// The trials on this kernel, where it lets this user load BPF; a skip is said aloud with its reason.
pub(super) fn live(binary: &Path, args: &[String], summary: &mut Summary) -> Result<()> {
    let expected = vm::listed(binary, args)?;
    let place = format!("live {}", command::text(Command::new("uname").arg("-r"))?.trim());
    let asked =
        Command::new(binary).arg("--can-bpf").output().context("asking whether BPF may be loaded here")?;
    if !asked.status.success() {
        let reason = String::from_utf8_lossy(&asked.stderr);
        println!("   SKIPPED: {} trials on this kernel, because {}", expected.len(), reason.trim());
        summary.add(&place, "-", Count { skipped: expected.len(), ..Count::default() });
        return Ok(());
    }
    let course = run_here(binary, args)?;
    summary.course(&place, &course);
    course.check(&expected)?;
    if course.failed() == 0 { Ok(()) } else { bail!("{} trials failed", course.failed()) }
}

/// The same report as from a guest, by way of a file.
fn run_here(binary: &Path, args: &[String]) -> Result<Course> {
    let report = paths::target_folder("guest")?.join(format!("live-{}.report", std::process::id()));
    paths::write(&report, "")?;
    let mut run = Command::new(binary);
    run.args(args).env("TCPX_REPORT", &report).stdin(Stdio::null()).stdout(Stdio::null());
    let mut child = run.spawn().with_context(|| format!("starting {}", binary.display()))?;
    let mut course = Course::default();
    let status = Tail::open(&report)?.follow(&mut child, LIMIT, |line| {
        if let Some((name, ended)) = course.line(line) {
            println!("{}", vm::told(name, ended));
        }
    })?;
    // Without a status `check` says that the end is missing, and which trial was running.
    course.exit = status.and_then(|status| status.code());
    drop(std::fs::remove_file(&report));
    Ok(course)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn result_lines_are_summed() {
        let text = "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s\n\
                    test a ... ok\n\
                    test result: FAILED. 10 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out\n";
        let count = totals(text);
        assert_eq!((count.passed, count.failed, count.skipped), (13, 2, 1));
    }

    #[test]
    fn failures_are_told_with_what_they_said() {
        let text = "test a ... ok\ntest b ... FAILED\n\nfailures:\n\n---- b stdout ----\nthread 'b' panicked\nleft: 1\n\n\n\
                    failures:\n    b\n\ntest result: FAILED. 1 passed; 1 failed\n\
                    failures:\n\n---- daemon/c ----\nnot reached\n\n\nfailures:\n    daemon/c\n";
        let told = failures(text);
        let told: Vec<(&str, &str)> = told.iter().map(|(name, said)| (*name, said.trim())).collect();
        assert_eq!(told, [("b", "thread 'b' panicked\nleft: 1"), ("daemon/c", "not reached")]);
    }
}
