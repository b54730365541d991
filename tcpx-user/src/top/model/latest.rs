//! The latest results, whole: what a person may want to open.

use std::{collections::VecDeque, rc::Rc};

use super::Item;

/// How many that failed are kept.
pub const FAILED: usize = 1000;
/// How many that worked: they are many, and say little.
pub const WORKED: usize = 200;

/// The latest results, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Latest {
    failed: VecDeque<Rc<Item>>,
    worked: VecDeque<Rc<Item>>,
}

impl Latest {
    /// Keeps it, in place of the oldest if there is no more room.
    pub fn push(&mut self, item: Rc<Item>) {
        let (list, most) = if item.worked { (&mut self.worked, WORKED) } else { (&mut self.failed, FAILED) };
        if list.len() == most {
            list.pop_front();
        }
        list.push_back(item);
    }

    /// Removes what was told with this id, which is told anew.
    pub fn remove(&mut self, id: u64) -> Option<Rc<Item>> {
        let from = |list: &mut VecDeque<Rc<Item>>| {
            let at = list.iter().rposition(|item| item.id() == id)?;
            list.remove(at)
        };
        from(&mut self.failed).or_else(|| from(&mut self.worked))
    }

    /// Newest first; what worked only if `all` is asked for.
    pub fn newest(&self, all: bool) -> impl Iterator<Item = &Rc<Item>> {
        let mut failed = self.failed.iter().rev().peekable();
        let mut worked = self.worked.iter().rev().filter(move |_| all).peekable();
        std::iter::from_fn(move || match (failed.peek(), worked.peek()) {
            (Some(one), Some(other)) if one.seq < other.seq => worked.next(),
            (Some(_), _) => failed.next(),
            (None, _) => worked.next(),
        })
    }

    /// Oldest first, all of them.
    #[must_use]
    pub fn in_order(&self) -> Vec<Rc<Item>> {
        let mut all: Vec<_> = self.newest(true).map(Rc::clone).collect();
        all.reverse();
        all
    }
}
