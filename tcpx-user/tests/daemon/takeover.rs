//! A daemon takes the place of another.

use std::{
    collections::BTreeSet,
    fs,
    net::{Ipv4Addr, SocketAddr, TcpStream},
    os::fd::OwnedFd,
    path::Path,
    process::{Command, ExitStatus, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use rustix::{
    event::{PollFd, PollFlags, poll},
    io::Errno,
    net::{AddressFamily, SocketFlags, SocketType, bind, connect, getsockname, listen, socket_with},
    process::{Pid, Signal, kill_process},
};
use serde_json::Value;
use tcpx_user::daemon::takeover::{Running, Taking, path};

use crate::{
    daemon::{Place, get, json_lines, read_lines, until},
    ledger::Ledger,
    load::Load,
    provoke::Refusing,
    tail::Tail,
};

/// So few that a debug build follows on a busy machine.
const RATE: u32 = 100;
const TIMES: usize = 3;

pub(crate) fn once() {
    let place = Place::new("output.file = \"DIR/a.jsonl\"\ntakeover.grace = \"10m\"\n");
    let mut daemon = place.start();
    let load = Load::start(RATE);
    let ledger = Arc::<Ledger>::default();
    let file = place.path("a.jsonl");
    let tail = Tail::start(file.clone(), place.path("a.1"), load.port, Arc::clone(&ledger));
    let mut open = Open::begin();
    let asked = AtomicBool::new(true);
    thread::scope(|scope| {
        // Also when something fails.
        let until_here = UntilHere(&asked);
        // No request is lost: each has its answer, of one or the other.
        let asking = scope.spawn(|| {
            while asked.load(Ordering::Relaxed) {
                assert_eq!(get(&place.socket(), "/").0, 200);
            }
        });
        let mut before = Vec::new();
        for _ in 0..TIMES {
            let next = place.take_over();
            before.push(std::mem::replace(&mut daemon, next));
            open.end();
        }
        let ended = open.ended();
        for old in before {
            well(old.ended(), &place);
        }
        drop(until_here);
        asking.join().expect("each is answered");
        let _none_is_made = load.hold();
        until("all of it", || {
            tail.catch_up();
            // On a host where others make storms.
            let lost = lost(&file);
            (ledger.missing_in_file(load.made()).lines() as u64 <= lost).then_some(())
        });
        assert_eq!(ledger.file().twice(), 0, "each is told once");
        told_once(&file, ended);
    });
    assert!(place.log().contains("takeover: done; "), "{}", place.log());
    let (status, _) = daemon.end(Signal::TERM);
    well(status, &place);
    assert!(!place.socket().exists() && !path(&place.socket()).exists());
    ids(&read_lines(&file));
}

/// 3 says that records were lost.
fn well(status: ExitStatus, place: &Place) {
    assert!(matches!(status.code(), Some(0 | 3)), "{status}; it said: {}", place.log());
}

/// Records that were lost, as the lines say.
fn lost(file: &Path) -> u64 {
    let losses = read_lines(file).into_iter().filter(|line| line["type"] == "loss");
    losses.filter_map(|line| line["data"]["count"].as_u64()).sum()
}

/// False from its end on.
struct UntilHere<'a>(&'a AtomicBool);

impl Drop for UntilHere<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// An attempt that was open before the first takeover and ended after the last is told by whom it began with.
fn told_once(file: &Path, from: SocketAddr) {
    let own = |line: &Value| line["type"] == "attempt" && line["data"]["local"]["port"] == from.port();
    let lines = until("the attempt that was open", || {
        let lines: Vec<_> = read_lines(file).into_iter().filter(own).collect();
        (!lines.is_empty()).then_some(lines)
    });
    let [line] = lines.as_slice() else { panic!("told more than once: {lines:?}") };
    assert_eq!(line["data"]["outcome"], "refused", "{line}");
    assert!(line["data"]["id"].as_u64() < Some(1_000_000_000), "the first daemon tells it: {line}");
}

/// No id is used twice, and none is referred to that was not told.
fn ids(lines: &[Value]) {
    let all: Vec<_> = lines.iter().filter_map(|line| line["data"]["id"].as_u64()).collect();
    let once: BTreeSet<_> = all.iter().copied().collect();
    assert_eq!(all.len(), once.len());
    for line in lines {
        let link = &line["data"][if line["type"] == "attempt" { "reset" } else { "attempt" }];
        assert!(link.as_u64().is_none_or(|id| once.contains(&id)), "{line}");
    }
}

/// A connection whose SYN is dropped, as the listener's queue is full, until there is no listener any more.
struct Open {
    listener: Option<OwnedFd>,
    _waiting: TcpStream,
    trying: OwnedFd,
    from: SocketAddr,
}

impl Open {
    fn begin() -> Self {
        let socket =
            |flags| socket_with(AddressFamily::INET, SocketType::STREAM, flags, None).expect("a socket");
        let listener = socket(SocketFlags::CLOEXEC);
        bind(&listener, &SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).expect("a port");
        listen(&listener, 0).expect("a listener");
        let to: SocketAddr = getsockname(&listener).expect("its name").try_into().expect("an address");
        let waiting = TcpStream::connect(to).expect("room for one");
        let trying = socket(SocketFlags::CLOEXEC | SocketFlags::NONBLOCK);
        assert_eq!(connect(&trying, &to), Err(Errno::INPROGRESS));
        let from = getsockname(&trying).expect("its name").try_into().expect("an address");
        Self { listener: Some(listener), _waiting: waiting, trying, from }
    }

    /// Its next SYN will be refused.
    fn end(&mut self) {
        self.listener = None;
    }

    /// It was; where it came from.
    fn ended(&self) -> SocketAddr {
        let mut fds = [PollFd::new(&self.trying, PollFlags::OUT)];
        poll(&mut fds, None).expect("it ends");
        self.from
    }
}

pub(crate) fn nobody() {
    let place = Place::new("");
    let daemon = place.take_over();
    assert!(place.log().contains("there is nothing to take over"), "{}", place.log());
    refused(&place);
    daemon.end(Signal::KILL);
    // What it left behind is nobody either.
    let _next = place.take_over();
    refused(&place);
}

/// Whoever answers there tells of a refusal.
fn refused(place: &Place) {
    let port = Refusing::new();
    port.refuse(1);
    let told = || json_lines(&get(&place.socket(), "/attempts?n=1000").1);
    until("an attempt", || (port.attempts(&told()) == 1).then_some(()));
}

pub(crate) fn supervised() {
    let place = Place::new("");
    let daemon = place.start();
    let output = place.tcpx().arg("--takeover").env_remove("NOTIFY_SOCKET").output().expect("tcpx runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("does not hand over"), "{said}");
    refused(&place);
    let next = place.take_over();
    assert!(next.told.contains(&format!("MAINPID={}\n", next.pid())), "{}", next.told);
    well(daemon.ended(), &place);
    refused(&place);
}

/// As systemd calls it (ExecReload=): the same program reads its configuration again, another one takes over.
pub(crate) fn reload() {
    let place = Place::new("");
    // Into a file, as the daemon that takes over goes on to write there.
    let reload = |mut tcpx: Command| {
        let said = fs::File::create(place.path("said")).expect("a file");
        let status = tcpx.arg("--reload").stdout(Stdio::null()).stderr(said).status().expect("tcpx runs");
        (status.code(), fs::read_to_string(place.path("said")).expect("what it said"))
    };
    let (status, said) = reload(place.tcpx());
    assert!(status == Some(1) && said.contains("no daemon answers on"), "{said}");
    let daemon = place.start_with(|tcpx| {
        tcpx.env("WATCHDOG_USEC", "20000000").env_remove("WATCHDOG_PID");
    });
    assert_eq!(reload(place.tcpx()), (Some(0), String::new()));
    daemon.until_told("RELOADING=1");
    daemon.until_told("READY=1");
    let (status, said) = reload(place.upgraded());
    assert!(status == Some(1) && said.contains("is a daemon of another program"), "{said}");
    let supervised = |mut tcpx: Command| {
        tcpx.env("NOTIFY_SOCKET", place.path("notify"));
        tcpx
    };
    let right = fs::read_to_string(place.path("tcpx.toml")).expect("a configuration");
    place.configure("output.file = \"/proc/nowhere\"\n");
    let (status, said) = reload(supervised(place.upgraded()));
    assert!(status == Some(1) && said.contains("the one before goes on"), "{said}");
    refused(&place);
    fs::write(place.path("tcpx.toml"), right).expect("a configuration");
    let (status, said) = reload(supervised(place.upgraded()));
    assert!(status == Some(0) && said.contains("a daemon of this one takes over"), "{said}");
    let next = Renewed(Taking::who(&path(&place.socket())).expect("it may be asked").expect("one runs"));
    assert_ne!(next.0.pid, daemon.pid());
    assert_eq!(next.0.watchdog_us, Some(20_000_000), "systemd waits for it as for the one before");
    daemon.until_told(&format!("MAINPID={}", next.0.pid));
    well(daemon.ended(), &place);
    refused(&place);
    drop(next);
    until("its end", || (!place.socket().exists()).then_some(()));
}

/// A daemon that is no child of this process.
struct Renewed(Running);

impl Drop for Renewed {
    fn drop(&mut self) {
        let pid = i32::try_from(self.0.pid).ok().and_then(Pid::from_raw);
        pid.map(|pid| kill_process(pid, Signal::TERM));
    }
}
