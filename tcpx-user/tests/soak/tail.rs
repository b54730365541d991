//! Reads the file of lines as it is written and renamed; what has been read is removed.

use std::{
    fs::{self, File},
    io::{Read as _, Seek as _},
    net::IpAddr,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::{
        Arc,
        mpsc::{RecvTimeoutError, Sender, channel},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use serde::Deserialize;

use crate::{
    ledger::{Kind, Ledger, Told},
    load::number,
};

const PAUSE: Duration = Duration::from_millis(20);

/// The thread that reads.
pub(crate) struct Tail {
    asks: Option<Sender<Sender<()>>>,
    thread: Option<JoinHandle<()>>,
}

impl Tail {
    /// Reads `path`, and what takes its place when it is renamed to `rotated`.
    pub(crate) fn start(path: PathBuf, rotated: PathBuf, port: u16, ledger: Arc<Ledger>) -> Self {
        let (asks, asked) = channel::<Sender<()>>();
        let body = move || {
            let mut reading = Reading { path, rotated, port, ledger, open: None, pending: Vec::new() };
            loop {
                let ask = match asked.recv_timeout(PAUSE) {
                    Ok(ask) => Some(ask),
                    Err(RecvTimeoutError::Timeout) => None,
                    Err(RecvTimeoutError::Disconnected) => return,
                };
                reading.all();
                // Who asked may have given up.
                let _ = ask.map(|ask| ask.send(()));
            }
        };
        let thread = thread::Builder::new().name("tail".to_owned()).spawn(body).expect("a thread");
        Self { asks: Some(asks), thread: Some(thread) }
    }

    /// Comes back when all is read that was written before.
    pub(crate) fn catch_up(&self) {
        let (ask, answer) = channel();
        self.asks.as_ref().expect("it runs").send(ask).expect("it runs");
        answer.recv().expect("it reads");
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        self.asks = None;
        drop(self.thread.take().map(JoinHandle::join));
    }
}

struct Reading {
    path: PathBuf,
    rotated: PathBuf,
    port: u16,
    ledger: Arc<Ledger>,
    open: Option<File>,
    pending: Vec<u8>,
}

impl Reading {
    /// A file that has a successor is complete: the daemon opens the next one when all of it is written.
    fn all(&mut self) {
        loop {
            let successor = self.open.as_ref().is_none_or(|open| inode(&self.path) != of(open));
            self.rest();
            if !successor {
                return;
            }
            let next = File::open(&self.path).ok();
            if next.is_none() {
                return;
            }
            if let Some(open) = &mut self.open {
                // Where a full disk had no room for the rest of it, half a line was taken back (daemon/whole.rs).
                let read = open.stream_position().expect("a file") - self.pending.len() as u64;
                let left = open.metadata().expect("a file").len();
                assert_eq!(left, read, "half a line at the end of a file that was complete");
                self.pending.clear();
                fs::remove_file(&self.rotated).expect("it was renamed to this");
            }
            self.open = next;
        }
    }

    fn rest(&mut self) {
        let Some(open) = &mut self.open else { return };
        let mut piece = vec![0; 1 << 20];
        while let Ok(read @ 1..) = open.read(&mut piece) {
            self.pending.extend_from_slice(&piece[..read]);
            let whole = self.pending.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
            let lines: Vec<u8> = self.pending.drain(..whole).collect();
            let mut told = self.ledger.file();
            for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                note(line, self.port, &mut told);
            }
        }
    }
}

fn inode(path: &Path) -> Option<u64> {
    path.metadata().ok().map(|about| about.ino())
}

fn of(file: &File) -> Option<u64> {
    file.metadata().ok().map(|about| about.ino())
}

#[derive(Deserialize)]
struct Line {
    #[serde(rename = "type")]
    kind: String,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    id: Option<u64>,
    time: Option<String>,
    local: Option<End>,
    remote: Option<End>,
    flow: Option<Flow>,
    count: Option<u64>,
}

#[derive(Deserialize)]
struct End {
    addr: IpAddr,
    port: u16,
}

#[derive(Deserialize)]
struct Flow {
    sport: u16,
    daddr: IpAddr,
}

fn note(line: &[u8], port: u16, told: &mut Told) {
    let line: Line = serde_json::from_slice(line)
        .unwrap_or_else(|error| panic!("{error} in {}", String::from_utf8_lossy(line)));
    let Data { id, time, local, remote, flow, count } = line.data;
    if line.kind == "loss" {
        told.records += count.unwrap_or(0);
    }
    let (kind, own) = match line.kind.as_str() {
        "attempt" => {
            let ends = local.zip(remote).filter(|(_, remote)| remote.port == port);
            (Kind::Attempt, ends.and_then(|(local, _)| number(local.addr)))
        }
        "reset" => {
            let flow = flow.filter(|flow| flow.sport == port);
            (Kind::Reset, flow.and_then(|flow| number(flow.daddr)))
        }
        _ => (Kind::Other, None),
    };
    match (own, id, time.and_then(|time| time.parse::<jiff::Timestamp>().ok())) {
        (Some(own), ..) => told.own(kind, own),
        (None, Some(id), Some(time)) => told.other(kind, id, time.as_nanosecond()),
        _ => {}
    }
}
