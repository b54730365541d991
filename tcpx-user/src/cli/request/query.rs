//! `tcpx query`: which of the words are files and which is the SQL, and in which form the rows come.

use std::{
    ffi::OsString,
    num::NonZeroU64,
    path::{Path, PathBuf},
};

use super::convert;
use crate::cli::{
    args::{QueryArgs, RowFormat},
    failure::Failure,
    filter::Filter,
};

/// Rows that a table holds, unless more are asked for: nobody reads as many.
const MOST: u64 = 1000;

/// `tcpx query`
#[derive(Debug)]
pub struct Query {
    /// What is asked.
    pub asked: Asked,
    /// Form of the rows.
    pub form: QueryForm,
    /// A file instead of stdout.
    pub to: Option<PathBuf>,
    /// Rows at most, if that was asked for.
    pub limit: Option<NonZeroU64>,
    /// Whether an index is used and kept.
    pub cache: bool,
    /// Also what was not shown when it was recorded.
    pub everything: bool,
    /// What to keep.
    pub filter: Filter,
}

/// What is asked.
#[derive(Debug, PartialEq, Eq)]
pub enum Asked {
    /// Which tables there are.
    Schema,
    /// What is in recordings.
    Sql {
        /// Files of recordings; at least one.
        files: Vec<PathBuf>,
        /// One statement.
        sql: String,
    },
}

/// Form of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueryForm {
    /// For people.
    Table,
    /// Comma-separated values.
    Csv,
    /// One JSON object a line.
    Json,
    /// Apache Parquet.
    Parquet,
}

impl Query {
    /// Rows that are shown at most; `None` is all.
    #[must_use]
    pub fn most(&self) -> Option<u64> {
        let default = (self.form == QueryForm::Table).then_some(MOST);
        self.limit.map(NonZeroU64::get).or(default)
    }
}

pub(super) fn query(typed: QueryArgs) -> Result<Query, Failure> {
    Ok(Query {
        asked: if typed.schema { Asked::Schema } else { sql(typed.words)? },
        form: form(typed.format, typed.output.as_deref()),
        limit: typed.limit.as_deref().map(|typed| convert::from_one_on("--limit", typed)).transpose()?,
        cache: !typed.no_cache,
        everything: typed.everything,
        filter: convert::filter(&typed.filters)?,
        to: typed.output,
    })
}

fn sql(mut words: Vec<OsString>) -> Result<Asked, Failure> {
    let last = words.pop().unwrap_or_default();
    let shown = last.to_string_lossy().into_owned();
    if Path::new(&last).exists() {
        let message = format!(
            "query: the last word is the SQL, and {shown} is a file: tcpx query {shown} 'SELECT ...'"
        );
        return Err(Failure::Usage(message));
    }
    if words.is_empty() {
        let message = "query: which recording? tcpx query FILE... 'SELECT ...'";
        return Err(Failure::Usage(message.to_owned()));
    }
    let not_text = |_| Failure::Usage(format!("query: the SQL is not UTF-8: {shown}"));
    let sql = last.clone().into_string().map_err(not_text)?;
    Ok(Asked::Sql { files: words.into_iter().map(PathBuf::from).collect(), sql })
}

/// The asked one, or that of the file's ending.
fn form(asked: Option<RowFormat>, to: Option<&Path>) -> QueryForm {
    match asked {
        Some(RowFormat::Table) => QueryForm::Table,
        Some(RowFormat::Csv) => QueryForm::Csv,
        Some(RowFormat::Json) => QueryForm::Json,
        Some(RowFormat::Parquet) => QueryForm::Parquet,
        None => match to.and_then(Path::extension).and_then(|ending| ending.to_str()) {
            Some("csv") => QueryForm::Csv,
            Some("json" | "jsonl" | "ndjson") => QueryForm::Json,
            Some("parquet") => QueryForm::Parquet,
            _ => QueryForm::Table,
        },
    }
}
