//! An attempt and the RST that ended it are one problem, and read as one: whichever comes first waits for the other.
//!
//! States of an id: *unknown* (its parts wait for it), *waiting* (an attempt that waits for the RST it names), *told*.
//! Nothing waits for ever: after [`PATIENCE`] pauses, or when [`MOST`] wait, it is told as it is.

use std::collections::{BTreeMap, VecDeque};

use crate::{
    line::{Attempt, CallLine, Death, DropLine, Reset},
    verdict::VerdictId,
};

/// Pauses (calls of [`Fold::pause`]) that something waits.
const PATIENCE: u8 = 8;
/// How many wait at most; how many told attempts are remembered.
const MOST: usize = 1024;

/// What a block is about.
#[derive(Debug)]
pub(crate) enum Main {
    /// An attempt.
    Attempt(Box<Attempt>),
    /// A RST on its own.
    Reset(Box<Reset>),
    /// A drop on its own.
    Drop(Box<DropLine>),
    /// The death of a connection: it comes long after its attempt.
    Death(Box<Death>),
    /// A bind() or listen() that failed.
    Call(Box<CallLine>),
}

/// A block: its subject, and what is folded into it.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) main: Main,
    pub(crate) resets: Vec<Reset>,
    pub(crate) drops: Vec<DropLine>,
}

impl Group {
    /// Nothing is folded into it.
    pub(crate) const fn alone(main: Main) -> Self {
        Self { main, resets: Vec::new(), drops: Vec::new() }
    }
}

/// What is known of an attempt while not all of it has come.
#[derive(Debug, Default)]
struct Parts {
    attempt: Option<Box<Attempt>>,
    resets: Vec<Reset>,
    drops: Vec<DropLine>,
    pauses: u8,
}

impl Parts {
    /// As one block if the attempt has come, else each on its own.
    fn into_groups(self) -> Vec<Group> {
        if let Some(attempt) = self.attempt {
            return vec![Group { main: Main::Attempt(attempt), resets: self.resets, drops: self.drops }];
        }
        let resets = self.resets.into_iter().map(|reset| Group::alone(Main::Reset(Box::new(reset))));
        let drops = self.drops.into_iter().map(|drop| Group::alone(Main::Drop(Box::new(drop))));
        resets.chain(drops).collect()
    }
}

/// What was told about an attempt.
#[derive(Clone, Copy, Debug)]
struct Told {
    id: u64,
    shown: bool,
    verdict: VerdictId,
}

/// Joins what belongs together.
#[derive(Debug, Default)]
pub(crate) struct Fold {
    waiting: BTreeMap<u64, Parts>,
    told: VecDeque<Told>,
}

impl Fold {
    /// An attempt has come; one that is not `shown` leaves its parts on their own.
    pub(crate) fn attempt(&mut self, attempt: &Attempt, shown: bool) -> Vec<Group> {
        let mut parts = self.waiting.remove(&attempt.id).unwrap_or_default();
        if !shown {
            self.tell(attempt, false);
            return parts.into_groups();
        }
        let complete = attempt.reset.is_none_or(|id| parts.resets.iter().any(|reset| reset.id == id));
        parts.attempt = Some(Box::new(attempt.clone()));
        if complete {
            self.tell(attempt, true);
            return parts.into_groups();
        }
        self.wait(attempt.id, parts)
    }

    /// A RST has come.
    pub(crate) fn reset(&mut self, reset: &Reset) -> Vec<Group> {
        let alone = || vec![Group::alone(Main::Reset(Box::new(reset.clone())))];
        let Some(id) = reset.attempt else { return alone() };
        if let Some(told) = self.told(id) {
            return if told.shown && told.verdict == reset.verdict.id { Vec::new() } else { alone() };
        }
        let mut parts = self.waiting.remove(&id).unwrap_or_default();
        parts.resets.push(reset.clone());
        match parts.attempt.take() {
            Some(attempt) if attempt.reset == Some(reset.id) => {
                self.tell(&attempt, true);
                Parts { attempt: Some(attempt), ..parts }.into_groups()
            }
            attempt => self.wait(id, Parts { attempt, ..parts }),
        }
    }

    /// A drop has come.
    pub(crate) fn drop(&mut self, drop: &DropLine) -> Vec<Group> {
        let alone = || vec![Group::alone(Main::Drop(Box::new(drop.clone())))];
        let Some(id) = drop.attempt else { return alone() };
        if let Some(told) = self.told(id) {
            return if told.shown && told.verdict == drop.verdict.id { Vec::new() } else { alone() };
        }
        let mut parts = self.waiting.remove(&id).unwrap_or_default();
        parts.drops.push(drop.clone());
        self.wait(id, parts)
    }

    /// Time passes: what has waited long enough is told.
    pub(crate) fn pause(&mut self) -> Vec<Group> {
        self.waiting.values_mut().for_each(|parts| parts.pauses += 1);
        self.release(|parts| parts.pauses >= PATIENCE)
    }

    /// Nothing more comes.
    pub(crate) fn finish(&mut self) -> Vec<Group> {
        self.release(|_| true)
    }

    fn release(&mut self, due: impl Fn(&Parts) -> bool) -> Vec<Group> {
        let ids: Vec<_> = self.waiting.iter().filter(|(_, parts)| due(parts)).map(|(&id, _)| id).collect();
        ids.into_iter().flat_map(|id| self.let_go(id)).collect()
    }

    fn let_go(&mut self, id: u64) -> Vec<Group> {
        let Some(parts) = self.waiting.remove(&id) else { return Vec::new() };
        if let Some(attempt) = &parts.attempt {
            let attempt = attempt.clone();
            self.tell(&attempt, true);
        }
        parts.into_groups()
    }

    /// Lets the oldest go if too many wait.
    fn wait(&mut self, id: u64, parts: Parts) -> Vec<Group> {
        self.waiting.insert(id, parts);
        let oldest = self.waiting.first_key_value().map(|(&id, _)| id).filter(|_| self.waiting.len() > MOST);
        oldest.map(|id| self.let_go(id)).unwrap_or_default()
    }

    fn told(&self, id: u64) -> Option<Told> {
        self.told.iter().rev().find(|told| told.id == id).copied()
    }

    fn tell(&mut self, attempt: &Attempt, shown: bool) {
        if self.told.len() == MOST {
            self.told.pop_front();
        }
        self.told.push_back(Told { id: attempt.id, shown, verdict: attempt.verdict.id });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::samples::{plain_attempt, plain_drop, plain_reset};

    fn names_its_reset() -> Attempt {
        Attempt { reset: Some(2), ..plain_attempt() }
    }

    fn drop_of_attempt() -> DropLine {
        DropLine { attempt: Some(1), ..plain_drop() }
    }

    fn one(groups: &[Group]) -> (&'static str, usize, usize) {
        let [group] = groups else { panic!("{} groups", groups.len()) };
        let name = match group.main {
            Main::Attempt(_) => "attempt",
            Main::Reset(_) => "reset",
            Main::Drop(_) => "drop",
            Main::Death(_) => "death",
            Main::Call(_) => "call",
        };
        (name, group.resets.len(), group.drops.len())
    }

    #[test]
    fn either_order_makes_one_block() {
        let mut fold = Fold::default();
        assert!(fold.reset(&plain_reset()).is_empty());
        assert_eq!(one(&fold.attempt(&names_its_reset(), true)), ("attempt", 1, 0));
        let mut fold = Fold::default();
        assert!(fold.attempt(&names_its_reset(), true).is_empty());
        assert_eq!(one(&fold.reset(&plain_reset())), ("attempt", 1, 0));
        assert!(fold.finish().is_empty());
    }

    #[test]
    fn drops_fold_too() {
        let mut fold = Fold::default();
        assert!(fold.drop(&drop_of_attempt()).is_empty());
        assert_eq!(one(&fold.attempt(&plain_attempt(), true)), ("attempt", 0, 1));
    }

    #[test]
    fn what_belongs_to_no_attempt_stands_alone() {
        let mut fold = Fold::default();
        assert_eq!(one(&fold.reset(&Reset { attempt: None, ..plain_reset() })), ("reset", 0, 0));
        assert_eq!(one(&fold.drop(&plain_drop())), ("drop", 0, 0));
    }

    #[test]
    fn a_hidden_attempt_leaves_its_parts() {
        let mut fold = Fold::default();
        fold.drop(&drop_of_attempt());
        assert_eq!(one(&fold.attempt(&plain_attempt(), false)), ("drop", 0, 0));
        assert_eq!(one(&fold.reset(&plain_reset())), ("reset", 0, 0));
    }

    #[test]
    fn a_latecomer_that_says_the_same_is_not_told_again() {
        let mut fold = Fold::default();
        fold.attempt(&plain_attempt(), true);
        assert!(fold.reset(&plain_reset()).is_empty());
        assert_eq!(one(&fold.drop(&drop_of_attempt())), ("drop", 0, 0), "another verdict is news");
    }

    #[test]
    fn patience_ends() {
        let mut fold = Fold::default();
        fold.reset(&plain_reset());
        for _ in 1..PATIENCE {
            assert!(fold.pause().is_empty());
        }
        assert_eq!(one(&fold.pause()), ("reset", 0, 0));
        fold.attempt(&Attempt { id: 9, ..names_its_reset() }, true);
        assert_eq!(one(&fold.finish()), ("attempt", 0, 0));
    }

    #[test]
    fn memory_is_bounded_and_nothing_is_lost() {
        let mut fold = Fold::default();
        let mut told = 0;
        for id in 0..3 * MOST as u64 {
            told += fold.reset(&Reset { id, attempt: Some(id), ..plain_reset() }).len();
            assert!(fold.waiting.len() <= MOST && fold.told.len() <= MOST);
        }
        assert_eq!(told + fold.finish().len(), 3 * MOST);
    }
}
