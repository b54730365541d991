//! What came of playing a scenario: shown, failed, or not to be had here.

use serde::Serialize;

use super::tracer::Played;

/// The `lab` line of `-o json`, and what text and exit status are made of.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Outcome {
    /// Name of the scenario.
    pub(super) name: &'static str,
    /// The verdict that it exists to show.
    pub(super) verdict_expected: &'static str,
    /// The one that came.
    pub(super) verdict_seen: Option<&'static str>,
    /// That verdict came, and all else was as provoked.
    pub(super) ok: bool,
    /// What was not.
    pub(super) mismatches: Vec<String>,
    /// Why this kernel or machine cannot show it.
    pub(super) unavailable: Option<String>,
}

impl Outcome {
    pub(super) fn of(played: &Played) -> Self {
        let (mismatches, unavailable) = match &played.ending {
            Ok(()) => (played.mismatches(), played.hidden().map(str::to_owned)),
            Err(error) if error.is_unavailable() => (Vec::new(), Some(error.to_string())),
            Err(error) => (vec![format!("the scenario failed: {error}")], None),
        };
        let name = played.scenario.name;
        let (expected, seen) = (played.scenario.verdict(), played.verdict_seen());
        let ok = mismatches.is_empty() && unavailable.is_none() && seen == Some(expected);
        Self { name, verdict_expected: expected, verdict_seen: seen, ok, mismatches, unavailable }
    }

    /// It could have been shown, and was not.
    pub(super) const fn failed(&self) -> bool {
        !self.ok && (self.unavailable.is_none() || !self.mismatches.is_empty())
    }

    /// Expected and seen, in a few words.
    pub(super) fn verdict(&self) -> String {
        match self.verdict_seen {
            Some(seen) if seen == self.verdict_expected => format!("{seen}, as expected"),
            Some(seen) => format!("{seen}; expected {}", self.verdict_expected),
            None => format!("none; expected {}", self.verdict_expected),
        }
    }
}
