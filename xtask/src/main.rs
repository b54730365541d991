//! `cargo xtask`: builds, tests and measures tcpx. The only other tool that a machine needs is cargo.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a tool for developers, whose output is its progress"
)]

mod apt;
mod command;
mod ebpf;
mod paths;
mod trials;
mod vm;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Builds, tests and measures tcpx")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Builds the eBPF object that is committed as tcpx-user/bpf/tcpx-x86_64.bpf.o
    BuildEbpf {
        /// Write nothing; fail if the committed object is not, byte for byte, what its source builds
        #[arg(long)]
        check: bool,
    },
    /// Test guests: any of Debian's kernels under QEMU
    #[command(subcommand)]
    Vm(vm::Vm),
}

fn main() -> ExitCode {
    if let Some(code) = ebpf::wrapper::main() {
        return code;
    }
    let result = match Cli::parse().task {
        Task::BuildEbpf { check: true } => ebpf::check(),
        Task::BuildEbpf { check: false } => ebpf::build(),
        Task::Vm(vm) => vm::main(vm),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
