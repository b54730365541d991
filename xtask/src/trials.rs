//! The report lines of a run of trials, and whether every trial that should have run did.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use serde::Deserialize;

/// One line that the test binary writes, or `/init` at its end.
#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Trial {
        trial: String,
        event: Event,
        #[serde(default)]
        ms: u64,
        #[serde(default)]
        detail: String,
    },
    Exit {
        exit: i32,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Event {
    Started,
    Passed,
    Failed,
    Skipped,
}

/// How one trial ended.
pub(crate) struct Ended {
    pub(crate) event: Event,
    pub(crate) ms: u64,
    /// The message of a failure, the reason of a skip.
    pub(crate) detail: String,
}

/// What is known of a run so far.
#[derive(Default)]
pub(crate) struct Course {
    /// Trials by name; one that has started and not ended stays `Started`.
    pub(crate) trials: BTreeMap<String, Ended>,
    /// The exit status of the test binary.
    pub(crate) exit: Option<i32>,
    strange: Vec<String>,
}

impl Course {
    /// Takes in one line and says what it told of: a trial that has just ended.
    pub(crate) fn line(&mut self, text: &str) -> Option<(&str, &Ended)> {
        match serde_json::from_str(text) {
            Ok(Line::Trial { trial, event, ms, detail }) => {
                self.trials.insert(trial.clone(), Ended { event, ms, detail });
                let (name, ended) = self.trials.get_key_value(&trial)?;
                (event != Event::Started).then_some((name.as_str(), ended))
            }
            Ok(Line::Exit { exit }) => {
                self.exit = Some(exit);
                None
            }
            Err(_) if text.trim().is_empty() => None,
            Err(_) => {
                self.strange.push(text.to_owned());
                None
            }
        }
    }

    /// How many trials failed.
    pub(crate) fn failed(&self) -> usize {
        self.trials.values().filter(|ended| ended.event == Event::Failed).count()
    }

    /// Fails if the run says less than it should: a trial that never ran, never ended, or an unreadable line.
    pub(crate) fn check(&self, expected: &[String]) -> Result<()> {
        if let Some(line) = self.strange.first() {
            bail!("a report line cannot be read: {line}");
        }
        let unfinished = self.trials.iter().find(|(_, ended)| ended.event == Event::Started);
        if let Some((name, _)) = unfinished {
            bail!("{name} started and never ended");
        }
        let missing: Vec<_> =
            expected.iter().filter(|name| !self.trials.contains_key(*name)).cloned().collect();
        if !missing.is_empty() {
            bail!("{} trials never ran: {}", missing.len(), missing.join(", "));
        }
        if let Some((name, _)) = self.trials.iter().find(|(name, _)| !expected.contains(name)) {
            bail!("{name} ran although `--list` does not name it");
        }
        match self.exit {
            Some(code) if (code == 0) == (self.failed() == 0) => Ok(()),
            Some(0) => bail!("the test binary ended well although trials failed"),
            Some(code) => bail!("the test binary ended with {code} although no trial reports why"),
            None => bail!("the test binary never reported its end"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn course(lines: &[&str]) -> Course {
        let mut course = Course::default();
        for line in lines {
            course.line(line);
        }
        course
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_complete_run_is_accepted() {
        let run = course(&[
            r#"{"trial":"auto/a","event":"started"}"#,
            r#"{"trial":"auto/a","event":"passed","ms":3,"detail":""}"#,
            r#"{"exit":0}"#,
        ]);
        run.check(&names(&["auto/a"])).expect("complete");
    }

    #[test]
    fn what_never_ran_or_never_ended_is_an_error() {
        let run = course(&[r#"{"trial":"auto/a","event":"started"}"#]);
        assert!(run.check(&names(&["auto/a"])).expect_err("incomplete").to_string().contains("never ended"));
        let run = course(&[r#"{"exit":0}"#]);
        assert!(
            run.check(&names(&["auto/a"])).expect_err("incomplete").to_string().contains("never ran: auto/a")
        );
        assert!(
            course(&[]).check(&[]).expect_err("incomplete").to_string().contains("never reported its end")
        );
        assert!(
            course(&["garbage"]).check(&[]).expect_err("incomplete").to_string().contains("cannot be read")
        );
    }
}
