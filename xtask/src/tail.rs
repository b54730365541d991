//! Following a file that a child writes, line by line, with a deadline.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

const POLL: Duration = Duration::from_millis(50);

/// Reads a file that is being written, line by line.
pub(crate) struct Tail {
    file: File,
    pending: Vec<u8>,
}

impl Tail {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).with_context(|| format!("opening {}", path.display()))?;
        Ok(Self { file, pending: Vec::new() })
    }

    /// Hands over every line as it comes, until the child that causes them has ended; `None` if it had to be killed.
    pub(crate) fn follow(
        mut self,
        child: &mut Child,
        limit: Duration,
        mut line: impl FnMut(&str),
    ) -> Result<Option<ExitStatus>> {
        let deadline = Instant::now() + limit;
        loop {
            let status = child.try_wait().context("waiting for the child")?;
            self.lines(&mut line)?;
            if status.is_some() {
                self.rest(&mut line);
                return Ok(status);
            }
            if Instant::now() > deadline {
                child.kill().context("killing the child")?;
                child.wait().context("waiting for the killed child")?;
                return Ok(None);
            }
            std::thread::sleep(POLL);
        }
    }

    fn lines(&mut self, line: &mut impl FnMut(&str)) -> Result<()> {
        // QEMU truncates the file when it starts; a position past the end would never see anything.
        let length = self.file.metadata().context("watching the results")?.len();
        if self.file.stream_position()? > length {
            self.file.seek(SeekFrom::Start(0))?;
        }
        self.file.read_to_end(&mut self.pending).context("reading the results")?;
        while let Some(end) = self.pending.iter().position(|byte| *byte == b'\n') {
            let bytes: Vec<u8> = self.pending.drain(..=end).collect();
            line(String::from_utf8_lossy(&bytes).trim_end());
        }
        Ok(())
    }

    fn rest(&mut self, line: &mut impl FnMut(&str)) {
        if !self.pending.is_empty() {
            line(String::from_utf8_lossy(&self.pending).trim_end());
        }
    }
}
