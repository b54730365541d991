//! `tcpx record --index`: the index is made before anybody asks.

use std::path::PathBuf;

use super::{
    interrupt::Interrupt,
    kept::{self, Keep},
    recordings, say, whole,
};
use crate::cli::failure::Failure;

/// Makes the index of a recording that has just ended, so that its first query need not wait for it. Says what comes of it:
/// without an index the recording is as good.
pub fn make_ready(files: &[PathBuf]) {
    let made = Interrupt::watch().and_then(|interrupt| {
        // A query that is interrupted says other words.
        let why = |failure| interrupt.check().map_or_else(|_| stopped(), |()| failure);
        index(files, &Keep::large(), &interrupt).map_err(why)
    });
    if let Err(failure) = made {
        say(&format!("no index was made; the first query will make it: {failure}"));
    }
}

fn stopped() -> Failure {
    Failure::Other(anyhow::anyhow!("interrupted"))
}

pub(super) fn index(files: &[PathBuf], keep: &Keep, interrupt: &Interrupt) -> Result<(), Failure> {
    for recording in recordings::of(files)? {
        if kept::is_worth_it(&recording, keep) {
            kept::find_or_make(&recording, &whole(), keep, interrupt)?;
        } else {
            say(&format!("no index was made: {} is small, a query reads it at once", recording.name()));
        }
    }
    Ok(())
}
