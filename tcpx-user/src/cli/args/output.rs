//! Form and place of results.

use std::path::PathBuf;

use clap::ValueEnum as _;

use super::Format;

/// Options about results.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Output")]
pub struct OutputArgs {
    /// Form of the results
    #[arg(short = 'o', value_name = "FORMAT", default_value = "text")]
    pub format: Format,
    /// Write results to FILE instead of stdout
    #[arg(long, value_name = "FILE", value_parser = no_format)]
    pub output: Option<PathBuf>,
    /// Leave out the kernel's path
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Add times, namespaces, near misses and stacks
    #[arg(short, long)]
    pub verbose: bool,
    /// Show also what worked (JSON always does)
    #[arg(long)]
    pub all: bool,
}

/// Other programs call the form of results `--output`.
pub(super) fn no_format(name: &str) -> Result<PathBuf, String> {
    if Format::from_str(name, false).is_ok() {
        return Err(format!(
            "{name} is a form of results: -o {name}; for a file of that name: --output ./{name}"
        ));
    }
    Ok(name.into())
}
