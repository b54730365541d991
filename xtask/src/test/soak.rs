//! The soak, for ten minutes: an hour is what `cargo xtask soak` takes.

use std::time::Instant;

use anyhow::{Result, bail};

use super::summary::{Count, Summary};
use crate::soak;

const MINUTES: f64 = 10.0;
/// With this status the soak says that it cannot be tried here.
const CANNOT: i32 = 77;

/// Runs it, and enters it as one test.
pub(super) fn run(summary: &mut Summary) -> Result<()> {
    let begun = Instant::now();
    let status = soak::play(MINUTES)?;
    let (passed, skipped) = match status.code() {
        Some(0) => (1, 0),
        Some(CANNOT) => {
            println!("   SKIPPED: the soak, for the reason above");
            (0, 1)
        }
        _ => bail!("the soak ended with {status}"),
    };
    summary.add("soak", "-", Count { passed, skipped, failed: 0, time: begun.elapsed() });
    Ok(())
}
