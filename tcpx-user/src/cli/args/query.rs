//! What was typed behind `tcpx query`.

use std::{ffi::OsString, path::PathBuf};

use clap::ValueEnum;

use super::FilterArgs;

/// Form of a query's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RowFormat {
    /// For people
    Table,
    /// Comma-separated values, names first
    Csv,
    /// One JSON object a line
    Json,
    /// Apache Parquet; needs --output
    Parquet,
}

/// `tcpx query`
#[derive(Debug, Default, clap::Args)]
#[command(override_usage = "tcpx query [OPTIONS] [FILTERS] FILE... SQL\n       tcpx query --schema")]
pub struct QueryArgs {
    /// Recordings (several, or several files of one), then one SELECT
    #[arg(value_name = "FILE... SQL", required_unless_present = "schema", num_args = 0..)]
    pub words: Vec<OsString>,
    /// Show the tables and their columns
    #[arg(long, exclusive = true)]
    pub schema: bool,
    /// Form of the rows [default: by the ending of --output, else table]
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<RowFormat>,
    /// Write the rows to FILE instead of stdout; it appears when it is whole
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Show N rows at most [default: 1000 in a table, else all]
    #[arg(long, value_name = "N")]
    pub limit: Option<String>,
    /// Neither use nor keep an index beside a recording
    #[arg(long)]
    pub no_cache: bool,
    /// Ask all that was recorded, not only what CMD or the namespace had to do with
    #[arg(long)]
    pub everything: bool,
    #[command(flatten)]
    #[expect(missing_docs, reason = "a doc comment here would become the command's help")]
    pub filters: FilterArgs,
}
