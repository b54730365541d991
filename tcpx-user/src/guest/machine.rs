//! One guest: started, heard, and gone when this is done with it, whatever happens.

mod folder;
mod order;

use std::{
    io::{self, BufReader},
    os::unix::process::CommandExt as _,
    process::{Child, ChildStdout, Command, Stdio},
    sync::{
        atomic::Ordering,
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use tcpx_guest::qemu::{self, Accelerator};

use super::{
    frames::{Kind, receive},
    inside, keeper,
};
use folder::{Folder, last_lines};
pub use order::{GuestError, Heard, Order};

/// Where a command in a guest writes the file that the host wants.
pub const PAGE: &str = "/run/tcpx-page";

/// How long a processor may take to boot a kernel with /dev/kvm. Some that offer it never do, in a machine that is virtual itself.
const KVM_PATIENCE: Duration = Duration::from_secs(20);
/// How often it is looked whether the guest should go on.
const LOOK: Duration = Duration::from_millis(100);

/// Runs a guest and hears what it tells; the exit status of its command.
///
/// The calling thread must live as long as the guest: QEMU dies with it.
///
/// # Errors
/// When the guest does not come to the end of its command.
pub fn run(order: &Order<'_>, hear: &mut dyn FnMut(Heard)) -> Result<i32, GuestError> {
    let deadline = Instant::now() + order.limit;
    let folder = Folder::new().map_err(io("making a folder for a guest"))?;
    folder.write("initrd", order.files).map_err(io("writing a guest's first file system"))?;
    if order.kvm {
        hear(Heard::Booting(true));
        match boot(order, &folder, Accelerator::Kvm, deadline, hear)? {
            Ended::With(code) => return Ok(code),
            Ended::BeforeBoot(_) => hear(Heard::NoKvm),
        }
    }
    hear(Heard::Booting(false));
    match boot(order, &folder, Accelerator::Tcg, deadline, hear)? {
        Ended::With(code) => Ok(code),
        Ended::BeforeBoot(console) => Err(GuestError::Died { when: "while it booted", console }),
    }
}

fn io(doing: &'static str) -> impl Fn(io::Error) -> GuestError {
    move |source| GuestError::Io { doing, source }
}

/// How one boot ended.
enum Ended {
    /// The command came to its end.
    With(i32),
    /// The kernel never came to its first process; its console.
    BeforeBoot(String),
}

fn boot(
    order: &Order<'_>,
    folder: &Folder,
    accelerator: Accelerator,
    deadline: Instant,
    hear: &mut dyn FnMut(Heard),
) -> Result<Ended, GuestError> {
    let mut qemu = Qemu::start(&command(order, folder, accelerator), folder)?;
    let kvm_ends = (accelerator == Accelerator::Kvm).then(|| Instant::now() + KVM_PATIENCE);
    let mut booted = false;
    loop {
        match qemu.frames.recv_timeout(LOOK) {
            Ok(Ok((Kind::Exit, code))) => return Qemu::exit(&code),
            Ok(Ok((Kind::Failed, why))) => {
                return Err(GuestError::Inside(String::from_utf8_lossy(&why).into_owned()));
            }
            Ok(Ok((Kind::Booted, _))) => booted = true,
            Ok(Ok((kind, content))) => hear(told(kind, content)),
            Ok(Err(error)) => return Err(io("reading what a guest tells")(error)),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return qemu.died(booted, accelerator),
        }
        if order.stop.load(Ordering::Relaxed) {
            return Err(GuestError::Stopped);
        }
        if !booted && kvm_ends.is_some_and(|end| Instant::now() > end) {
            return Ok(Ended::BeforeBoot(String::new()));
        }
        if Instant::now() > deadline {
            let console = last_lines(&folder.path("console"));
            let console = if console.is_empty() { console } else { format!("; its console:\n{console}") };
            return Err(GuestError::Limit { limit: order.limit, console });
        }
    }
}

fn told(kind: Kind, content: Vec<u8>) -> Heard {
    match kind {
        Kind::Err => Heard::Err(content),
        Kind::Page => Heard::Page(content),
        Kind::Runs => Heard::Runs,
        _ => Heard::Out(content),
    }
}

fn command(order: &Order<'_>, folder: &Folder, accelerator: Accelerator) -> Command {
    let first = format!(" -- {}", inside::ARGUMENT);
    let mut command = qemu::machine(accelerator, &order.kernel.image(), &folder.path("initrd"), &first);
    // A path with a comma has it twice in QEMU's options.
    let console = folder.path("console").display().to_string().replace(',', ",,");
    command.args(["-chardev", &format!("file,id=console,path={console}"), "-serial", "chardev:console"]);
    command.args(["-chardev", "stdio,id=results,signal=off", "-serial", "chardev:results"]);
    if order.shares {
        let files = "local,id=files,path=/,security_model=none,readonly=on,multidevs=remap";
        let device = format!("virtio-9p-pci,fsdev=files,mount_tag={}", inside::SHARED);
        command.args(["-fsdev", files, "-device", &device]);
    }
    command
}

type Frame = io::Result<(Kind, Vec<u8>)>;

/// A running QEMU. It ends with this value.
struct Qemu<'a> {
    child: Killed,
    frames: Receiver<Frame>,
    folder: &'a Folder,
}

/// A child that does not outlive this value.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // Of a child that is gone already there is nothing to say.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl<'a> Qemu<'a> {
    fn start(command: &Command, folder: &'a Folder) -> Result<Self, GuestError> {
        let said = folder.create("qemu").map_err(io("making a file for what QEMU says"))?;
        let mut keeper = Command::new("/proc/self/exe");
        keeper.arg(keeper::ARGUMENT).arg(std::process::id().to_string());
        // Ctrl-C is for tcpx alone, which then ends it.
        keeper.arg(command.get_program()).args(command.get_args()).process_group(0);
        keeper.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(said);
        let mut child = Killed(keeper.spawn().map_err(io("starting QEMU"))?);
        let stdout = child.0.stdout.take();
        let stdout = stdout.ok_or_else(|| io("starting QEMU")(io::Error::other("it has no stdout")))?;
        let frames = frames(stdout).map_err(io("starting a thread"))?;
        Ok(Self { child, frames, folder })
    }

    /// The command has ended, and QEMU is about to.
    fn exit(code: &[u8]) -> Result<Ended, GuestError> {
        let text = String::from_utf8_lossy(code);
        match text.parse() {
            Ok(code) => Ok(Ended::With(code)),
            Err(_) => Err(GuestError::Inside(format!("the guest told \"{text}\" for an exit status"))),
        }
    }

    /// It told no exit status.
    fn died(&mut self, booted: bool, accelerator: Accelerator) -> Result<Ended, GuestError> {
        let status = self.child.0.wait().map_err(io("waiting for QEMU"))?;
        let console = last_lines(&self.folder.path("console"));
        if status.code() == Some(127) {
            return Err(GuestError::NoQemu);
        }
        if booted {
            return Err(GuestError::Died { when: "while the lab ran", console });
        }
        if status.success() || accelerator == Accelerator::Kvm {
            return Ok(Ended::BeforeBoot(console));
        }
        let said = std::fs::read(self.folder.path("qemu")).unwrap_or_default();
        Err(GuestError::Qemu { status, said: String::from_utf8_lossy(&said).trim().to_owned() })
    }
}

/// What the guest tells, as it comes; the thread ends with QEMU.
fn frames(stdout: ChildStdout) -> io::Result<Receiver<Frame>> {
    // A reader that is slow makes the guest wait, and takes no memory.
    let (say, frames): (SyncSender<Frame>, _) = sync_channel(16);
    thread::Builder::new().name("guest".to_owned()).spawn(move || {
        let mut stdout = BufReader::new(stdout);
        while let Some(frame) = receive(&mut stdout).transpose() {
            let failed = frame.is_err();
            if say.send(frame).is_err() || failed {
                break;
            }
        }
    })?;
    Ok(frames)
}
