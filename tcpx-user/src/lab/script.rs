//! What happened on a stage, in order: the raw material of the retelling.

use std::{
    fmt,
    sync::{Arc, Mutex},
};

use rustix::time::{ClockId, clock_gettime};

use super::Tables;
use crate::locked::locked;

/// CLOCK_MONOTONIC in nanoseconds: the clock of `bpf_ktime_get_ns`, so that lines and events can be put in order.
pub(crate) fn monotonic_ns() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec.cast_unsigned() * 1_000_000_000 + now.tv_nsec.cast_unsigned()
}

/// One thing that happened.
#[derive(Debug, Clone)]
pub struct Line {
    /// When it began (CLOCK_MONOTONIC, ns).
    pub at_ns: u64,
    /// What it was.
    pub what: What,
}

/// The kinds of things that happen on a stage.
#[derive(Debug, Clone)]
pub enum What {
    /// The scenario says what it is about to show.
    Step(String),
    /// A system call of an actor, with its result, as strace would write it.
    Call {
        /// The actor's command name.
        comm: String,
        /// The actor's process id.
        pid: u32,
        /// For example `bind(3, 127.0.0.1:8888) = 0`.
        text: String,
        /// When it returned (CLOCK_MONOTONIC, ns).
        ended_ns: u64,
    },
    /// The set-up is made: tracing has begun.
    Ready,
    /// The socket tables of a namespace, as they were then.
    Tables(Arc<Tables>),
    /// A packet that the userspace peer sent (`true`) or received.
    Packet {
        /// Whether the peer sent it.
        sent: bool,
        /// For example `10.99.0.2:80 > 10.99.0.1:40000 [SYN] seq 1 ack 0 len 0`.
        text: String,
    },
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.what {
            What::Ready => f.write_str("tracing begins"),
            What::Tables(tables) => write!(f, "{} sockets in {}", tables.rows.len(), tables.namespace),
            What::Step(text) => write!(f, "{text}"),
            What::Call { comm, pid, text, .. } => write!(f, "{comm}[{pid}] {text}"),
            What::Packet { sent: true, text } => write!(f, "peer sends    {text}"),
            What::Packet { sent: false, text } => write!(f, "peer receives {text}"),
        }
    }
}

/// The lines of one stage, shared by all who act on it.
#[derive(Debug, Clone, Default)]
pub struct Script(Arc<Mutex<Vec<Line>>>);

impl Script {
    /// Adds a line of now.
    pub(super) fn note(&self, what: What) {
        self.note_at(monotonic_ns(), what);
    }

    /// Adds a line that began at `at_ns`.
    pub(super) fn note_at(&self, at_ns: u64, what: What) {
        locked(&self.0).push(Line { at_ns, what });
    }

    /// All lines so far, by the time at which they began.
    #[must_use]
    pub fn lines(&self) -> Vec<Line> {
        let mut lines = locked(&self.0).clone();
        lines.sort_by_key(|line| line.at_ns);
        lines
    }
}
