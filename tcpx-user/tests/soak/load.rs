//! Refused connections, each of which can be told from all others: it has an address of loopback of its own.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4},
    os::fd::OwnedFd,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU32, Ordering},
        mpsc::{RecvTimeoutError, Sender, channel},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use rustix::{
    io::Errno,
    net::{AddressFamily, SocketFlags, SocketType, bind, connect, getsockname, socket_with},
};

/// 127.1.0.0
const FIRST: u32 = 0x7f01_0000;
const PAUSE: Duration = Duration::from_millis(5);

/// The number of the connection that came from this address.
pub(crate) fn number(addr: IpAddr) -> Option<u32> {
    let IpAddr::V4(addr) = addr else { return None };
    addr.to_bits().checked_sub(FIRST).filter(|_| addr.is_loopback())
}

/// Somebody who is refused, again and again.
pub(crate) struct Load {
    pub(crate) port: u16,
    /// What the kernel calls its thread.
    pub(crate) name: String,
    made: Arc<AtomicU32>,
    turn: Arc<Mutex<()>>,
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
    /// Nobody else can have the port, and nobody listens.
    _bound: OwnedFd,
}

impl Load {
    /// So many a second.
    pub(crate) fn start(rate: u32) -> Self {
        let bound = tcp();
        bind(&bound, &SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).expect("a port");
        let to: SocketAddr = getsockname(&bound).expect("its name").try_into().expect("an address");
        let (made, turn) = (Arc::<AtomicU32>::default(), Arc::<Mutex<()>>::default());
        let name = format!("soak-{}", std::process::id());
        let (stop, stopped) = channel();
        let (making, turns) = (Arc::clone(&made), Arc::clone(&turn));
        let body = move || {
            let (mut owed, mut last, rate) = (0.0, Instant::now(), f64::from(rate));
            while stopped.recv_timeout(PAUSE) == Err(RecvTimeoutError::Timeout) {
                let _turn = turns.lock().expect("nobody panics");
                // A machine that is slower makes fewer, and does not make up for them in one go.
                owed = (owed + last.elapsed().as_secs_f64() * rate).min(rate / 20.0 + 1.0);
                last = Instant::now();
                while owed >= 1.0 {
                    refuse(making.load(Ordering::Relaxed), to);
                    making.fetch_add(1, Ordering::SeqCst);
                    owed -= 1.0;
                }
            }
        };
        let thread = thread::Builder::new().name(name.clone()).spawn(body).expect("a thread");
        let port = to.port();
        Self { port, name, made, turn, stop: Some(stop), thread: Some(thread), _bound: bound }
    }

    /// Connections that have been refused: those with smaller numbers.
    pub(crate) fn made(&self) -> u32 {
        self.made.load(Ordering::SeqCst)
    }

    /// None is made while this is held.
    pub(crate) fn hold(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().expect("nobody panics")
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.stop = None;
        drop(self.thread.take().map(JoinHandle::join));
    }
}

fn tcp() -> OwnedFd {
    socket_with(AddressFamily::INET, SocketType::STREAM, SocketFlags::CLOEXEC, None).expect("a socket")
}

fn refuse(number: u32, to: SocketAddr) {
    let socket = tcp();
    let from = Ipv4Addr::from(FIRST + number);
    bind(&socket, &SocketAddrV4::new(from, 0)).expect("an address of loopback");
    assert_eq!(connect(&socket, &to), Err(Errno::CONNREFUSED), "from {from}");
}
