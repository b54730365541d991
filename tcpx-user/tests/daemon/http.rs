//! Readers that read slowly, or not at all.

use std::{fs, io::Read as _};

use crate::{
    daemon::{Daemon, Place, until},
    provoke::Refusing,
};

pub(crate) fn slow_reader() {
    let place = Place::new("stream.backlog = 200\nsocket.patience = \"300ms\"\n");
    let daemon = place.start();
    let port = Refusing::new();
    let mut quick = daemon.stream();
    let mut slow = daemon.ask("/lines");
    until("both readers", || (daemon.health()["stream"]["readers"] == 2).then_some(()));
    let mut provoked = 0;
    let mut seen = 0;
    let health = until("the slow one to be let go", || {
        port.refuse(50);
        provoked += 50;
        while seen < provoked {
            seen += usize::from(port.is_attempt(&quick.next().expect("the stream goes on")));
        }
        let health = daemon.health();
        (health["stream"]["slow"] == 1).then_some(health)
    });
    assert_eq!((seen, &health["stream"]["readers"]), (provoked, &1.into()));
    let mut rest = Vec::new();
    slow.read_to_end(&mut rest).expect("the connection ends");
    assert!(!rest.is_empty());
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
