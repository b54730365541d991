//! From a recording to an index, by a replay.

use super::{
    database::failed,
    filling,
    index::Index,
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
    let (lines, filler) = filling::begin(index).map_err(Failure::io("starting a thread"))?;
    let what = replay::Play {
        filter: request.filter.clone(),
        everything: request.everything,
        limit: Limit::default(),
        sink: Box::new(lines),
        name: format!("the index of {}", recording.name()),
        // The index says itself how far it has come: sorting comes after reading.
        progress: Progress::silent(),
    };
    let played = replay::play(&recording.files, what);
    let ended = filler.end();
    // An interrupted insertion fails, and says less.
    interrupt.check()?;
    // Where the database takes no more, lines cannot be written: it knows why.
    let index = ended.map_err(failed)?;
    let (_, end) = played?;
    if !end.is_reached() {
        return Err(interrupted());
    }
    Ok((index, end.failure().map(|failure| failure.to_string())))
}
