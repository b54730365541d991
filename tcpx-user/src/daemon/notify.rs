//! What systemd is told (sd_notify(3)), if it started the daemon.

use std::{
    ffi::OsStr,
    io,
    os::{
        linux::net::SocketAddrExt as _,
        unix::{
            ffi::OsStrExt as _,
            net::{SocketAddr, UnixDatagram},
        },
    },
    time::Duration,
};

use sd_notify::NotifyState;

/// All is attached, or a reload is done.
pub fn ready(status: &str) {
    tell(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// The configuration is being read; [`ready`] follows.
pub fn reloading() {
    // Without the time systemd would take the next READY for an old one (Type=notify-reload).
    if let Ok(time) = NotifyState::monotonic_usec_now() {
        tell(&[NotifyState::Reloading, time]);
    }
}

/// There is a service manager that wants to know.
#[must_use]
pub fn is_supervised() -> bool {
    std::env::var_os("NOTIFY_SOCKET").is_some()
}

/// That process is the service from now on: told by this one, as systemd hears the main process and not its successor (NotifyAccess=exec).
pub fn main_is(pid: u32) {
    tell(&[NotifyState::MainPid(pid)]);
}

/// The end has begun.
pub fn stopping() {
    tell(&[NotifyState::Stopping, NotifyState::Status("ending")]);
}

/// One line, for people.
pub fn status(status: &str) {
    tell(&[NotifyState::Status(status)]);
}

/// A self-probe went the whole way.
pub fn alive() {
    tell(&[NotifyState::Watchdog]);
}

/// How often systemd wants to be told that.
#[must_use]
pub fn watchdog() -> Option<Duration> {
    sd_notify::watchdog_enabled()
}

/// Without systemd there is nobody to tell, and one that does not listen is no reason to stop, or to wait.
fn tell(state: &[NotifyState<'_>]) {
    let Some(socket) = std::env::var_os("NOTIFY_SOCKET") else { return };
    let lines: Vec<_> = state.iter().map(ToString::to_string).collect();
    let text = lines.join("\n");
    let _ = send(&socket, text.as_bytes());
}

/// `@NAME` is a socket without a file.
fn send(socket: &OsStr, text: &[u8]) -> io::Result<()> {
    let to = match socket.as_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
        path => SocketAddr::from_pathname(OsStr::from_bytes(path))?,
    };
    let from = UnixDatagram::unbound()?;
    from.set_nonblocking(true)?;
    from.send_to_addr(text, &to).map(drop)
}
