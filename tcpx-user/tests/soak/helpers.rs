//! Starts a helper for each connection, as a socket unit of systemd with Accept=yes does.

use std::{
    os::{fd::OwnedFd, unix::net::UnixListener},
    path::Path,
    process::{Child, Command, Stdio},
    thread::{self, JoinHandle},
};

use assert_cmd::cargo::CommandCargoExt as _;
use rustix::net::{Shutdown, shutdown};

/// A socket on which helpers answer.
pub(crate) struct Helpers {
    listener: UnixListener,
    thread: Option<JoinHandle<()>>,
}

impl Helpers {
    pub(crate) fn start(at: &Path) -> Self {
        let listener = UnixListener::bind(at).expect("a socket");
        let accepting = listener.try_clone().expect("a descriptor");
        let body = move || {
            let mut all: Vec<Child> = Vec::new();
            while let Ok((connection, _)) = accepting.accept() {
                all.retain_mut(|helper| matches!(helper.try_wait(), Ok(None)));
                all.push(helper(connection.into()));
            }
            // They end when their daemon has.
            for mut helper in all {
                drop(helper.wait());
            }
        };
        let thread = thread::Builder::new().name("helpers".to_owned()).spawn(body).expect("a thread");
        Self { listener, thread: Some(thread) }
    }
}

fn helper(connection: OwnedFd) -> Child {
    let mut helper = Command::cargo_bin("tcpx").expect("tcpx");
    helper.arg(tcpx_user::daemon::helper::ARGUMENT).stdin(connection).stdout(Stdio::null());
    helper.spawn().expect("it starts")
}

impl Drop for Helpers {
    fn drop(&mut self) {
        // accept() returns.
        let _ = shutdown(&self.listener, Shutdown::Both);
        drop(self.thread.take().map(JoinHandle::join));
    }
}
