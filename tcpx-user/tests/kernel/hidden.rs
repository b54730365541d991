//! A process in whose context this kernel runs no program: some sandboxes keep their process 1 from being traced so. A timer or
//! a packet's softirq that interrupts it is then nobody's to see, and no counter tells. The kernel's own trace has these firings,
//! so that a trial in which something is missing can say whether any were among them.

use std::{fs, io, os::fd::AsRawFd as _, os::fd::OwnedFd, path::PathBuf, sync::OnceLock};

use rustix::mount::{FsMountFlags, FsOpenFlags, MountAttrFlags, fsconfig_create, fsmount, fsopen};

use crate::trials::EXPECTED_RELEASE;

/// What the programs are attached to that softirqs pass.
const EVENTS: [(&str, &str); 5] = [
    ("sock/inet_sock_set_state", ""),
    ("tcp/tcp_send_reset", ""),
    ("tcp/tcp_receive_reset", ""),
    ("tcp/tcp_retransmit_skb", ""),
    // Of IPv4 and IPv6: process 1 frees packets of its own all the time.
    ("skb/kfree_skb", "protocol == 2048 || protocol == 34525"),
];

static TRACE: OnceLock<Option<Trace>> = OnceLock::new();

/// An instance of the kernel's trace that holds what fires in the context of process 1.
struct Trace {
    instance: PathBuf,
    /// Where it is mounted, for us alone.
    _root: OwnedFd,
}

/// Begins to note. Without tracefs nothing is noted, and nothing is excused; nor in a test guest, whose kernel hides nobody.
pub(crate) fn begin() {
    if std::env::var_os(EXPECTED_RELEASE).is_none() {
        TRACE.get_or_init(|| Trace::new().ok());
    }
}

/// Ends it.
pub(crate) fn end() {
    if let Some(Some(trace)) = TRACE.get() {
        // What is left of it would end with the machine.
        let _ = fs::remove_dir(&trace.instance);
    }
}

/// How often one of the tracepoints fired in the context of process 1 since then (boot clock, ns).
pub(crate) fn firings_since(then: u64) -> u64 {
    let text = TRACE.get().and_then(Option::as_ref).and_then(|trace| trace.text().ok()).unwrap_or_default();
    text.lines().filter_map(time_ns).filter(|&time| time >= then).count() as u64
}

impl Trace {
    fn new() -> io::Result<Self> {
        let context = fsopen("tracefs", FsOpenFlags::FSOPEN_CLOEXEC)?;
        fsconfig_create(&context)?;
        let root = fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, MountAttrFlags::empty())?;
        let instance = PathBuf::from(format!(
            "/proc/self/fd/{}/instances/tcpx-trials-{}",
            root.as_raw_fd(),
            std::process::id()
        ));
        fs::create_dir(&instance)?;
        let trace = Self { instance, _root: root };
        trace.note_process_1()?;
        Ok(trace)
    }

    fn note_process_1(&self) -> io::Result<()> {
        self.set("trace_clock", "boot")?;
        for thread in fs::read_dir("/proc/1/task")? {
            self.set("set_event_pid", &thread?.file_name().to_string_lossy())?;
        }
        self.set("options/event-fork", "1")?;
        for (event, filter) in EVENTS {
            if !filter.is_empty() {
                self.set(&format!("events/{event}/filter"), filter)?;
            }
            self.set(&format!("events/{event}/enable"), "1")?;
        }
        Ok(())
    }

    /// Appends, as a shell would: to a list of threads this adds one.
    fn set(&self, file: &str, value: &str) -> io::Result<()> {
        let mut file = fs::OpenOptions::new().append(true).open(self.instance.join(file))?;
        io::Write::write_all(&mut file, value.as_bytes())
    }

    fn text(&self) -> io::Result<String> {
        fs::read_to_string(self.instance.join("trace"))
    }
}

/// `TASK-PID [CPU] FLAGS SECONDS.MICROSECONDS: EVENT: ...`
fn time_ns(line: &str) -> Option<u64> {
    let (before, _) = line.split_once(": ").filter(|_| !line.starts_with('#'))?;
    let (seconds, micros) = before.rsplit(' ').next()?.split_once('.')?;
    let (seconds, micros): (u64, u64) = (seconds.parse().ok()?, micros.parse().ok()?);
    Some(seconds * 1_000_000_000 + micros * 1_000)
}
