//! `tcpx lab`: what may be typed.

use std::path::PathBuf;

use super::{HookArgs, LangArgs, OutputArgs};

/// `tcpx lab`
#[derive(Debug, Default, clap::Args)]
pub struct LabArgs {
    /// Scenarios to play, or files of your own (NAME.toml), or all
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// List the scenarios
    #[arg(long, conflicts_with = "names")]
    pub list: bool,
    #[command(flatten)]
    #[expect(missing_docs, reason = "a doc comment here would become the command's help")]
    pub lang: LangArgs,
    #[command(flatten)]
    #[expect(missing_docs, reason = "as above")]
    pub course: CourseArgs,
    #[command(flatten)]
    #[expect(missing_docs, reason = "as above")]
    pub programs: ProgramArgs,
    #[command(flatten)]
    #[expect(missing_docs, reason = "as above")]
    pub kernels: KernelArgs,
    #[command(flatten)]
    #[expect(missing_docs, reason = "as above")]
    pub output: OutputArgs,
    #[command(flatten)]
    #[expect(missing_docs, reason = "as above")]
    pub hooks: HookArgs,
}

/// Programs of the reader's.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Programs of your own")]
pub struct ProgramArgs {
    /// Run this in the place of the client, with TCPX_ADDR and TCPX_PORT in its environment
    #[arg(long, value_name = "CMD", conflicts_with = "list")]
    pub client: Option<String>,
    /// Run this in the place of the server, until the end
    #[arg(long, value_name = "CMD", conflicts_with = "list")]
    pub server: Option<String>,
}

/// Other kernels.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Other kernels")]
pub struct KernelArgs {
    /// Play it in guests under QEMU, one for each kernel, side by side: 6.1,7.2, or files (a bzImage, a .deb)
    #[arg(long, value_name = "KERNEL", value_delimiter = ',', conflicts_with_all = ["list", "task"])]
    pub kernel: Vec<String>,
    /// Fetch kernels for that by the system's package manager, without installing them: 6.1,7.2
    #[arg(long, value_name = "SERIES", value_delimiter = ',', conflicts_with_all = ["list", "names", "kernel"])]
    pub fetch_kernel: Vec<String>,
    /// In a guest: tell the host all that it may want to show
    #[arg(long, hide = true)]
    pub for_host: bool,
}

/// Options for a course.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Course")]
pub struct CourseArgs {
    /// Show it step by step, with questions: Enter goes on, q ends
    #[arg(long, conflicts_with = "list")]
    pub step: bool,
    /// Draw what passed between client, kernel and server
    #[arg(long, conflicts_with = "list")]
    pub diagram: bool,
    /// Show the tasks of a scenario
    #[arg(long, conflicts_with_all = ["list", "step", "diagram", "write", "client", "server", "check"])]
    pub task: bool,
    /// Play this file, and say whether it does what a task of the scenario asks for
    #[arg(long, value_name = "FILE", conflicts_with_all = ["list", "step", "diagram", "write", "client", "server"])]
    pub check: Option<String>,
    /// Write it as one page for a browser: steps, sequence, and the way through the receive path
    #[arg(short = 'w', long, value_name = "FILE", conflicts_with = "list")]
    pub write: Option<PathBuf>,
}
