//! The last attempts and resets, for whoever asks later.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
};

use super::{
    config,
    published::{Kind, Reader, Text},
};
use crate::{locked::locked, verdict::VerdictId};

/// Shared by the session, which adds, and HTTP, which reads.
#[derive(Clone, Debug)]
pub struct Memory(Arc<Mutex<Kept>>);

#[derive(Debug)]
struct Kept {
    limits: config::Memory,
    attempts: VecDeque<Text>,
    resets: VecDeque<Text>,
    bytes: usize,
}

/// What is in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Filled {
    /// Attempts.
    pub attempts: usize,
    /// Resets.
    pub resets: usize,
    /// Their text.
    pub bytes: usize,
}

impl Memory {
    /// Empty.
    #[must_use]
    pub fn new(limits: config::Memory) -> Self {
        let (attempts, resets) = (VecDeque::new(), VecDeque::new());
        Self(Arc::new(Mutex::new(Kept { limits, attempts, resets, bytes: 0 })))
    }

    /// The last `most` of a kind, oldest first; with verdicts only those that have one of them.
    #[must_use]
    pub fn last(&self, kind: Kind, most: usize, verdicts: &BTreeSet<VerdictId>) -> Vec<Text> {
        let kept = self.lock();
        let list = if kind == Kind::Attempt { &kept.attempts } else { &kept.resets };
        let wanted = |text: &&Text| {
            verdicts.is_empty() || text.verdict.is_some_and(|verdict| verdicts.contains(&verdict))
        };
        let mut chosen: Vec<_> = list.iter().rev().filter(wanted).take(most).cloned().collect();
        chosen.reverse();
        chosen
    }

    /// Other limits hold from now on.
    pub fn limit(&self, limits: config::Memory) {
        let mut kept = self.lock();
        kept.limits = limits;
        kept.shrink();
    }

    /// What is in it.
    #[must_use]
    pub fn filled(&self) -> Filled {
        let kept = self.lock();
        Filled { attempts: kept.attempts.len(), resets: kept.resets.len(), bytes: kept.bytes }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        locked(&self.0)
    }
}

impl Reader for Memory {
    fn text(&mut self, text: &Text) {
        let kept = &mut *self.lock();
        match text.kind {
            Kind::Attempt => kept.attempts.push_back(text.clone()),
            Kind::Reset => kept.resets.push_back(text.clone()),
            Kind::Other => return,
        }
        kept.bytes += text.size();
        kept.shrink();
    }
}

impl Kept {
    fn shrink(&mut self) {
        while self.attempts.len() > self.limits.attempts {
            self.forget(Kind::Attempt);
        }
        while self.resets.len() > self.limits.resets {
            self.forget(Kind::Reset);
        }
        while self.bytes as u64 > self.limits.size.0 {
            let more = if self.attempts.len() > self.resets.len() { Kind::Attempt } else { Kind::Reset };
            self.forget(more);
        }
    }

    fn forget(&mut self, kind: Kind) {
        let list = if kind == Kind::Attempt { &mut self.attempts } else { &mut self.resets };
        self.bytes -= list.pop_front().map_or(0, |text| text.size());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        daemon::{config::Size, published::Number},
        sink::samples::{attempt, peer_reset, start},
    };

    fn memory(attempts: usize, resets: usize, bytes: u64) -> Memory {
        Memory::new(config::Memory { attempts, resets, size: Size(bytes) })
    }

    fn texts() -> [Text; 3] {
        [attempt(), peer_reset(), start()].map(|line| Text::of(&line, Number::SOME))
    }

    #[test]
    fn so_many_of_each_kind_and_nothing_else() {
        let mut memory = memory(2, 1, 1 << 20);
        for _ in 0..3 {
            for text in &texts() {
                memory.text(text);
            }
        }
        let [attempt, reset, _] = texts();
        let bytes = 2 * attempt.size() + reset.size();
        assert_eq!(memory.filled(), Filled { attempts: 2, resets: 1, bytes });
        memory.limit(config::Memory { attempts: 0, resets: 9, size: Size(1 << 20) });
        assert_eq!(memory.filled(), Filled { attempts: 0, resets: 1, bytes: reset.size() });
    }

    #[test]
    fn bytes_are_a_limit_too() {
        let [attempt, ..] = texts();
        let mut memory = memory(1000, 1000, attempt.size() as u64 * 5 / 2);
        for _ in 0..9 {
            memory.text(&attempt);
        }
        assert_eq!(memory.filled().attempts, 2);
        memory.limit(config::Memory { attempts: 9, resets: 9, size: Size(0) });
        assert_eq!(memory.filled(), Filled::default());
    }

    #[test]
    fn the_last_come_oldest_first_and_can_be_chosen_by_verdict() {
        let mut memory = memory(9, 9, 1 << 20);
        for text in &texts() {
            memory.text(text);
        }
        let verdict = texts()[0].verdict.expect("an attempt has one");
        assert_eq!(memory.last(Kind::Attempt, 5, &[verdict].into()).len(), 1);
        assert_eq!(memory.last(Kind::Attempt, 0, &BTreeSet::new()).len(), 0);
        assert!(memory.last(Kind::Reset, 5, &[VerdictId::SelfConnect].into()).is_empty());
    }
}
