//! What ties events together: who saw a fact and when, whether two namespaces may be one, and whether two sequence
//! numbers speak of the same segment.

use crate::event::{Backend, Event, Netns, Task};

/// A fact with its circumstances.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen<T> {
    /// Boot clock, ns.
    pub time: u64,
    /// Where.
    pub netns: Netns,
    /// Who was running.
    pub task: Task,
    /// How it was seen.
    pub backend: Backend,
    /// The running task belongs to the traced command.
    pub in_scope: bool,
    /// Return addresses, innermost first; empty without a stack.
    pub stack: Vec<u64>,
    /// The fact.
    pub what: T,
}

impl<T> Seen<T> {
    /// `what` as it was seen in `event`.
    pub fn new(event: &Event, stack: &[u64], what: T) -> Self {
        Self {
            time: event.time,
            netns: event.netns,
            task: event.task,
            backend: event.backend,
            in_scope: event.in_scope,
            stack: stack.to_vec(),
            what,
        }
    }
}

/// The kernel's work on one segment takes less, from the making of a child to the answer for it.
pub const ONE_SEGMENT_NS: u64 = 10_000_000;

/// Whether two names of namespaces may mean one. The cookie tells two with the same inode number apart; a hook that
/// cannot know a part of the name leaves it 0.
#[must_use]
pub const fn may_be_same(a: Netns, b: Netns) -> bool {
    let inum = a.inum == b.inum || a.inum == 0 || b.inum == 0;
    let cookie = a.cookie == b.cookie || a.cookie == 0 || b.cookie == 0;
    inum && cookie
}

/// What sequence numbers say about two facts being about the same segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Agreement {
    /// They exclude it.
    Differ,
    /// They do not tell.
    Unknown,
    /// They agree.
    Agree,
}

/// Farther apart than any window, two sequence numbers belong to different connections.
const LARGEST_WINDOW: u32 = 1 << 30;

impl Agreement {
    /// Two numbers that must be equal.
    #[must_use]
    pub const fn exact(a: u32, b: u32) -> Self {
        if a == b { Self::Agree } else { Self::Differ }
    }

    /// Two numbers that are equal unless segments were on their way.
    #[must_use]
    pub const fn near(a: u32, b: u32) -> Self {
        if a == b {
            Self::Agree
        } else if a.wrapping_sub(b) < LARGEST_WINDOW || b.wrapping_sub(a) < LARGEST_WINDOW {
            Self::Unknown
        } else {
            Self::Differ
        }
    }
}

/// Whether two facts with the same tuple are to be joined. Several namespaces may use the same addresses, so between
/// two of them only sequence numbers decide.
#[must_use]
pub fn joins(a: Netns, b: Netns, sequence: Agreement) -> bool {
    sequence == Agreement::Agree || (sequence == Agreement::Unknown && may_be_same(a, b))
}
