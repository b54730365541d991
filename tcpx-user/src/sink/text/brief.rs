//! A group as one block of text, and as one line of a list.

use super::{Group, Look, Main, Meaning, attempt, block::Block, call, death, drop, reset};
use crate::{cli::request::Detail, line::Verdict};

/// What one line of a list says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Brief {
    pub(crate) meaning: Meaning,
    /// `REFUSED` and so on.
    pub(crate) label: &'static str,
    /// Who and whom, not escaped.
    pub(crate) subject: String,
}

/// All that is known of it, as a block.
pub(crate) fn whole(group: &Group, look: Look, detail: Detail) -> String {
    let mut block = Block::new(look, detail);
    match &group.main {
        Main::Attempt(attempt) => attempt::render(&mut block, attempt, &group.resets, &group.drops),
        Main::Reset(reset) => reset::render(&mut block, reset),
        Main::Drop(drop) => drop::render(&mut block, drop),
        Main::Death(death) => death::render(&mut block, death),
        Main::Call(call) => call::render(&mut block, call),
    }
    block.finish()
}

/// Its headline, in parts.
pub(crate) fn brief(main: &Main, look: Look) -> Brief {
    let ((meaning, label), subject) = match main {
        Main::Attempt(attempt) => (attempt::headline(attempt.outcome), attempt::subject(look, attempt)),
        Main::Reset(reset) => (reset::headline(reset), reset::subject(look, reset)),
        Main::Drop(drop) => (drop::HEADLINE, drop::subject(look, drop)),
        Main::Death(death) => (death::HEADLINE, death::subject(look, death)),
        Main::Call(call) => (call::HEADLINE, call::subject(call)),
    };
    Brief { meaning, label, subject }
}

/// Whether it is shown without `--all`.
pub(crate) fn is_noteworthy(main: &Main) -> bool {
    !matches!(main, Main::Attempt(attempt) if !attempt::is_noteworthy(attempt))
}

impl Main {
    /// Why it happened.
    pub(crate) const fn verdict(&self) -> &Verdict {
        match self {
            Self::Attempt(attempt) => &attempt.verdict,
            Self::Reset(reset) => &reset.verdict,
            Self::Drop(drop) => &drop.verdict,
            Self::Death(death) => &death.verdict,
            Self::Call(call) => &call.verdict,
        }
    }
}
