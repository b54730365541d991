//! What a guest's tcpx tells of the lab: its lines, and with `--for-host` the steps and the texts that it would have shown.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::run::lab::walk::Texts;

/// All that one guest told.
#[derive(Clone, Debug, Default)]
pub(super) struct Account {
    /// Lines as in `-o json`, but for what is below.
    pub(super) lines: Vec<Value>,
    /// What came of each scenario.
    pub(super) labs: Vec<Judged>,
    /// The labs themselves, where they are asked for.
    pub(super) courses: Vec<Told>,
    /// What has not come to the end of a line.
    pending: Vec<u8>,
}

/// The `lab` line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Judged {
    pub(super) name: String,
    pub(super) verdict_expected: String,
    pub(super) verdict_seen: Option<String>,
    pub(super) ok: bool,
    pub(super) mismatches: Vec<String>,
    pub(super) unavailable: Option<String>,
}

/// The `course` line.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Told {
    pub(super) lab: LabTold,
    /// Counters that rose, and by how much.
    pub(super) counters: Vec<(String, u64)>,
    pub(super) shown: Texts,
}

/// The steps as data.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct LabTold {
    pub(super) title: String,
    pub(super) steps: Vec<Step>,
}

/// One step.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Step {
    pub(super) traced: bool,
    pub(super) said: Vec<String>,
    pub(super) calls: Vec<Call>,
    pub(super) path: Vec<Fact>,
    pub(super) packets: Vec<Fact>,
    pub(super) states: Vec<String>,
}

/// A system call.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Call {
    pub(super) who: String,
    pub(super) code: String,
    pub(super) result: Option<String>,
}

/// What happened, and how it is known.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Fact {
    pub(super) who: String,
    pub(super) what: String,
    pub(super) known: Option<String>,
}

impl Account {
    /// Takes some of what was written, cut anywhere.
    pub(super) fn take(&mut self, bytes: &[u8]) {
        self.pending.extend(bytes);
        while let Some(end) = self.pending.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.pending.drain(..=end).collect();
            self.line(&line);
        }
    }

    /// Nothing more comes.
    pub(super) fn finish(&mut self) {
        let rest = std::mem::take(&mut self.pending);
        self.line(&rest);
    }

    /// What is no line of tcpx's is passed over: its own process wrote it, so there is none.
    fn line(&mut self, line: &[u8]) {
        let Ok(mut value) = serde_json::from_slice::<Value>(line) else { return };
        let kind = value["type"].as_str().unwrap_or_default().to_owned();
        match kind.as_str() {
            "lab" => self.labs.extend(serde_json::from_value::<Judged>(value["data"].take()).ok()),
            "course" => self.courses.extend(serde_json::from_value::<Told>(value["data"].take()).ok()),
            _ => self.lines.push(value),
        }
    }

    /// The lab itself, if it is one.
    pub(super) fn course(&self) -> Option<&Told> {
        if let [course] = &self.courses[..] { Some(course) } else { None }
    }

    /// The data of all lines of one type.
    pub(super) fn of<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.lines.iter().filter(move |line| line["type"] == kind).map(|line| &line["data"])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_taken_apart_wherever_they_are_cut() {
        let lab = r#"{"type":"lab","data":{"name":"a","verdict_expected":"b","verdict_seen":"b","ok":true,"mismatches":[],"unavailable":null}}"#;
        let text = format!("{{\"type\":\"start\",\"data\":{{\"kernel\":\"6.1\"}}}}\n{lab}");
        for cut in 0..text.len() {
            let mut account = Account::default();
            account.take(&text.as_bytes()[..cut]);
            account.take(&text.as_bytes()[cut..]);
            account.finish();
            assert_eq!((account.lines.len(), account.labs.len()), (1, 1), "cut at {cut}");
            assert_eq!(account.of("start").next().expect("a start")["kernel"], "6.1");
        }
    }
}
