//! From a recording to an index, by a replay.

use std::{cell::RefCell, rc::Rc};

use super::{
    index::{Filling, Index},
    interrupt::{Interrupt, interrupted},
    recordings::Recording,
};
use crate::{
    cli::{
        failure::Failure,
        request::{self, Limit},
    },
    progress::Progress,
    run::replay,
};

/// Replays the recording into the index. Says where and why it could not be read to its end, if it could not.
///
/// # Errors
/// When nothing of it can be read, the database takes no more, or it was interrupted.
pub(super) fn fill(
    index: Index,
    recording: &Recording,
    request: &request::Query,
    interrupt: &Interrupt,
) -> Result<(Index, Option<String>), Failure> {
    let index = Rc::new(RefCell::new(index));
    let filling = Filling(Rc::clone(&index));
    let what = replay::Play {
        filter: request.filter.clone(),
        everything: request.everything,
        limit: Limit::default(),
        sink: Box::new(filling),
        name: format!("the index of {}", recording.name()),
        // The index says itself how far it has come: sorting comes after reading.
        progress: Progress::silent(),
    };
    let played = replay::play(&recording.files, what);
    // An interrupted insertion fails, and says less.
    interrupt.check()?;
    let (_, end) = played?;
    if !end.is_reached() {
        return Err(interrupted());
    }
    let broken = end.failure().map(|failure| failure.to_string());
    let index = Rc::into_inner(index).map(RefCell::into_inner);
    index.map(|index| (index, broken)).ok_or_else(interrupted)
}
