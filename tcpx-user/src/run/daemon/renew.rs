//! `tcpx daemon --reload`, which systemd calls (ExecReload=): the configuration is read again, and after an upgrade the new program takes over.
//!
//! systemd gives such a process the rights of the service, and leaves alone what it has started in the service's cgroup: the new daemon is
//! started by this process and lives on; the one before tells systemd that it is the main process from now on.

use std::{
    env,
    os::unix::process::ExitStatusExt as _,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    thread::sleep,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};

use crate::{
    cli::{failure::Failure, request::Daemon},
    daemon::{
        log::say,
        notify, status,
        takeover::{self, Program, Running, Taking},
    },
};

/// How often it is asked whether the new one answers.
const LOOK: Duration = Duration::from_millis(100);

/// Has the daemon on this socket read its configuration again, or a daemon of this program take its place.
///
/// # Errors
/// There is none, or it goes on as before.
pub(super) fn renew(request: &Daemon, socket: &Path) -> Result<(), Failure> {
    let door = takeover::path(socket);
    let running = Taking::who(&door)?.ok_or_else(|| status::nobody(socket))?;
    let own = Program::own().map_err(Failure::io("looking at /proc/self/exe"))?;
    if running.program == own {
        return hang_up(running.pid);
    }
    if !notify::is_supervised() {
        return Err(Failure::Machine {
            what: format!("process {} is a daemon of another program than this one", running.pid),
            advice: "tcpx daemon --takeover takes its place; --reload does that where systemd calls it"
                .to_owned(),
        });
    }
    say(&format!("reload: process {} runs another program: a daemon of this one takes over", running.pid));
    let child = start(request, &running).map_err(Failure::io("starting a daemon"))?;
    until_it_answers(child, &door)
}

/// Allowed to the daemon's own user, as which systemd starts this process, and to root.
fn hang_up(pid: u32) -> Result<(), Failure> {
    let process = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let sent = process.map_or(Ok(()), |process| kill_process(process, Signal::HUP));
    sent.map_err(|error| Failure::io(format!("sending SIGHUP to process {pid}"))(error.into()))
}

fn start(request: &Daemon, running: &Running) -> std::io::Result<Child> {
    let mut daemon = Command::new(env::current_exe()?);
    daemon.args(["daemon", "--takeover"]).stdin(Stdio::null());
    let options = [("--config", &request.config), ("--helper", &request.helper)];
    for (option, value) in options.into_iter().filter_map(|(option, value)| Some((option, value.as_ref()?))) {
        daemon.arg(option).arg(value);
    }
    if let Some(every) = running.watchdog_us {
        daemon.env("WATCHDOG_USEC", every.to_string()).env_remove("WATCHDOG_PID");
    }
    daemon.spawn()
}

/// The door goes from one to the other when the new one has taken over.
fn until_it_answers(mut child: Child, door: &Path) -> Result<(), Failure> {
    loop {
        if let Some(status) = child.try_wait().map_err(Failure::io("waiting for the new daemon"))? {
            return Err(Failure::Machine {
                what: format!("the new daemon {} before it could take over", ended(status)),
                advice: "the one before goes on; journalctl --unit tcpx says why".to_owned(),
            });
        }
        // While the door goes over, it may be that nobody answers in time.
        if let Ok(Some(running)) = Taking::who(door)
            && running.pid == child.id()
        {
            return Ok(());
        }
        sleep(LOOK);
    }
}

fn ended(status: ExitStatus) -> String {
    match status.signal() {
        Some(signal) => format!("was killed by signal {signal}"),
        None => format!("ended with status {}", status.code().unwrap_or_default()),
    }
}
