//! The first process of a test guest: sets the guest up, runs one command, reports its exit status, powers off.
//!
//! `cargo xtask vm` puts the command into `/guest/command`, one argument a line, and the modules to load, in
//! order, into `/guest/modules`. Console output goes to the first serial port, results to the second.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use tcpx_guest::first::{self, RESULTS};

use crate::report::REPORT;

const COMMAND: &str = "/guest/command";
/// A present file means that the command's own output is the result.
const OUTPUT_IS_RESULT: &str = "/guest/output-is-result";

/// Runs the guest. Never returns: the machine is off afterwards, whatever happened.
pub(crate) fn run() -> ! {
    // `cargo xtask vm` tells by it whether the kernel has booted.
    eprintln!("guest init: begins");
    if let Err(error) = guest() {
        eprintln!("guest init failed: {error:?}");
    }
    // Results have left the port when it is drained; nothing else here needs a sync.
    first::power_off();
}

fn guest() -> Result<()> {
    first::mount_all("")?;
    for refused in first::load_modules()? {
        eprintln!("guest init: {refused}");
    }
    loopback_up()?;
    let mut port = first::raw_port(RESULTS)?;
    let code = run_command(&port)?;
    writeln!(port, "{{\"exit\":{code}}}").context("writing the exit status to the result port")?;
    rustix::termios::tcdrain(&port).context("draining the result port")
}

fn loopback_up() -> Result<()> {
    let status = Command::new("/usr/bin/ip")
        .args(["link", "set", "lo", "up"])
        .status()
        .context("running ip link set lo up")?;
    if status.success() { Ok(()) } else { bail!("ip link set lo up: {status}") }
}

/// The exit status as a shell would tell it: 128 and the signal's number for one that was killed.
fn run_command(port: &File) -> Result<i32> {
    let text = fs::read_to_string(COMMAND).with_context(|| format!("reading {COMMAND}"))?;
    let mut words = text.lines();
    let program = words.next().with_context(|| format!("{COMMAND} is empty"))?;
    let mut command = Command::new(program);
    command
        .args(words)
        .current_dir("/tmp")
        .stdin(Stdio::null())
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("HOME", "/tmp")
        .env("TERM", "dumb")
        .env("RUST_BACKTRACE", "1")
        .envs(guest_environment()?)
        .env(REPORT, RESULTS);
    if Path::new(OUTPUT_IS_RESULT).exists() {
        command.stdout(port.try_clone()?).stderr(port.try_clone()?).env_remove(REPORT);
    }
    let status = command.status().with_context(|| format!("running {program}"))?;
    Ok(status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0)))
}

/// `NAME=value` lines that `cargo xtask vm` hands over, such as the kernel that the trials should find.
fn guest_environment() -> Result<Vec<(String, String)>> {
    let text = fs::read_to_string("/guest/environment").context("reading /guest/environment")?;
    Ok(text
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(k, v)| (k.to_owned(), v.to_owned()))
        .collect())
}
