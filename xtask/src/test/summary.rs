//! Totals: one row for each kernel and backend, and one last line.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::trials::{Course, Event};

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
        let text = format!("{error:#}");
        self.failures.push(format!("{place}: {}", text.lines().next().unwrap_or_default()));
        self.add(place, "-", Count { failed: 1, ..Count::default() });
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
                self.failures.push(format!(
                    "{place} {name}: {}",
                    ended.detail.lines().next().unwrap_or("never ended")
                ));
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
