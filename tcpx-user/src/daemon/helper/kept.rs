//! Answers of the helper that still hold.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use crate::record::{Answer, Question};

/// What an answer about a name holds for, as in enrichment itself.
const NAMES_FRESH: Duration = Duration::from_secs(1);
/// The same for a process, whose number is not used again so soon, and for listeners in other namespaces, which each refusal asks for:
/// enrichment keeps those for longer.
const BRIEFLY_FRESH: Duration = Duration::from_millis(100);
/// Answers that are kept.
const CAPACITY: usize = 4096;

/// By question, with the time at which they came.
#[derive(Default)]
pub(super) struct Kept(HashMap<Question, (Instant, Answer)>);

impl Kept {
    /// One that need not be asked for again.
    pub(super) fn get(&self, question: &Question) -> Option<Answer> {
        let fresh = fresh(question)?;
        let (came, answer) = self.0.get(question)?;
        (came.elapsed() < fresh).then(|| answer.clone())
    }

    /// Keeps one, if it holds for a while.
    pub(super) fn keep(&mut self, question: Question, answer: &Answer) {
        if fresh(&question).is_none() {
            return;
        }
        if self.0.len() >= CAPACITY {
            self.0.clear();
        }
        self.0.insert(question, (Instant::now(), answer.clone()));
    }
}

/// Whether, and for how long, an answer may be given again without asking.
const fn fresh(question: &Question) -> Option<Duration> {
    match question {
        Question::Netns(_) | Question::Device(..) | Question::Cgroup(_) => Some(NAMES_FRESH),
        Question::Process { .. } | Question::Elsewhere(..) => Some(BRIEFLY_FRESH),
        _ => None,
    }
}
