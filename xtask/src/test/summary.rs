//! Totals: one row for each kernel and backend, and one last line.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::trials::{Course, Event};

/// What is told of one failure in the end, lines: whoever reads only the end of a long log has to find the cause there.
const TOLD: usize = 30;

/// Passed, failed and skipped, and the time they took.
#[derive(Default)]
pub(super) struct Count {
    pub(super) passed: usize,
    pub(super) failed: usize,
    pub(super) skipped: usize,
    pub(super) time: Duration,
}

/// Rows in the order of their making.
#[derive(Default)]
pub(super) struct Summary {
    rows: Vec<(String, String, Count)>,
    failures: Vec<String>,
}

impl Summary {
    /// A row of tests that belong to no backend.
    pub(super) fn add(&mut self, place: &str, backend: &str, count: Count) {
        self.rows.push((place.to_owned(), backend.to_owned(), count));
    }

    /// A run that broke down: counted as one failure, for what it would have found is not known.
    pub(super) fn broken(&mut self, place: &str, error: &anyhow::Error) {
        self.failures.push(format!("{place}: {}", beginning(&format!("{error:#}"))));
        self.add(place, "-", Count { failed: 1, ..Count::default() });
    }

    /// What one test said that failed; its row counts it.
    pub(super) fn failure(&mut self, place: &str, name: &str, detail: &str) {
        self.failures.push(format!("{place} {name}: {}", beginning(detail.trim())));
    }

    /// How many failures have been entered.
    pub(super) fn failed(&self) -> usize {
        self.rows.iter().map(|(_, _, count)| count.failed).sum()
    }

    /// The rows of a run of trials, whose names begin with their backend.
    pub(super) fn course(&mut self, place: &str, course: &Course) {
        let mut counts: BTreeMap<&str, Count> = BTreeMap::new();
        for (name, ended) in &course.trials {
            let backend = name.split_once('/').map_or("-", |(backend, _)| backend);
            let count = counts.entry(backend).or_default();
            count.time += Duration::from_millis(ended.ms);
            match ended.event {
                Event::Passed => count.passed += 1,
                Event::Skipped => count.skipped += 1,
                Event::Failed | Event::Started => count.failed += 1,
            }
            if matches!(ended.event, Event::Failed | Event::Started) {
                let detail = if ended.detail.is_empty() { "never ended" } else { &ended.detail };
                self.failure(place, name, detail);
            }
        }
        for (backend, count) in counts {
            self.add(place, backend, count);
        }
    }

    /// Prints the table, what failed, and the totals as the last line.
    pub(super) fn finish(self) -> Result<()> {
        println!(
            "\n{:34} {:11} {:>6} {:>6} {:>7} {:>8}",
            "kernel", "backend", "passed", "failed", "skipped", "seconds"
        );
        let mut total = Count::default();
        for (place, backend, count) in &self.rows {
            let Count { passed, failed, skipped, time } = count;
            println!("{place:34} {backend:11} {passed:6} {failed:6} {skipped:7} {:8.1}", time.as_secs_f64());
            total.passed += passed;
            total.failed += failed;
            total.skipped += skipped;
        }
        for failure in &self.failures {
            println!("failed: {failure}");
        }
        let skipped = if total.skipped == 0 { String::new() } else { format!(", {} skipped", total.skipped) };
        println!("{} passed, {} failed{skipped}", total.passed, total.failed);
        if total.failed == 0 { Ok(()) } else { bail!(crate::Silent) }
    }
}

/// The first lines, and how many more there are.
fn beginning(text: &str) -> String {
    let mut lines: Vec<&str> = text.lines().take(TOLD).collect();
    let more = text.lines().count() - lines.len();
    let rest = format!("({more} more lines above, where it failed)");
    lines.extend((more > 0).then_some(rest.as_str()));
    lines.join("\n    ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_log_says_what_failed() {
        let mut summary = Summary::default();
        summary.broken("the book", &anyhow::anyhow!("it differs\nen/src/a.md:3: tcpx lab"));
        assert_eq!(summary.failures, ["the book: it differs\n    en/src/a.md:3: tcpx lab"]);
        assert_eq!(summary.failed(), 1);
    }

    #[test]
    fn a_long_one_is_cut() {
        let told = beginning(&"line\n".repeat(TOLD + 2));
        assert_eq!(told.lines().count(), TOLD + 1);
        assert!(told.ends_with("(2 more lines above, where it failed)"), "{told}");
    }
}
