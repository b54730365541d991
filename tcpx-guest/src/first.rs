//! What the first process of a guest does before anything else, and at its end.

use std::{
    ffi::CString,
    fs::{self, File, OpenOptions},
    path::Path,
};

use anyhow::{Context, Result, bail};
use rustix::{
    mount::{MountFlags, mount},
    system::{RebootCommand, finit_module, reboot},
    termios::{OptionalActions, tcgetattr, tcsetattr},
};

/// The port of the results: the second one, as the first is the console.
pub const RESULTS: &str = "/dev/ttyS1";
/// The modules to load, in order, with parameters after a space.
const MODULES: &str = "/guest/modules";

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

/// Mounts what a system has, below `root` (empty for the guest's own first file system).
pub fn mount_all(root: &str) -> Result<()> {
    for (kind, place, data, required) in MOUNTS {
        let place = format!("{root}{place}");
        let done =
            fs::create_dir_all(&place).and_then(|()| mounted(kind, kind, &place, MountFlags::empty(), data));
        match done {
            Err(error) if *required => bail!("mounting {kind} on {place}: {error}"),
            _ => {}
        }
    }
    fs::create_dir_all(format!("{root}/run/netns")).context("creating /run/netns")
}

/// mount(2), with its data as text.
pub fn mounted(kind: &str, source: &str, place: &str, flags: MountFlags, data: &str) -> std::io::Result<()> {
    let data = CString::new(data)?;
    Ok(mount(source, place, kind, flags, Some(data.as_c_str()))?)
}

/// Loads what was put into the guest of its kernel's modules; says which do not load.
pub fn load_modules() -> Result<Vec<String>> {
    let mut refused = Vec::new();
    let list = fs::read_to_string(MODULES).with_context(|| format!("reading {MODULES}"))?;
    for line in list.lines() {
        let (path, parameters) = line.split_once(' ').unwrap_or((line, ""));
        let parameters = CString::new(parameters)?;
        let file = File::open(path).with_context(|| format!("opening module {path}"))?;
        match finit_module(&file, &parameters, 0) {
            // A module that is built in, or was pulled in by another one, is there all the same.
            Ok(()) | Err(rustix::io::Errno::EXIST) => {}
            Err(error) => refused.push(format!("module {path} does not load: {error}")),
        }
    }
    Ok(refused)
}

/// A port in raw mode, so that bytes arrive as they were written.
pub fn raw_port(path: impl AsRef<Path>) -> Result<File> {
    let path = path.as_ref();
    let port = OpenOptions::new().read(true).write(true).open(path);
    let port = port.with_context(|| format!("opening {}", path.display()))?;
    let mut mode = tcgetattr(&port).context("reading the port's mode")?;
    mode.make_raw();
    tcsetattr(&port, OptionalActions::Now, &mode).context("setting the port to raw mode")?;
    Ok(port)
}

/// Ends the guest. What was written to a port must have been drained before.
///
/// # Panics
/// When the kernel refuses: where this is not the first process of a guest.
pub fn power_off() -> ! {
    let error = reboot(RebootCommand::PowerOff);
    panic!("power-off refused: {error:?}");
}
