//! The traced command: `tcpx trace -- CMD ARG…`.
//!
//! It is started after the hooks are attached, so no gate holds it back. Like strace, tcpx stays out of its way: it
//! has the terminal, its signals (Ctrl-C reaches the whole foreground group; tcpx itself has to outlive it to print
//! the summary) and its exit status. A stdout of its own it has only if results go to a file.

mod user;
mod wait;

use std::{
    env,
    ffi::OsString,
    io,
    os::fd::AsFd as _,
    process::{Command, Stdio},
    thread,
};

use rustix::process::{getpid, set_child_subreaper};

pub(crate) use self::user::{find_group, find_user, stranger};
pub use self::{user::User, wait::Running};

/// What to start.
#[derive(Clone, Debug)]
pub struct Request {
    /// The program and its arguments.
    pub argv: Vec<OsString>,
    /// `--user`: a name or a user id. Without, the user that called sudo.
    pub user: Option<String>,
    /// Its stdout is tcpx's; else its stdout is tcpx's stderr, so that results have stdout for themselves.
    pub own_stdout: bool,
}

/// Why it did not start.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// `--` with nothing behind it.
    #[error("no command: give it after `--`")]
    Empty,
    /// No such program.
    #[error("{0}: command not found")]
    NotFound(String),
    /// It is there but cannot be run.
    #[error("{0}: cannot be run: {1}")]
    NotExecutable(String, #[source] io::Error),
    /// No such user.
    #[error(
        "--user {0}: no such user in /etc/passwd; a user of a directory service can be given by its number"
    )]
    NoUser(String),
    /// Not allowed to become that user.
    #[error("cannot run the command as user {0}: {1}; run tcpx as root, or without --user")]
    Become(u32, #[source] io::Error),
    /// Anything else.
    #[error("cannot {0}: {1}")]
    System(&'static str, #[source] io::Error),
}

impl CommandError {
    /// As shells have it: 127 if the command was not found, 126 if it could not be run; 1 if tcpx is to blame.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::NotFound(_) => 127,
            Self::NotExecutable(..) => 126,
            _ => 1,
        }
    }
}

/// The user that called sudo, if tcpx is root by that.
pub(crate) fn invoking_user(
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<User>, CommandError> {
    user::choose(None, environment)
}

/// Starts the command. All its descendants become tcpx's to wait for, also those that their parents left.
///
/// [`Running`] reaps every child of this process from now on: nothing else may wait for one of its own meanwhile.
///
/// # Errors
/// The user or the program is not there or may not be used.
pub fn start(request: &Request) -> Result<Running, CommandError> {
    let user = user::choose(request.user.as_deref(), &|name| env::var(name).ok())?;
    let mut command = prepare(request, user.as_ref())?;
    set_child_subreaper(Some(getpid()))
        .map_err(|error| CommandError::System("become the reaper of the command's children", error.into()))?;
    let program = command.get_program().to_string_lossy().into_owned();
    let child = thread::scope(|scope| {
        let spawner = scope.spawn(|| {
            user.as_ref().map_or(Ok(()), User::become_on_this_thread)?;
            command.spawn().map_err(|error| not_started(program, error))
        });
        let panicked = || CommandError::System("start the command", io::Error::other("the thread panicked"));
        spawner.join().unwrap_or_else(|_| Err(panicked()))
    })?;
    Running::new(child.id())
}

/// A user is a property of a thread, as a namespace is: the thread that starts the command becomes the user first,
/// and the child inherits that. `Command::uid` could not set supplementary groups.
fn prepare(request: &Request, user: Option<&User>) -> Result<Command, CommandError> {
    let (program, arguments) = request.argv.split_first().ok_or(CommandError::Empty)?;
    let mut command = Command::new(program);
    command.args(arguments);
    if !request.own_stdout {
        let stderr = io::stderr().as_fd().try_clone_to_owned();
        command.stdout(Stdio::from(stderr.map_err(|error| CommandError::System("share stderr", error))?));
    }
    if let Some(user) = user {
        command.envs(user.environment());
    }
    Ok(command)
}

fn not_started(program: String, error: io::Error) -> CommandError {
    match error.kind() {
        io::ErrorKind::NotFound => CommandError::NotFound(program),
        // execvp says so too if it may not look into one directory of PATH, as root's own ones under --user.
        io::ErrorKind::PermissionDenied if !program.contains('/') && !in_path(&program) => {
            CommandError::NotFound(program)
        }
        _ => CommandError::NotExecutable(program, error),
    }
}

fn in_path(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|directory| directory.join(program).is_file())
}

#[cfg(test)]
mod tests;
