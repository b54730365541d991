//! One record under comparison: which fields differ.

use std::{fmt::Display, net::SocketAddr};

use serde::Serialize;

use crate::{
    lab,
    line::{Confidence, Endpoint, FlowLine, Frame, Note, Verdict},
};

/// Collects what differs in one record.
pub(super) struct Check {
    about: String,
    found: Vec<String>,
}

impl Check {
    pub(super) fn new(about: impl Into<String>) -> Self {
        Self { about: about.into(), found: Vec::new() }
    }

    /// The two must read the same.
    pub(super) fn same(&mut self, field: &str, expected: impl Display, got: impl Display) {
        let (expected, got) = (expected.to_string(), got.to_string());
        self.holds(expected == got, field, expected, got);
    }

    /// The condition must hold.
    pub(super) fn holds(&mut self, holds: bool, field: &str, expected: impl Display, got: impl Display) {
        if !holds {
            self.found.push(format!("{}: {field}: expected {expected}, got {got}", self.about));
        }
    }

    /// An address, and its port where the scenario knows it; else any that is one.
    pub(super) fn end(&mut self, field: &str, expected: lab::Endpoint, got: Option<Endpoint>) {
        let same = got.is_some_and(|got| is_at(expected, got) && got.port != 0);
        let port = expected.port.map_or_else(|| "some port".to_owned(), |port| port.to_string());
        self.holds(same, field, format!("{} and {port}", expected.ip), shown(got));
    }

    /// The verdict: which, how sure, with a reason.
    pub(super) fn verdict(&mut self, id: &str, confidence: Confidence, got: &Verdict) {
        let seen = got.id.as_str();
        if seen == id {
            self.same("verdict.confidence", word(&confidence), word(&got.confidence));
        } else {
            self.same("verdict", id, format!("{seen} ({})", got.evidence.join(" ")));
        }
        self.holds(!got.evidence.is_empty(), "verdict.evidence", "a sentence", "none");
    }

    /// There is a path, and each step but those of a stack says how it is known.
    pub(super) fn path(&mut self, path: &[Frame]) {
        self.holds(!path.is_empty(), "path", "a path", "none");
        for frame in path.iter().filter(|frame| frame.offset.is_none()) {
            let note = frame.note.as_ref().map(Note::text).unwrap_or_default();
            let known = ["observed", "derived"].iter().any(|word| note.contains(word));
            self.holds(known, &frame.function, "observed or derived", note);
        }
    }

    pub(super) fn end_of(self) -> Vec<String> {
        self.found
    }
}

/// Whether the address is the same, and the port, if it is known.
pub(super) fn is_at(expected: lab::Endpoint, got: Endpoint) -> bool {
    expected.ip == got.addr && expected.port.is_none_or(|port| port == got.port)
}

/// As JSON has it.
pub(super) fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        Ok(other) => other.to_string(),
        Err(error) => error.to_string(),
    }
}

/// `null` for what is absent.
pub(super) fn shown(value: Option<impl Display>) -> String {
    value.map_or_else(|| "null".to_owned(), |value| value.to_string())
}

pub(super) fn source(flow: FlowLine) -> SocketAddr {
    SocketAddr::new(flow.saddr, flow.sport)
}

pub(super) fn destination(flow: FlowLine) -> SocketAddr {
    SocketAddr::new(flow.daddr, flow.dport)
}
