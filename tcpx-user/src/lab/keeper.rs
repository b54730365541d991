//! A program of the reader's, in a namespace of the lab.
//!
//! It is a child of this executable again, which leads a process group of its own and kills that when its stdin ends: with the
//! stage, or with tcpx, however that ends. What the program writes goes to stderr: stdout is for results.

use std::{
    env,
    ffi::OsString,
    fs::File,
    io::{self, Read as _, Write as _},
    net::SocketAddr,
    os::{fd::AsFd as _, unix::process::CommandExt as _},
    path::PathBuf,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    thread,
    time::Duration,
};

use rustix::{
    event::PollFlags,
    process::{Signal, getpgrp, kill_process_group},
};

use super::{Deadline, LabError, Namespace, actor::ARGUMENT};
use crate::command::invoking_user;

/// How long a program may take to do what it is waited for: far more than a connection within one machine.
const PATIENCE: Duration = Duration::from_secs(10);

/// A running program. It ends with this value, and so does all that it has started in its process group.
#[derive(Debug)]
pub(super) struct Keeper {
    name: String,
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: ChildStdout,
    ended: Option<String>,
}

impl Keeper {
    /// Starts `command` with a shell, on the namespace's thread. It finds the address in TCPX_ADDR and TCPX_PORT.
    pub(super) fn start(
        exe: PathBuf,
        namespace: &Namespace,
        (name, command, at): (&str, &str, SocketAddr),
    ) -> Result<Self, LabError> {
        let command = command.to_owned();
        let spawn = move || {
            let mut keeper = Command::new(exe);
            keeper.args([ARGUMENT, "keeper", &command]).process_group(0);
            keeper.env("TCPX_ADDR", at.ip().to_string()).env("TCPX_PORT", at.port().to_string());
            keeper.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()
        };
        let mut child = namespace.run(spawn)?.map_err(LabError::io(format!("start {name}")))?;
        let gone = || LabError::Gone { who: name.to_owned() };
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().ok_or_else(gone)?;
        Ok(Self { name: name.to_owned(), child, stdin, stdout, ended: None })
    }

    /// How long it is waited for.
    pub(super) fn patience() -> Deadline {
        Deadline::after(PATIENCE)
    }

    /// How it ended, if it has.
    pub(super) fn ended(&mut self, deadline: Deadline) -> Result<Option<String>, LabError> {
        if self.ended.is_none() {
            match deadline.poll(self.stdout.as_fd(), PollFlags::IN, &format!("the end of {}", self.name)) {
                Ok(_) => {}
                Err(LabError::Deadline { .. }) => return Ok(None),
                Err(error) => return Err(error),
            }
            let mut text = [0; 256];
            let length = self.stdout.read(&mut text).map_err(LabError::io("read how a program ended"))?;
            self.ended = Some(String::from_utf8_lossy(&text[..length]).trim().to_owned());
        }
        Ok(self.ended.clone())
    }

    /// Ends it, and waits until it is gone.
    pub(super) fn end(&mut self) {
        drop(self.stdin.take());
        // Its death is what was asked for; of whom else there is nothing to say.
        let _ = self.child.wait();
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.end();
    }
}

/// The life of the one in between.
pub(super) fn main(command: OsString) -> io::Result<()> {
    let say = |text: String| writeln!(io::stdout(), "{text}");
    match start(command) {
        Ok(mut child) => drop(thread::spawn(move || match child.wait() {
            Ok(status) => say(status.to_string()),
            Err(error) => say(format!("an unknown status: {error}")),
        })),
        Err(error) => say(format!("no start: {error}"))?,
    }
    io::copy(&mut io::stdin(), &mut io::sink())?;
    Ok(kill_process_group(getpgrp(), Signal::KILL)?)
}

/// As the user who called sudo: what a class writes need not be root.
fn start(command: OsString) -> io::Result<Child> {
    let user = invoking_user(&|name| env::var(name).ok()).map_err(io::Error::other)?;
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(command).stdin(File::open("/dev/null")?);
    shell.stdout(io::stderr().as_fd().try_clone_to_owned()?);
    if let Some(user) = &user {
        shell.envs(user.environment());
    }
    thread::scope(|scope| {
        let spawner = scope.spawn(|| {
            user.as_ref()
                .map_or(Ok(()), crate::command::User::become_on_this_thread)
                .map_err(io::Error::other)?;
            shell.spawn()
        });
        spawner.join().unwrap_or_else(|_| Err(io::Error::other("the thread panicked")))
    })
}
