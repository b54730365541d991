//! `tcpx explain`: what may be typed.

use super::{Format, LangArgs};

/// `tcpx explain`
#[derive(Debug, Default, clap::Args)]
pub struct ExplainArgs {
    /// A verdict, an errno such as ECONNREFUSED or 111, or the text of an error; none lists all verdicts
    #[arg(value_name = "WHAT")]
    pub query: Vec<String>,
    /// List where backends see less than others
    #[arg(long, conflicts_with = "query")]
    pub backends: bool,
    /// Form of the answer
    #[arg(short = 'o', value_name = "FORMAT", default_value = "text")]
    pub format: Format,
    #[command(flatten)]
    #[expect(missing_docs, reason = "a doc comment here would become the command's help")]
    pub lang: LangArgs,
}
