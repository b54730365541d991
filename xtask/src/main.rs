//! `cargo xtask`: builds, tests and measures tcpx. The only other tool that a machine needs is cargo.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a tool for developers, whose output is its progress"
)]

mod apt;
mod command;
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
    /// Test guests: any of Debian's kernels under QEMU
    #[command(subcommand)]
    Vm(vm::Vm),
}

fn main() -> ExitCode {
    let result = match Cli::parse().task {
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
