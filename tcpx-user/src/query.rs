//! `tcpx query`: SQL over recordings.
//!
//! Each recording becomes a database of its own (`index`), by the same replay that shows it (`fill`); one of some size is
//! kept beside the recording for the next query (`kept`). `database` puts those of all recordings behind one set of tables
//! (`schema`), `ask` lets one statement that only reads at them, `write` shows what it gives.

mod ask;
mod database;
mod fill;
mod filling;
mod index;
mod interrupt;
mod kept;
mod progress;
mod ready;
mod recordings;
mod row;
pub mod schema;
mod shared;
mod write;

use std::{
    io::{self, IsTerminal as _},
    path::{Path, PathBuf},
};

pub use self::ready::make_ready;
use self::{database::Database, interrupt::Interrupt, kept::Keep, write::Output};
use crate::{
    cli::{
        failure::Failure,
        filter::Filter,
        request::{self, Asked, Limit, QueryForm},
    },
    text::escape::escape,
};

/// Carries out `tcpx query`.
///
/// # Errors
/// When the recordings cannot be read, the SQL is wrong, or the rows not be written.
pub fn query(request: &request::Query) -> Result<u8, Failure> {
    let Asked::Sql { files, sql } = &request.asked else {
        return write::text(&schema::text()).map(|()| 0);
    };
    let keep = if request.cache { Keep::large() } else { Keep::none() };
    answer(files, sql, request, &keep)
}

/// Writes the attempts of a recording as a Parquet file: `tcpx export -w x.parquet`. No index is used or kept.
///
/// # Errors
/// When the recordings cannot be read, or the file not be written.
pub fn export_parquet(
    files: &[PathBuf],
    filter: &Filter,
    everything: bool,
    limit: &Limit,
    to: &Path,
) -> Result<u8, Failure> {
    let request = request::Query {
        form: QueryForm::Parquet,
        to: Some(to.to_owned()),
        cache: false,
        everything,
        filter: filter.clone(),
        ..whole()
    };
    let sql = match limit.count {
        Some(count) => format!("SELECT * FROM attempts LIMIT {count}"),
        None => "SELECT * FROM attempts".to_owned(),
    };
    answer(files, &sql, &request, &Keep::none())
}

/// Of all that was recorded, as it was shown.
fn whole() -> request::Query {
    request::Query {
        asked: Asked::Schema,
        form: QueryForm::Table,
        to: None,
        limit: None,
        cache: true,
        everything: false,
        filter: Filter::default(),
    }
}

fn answer(files: &[PathBuf], sql: &str, request: &request::Query, keep: &Keep) -> Result<u8, Failure> {
    if request.form == QueryForm::Parquet && request.to.is_none() {
        let message = "query: Parquet is nothing for a terminal or a pipe, as it is read from its end: --output NAME.parquet";
        return Err(Failure::Usage(message.to_owned()));
    }
    let recordings = recordings::of(files)?;
    let interrupt = Interrupt::watch()?;
    // Before recordings are read, which may take minutes.
    ask::check(sql, &interrupt)?;
    let output = Output::open(request)?;
    let mut database = Database::open(&interrupt)?;
    for recording in &recordings {
        database = database.add(recording, request, keep)?;
    }
    database.seal()?;
    ask::answer(&database, sql, request, output)?;
    conclude(&database)
}

/// What the rows do not tell: that there could have been more.
fn conclude(database: &Database) -> Result<u8, Failure> {
    let (broken, lost) = database.shortcomings()?;
    for what in broken.iter().skip(1) {
        say(what);
    }
    if let Some(what) = broken.into_iter().next() {
        return Err(Failure::Other(anyhow::anyhow!("{what}; the rows are of what comes before")));
    }
    if lost > 0 {
        let events = if lost == 1 { "1 event was" } else { &format!("{lost} events were") };
        say(&format!(
            "{events} lost when it was recorded: rows may be missing (tables losses and recordings)"
        ));
        return Ok(3);
    }
    Ok(0)
}

/// On stderr, which is no reason to stop if it takes nothing.
fn say(words: &str) {
    let mut stderr = io::stderr();
    let _ = io::Write::write_all(&mut stderr, format!("tcpx: {}\n", escape(words)).as_bytes());
}

/// Whether somebody looks at results as they come.
fn is_seen(to: Option<&PathBuf>) -> bool {
    to.is_none() && io::stdout().is_terminal()
}

#[cfg(test)]
mod tests;
