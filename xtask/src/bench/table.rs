//! The rows, as a table for people.

use std::fmt;
use std::process::Command;

use anyhow::Result;

use super::rows::Row;
use crate::{command, paths};

/// One number.
pub(super) struct Measured {
    /// What it is the number of.
    pub(super) what: String,
    /// It and its spread.
    pub(super) value: String,
    /// What it should be; empty for what is there to compare with.
    pub(super) target: String,
    /// Whether it is so.
    pub(super) met: bool,
}

impl Measured {
    /// A number to compare others with.
    pub(super) fn reference(what: &str, value: impl fmt::Display) -> Self {
        Self { what: what.to_owned(), value: value.to_string(), target: String::new(), met: true }
    }

    /// A number that should be something.
    pub(super) fn target(what: &str, value: impl fmt::Display, target: impl fmt::Display, met: bool) -> Self {
        Self { what: what.to_owned(), value: value.to_string(), target: target.to_string(), met }
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, value, target, met } = self;
        write!(f, "{what}: {value}")?;
        if target.is_empty() {
            return Ok(());
        }
        write!(f, ", target {target}{}", if *met { "" } else { ": MISSED" })
    }
}

/// All of them.
#[derive(Default)]
pub(super) struct Table(Vec<(&'static str, Measured)>);

impl Table {
    pub(super) fn add(&mut self, row: &Row, measured: Vec<Measured>) {
        self.0.extend(measured.into_iter().map(|one| (row.name, one)));
    }

    pub(super) fn missed(&self) -> usize {
        self.0.iter().filter(|(_, one)| !one.met).count()
    }

    /// Replaces the page.
    pub(super) fn write(&self, rounds: usize) -> Result<()> {
        let kernel = command::text(Command::new("uname").arg("-r"))?;
        let version = env!("CARGO_PKG_VERSION");
        let page = format!(
            "# What tracing costs\n\n\
             Written by `cargo xtask bench --write`: tcpx {version} on Linux {}, {rounds} rounds. A rate is a part of the rate\n\
             of the same load untraced, which took turns with it; the numbers in parentheses are the quartiles. Rows without\n\
             a target are there to compare with. How each is measured: `xtask/src/bench/rows.rs`.\n\n{self}",
            kernel.trim(),
        );
        paths::write(&paths::workspace().join("docs/benchmarks.md"), page)
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| row | what | measured | target | |\n|---|---|---|---|---|")?;
        for (row, Measured { what, value, target, met }) in &self.0 {
            let mark = if target.is_empty() {
                ""
            } else if *met {
                "met"
            } else {
                "missed"
            };
            writeln!(f, "| {row} | {what} | {value} | {target} | {mark} |")?;
        }
        Ok(())
    }
}
