//! A network namespace of its own for a test.
#![expect(unsafe_code, reason = "rustix calls unshare unsafe, since some flags are")]

use std::{
    sync::mpsc,
    thread::{self, JoinHandle},
};

use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};
use rustix::thread::{UnshareFlags, unshare_unsafe};

use crate::{
    enrich::{cookie::netns_cookie, proc},
    event::Netns,
};

/// Says aloud that a test, or a part of it, did not run.
#[expect(clippy::print_stderr, reason = "a skip that nobody sees is a lie")]
pub(crate) fn skipped(why: &str) {
    eprintln!("skipped: {why}");
}

/// Whether this /proc is about the processes that the kernel's numbers mean; says aloud if it is not.
pub(crate) fn root_pids() -> bool {
    let root = proc::shows_root_pids();
    if !root {
        skipped("tcpx is in a pid namespace of its own here, where it says nothing about processes");
    }
    root
}

type Job = Box<dyn FnOnce() + Send>;

/// A thread in a namespace of its own, with its loopback device up.
pub(crate) struct Fresh {
    /// The namespace.
    pub(crate) netns: Netns,
    /// The thread's id.
    pub(crate) tid: u32,
    jobs: mpsc::Sender<Job>,
    thread: JoinHandle<()>,
}

impl Fresh {
    /// Says aloud why there is none, if there is none.
    pub(crate) fn new() -> Option<Self> {
        let (jobs, todo) = mpsc::channel::<Job>();
        let (tell, told) = mpsc::channel();
        let thread = thread::spawn(move || {
            let _ = tell.send(leave());
            for job in todo {
                job();
            }
        });
        match told.recv().expect("the thread tells") {
            Ok((netns, tid)) => Some(Self { netns, tid, jobs, thread }),
            Err(error) => {
                skipped(&format!("no network namespace can be made here: {error}"));
                None
            }
        }
    }

    /// Runs `job` in the namespace.
    pub(crate) fn run<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> T {
        let (tell, told) = mpsc::channel();
        let job = Box::new(move || drop(tell.send(job())));
        self.jobs.send(job).expect("the thread lives");
        told.recv().expect("the job did not panic")
    }

    /// The last task leaves the namespace.
    pub(crate) fn end(self) {
        drop(self.jobs);
        self.thread.join().expect("no job panicked");
    }
}

fn leave() -> std::io::Result<(Netns, u32)> {
    // SAFETY: NEWNET, and NEWNS with the FS that it implies, leave the descriptor table shared.
    unsafe { unshare_unsafe(UnshareFlags::NEWNET | UnshareFlags::NEWNS)? };
    loopback_up()?;
    let inum = proc::netns_at("/proc/thread-self/ns/net");
    let tid = rustix::thread::gettid().as_raw_nonzero().get().unsigned_abs();
    Ok((Netns { inum: inum.expect("/proc is mounted"), cookie: netns_cookie().unwrap_or(0) }, tid))
}

/// RTM_NEWLINK for device 1 with IFF_UP set.
fn loopback_up() -> std::io::Result<()> {
    let mut message = [0_u8; 32];
    message[0..4].copy_from_slice(&32_u32.to_ne_bytes());
    message[4..6].copy_from_slice(&16_u16.to_ne_bytes());
    message[6..8].copy_from_slice(&5_u16.to_ne_bytes());
    message[20..24].copy_from_slice(&1_u32.to_ne_bytes());
    message[24..28].copy_from_slice(&1_u32.to_ne_bytes());
    message[28..32].copy_from_slice(&1_u32.to_ne_bytes());
    let socket = Socket::new(NETLINK_ROUTE)?;
    socket.connect(&SocketAddr::new(0, 0))?;
    socket.send(&message, 0)?;
    let (answer, _) = socket.recv_from_full()?;
    match answer.get(16..20).and_then(|code| code.try_into().ok()).map(i32::from_ne_bytes) {
        Some(0) => Ok(()),
        code => Err(std::io::Error::from_raw_os_error(-code.unwrap_or(-5))),
    }
}
