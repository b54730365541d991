//! Readers that read slowly, or not at all.

use std::{
    fs,
    io::Read as _,
    net::{Ipv4Addr, SocketAddr, TcpStream},
    os::{fd::OwnedFd, unix::net::UnixStream},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use rustix::{
    net::{
        AddressFamily, SocketFlags, SocketType, bind, getsockname, socket_with, sockopt::set_socket_reuseaddr,
    },
    process::Signal,
};

use crate::{
    daemon::{Daemon, PATIENCE, Place, answer, request, until},
    provoke::Refusing,
};

pub(crate) fn slow_reader() {
    // The whole host is watched: the quick one must keep up with storms of others, too.
    let place = Place::new("stream.backlog = 2000\n");
    let daemon = place.start();
    let port = Refusing::new();
    let quick = daemon.stream();
    let mut slow = daemon.ask("/lines");
    until("both readers", || (daemon.health()["stream"]["readers"] == 2).then_some(()));
    let seen = AtomicUsize::new(0);
    let (seen, of) = (&seen, &port);
    let (provoked, rest) = thread::scope(|scope| {
        scope.spawn(move || {
            for line in quick {
                seen.fetch_add(usize::from(of.is_attempt(&line)), Ordering::Relaxed);
            }
        });
        let mut provoked = 0;
        let health = until("the slow one to be let go", || {
            port.refuse(200);
            provoked += 200;
            // So that it is never far behind for want of a CPU.
            until("the quick one to get all", || (seen.load(Ordering::Relaxed) == provoked).then_some(()));
            let health = daemon.health();
            (health["stream"]["slow"].as_u64() > Some(0)).then_some(health)
        });
        assert_eq!(health["stream"]["slow"], 1, "and only that one");
        let mut rest = Vec::new();
        slow.read_to_end(&mut rest).expect("the connection ends");
        // With it ends the quick one's stream.
        daemon.end(Signal::TERM);
        (provoked, rest)
    });
    assert_eq!(seen.load(Ordering::Relaxed), provoked);
    assert!(String::from_utf8_lossy(&rest).contains("event: dropped"), "it is told at the end");
}

fn resident_kb(daemon: &Daemon<'_>) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", daemon.pid())).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a size");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

pub(crate) fn stalled_reader() {
    // Patience is long: what holds memory down must be the backlog.
    let place = Place::new(
        "stream.backlog = 50\nsocket.patience = \"10m\"\nmemory.attempts = 10\nmemory.resets = 10\n",
    );
    let daemon = place.start();
    let port = Refusing::new();
    let stalled: Vec<_> = (0..8).map(|_| daemon.ask("/lines")).collect();
    until("all readers", || (daemon.health()["stream"]["readers"] == 8).then_some(()));
    until("all of them to be let go", || {
        port.refuse(100);
        (daemon.health()["stream"]["slow"] == 8).then_some(())
    });
    let before = resident_kb(&daemon);
    port.refuse(3000);
    until("the last attempts", || (port.attempts(&daemon.lines("/attempts?n=10")) == 10).then_some(()));
    let after = resident_kb(&daemon);
    // 3000 attempts and resets are 10 MB of text.
    assert!(after < before + 4_000, "{before} kB became {after} kB");
    drop(stalled);
}

/// A port that no other program can have, and on which the daemon can listen: both sides allow that it is used again.
fn reserved() -> (u16, OwnedFd) {
    let socket =
        socket_with(AddressFamily::INET, SocketType::STREAM, SocketFlags::CLOEXEC, None).expect("a socket");
    set_socket_reuseaddr(&socket, true).expect("an option");
    bind(&socket, &SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).expect("a port");
    let addr: SocketAddr = getsockname(&socket).expect("its name").try_into().expect("an address");
    (addr.port(), socket)
}

pub(crate) fn door() {
    let (port, _reserved) = reserved();
    let place = Place::new(&format!(
        "[http]\nlisten = \"127.0.0.1:{port}\"\nhosts = [\"node7.example\"]\npage = true\n"
    ));
    let daemon = place.start();
    let tcp = |headers: &str| {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        answer(request(stream, "/attempts", headers))
    };
    for (headers, wanted) in [
        (format!("Host: 127.0.0.1:{port}\r\n"), 200),
        ("Host: localhost:8080\r\n".to_owned(), 200),
        ("Host: node7.example\r\n".to_owned(), 200),
        ("Host: evil.example\r\n".to_owned(), 421),
        ("Host: localhost\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\n".to_owned(), 403),
    ] {
        let (status, _, body) = tcp(&headers);
        assert_eq!(status, wanted, "{headers}: {body}");
    }
    let (_, _, body) = tcp("Host: evil.example\r\n");
    assert!(body.contains("\"evil.example\", which is no name of this daemon"), "{body}");
    let unix = |page: &str, headers: &str| {
        let stream = UnixStream::connect(place.socket()).expect("the socket");
        answer(request(stream, page, headers))
    };
    assert_eq!(
        unix("/attempts", "Host: evil.example:8080\r\n").0,
        421,
        "ssh leads from a port to the socket"
    );
    let (status, head, _) = unix("/", "Host: tcpx\r\nAccept: text/html\r\n");
    assert!(status == 303 && head.contains("location: ui"), "{head}");
    let (status, head, page) = unix("/ui", "Host: tcpx\r\n");
    assert_eq!(status, 200);
    assert!(
        head.contains("content-security-policy: default-src 'none';") && page.starts_with("<!doctype html>")
    );
    daemon.end(Signal::TERM);
    place.configure("");
    let (status, said) = place.start().get("/ui");
    assert!(status == 404 && said.contains("http.page is not true"), "{said}");
}

pub(crate) fn pages() {
    let place = Place::new("stream.readers = 1\n");
    let daemon = place.start();
    for (page, status, expected) in [
        ("/", 200, "/health      how it is (JSON)"),
        ("/metric", 404, "there is no /metric"),
        ("/attempts?n=many", 400, "n=many: it must be a number"),
        ("/resets?verdict=closed", 400, "verdict=closed: "),
        ("/lines?n=7", 400, "n: not a parameter here; there are: verdict"),
    ] {
        let (code, body) = daemon.get(page);
        assert_eq!(code, status, "{page}: {body}");
        assert!(body.contains(expected), "{page}: {body}");
    }
    let mut reader = daemon.stream();
    assert_eq!(reader.next().expect("a first line")["type"], "start");
    assert_eq!(daemon.get("/lines").0, 503);
    assert_eq!(daemon.health()["stream"]["refused"], 1);
}
