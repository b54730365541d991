//! The first process of a guest: sets it up, runs tcpx, tells what that wrote, powers off.

use std::{
    fs,
    fs::File,
    io::{self, Read, Write as _},
    os::unix::process::ExitStatusExt as _,
    process::{Child, Command, ExitCode, Stdio},
    sync::{Mutex, PoisonError},
    thread,
};

use anyhow::{Context as _, Result};
use rustix::{
    mount::{MountFlags, UnmountFlags, unmount},
    process::chroot,
    termios::tcdrain,
};
use tcpx_guest::first::{RESULTS, load_modules, mount_all, mounted, power_off, raw_port};

use super::{
    frames::{Kind, send},
    job::{Job, PLACE},
    machine::PAGE,
};
use crate::{lab::loopback_up, locked::locked};

/// `argv[1]` of it, from the kernel's command line.
pub const ARGUMENT: &str = "__lab-guest";
/// Name of the device by which the host's files are shared.
pub(super) const SHARED: &str = "hostfiles";
/// Where the command's files are, if the host's are shared.
const HOST: &str = "/host";

/// Does not return where it is the first process. Elsewhere there is nothing for it to do.
#[must_use]
pub fn main() -> ExitCode {
    if std::process::id() != 1 {
        let _ = writeln!(io::stderr(), "tcpx: this is for the first process of a guest");
        return ExitCode::from(2);
    }
    // The console; whoever started the guest shows its end.
    if let Err(error) = tell() {
        let _ = writeln!(io::stderr(), "tcpx in the guest: {error:#}");
    }
    power_off();
}

fn tell() -> Result<()> {
    set_up("")?;
    let port = Mutex::new(raw_port(RESULTS)?);
    say(&port, Kind::Booted, b"")?;
    match perform(&port) {
        Ok(code) => say(&port, Kind::Exit, code.to_string().as_bytes())?,
        Err(error) => say(&port, Kind::Failed, format!("{error:#}").as_bytes())?,
    }
    let port = port.into_inner().unwrap_or_else(PoisonError::into_inner);
    tcdrain(&port).context("draining the port")
}

/// A system's file systems. What is in /tmp is the host's, where a class may work, or the job's.
fn set_up(root: &str) -> Result<()> {
    mount_all(root)?;
    unmount(format!("{root}/tmp"), UnmountFlags::empty()).context("showing what is in /tmp")
}

fn say(port: &Mutex<File>, kind: Kind, content: &[u8]) -> Result<()> {
    let mut port = locked(port);
    send(&mut *port, kind, content).context("writing to the port")
}

fn perform(port: &Mutex<File>) -> Result<i32> {
    let job = fs::read(PLACE).with_context(|| format!("reading {PLACE}"))?;
    let job: Job = serde_json::from_slice(&job).with_context(|| format!("reading {PLACE}"))?;
    for refused in load_modules()? {
        writeln!(io::stderr(), "tcpx in the guest: {refused}")?;
    }
    loopback_up().context("bringing lo up")?;
    if job.shares {
        share().context("sharing the host's files")?;
    }
    let mut child = start(&job)?;
    say(port, Kind::Runs, b"")?;
    forward(&mut child, port)?;
    let status = child.wait().context("waiting for the command")?;
    if let Ok(page) = fs::read(PAGE) {
        say(port, Kind::Page, &page)?;
    }
    // As a shell would tell it.
    Ok(status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0)))
}

/// The host's files with a layer above them: what is written stays here. From then on this is the root.
fn share() -> Result<()> {
    let folders = ["/shared", "/above", HOST];
    folders.iter().try_for_each(fs::create_dir_all)?;
    let options = "trans=virtio,version=9p2000.L,cache=loose,msize=262144";
    mounted("9p", SHARED, "/shared", MountFlags::RDONLY, options).context("mounting 9p")?;
    mounted("tmpfs", "above", "/above", MountFlags::empty(), "mode=0755").context("mounting tmpfs")?;
    ["/above/files", "/above/work"].iter().try_for_each(fs::create_dir)?;
    let layers = "lowerdir=/shared,upperdir=/above/files,workdir=/above/work";
    mounted("overlay", "host", HOST, MountFlags::empty(), layers).context("mounting overlay")?;
    set_up(HOST)?;
    chroot(HOST).context("changing the root")?;
    std::env::set_current_dir("/").context("changing to /")
}

fn start(job: &Job) -> Result<Child> {
    let mut tcpx = Command::new("/proc/self/exe");
    tcpx.args(&job.arguments).env_clear().envs(&job.environment).current_dir(&job.directory);
    tcpx.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    tcpx.spawn().with_context(|| format!("starting tcpx in {}", job.directory))
}

/// Until both streams have ended.
fn forward(child: &mut Child, port: &Mutex<File>) -> Result<()> {
    let (out, err) = (child.stdout.take(), child.stderr.take());
    thread::scope(|scope| {
        let err = scope.spawn(|| err.map_or(Ok(()), |err| copy(err, Kind::Err, port)));
        out.map_or(Ok(()), |out| copy(out, Kind::Out, port))?;
        err.join().unwrap_or_else(|_| anyhow::bail!("the thread panicked"))
    })
}

fn copy(mut from: impl Read, kind: Kind, port: &Mutex<File>) -> Result<()> {
    let mut bytes = vec![0; 16 << 10];
    loop {
        match from.read(&mut bytes).context("reading what the command writes")? {
            0 => return Ok(()),
            length => say(port, kind, &bytes[..length])?,
        }
    }
}
