//! The socket on which a daemon can be told to hand over: only its own user and root may open it.

use std::{
    fs,
    os::unix::{fs::PermissionsExt as _, net::UnixListener},
    path::{Path, PathBuf},
};

use crate::cli::failure::Failure;

/// Where it is, of the daemon with this socket.
#[must_use]
pub fn path(socket: &Path) -> PathBuf {
    with(socket, ".takeover")
}

/// Makes it, in place of one that was left behind.
///
/// # Errors
/// It cannot be made.
pub fn door(socket: &Path) -> Result<UnixListener, Failure> {
    let path = path(socket);
    let fresh = with(&path, ".new");
    let making = Failure::io(format!("listening on {}", path.display()));
    let made = || {
        let _ = fs::remove_file(&fresh);
        let listener = UnixListener::bind(&fresh)?;
        // It appears with its mode.
        fs::set_permissions(&fresh, fs::Permissions::from_mode(0o600))?;
        fs::rename(&fresh, &path)?;
        Ok(listener)
    };
    made().map_err(making)
}

fn with(path: &Path, end: &str) -> PathBuf {
    let mut longer = path.as_os_str().to_owned();
    longer.push(end);
    longer.into()
}
