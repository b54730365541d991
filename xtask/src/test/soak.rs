//! The soak, for ten minutes.

use std::fs::File;
use std::path::Path;
use std::process::ExitStatus;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::summary::{Count, Summary};
use crate::tail::Tail;
use crate::{paths, soak};

/// An hour is what `cargo xtask soak` takes.
const MINUTES: f64 = 10.0;
/// Far above that, so that only one that hangs meets it.
const LIMIT: Duration = Duration::from_mins(30);

/// One that runs.
pub(super) struct Running {
    begun: Instant,
    thread: JoinHandle<Result<Option<ExitStatus>>>,
}

impl Running {
    /// Starts it; what it says is shown as it comes.
    pub(super) fn start(binary: &Path) -> Result<Self> {
        let log = paths::target_folder("guest")?.join(format!("soak-{}.log", std::process::id()));
        let mut soak = soak::command(binary, MINUTES);
        let out = File::create(&log).with_context(|| format!("making {}", log.display()))?;
        soak.stdout(out.try_clone().context("one more descriptor")?).stderr(out);
        let mut child = soak.spawn().with_context(|| format!("starting {}", binary.display()))?;
        let thread = thread::spawn(move || {
            let status = Tail::open(&log)?.follow(&mut child, LIMIT, |line| println!("   {line}"));
            drop(std::fs::remove_file(&log));
            status
        });
        Ok(Self { begun: Instant::now(), thread })
    }

    /// Waits for its end, and enters it as one test.
    pub(super) fn wait(self, summary: &mut Summary) -> Result<()> {
        let status = self.thread.join().expect("it does not panic")?;
        let code = status.and_then(|status| status.code());
        let one = |passed, failed, skipped| Count { passed, failed, skipped, time: self.begun.elapsed() };
        match (code, status) {
            (Some(0), _) => summary.add("soak", "-", one(1, 0, 0)),
            (Some(soak::CANNOT), _) => {
                println!("   SKIPPED: the soak, for the reason above");
                summary.add("soak", "-", one(0, 0, 1));
            }
            (_, Some(status)) => bail!("the soak ended with {status}"),
            (_, None) => bail!("the soak did not end within {} minutes", LIMIT.as_secs() / 60),
        }
        Ok(())
    }
}
