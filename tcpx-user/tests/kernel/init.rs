//! The first process of a test guest: sets the guest up, runs one command, reports its exit status, powers off.
//!
//! `cargo xtask vm` puts the command into `/guest/command`, one argument a line, and the modules to load, in
//! order, into `/guest/modules`. Console output goes to the first serial port, results to the second.

use std::ffi::CString;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use rustix::mount::{MountFlags, mount};
use rustix::system::{RebootCommand, finit_module, reboot};

use crate::report::REPORT;

const RESULTS: &str = "/dev/ttyS1";
const COMMAND: &str = "/guest/command";
const MODULES: &str = "/guest/modules";
/// A present file means that the command's own output is the result.
const OUTPUT_IS_RESULT: &str = "/guest/output-is-result";

/// Type, place and data of each file system, in the order of mounting. Optional ones may be missing in a kernel.
const MOUNTS: &[(&str, &str, &str, bool)] = &[
    ("proc", "/proc", "", true),
    ("sysfs", "/sys", "", true),
    ("devtmpfs", "/dev", "", true),
    ("devpts", "/dev/pts", "", true),
    ("tmpfs", "/dev/shm", "", false),
    ("tmpfs", "/run", "mode=0755", true),
    ("tmpfs", "/tmp", "mode=1777", true),
    ("tracefs", "/sys/kernel/tracing", "", true),
    ("debugfs", "/sys/kernel/debug", "", false),
    ("bpf", "/sys/fs/bpf", "", true),
    ("cgroup2", "/sys/fs/cgroup", "", true),
    ("securityfs", "/sys/kernel/security", "", false),
];

/// Runs the guest. Never returns: the machine is off afterwards, whatever happened.
pub(crate) fn run() -> ! {
    // `cargo xtask vm` tells by it whether the kernel has booted.
    eprintln!("guest init: begins");
    if let Err(error) = guest() {
        eprintln!("guest init failed: {error:?}");
    }
    // Results have left the port when it is drained; nothing else here needs a sync.
    let error = reboot(RebootCommand::PowerOff);
    panic!("power-off refused: {error:?}");
}

fn guest() -> Result<()> {
    mount_all()?;
    load_modules()?;
    loopback_up()?;
    let mut port = results_port()?;
    let code = run_command(&port)?;
    writeln!(port, "{{\"exit\":{code}}}").context("writing the exit status to the result port")?;
    rustix::termios::tcdrain(&port).context("draining the result port")
}

fn mount_all() -> Result<()> {
    for (kind, place, data, required) in MOUNTS {
        let data = CString::new(*data)?;
        let done = fs::create_dir_all(place).and_then(|()| {
            mount(*kind, *place, *kind, MountFlags::empty(), Some(data.as_c_str())).map_err(Into::into)
        });
        match done {
            Err(error) if *required => bail!("mounting {kind} on {place}: {error}"),
            _ => {}
        }
    }
    fs::create_dir_all("/run/netns").context("creating /run/netns")
}

/// Loads what `cargo xtask vm` found in this kernel's module tree, dependencies first.
fn load_modules() -> Result<()> {
    let list = fs::read_to_string(MODULES).with_context(|| format!("reading {MODULES}"))?;
    for line in list.lines() {
        let (path, parameters) = line.split_once(' ').unwrap_or((line, ""));
        let parameters = CString::new(parameters)?;
        let file = File::open(path).with_context(|| format!("opening module {path}"))?;
        match finit_module(&file, &parameters, 0) {
            // A module that is built in, or was pulled in by another one, is there all the same.
            Ok(()) | Err(rustix::io::Errno::EXIST) => {}
            Err(error) => eprintln!("guest init: module {path} does not load: {error}"),
        }
    }
    Ok(())
}

fn loopback_up() -> Result<()> {
    let status = Command::new("/usr/bin/ip")
        .args(["link", "set", "lo", "up"])
        .status()
        .context("running ip link set lo up")?;
    if status.success() { Ok(()) } else { bail!("ip link set lo up: {status}") }
}

/// The result port in raw mode, so that bytes arrive as they were written.
fn results_port() -> Result<File> {
    let port = OpenOptions::new()
        .read(true)
        .write(true)
        .open(RESULTS)
        .with_context(|| format!("opening {RESULTS}"))?;
    let mut mode = rustix::termios::tcgetattr(&port).context("reading the result port's mode")?;
    mode.make_raw();
    rustix::termios::tcsetattr(&port, rustix::termios::OptionalActions::Now, &mode)
        .context("setting the result port to raw mode")?;
    Ok(port)
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
