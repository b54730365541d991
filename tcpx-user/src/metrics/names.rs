//! Names of processes and containers as label values: only where asked for, and only so many.

use std::{borrow::Cow, collections::HashMap};

use foldhash::fast::RandomState;

use super::family::Labels;
use crate::line::Process;

/// What stands in place of names that came after the limit was reached.
pub(super) const OTHER: &str = "other";

/// Which names are labels, and how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The process's name, as the kernel has it (up to 15 bytes).
    pub process: bool,
    /// The container's id.
    pub container: bool,
    /// How many different ones; all that come later are counted as `other`.
    pub most: usize,
}

impl Default for Asked {
    /// None of them.
    fn default() -> Self {
        Self { process: false, container: false, most: 100 }
    }
}

/// Number of a name; not more than the limit, plus two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Name(u32);

impl Name {
    /// Nothing was asked for, or it is not known.
    pub(super) const NONE: Self = Self(0);
    const OTHER: Self = Self(1);
}

/// Names that have come so far. The first ones stay: which is which must not change while a counter runs.
#[derive(Debug)]
pub(super) struct Names {
    asked: Asked,
    known: HashMap<Key, Name, RandomState>,
    list: Vec<Key>,
    over: u64,
    key: Key,
}

/// Process and container.
type Key = (String, String);

impl Names {
    pub(super) fn new(asked: Asked) -> Self {
        Self { asked, known: HashMap::default(), list: Vec::new(), over: 0, key: Key::default() }
    }

    /// Of a process.
    pub(super) fn of(&mut self, process: Option<&Process>) -> Name {
        let container = process.and_then(|process| process.container.as_deref());
        self.number(process.map_or("", |process| &process.comm), container.unwrap_or(""))
    }

    /// Of a process of which only the name is known.
    pub(super) fn of_comm(&mut self, comm: Option<&str>) -> Name {
        self.number(comm.unwrap_or(""), "")
    }

    /// Nothing is allocated for a name that is known.
    fn number(&mut self, comm: &str, container: &str) -> Name {
        set(&mut self.key.0, comm, self.asked.process);
        set(&mut self.key.1, container, self.asked.container);
        if self.key.0.is_empty() && self.key.1.is_empty() {
            return Name::NONE;
        }
        if let Some(name) = self.known.get(&self.key) {
            return *name;
        }
        if self.list.len() >= self.asked.most {
            self.over += 1;
            return Name::OTHER;
        }
        self.list.push(self.key.clone());
        let name = Name(self.list.len() as u32 + 1);
        self.known.insert(self.key.clone(), name);
        name
    }

    /// The labels of a name; which there are does not depend on it.
    pub(super) fn label(&self, name: Name, labels: &mut Labels) {
        let (process, container) = match name {
            Name::NONE => ("", ""),
            Name::OTHER => (OTHER, OTHER),
            Name(number) => self.list.get(number as usize - 2).map_or(("", ""), |key| (&key.0, &key.1)),
        };
        let asked =
            [("process", process, self.asked.process), ("container", container, self.asked.container)];
        labels.extend(
            asked.iter().filter(|asked| asked.2).map(|asked| (asked.0, Cow::Owned(asked.1.to_owned()))),
        );
    }

    /// How many lines were counted as `other`; `None` where no name was asked for.
    pub(super) fn over(&self) -> Option<u64> {
        (self.asked.process || self.asked.container).then_some(self.over)
    }
}

fn set(part: &mut String, value: &str, asked: bool) {
    part.clear();
    if asked {
        part.push_str(value);
    }
}
