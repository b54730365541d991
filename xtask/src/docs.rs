//! What of `docs/` is made from the source (verdicts, man pages, completions): a test says when one is out of date, and writes it when asked.

use std::process::Command;

use anyhow::Result;

use crate::{command, paths};

/// Writes them.
pub(crate) fn run() -> Result<()> {
    let mut test = Command::new(env!("CARGO"));
    test.current_dir(paths::workspace()).env("TCPX_WRITE_DOCS", "1");
    command::run(test.args([
        "test",
        "--quiet",
        "--package",
        "tcpx-user",
        "--lib",
        "--",
        "explain::book",
        "cli::pages",
        "query::schema",
    ]))
}
