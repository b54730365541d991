//! What tcpx says: the lines of `-o json`, and what the text renderer reads. Nothing but a daemon that takes over from another
//! reads them back, so that the published form changes where it is meant to and nowhere else.
//!
//! The names are a contract with users (docs/formats.md). Absent facts are `null`.

use serde::{Deserialize, Serialize};

mod attempt;
mod call;
mod death;
mod direction;
mod drop;
mod lookup;
mod note;
mod place;
mod process;
mod reset;
mod trace;
mod why;
mod word;

pub use attempt::{Attempt, How, Outcome};
pub use call::{CallLine, PortHolder};
pub use death::Death;
pub(crate) use direction::Direction;
pub use drop::{Backlog, DropLine};
pub use lookup::{LookupLine, LookupResult, LookupStep, Source};
pub use note::Note;
pub use place::{Endpoint, Family, FlowLine, Nat, Netns};
pub use process::{Owner, OwnerHow, Process};
pub use reset::{End, Near, Origin, Reset, SegmentLine, Socket, SocketKind};
pub use trace::{AttachedHook, Loss, Lost, MissingHook, Start, Summary};
pub use why::{Confidence, Frame, Reason, ReasonSource, Verdict};
pub(crate) use word::Word;

/// Number of the format of lines.
pub const SCHEMA: u32 = 1;

/// One line of output.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "type", content = "data", rename_all = "lowercase")]
pub enum Line {
    /// First.
    Start(Box<Start>),
    /// A connection attempt of a local process.
    Attempt(Box<Attempt>),
    /// A RST.
    Reset(Box<Reset>),
    /// A handshake segment that vanished.
    Drop(Box<DropLine>),
    /// A connection that ended without any RST.
    Death(Box<Death>),
    /// A bind() or listen() that failed.
    Call(Box<CallLine>),
    /// Records that were lost.
    Loss(Loss),
    /// Last.
    Summary(Box<Summary>),
}

impl Line {
    /// Why what it tells happened; `None` for lines of the trace itself.
    #[must_use]
    pub const fn verdict(&self) -> Option<&Verdict> {
        match self {
            Self::Attempt(attempt) => Some(&attempt.verdict),
            Self::Reset(reset) => Some(&reset.verdict),
            Self::Drop(drop) => Some(&drop.verdict),
            Self::Death(death) => Some(&death.verdict),
            Self::Call(call) => Some(&call.verdict),
            Self::Start(_) | Self::Loss(_) | Self::Summary(_) => None,
        }
    }

    /// When what it tells began, RFC 3339 in UTC with nine digits: as texts they have the order of time. `None` for lines of the
    /// trace itself.
    #[must_use]
    pub fn time(&self) -> Option<&str> {
        match self {
            Self::Attempt(attempt) => Some(&attempt.time),
            Self::Reset(reset) => Some(&reset.time),
            Self::Drop(drop) => Some(&drop.time),
            Self::Death(death) => Some(&death.time),
            Self::Call(call) => Some(&call.time),
            Self::Start(_) | Self::Loss(_) | Self::Summary(_) => None,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
