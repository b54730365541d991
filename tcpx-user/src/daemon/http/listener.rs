//! Where connections come in, and who may.

use std::{
    collections::BTreeSet,
    fs, io,
    net::{SocketAddr, TcpListener as StdTcp},
    os::{
        fd::{AsFd as _, OwnedFd},
        unix::{
            fs::{FileTypeExt as _, PermissionsExt as _},
            net::{UnixListener as StdUnix, UnixStream as StdStream},
        },
    },
    path::Path,
    sync::Arc,
    time::Duration,
};

use rustix::net::getsockname;
use tokio::{
    net::{TcpListener, UnixListener, unix::UCred},
    sync::Semaphore,
    time::sleep,
};

use super::{
    door::Names,
    guarded::{Connection, Guarded},
};
use crate::{cli::failure::Failure, daemon::log::say};

/// Uids that are remembered, so that each is told of once.
const TOLD: usize = 64;

/// Who may, and how much at once.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Group that the socket's file belongs to.
    pub group: Option<u32>,
    /// Only these users, besides root and the daemon's own; all if empty.
    pub users: BTreeSet<u32>,
    /// Connections at the same time.
    pub connections: usize,
    /// For a reader that takes nothing.
    pub patience: Duration,
    /// Names by which an address may be asked.
    pub hosts: Arc<BTreeSet<String>>,
}

/// A socket that listens, not yet served.
#[derive(Debug)]
pub struct Listening {
    socket: Std,
    name: String,
    rules: Rules,
}

#[derive(Debug)]
enum Std {
    Unix(StdUnix),
    Tcp(StdTcp),
}

impl Listening {
    /// A unix socket. A file that was left behind is taken over; one on which somebody answers is not.
    ///
    /// # Errors
    /// Somebody answers there, or it cannot be made.
    pub fn unix(path: &Path, rules: Rules) -> Result<Self, Failure> {
        let name = path.display().to_string();
        let listening = Failure::io(format!("listening on {name}"));
        refuse_if_served(path)?;
        let socket = bind(path, rules.group).map_err(listening)?;
        Ok(Self { socket: Std::Unix(socket), name, rules })
    }

    /// A TCP address.
    ///
    /// # Errors
    /// It cannot be bound.
    pub fn tcp(addr: SocketAddr, rules: Rules) -> Result<Self, Failure> {
        let name = addr.to_string();
        let socket = StdTcp::bind(addr).map_err(Failure::io(format!("listening on {name}")))?;
        Ok(Self { socket: Std::Tcp(socket), name, rules })
    }

    /// A socket that listens already; which of the two it is its name tells.
    ///
    /// # Errors
    /// It is neither.
    pub fn given(socket: OwnedFd, unix: &Path, rules: Rules) -> Result<Self, Failure> {
        let name = getsockname(&socket).map_err(io::Error::from);
        let name = name.map_err(Failure::io("looking at a socket that was handed over"))?;
        Ok(match SocketAddr::try_from(name) {
            Ok(addr) => Self { socket: Std::Tcp(socket.into()), name: addr.to_string(), rules },
            Err(_) => Self { socket: Std::Unix(socket.into()), name: unix.display().to_string(), rules },
        })
    }

    /// The TCP address.
    #[must_use]
    pub fn addr(&self) -> Option<SocketAddr> {
        match &self.socket {
            Std::Unix(_) => None,
            Std::Tcp(socket) => socket.local_addr().ok(),
        }
    }

    /// A second descriptor of it.
    ///
    /// # Errors
    /// There are too many.
    pub fn handle(&self) -> io::Result<OwnedFd> {
        match &self.socket {
            Std::Unix(socket) => socket.as_fd().try_clone_to_owned(),
            Std::Tcp(socket) => socket.as_fd().try_clone_to_owned(),
        }
    }

    /// Names by which it may be asked.
    pub(super) fn names(&self) -> Names {
        Names { given: Arc::clone(&self.rules.hosts), unix: matches!(self.socket, Std::Unix(_)) }
    }

    /// For [`axum::serve()`], on the runtime that is to serve it.
    pub(super) fn listen(self) -> io::Result<Listener> {
        let socket = match self.socket {
            Std::Unix(socket) => {
                socket.set_nonblocking(true)?;
                Socket::Unix(UnixListener::from_std(socket)?)
            }
            Std::Tcp(socket) => {
                socket.set_nonblocking(true)?;
                Socket::Tcp(TcpListener::from_std(socket)?)
            }
        };
        let room = Arc::new(Semaphore::new(self.rules.connections));
        let own = rustix::process::geteuid().as_raw();
        Ok(Listener { socket, name: self.name, rules: self.rules, room, own, told: BTreeSet::new() })
    }
}

/// Somebody who answers must be ended first: two daemons would count everything twice.
fn refuse_if_served(path: &Path) -> Result<(), Failure> {
    let shown = path.display();
    match fs::symlink_metadata(path) {
        Ok(there) if !there.file_type().is_socket() => Err(Failure::Machine {
            what: format!("{shown} is there and is no socket"),
            advice: "remove it, or choose another socket.path".to_owned(),
        }),
        Ok(_) if StdStream::connect(path).is_ok() => Err(Failure::Machine {
            what: format!("a daemon answers on {shown} already"),
            advice:
                "end that one first (systemctl stop tcpx), take over from it (--takeover), or choose another \
                     socket.path"
                    .to_owned(),
        }),
        _ => Ok(()),
    }
}

/// The file appears with its mode and group, in place of one that was left behind.
fn bind(path: &Path, group: Option<u32>) -> io::Result<StdUnix> {
    if let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) {
        fs::create_dir_all(directory)?;
    }
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(format!(".{}", std::process::id()));
    let _ = fs::remove_file(&fresh);
    let socket = StdUnix::bind(&fresh)?;
    let made = (|| {
        fs::set_permissions(&fresh, fs::Permissions::from_mode(0o660))?;
        if let Some(group) = group {
            std::os::unix::fs::chown(&fresh, None, Some(group))?;
        }
        fs::rename(&fresh, path)
    })();
    if made.is_err() {
        let _ = fs::remove_file(&fresh);
    }
    made.map(|()| socket)
}

enum Socket {
    Unix(UnixListener),
    Tcp(TcpListener),
}

/// For [`axum::serve()`].
pub(super) struct Listener {
    socket: Socket,
    name: String,
    rules: Rules,
    room: Arc<Semaphore>,
    own: u32,
    told: BTreeSet<u32>,
}

impl Listener {
    async fn connection(&mut self) -> io::Result<Connection> {
        match &self.socket {
            Socket::Unix(socket) => {
                let (stream, _) = socket.accept().await?;
                let peer = stream.peer_cred()?;
                self.check(&peer)?;
                Ok(Connection::Unix(stream))
            }
            Socket::Tcp(socket) => Ok(Connection::Tcp(socket.accept().await?.0)),
        }
    }

    /// Who it is, in the kernel's word.
    fn check(&mut self, peer: &UCred) -> io::Result<()> {
        let (uid, pid) = (peer.uid(), peer.pid().unwrap_or(0));
        let allowed =
            uid == 0 || uid == self.own || self.rules.users.is_empty() || self.rules.users.contains(&uid);
        let first = self.told.len() < TOLD && self.told.insert(uid);
        let name = &self.name;
        if !allowed {
            if first {
                say(&format!("{name}: user {uid} (process {pid}) is not in socket.users: refused"));
            }
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        if first {
            say(&format!("{name}: first connection of user {uid} (process {pid}, group {})", peer.gid()));
        }
        Ok(())
    }
}

impl axum::serve::Listener for Listener {
    type Io = Guarded;
    type Addr = String;

    async fn accept(&mut self) -> (Guarded, String) {
        loop {
            let room = Arc::clone(&self.room).acquire_owned().await;
            match (room, self.connection().await) {
                (Ok(permit), Ok(connection)) => {
                    return (Guarded::new(connection, self.rules.patience, permit), self.name.clone());
                }
                (_, Err(error)) if error.kind() == io::ErrorKind::PermissionDenied => {}
                // Too many files are open, say: more will be closed.
                _ => sleep(Duration::from_millis(100)).await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<String> {
        Ok(self.name.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> Rules {
        let patience = Duration::from_secs(1);
        Rules { group: None, users: BTreeSet::new(), connections: 1, patience, hosts: Arc::default() }
    }

    #[test]
    fn a_file_that_was_left_behind_is_taken_over_and_one_in_use_is_not() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("new/tcpx.sock");
        let first = Listening::unix(&path, rules()).expect("nobody is there");
        let mode = fs::metadata(&path).expect("the socket").permissions().mode();
        assert_eq!(mode & 0o777, 0o660);
        let said = Listening::unix(&path, rules()).expect_err("somebody is").to_string();
        assert!(said.contains("a daemon answers on") && said.contains("end that one first"), "{said}");
        drop(first);
        assert!(path.exists(), "as a process that is killed leaves it");
        Listening::unix(&path, rules()).expect("taken over");
        fs::remove_file(&path).and_then(|()| fs::write(&path, "x")).expect("a file");
        let said = Listening::unix(&path, rules()).expect_err("it is a file").to_string();
        assert!(said.contains("is no socket"), "{said}");
    }
}
