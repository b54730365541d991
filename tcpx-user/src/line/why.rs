//! Why: the verdict, the kernel's own word, and the kernel's path.

use std::{borrow::Cow, sync::Arc};

use serde::{Deserialize, Serialize};

use super::Note;
use crate::{event::Name, verdict::VerdictId};

/// How sure.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// Nothing fits.
    Unknown,
    /// It follows from other facts.
    Derived,
    /// The deciding function or counter was seen.
    Observed,
}

/// Why.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Verdict {
    /// Which of the catalogue.
    pub id: VerdictId,
    /// The catalogue's title.
    pub title: Cow<'static, str>,
    /// How sure.
    pub confidence: Confidence,
    /// Sentences, each a fact that was seen or a stated conclusion; the first is the one to read at three in
    /// the morning.
    pub evidence: Arc<Vec<String>>,
    /// What to do next.
    pub advice: Cow<'static, str>,
}

/// One step of the kernel's path.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub struct Frame {
    /// Function.
    pub function: Cow<'static, str>,
    /// Bytes into it, where a stack told; else null.
    pub offset: Option<u64>,
    /// What happened there, and whether it was seen or follows.
    pub note: Option<Note>,
    /// Boot clock, ns: puts the frames of several records in order. Not published.
    #[serde(skip)]
    pub at: Option<u64>,
}

/// The kernel's name for why.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Reason {
    /// Name in the running kernel's enum, or tcpx's for kernels without.
    pub name: Name,
    /// `kernel` or `derived`.
    pub source: ReasonSource,
}

/// Who says so.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum ReasonSource {
    /// The kernel.
    Kernel,
    /// It follows.
    Derived,
}
