//! What it tells, and what becomes of that when it is reloaded, ended, killed, or out of disk.

use std::{
    collections::BTreeSet,
    fs,
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use assert_cmd::cargo::CommandCargoExt as _;
use rustix::process::Signal;

use crate::{
    daemon::{PATIENCE, Place, read_lines, until},
    provoke::Refusing,
};

pub(crate) fn refused() {
    let place = Place::new("self_probe.interval = \"50ms\"\n");
    let daemon = place.start();
    let port = Refusing::new();
    port.refuse(3);
    let lines = until("three attempts", || {
        let lines = daemon.lines("/attempts?n=1000&verdict=bound-not-listening");
        (port.attempts(&lines) == 3).then_some(lines)
    });
    let own = lines.iter().find(|line| port.is_attempt(line)).expect("one of them");
    assert_eq!(own["data"]["outcome"], "refused");
    assert_eq!(own["data"]["process"]["pid"], std::process::id());
    assert_eq!(port.attempts(&daemon.lines("/attempts?n=1000&verdict=peer-refused")), 0);
    let resets = daemon.lines("/resets?n=1000");
    let of_it = |line: &&serde_json::Value| line["data"]["flow"]["sport"] == port.addr.port();
    assert_eq!(resets.iter().filter(of_it).count(), 3);

    until("a few self-probes", || (daemon.health()["self_probe"]["seen"].as_u64() > Some(5)).then_some(()));
    let others = daemon.lines("/attempts?n=1000");
    let by_daemon = others.iter().filter(|line| line["data"]["process"]["pid"] == daemon.pid()).count();
    assert_eq!(by_daemon, 0, "its own connections are in no result");
}

pub(crate) fn reload() {
    let place = Place::new("output.file = \"DIR/a.jsonl\"\nmemory.attempts = 100000\nmemory.resets = 0\n");
    let daemon = place.start();
    let port = Refusing::new();
    let loads = 20;
    thread::scope(|scope| {
        let load = scope.spawn(|| (0..loads).for_each(|_| port.refuse(100)));
        for turn in 0.. {
            if load.is_finished() {
                break;
            }
            // Log rotation: renamed, then opened again.
            drop(fs::rename(place.path("a.jsonl"), place.path(&format!("a.jsonl.{turn}"))));
            daemon.reload();
        }
    });
    let provoked = loads * 100;
    until("all attempts in memory", || {
        (port.attempts(&daemon.lines("/attempts?n=100000")) == provoked).then_some(())
    });
    assert!(daemon.health()["memory"]["resets"] == 0);

    place.configure("output.file = \"DIR/b.jsonl\"\nmemory.attempts = 5\nhooks.probes = \"lookup\"\n");
    daemon.reload();
    assert!(place.log().contains("reload: done; changes of hooks want a restart"), "{}", place.log());
    assert!(daemon.health()["memory"]["attempts"].as_u64() <= Some(5));
    port.refuse(1);
    until("a line in the other file", || {
        (port.attempts(&read_lines(&place.path("b.jsonl"))) == 1).then_some(())
    });
    daemon.end(Signal::TERM);
    let files = fs::read_dir(place.path("")).expect("the directory").flatten();
    let rotated = files.filter(|file| file.file_name().to_string_lossy().starts_with("a.jsonl"));
    let written: usize = rotated.map(|file| port.attempts(&read_lines(&file.path()))).sum();
    assert_eq!(written, provoked, "each is in one of the files, once");
}

pub(crate) fn wrong_reload() {
    let place = Place::new("output.file = \"DIR/a.jsonl\"\n");
    let daemon = place.start();
    place.configure("output.fil = \"DIR/b.jsonl\"\n");
    daemon.reload();
    let health = daemon.health();
    let trouble = health["troubles"][0].as_str().expect("a trouble");
    assert!(trouble.contains("tcpx.toml:2:8: unknown field `fil`, expected `file` or `stdout`"), "{trouble}");
    assert_eq!((&health["healthy"], daemon.get("/health").0), (&false.into(), 503));
    let port = Refusing::new();
    port.refuse(1);
    until("a line in the file", || (port.attempts(&read_lines(&place.path("a.jsonl"))) == 1).then_some(()));
    place.configure("output.file = \"DIR/a.jsonl\"\n");
    daemon.reload();
    assert_eq!(daemon.health()["healthy"], true);
}

pub(crate) fn terminated() {
    let place = Place::new("output.file = \"DIR/a.jsonl\"\n");
    let daemon = place.start();
    let (port, mut stream) = (Refusing::new(), daemon.stream());
    assert_eq!(stream.next().expect("a first line")["type"], "start");
    // What a reader does not read holds nobody up, and would be cut off.
    let reading = thread::spawn(move || stream.collect::<Vec<_>>());
    port.refuse(20);
    let (status, took) = daemon.end(Signal::TERM);
    assert!(status.success() && took < Duration::from_secs(1), "{status} after {took:?}");
    let written = read_lines(&place.path("a.jsonl"));
    assert_eq!(port.attempts(&written), 20);
    assert_eq!(written.last().expect("lines")["type"], "summary");
    let streamed = reading.join().expect("it is read");
    assert_eq!(port.attempts(&streamed), 20);
    assert_eq!(streamed.last().expect("lines")["type"], "summary");
}

/// Ids of the loaded programs whose name is one of tcpx's: those of all daemons that run.
fn descriptors(pid: u32) -> BTreeSet<String> {
    let list = fs::read_dir(format!("/proc/{pid}/fdinfo")).into_iter().flatten().flatten();
    let ids = list.filter_map(|file| {
        let text = fs::read_to_string(file.path()).ok()?;
        text.lines().find_map(|line| line.strip_prefix("prog_id:")).map(|id| id.trim().to_owned())
    });
    ids.collect()
}

/// What comes faster than it is read must not be waited for.
pub(crate) fn ended_in_a_storm() {
    let place = Place::new("hooks.buffer_size = \"64k\"\n");
    let daemon = place.start();
    let (port, over, begun) = (Refusing::new(), AtomicBool::new(false), Instant::now());
    let took = thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) && begun.elapsed() < 2 * PATIENCE {
                port.refuse(100);
            }
        });
        until("attempts", || (port.attempts(&daemon.lines("/attempts")) > 0).then_some(()));
        let (status, took) = daemon.end(Signal::TERM);
        over.store(true, Ordering::Relaxed);
        // 3: some were lost, which is what storms do.
        assert!(matches!(status.code(), Some(0 | 3)), "{status}");
        took
    });
    assert!(took < PATIENCE, "{took:?}");
}

pub(crate) fn killed() {
    let place = Place::new("");
    let daemon = place.start();
    assert!(!descriptors(daemon.pid()).is_empty(), "programs are attached");
    daemon.end(Signal::KILL);
    assert!(place.socket().exists(), "the file stays, and nobody answers on it");
    let pinned = fs::read_dir("/sys/fs/bpf").into_iter().flatten().flatten();
    let pinned: Vec<_> = pinned
        .map(|entry| entry.file_name())
        .filter(|name| name.to_string_lossy().contains("tcpx"))
        .collect();
    assert!(pinned.is_empty(), "{pinned:?}");
    let daemon = place.start();
    let port = Refusing::new();
    port.refuse(1);
    until("an attempt", || (port.attempts(&daemon.lines("/attempts")) == 1).then_some(()));
}

pub(crate) fn full_disk() {
    let place = Place::new("output.file = \"DIR/small/a.jsonl\"\nrecording.path = \"DIR/small/r.tcpx\"\n");
    let small = place.path("small");
    fs::create_dir(&small).expect("a directory");
    let disk = Disk::mount(&small);
    let daemon = place.start();
    fs::write(small.join("filler"), vec![0; 1 << 20]).expect_err("the disk is smaller");
    let port = Refusing::new();
    let health = until("trouble", || {
        port.refuse(50);
        let health = daemon.health();
        (health["losses"]["consumers"].as_u64() > Some(0)).then_some(health)
    });
    // Not `troubles`: the rest of the last block may have taken a shorter line since.
    let why = health["consumers"][0]["last_loss"]["why"].to_string();
    assert!(why.contains("No space left on device"), "{health}");
    fs::remove_file(small.join("filler")).expect("room again");
    let before = port.attempts(&read_lines(&small.join("a.jsonl")));
    until("lines again", || {
        port.refuse(1);
        (port.attempts(&read_lines(&small.join("a.jsonl"))) > before).then_some(())
    });
    daemon.end(Signal::TERM);
    let file = fs::read_to_string(small.join("a.jsonl")).expect("the file");
    assert!(file.ends_with('\n'), "no half line");
    assert_eq!(file.lines().count(), read_lines(&small.join("a.jsonl")).len());
    drop(disk);
}

/// A disk of 256 kB.
struct Disk<'a>(&'a std::path::Path);

impl<'a> Disk<'a> {
    fn mount(at: &'a std::path::Path) -> Self {
        let flags = rustix::mount::MountFlags::empty();
        rustix::mount::mount("tmpfs", at, "tmpfs", flags, c"size=256k").expect("a small disk");
        Self(at)
    }
}

impl Drop for Disk<'_> {
    fn drop(&mut self) {
        // The directory goes with the trial in any case.
        let _ = rustix::mount::unmount(self.0, rustix::mount::UnmountFlags::DETACH);
    }
}

pub(crate) fn recordings() {
    let config = "[recording]\npath = \"DIR/r.tcpx\"\nrotate_size = \"64k\"\ntotal_size = \"200k\"\n";
    let place = Place::new(config);
    let names = || {
        let files = fs::read_dir(place.path("")).expect("the directory").flatten();
        let names = files.map(|file| file.file_name().to_string_lossy().into_owned());
        names.filter(|name| name.starts_with("r.")).collect::<BTreeSet<_>>()
    };
    let daemon = place.start();
    daemon.end(Signal::TERM);
    // One, or more if the whole host is busy meanwhile.
    let before = names();
    assert!(!before.is_empty());
    let port = Refusing::new();
    let daemon = place.start();
    until("a few files", || {
        port.refuse(200);
        (daemon.health()["recording"]["files"].as_u64() > Some(4)).then_some(())
    });
    daemon.end(Signal::TERM);
    let names = names();
    assert_eq!(names.len(), 3, "as many as fit: {names:?}");
    assert!(names.first() > before.last(), "the oldest went, and numbers went on: {before:?} {names:?}");
    let last = place.path(names.last().expect("three"));
    let replay = Command::cargo_bin("tcpx").expect("tcpx").arg("replay").arg(last).output().expect("it runs");
    assert!(replay.status.success(), "{}", String::from_utf8_lossy(&replay.stderr));
}
