//! `tcpx daemon`: which of the things that it can do.

use std::path::PathBuf;

use crate::cli::args::DaemonArgs;

/// `tcpx daemon`
#[derive(Debug, PartialEq, Eq)]
pub struct Daemon {
    /// The configuration, if another than the usual one.
    pub config: Option<PathBuf>,
    /// Socket of a helper that somebody else starts.
    pub helper: Option<PathBuf>,
    /// Take over from the one that runs.
    pub takeover: bool,
    /// What to do.
    pub action: Action,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Be the daemon.
    Run,
    /// Check the configuration.
    Check,
    /// Print one.
    Print,
    /// Ask the daemon that runs.
    Status,
    /// Have the daemon that runs read its configuration again, or another program take over from it.
    Reload,
}

pub(super) fn daemon(typed: DaemonArgs) -> Daemon {
    let action = match typed {
        DaemonArgs { check_config: true, .. } => Action::Check,
        DaemonArgs { print_config: true, .. } => Action::Print,
        DaemonArgs { status: true, .. } => Action::Status,
        DaemonArgs { reload: true, .. } => Action::Reload,
        DaemonArgs { .. } => Action::Run,
    };
    Daemon { config: typed.config, helper: typed.helper, takeover: typed.takeover, action }
}
