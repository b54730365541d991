//! `cargo xtask`: builds, tests and measures tcpx. The only other tool that a machine needs is cargo.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a tool for developers, whose output is its progress"
)]

mod apt;
mod bench;
mod book;
mod btf_fixture;
mod check;
mod command;
mod docs;
mod ebpf;
mod fuzz;
mod package;
mod paths;
mod protos;
mod setup;
mod soak;
mod tail;
mod test;
mod tools;
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
    /// Installs what the tests need, through Debian's package manager; quick when all is there
    Setup,
    /// Lints for this machine and for the BPF target
    Check,
    /// Runs all tests: lints, host tests, the committed object, trials on this kernel and in guests
    Test(test::Options),
    /// Builds the eBPF object that is committed as tcpx-user/bpf/tcpx-x86_64.bpf.o
    BuildEbpf {
        /// Write nothing; fail if the committed object is not, byte for byte, what its source builds
        #[arg(long, conflicts_with = "log")]
        check: bool,
        /// Build the object that logs what its programs do, for `tcpx --bpf-log`; it is never committed
        #[arg(long)]
        log: bool,
    },
    /// Makes tcpx-user/tests/data/btf: what tcpx asks of the types of each kernel of the guests
    BtfFixture,
    /// Checks what hooks rely on against the types of every kernel in the cache, and names what moved
    Protos,
    /// Writes the pages of docs/ that are made from the source
    Docs,
    /// Builds the book of docs/book, follows its links, and compares the output that it shows with what the commands print
    Book(book::Options),
    /// Makes the package for Debian, and what a container image is made of, in target/package
    Package(package::Options),
    /// Lets libFuzzer try what reads recordings, 10 million inputs each: minutes to an hour
    Fuzz(fuzz::Options),
    /// Puts tcpx daemon under load while all that can go wrong does, and looks whether anything is lost; needs root
    Soak(soak::Options),
    /// Measures what tracing costs, as ratios in one run; needs root and a quiet machine
    Bench(bench::Options),
    /// Test guests: any of Debian's kernels under QEMU
    #[command(subcommand)]
    Vm(vm::Vm),
}

fn main() -> ExitCode {
    if let Some(code) = ebpf::wrapper::main() {
        return code;
    }
    let result = match Cli::parse().task {
        Task::Setup => setup::run(),
        Task::Check => check::run(),
        Task::Test(options) => test::run(&options),
        Task::BuildEbpf { check: true, .. } => ebpf::check(),
        Task::BuildEbpf { log: true, .. } => ebpf::build_logging(),
        Task::BuildEbpf { .. } => ebpf::build(),
        Task::BtfFixture => btf_fixture::run(),
        Task::Protos => protos::run(),
        Task::Docs => docs::run(),
        Task::Book(options) => book::run(&options).map(drop),
        Task::Package(options) => package::run(&options),
        Task::Fuzz(options) => fuzz::run(&options),
        Task::Soak(options) => soak::run(&options),
        Task::Bench(options) => bench::run(&options),
        Task::Vm(vm) => vm::main(vm),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // The summary has said it all, and its totals are the last line.
        Err(error) if error.is::<Silent>() => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// A failure of which everything has been said.
#[derive(Debug)]
pub(crate) struct Silent;

impl std::fmt::Display for Silent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("some tests failed")
    }
}

impl std::error::Error for Silent {}
