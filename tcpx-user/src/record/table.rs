//! The answers that hold: what the writer need not write again, and what the reader answers with.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::said::{Answer, Question};

/// Answers by question.
#[derive(Debug, Default)]
pub(super) struct Table {
    answers: HashMap<Question, Answer, RandomState>,
    load: Load,
}

/// How much was put into a table, replaced answers included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Load {
    /// Answers.
    pub(super) answers: usize,
    /// Bytes on disk.
    pub(super) bytes: usize,
}

impl Load {
    /// A writer forgets all when it has so much.
    pub(super) const WRITER: Self = Self { answers: 16 * 1024, bytes: 8 << 20 };
    /// A reader takes so much from any writer.
    pub(super) const READER: Self = Self { answers: 64 * 1024, bytes: 64 << 20 };

    pub(super) const fn add(&mut self, bytes: usize) {
        self.answers += 1;
        self.bytes += bytes;
    }

    pub(super) const fn reaches(&self, most: Self) -> bool {
        self.answers >= most.answers || self.bytes >= most.bytes
    }
}

impl Table {
    pub(super) fn get(&self, question: &Question) -> Option<&Answer> {
        self.answers.get(question)
    }

    pub(super) fn insert(&mut self, question: Question, answer: Answer, bytes: usize) {
        self.load.add(bytes);
        self.answers.insert(question, answer);
    }

    pub(super) fn clear(&mut self) {
        self.load = Load::default();
        self.answers.clear();
    }

    pub(super) const fn load(&self) -> Load {
        self.load
    }
}
