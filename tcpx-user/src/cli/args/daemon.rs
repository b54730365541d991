//! What was typed behind `tcpx daemon`.

use std::path::PathBuf;

/// `tcpx daemon`
#[derive(Debug, Default, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
#[command(group(clap::ArgGroup::new("action").args(["check_config", "print_config", "status", "reload"])))]
pub struct DaemonArgs {
    /// Configuration [default: /etc/tcpx/daemon.toml if it is there]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Ask the helper behind this unix socket, which systemd starts, instead of starting one
    #[arg(long, value_name = "SOCKET", conflicts_with_all = ["check_config", "print_config", "status"])]
    pub helper: Option<PathBuf>,
    /// Take over from the daemon that runs on the same socket, so that nothing is missed; without one, just start
    #[arg(long, conflicts_with = "action")]
    pub takeover: bool,
    /// Say whether the configuration is right, and do no more
    #[arg(long)]
    pub check_config: bool,
    /// Print a configuration with all keys, their defaults and what they mean
    #[arg(long, conflicts_with = "config")]
    pub print_config: bool,
    /// Ask the running daemon how it is
    #[arg(long)]
    pub status: bool,
    /// Have the running daemon read its configuration again; if it runs another program than this one, as after an upgrade,
    /// start this one and let it take over (systemctl reload)
    #[arg(long)]
    pub reload: bool,
}
