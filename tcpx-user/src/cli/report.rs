//! `tcpx report`: what was typed, and what it means.

use std::path::PathBuf;

use super::{args::FilterArgs, failure::Failure, filter::Filter};

/// Ends `tcpx report --help`.
pub(super) const HELP: &str = "\
Examples:
  tcpx report host.tcpx -w report.html          all of it, in one page
  tcpx report host.tcpx -w web.html --comm nginx --port 443
  tcpx report /var/log/tcpx.*.tcpx -w report.html
      the files of one recording, in their order
  tcpx report host.tcpx -w - | ssh desk 'cat > report.html'

The page is one file for any browser: it loads nothing from anywhere, so it can be mailed or attached to a ticket. It names what
the recording names: addresses, processes, containers. However long the recording is, the page stays below 5 MB: its counts are
exact, and of each verdict and process it shows a fair choice in full and says how many that are.

Needs no privilege and no BPF. Where a recording is cut short or damaged, the page tells of all before that place, and says so.

Exit status: 0 done; 1 could not, or not to the end; 2 wrong use; 3 events were lost when it was recorded.";

/// `tcpx report`
#[derive(Debug, Default, clap::Args)]
#[command(override_usage = "tcpx report REC... -w FILE [FILTERS]")]
pub struct ReportArgs {
    /// Recordings: one, or the files of one in their order
    #[arg(value_name = "REC", required = true)]
    pub files: Vec<PathBuf>,
    /// Where the page goes: a file, which is replaced once the page is whole, or - for stdout
    #[arg(short = 'w', long, value_name = "FILE", required = true)]
    pub write: Option<PathBuf>,
    /// Tell of all that was recorded, not only what CMD or the namespace had to do with
    #[arg(long)]
    pub everything: bool,
    #[command(flatten)]
    #[expect(missing_docs, reason = "a doc comment here would become the command's help")]
    pub filters: FilterArgs,
}

/// `tcpx report`, ready to be carried out.
#[derive(Debug)]
pub struct Report {
    /// The files of one recording, in their order.
    pub files: Vec<PathBuf>,
    /// Where the page goes; `None` is stdout.
    pub to: Option<PathBuf>,
    /// Also what was not shown when it was recorded.
    pub everything: bool,
    /// What to keep.
    pub filter: Filter,
    /// The filters as they were typed, for the page to say: options and values.
    pub typed: Vec<(String, String)>,
}

/// Checks what was typed.
///
/// # Errors
/// [`Failure::Usage`] with the value that means nothing, and what would.
pub(super) fn report(typed: ReportArgs) -> Result<Report, Failure> {
    let filter = Filter::parse(&typed.filters).map_err(|wrong| Failure::Usage(wrong.to_string()))?;
    Ok(Report {
        to: typed.write.filter(|path| path.as_os_str() != "-"),
        everything: typed.everything,
        filter,
        typed: as_typed(&typed.filters, typed.everything),
        files: typed.files,
    })
}

fn as_typed(filters: &FilterArgs, everything: bool) -> Vec<(String, String)> {
    let FilterArgs { pid, comm, uid, addr, port, lport, rport, netns, cgroup, outcome, verdict } = filters;
    let all = [
        ("--pid", pid),
        ("--comm", comm),
        ("--uid", uid),
        ("--addr", addr),
        ("--port", port),
        ("--lport", lport),
        ("--rport", rport),
        ("--netns", netns),
        ("--cgroup", cgroup),
        ("--outcome", outcome),
        ("--verdict", verdict),
    ];
    let given = all.into_iter().filter(|(_, values)| !values.is_empty());
    let given = given.map(|(option, values)| (option.to_owned(), values.join(", ")));
    let everything = everything.then(|| ("--everything".to_owned(), String::new()));
    everything.into_iter().chain(given).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_can_say_which_filters_there_were() {
        let args = ReportArgs {
            write: Some("-".into()),
            filters: FilterArgs { port: vec!["80".into(), "443".into()], ..FilterArgs::default() },
            everything: true,
            ..ReportArgs::default()
        };
        let report = report(args).expect("valid");
        assert_eq!(report.to, None);
        let said = [("--everything", ""), ("--port", "80, 443")];
        assert_eq!(report.typed, said.map(|(option, values)| (option.to_owned(), values.to_owned())));
    }
}
