//! What the correlator hands on: all that was seen of one attempt, one RST, one silent drop. No explanations.

mod attempt;
mod before;
mod call;
mod death;
mod drop;
mod reset;

use std::sync::Arc;

pub use super::nat::Translation;
pub use super::sender::{Answered, Sender};
use crate::event::Hook;
pub use attempt::AttemptFacts;
pub use before::{Listened, Opened, Upstream};
pub use call::CallFacts;
pub use death::DeathFacts;
pub use drop::{DropCause, DropFacts};
pub use reset::{Joined, Name, ResetFacts, is_own};

/// Something that will not change any more, unless a listener appears.
#[derive(Clone, Debug)]
pub enum Settled {
    /// An attempt.
    Attempt(Arc<AttemptFacts>),
    /// A RST.
    Reset(Arc<ResetFacts>),
    /// A RST that was told before, when a listener had not appeared that explains it.
    ResetAgain(Arc<ResetFacts>),
    /// The attempt that it ended, told before too.
    AttemptAgain(Arc<AttemptFacts>),
    /// A handshake segment that vanished.
    Drop(Arc<DropFacts>),
    /// A connection that died without a RST.
    Death(Box<DeathFacts>),
    /// A bind() or listen() that failed.
    Call(Box<CallFacts>),
    /// Records that were lost.
    Loss {
        /// Of which hook, if one is known.
        hook: Option<Hook>,
        /// How many.
        count: u64,
    },
}
