//! A daemon under test: a process with a directory of its own, whose systemd is played here.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read, Write},
    os::unix::{
        fs::PermissionsExt as _,
        net::{UnixDatagram, UnixStream},
    },
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use assert_cmd::cargo::CommandCargoExt as _;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tcpx_user::lab::Deadline;
use tempfile::TempDir;

/// Far above what anything here takes.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// Waits until `ready` gives something.
pub(crate) fn until<T>(what: &str, mut ready: impl FnMut() -> Option<T>) -> T {
    let found = Deadline::after(PATIENCE).until(what, || Ok(ready()));
    found.unwrap_or_else(|error| panic!("waited {PATIENCE:?} in vain for {what}: {error}"))
}

/// A directory with a configuration, in which daemons may be started one after the other.
pub(crate) struct Place {
    dir: TempDir,
}

impl Place {
    /// With this in the configuration beside the socket.
    pub(crate) fn new(config: &str) -> Self {
        let place = Self { dir: tempfile::tempdir().expect("a directory") };
        place.configure(config);
        place
    }

    pub(crate) fn configure(&self, config: &str) {
        let config = config.replace("DIR", &self.dir.path().display().to_string());
        let text = format!("socket.path = \"{}\"\n{config}", self.socket().display());
        fs::write(self.config(), text).expect("a configuration");
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.path("tcpx.sock")
    }

    fn config(&self) -> PathBuf {
        self.path("tcpx.toml")
    }

    pub(crate) fn tcpx(&self) -> Command {
        let mut tcpx = Command::cargo_bin("tcpx").expect("tcpx");
        tcpx.args(["daemon", "--config"]).arg(self.config()).stdin(Stdio::null());
        tcpx
    }

    /// The same of another file, as an upgrade installs it.
    pub(crate) fn upgraded(&self) -> Command {
        let (installed, mut tcpx) = (self.path("tcpx"), self.tcpx());
        fs::copy(tcpx.get_program(), &installed).expect("a copy");
        let words: Vec<_> = tcpx.get_args().map(ToOwned::to_owned).collect();
        tcpx = Command::new(installed);
        tcpx.args(words).stdin(Stdio::null());
        tcpx
    }

    /// Starts one and waits until it says that it is ready.
    pub(crate) fn start(&self) -> Daemon<'_> {
        self.start_with(|_| {})
    }

    pub(crate) fn start_with(&self, change: impl FnOnce(&mut Command)) -> Daemon<'_> {
        let told = self.path("notify");
        drop(fs::remove_file(&told));
        let systemd = UnixDatagram::bind(&told).expect("a socket");
        // As the real one: a daemon that is another user by then may write to it.
        fs::set_permissions(&told, fs::Permissions::from_mode(0o777)).expect("own file");
        systemd.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let mut tcpx = self.tcpx();
        // Of all that were started here: two may say something at the same time.
        let log = fs::OpenOptions::new().append(true).create(true).open(self.path("log")).expect("a log");
        tcpx.env("NOTIFY_SOCKET", &told).stderr(log);
        change(&mut tcpx);
        let child = tcpx.spawn().expect("tcpx starts");
        let mut daemon = Daemon { place: self, child, systemd, told: String::new() };
        daemon.told = daemon.until_told("READY=1");
        daemon
    }

    /// Starts one that takes over from the one that runs here.
    pub(crate) fn take_over(&self) -> Daemon<'_> {
        self.start_with(|tcpx| {
            tcpx.arg("--takeover");
        })
    }

    /// What it said on stderr.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }
}

/// One that runs.
pub(crate) struct Daemon<'a> {
    pub(crate) place: &'a Place,
    child: Child,
    systemd: UnixDatagram,
    /// What it told systemd until it was ready.
    pub(crate) told: String,
}

impl Daemon<'_> {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).expect("it runs");
    }

    /// Messages to systemd up to the next that has this in it.
    pub(crate) fn until_told(&self, word: &str) -> String {
        let (mut message, mut all) = ([0; 4096], String::new());
        loop {
            let size = self.systemd.recv(&mut message).unwrap_or_else(|error| {
                panic!("waited in vain for {word}: {error}; it said: {}", self.place.log())
            });
            let text = String::from_utf8_lossy(&message[..size]).into_owned();
            all.push_str(&text);
            all.push('\n');
            if text.contains(word) {
                return all;
            }
        }
    }

    pub(crate) fn reload(&self) {
        self.signal(Signal::HUP);
        self.until_told("RELOADING=1");
        self.until_told("READY=1");
    }

    /// Waits until it has ended by itself, and says how.
    pub(crate) fn ended(mut self) -> ExitStatus {
        until("its end", || self.child.try_wait().expect("a child"))
    }

    /// Ends it and says how, and how long that took.
    pub(crate) fn end(mut self, signal: Signal) -> (ExitStatus, Duration) {
        let begun = Instant::now();
        self.signal(signal);
        let status = self.child.wait().expect("it was started");
        (status, begun.elapsed())
    }

    /// Status and body of a page.
    pub(crate) fn get(&self, page: &str) -> (u16, String) {
        get(&self.place.socket(), page)
    }

    /// A request whose answer is not read.
    pub(crate) fn ask(&self, page: &str) -> UnixStream {
        ask(&self.place.socket(), page)
    }

    pub(crate) fn health(&self) -> Value {
        serde_json::from_str(&self.get("/health").1).expect("JSON")
    }

    /// Lines of a page.
    pub(crate) fn lines(&self, page: &str) -> Vec<Value> {
        json_lines(&self.get(page).1)
    }

    /// Events of the stream, as they come.
    pub(crate) fn stream(&self) -> impl Iterator<Item = Value> + use<> {
        let lines = BufReader::new(self.ask("/lines")).lines();
        lines.map_while(Result::ok).filter_map(|line| serde_json::from_str(line.strip_prefix("data: ")?).ok())
    }
}

impl Drop for Daemon<'_> {
    fn drop(&mut self) {
        // A trial that failed leaves none behind.
        if matches!(self.child.try_wait(), Ok(None)) {
            drop(self.child.kill());
            drop(self.child.wait());
        }
    }
}

/// Status and body of a page of whoever answers there.
pub(crate) fn get(socket: &Path, page: &str) -> (u16, String) {
    let (status, _, body) = answer(ask(socket, page));
    (status, body)
}

fn ask(socket: &Path, page: &str) -> UnixStream {
    let stream = UnixStream::connect(socket).expect("the socket");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    request(stream, page, "Host: tcpx\r\n")
}

/// Asks for a page with these headers.
pub(crate) fn request<S: Write>(mut stream: S, page: &str, headers: &str) -> S {
    write!(stream, "GET {page} HTTP/1.1\r\n{headers}Connection: close\r\n\r\n").expect("a request");
    stream
}

/// Status, head and body of what comes.
pub(crate) fn answer(mut stream: impl Read) -> (u16, String, String) {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("HTTP");
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
    let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
    (status, head.to_owned(), if chunked { unchunked(body) } else { body.to_owned() })
}

pub(crate) fn json_lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("an object a line")).collect()
}

/// Whole lines of a file that may be written to at this moment.
pub(crate) fn read_lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap_or_default();
    json_lines(text.rsplit_once('\n').map_or("", |(whole, _)| whole))
}

/// A body that was sent in chunks: size, text, size, text.
fn unchunked(mut body: &str) -> String {
    let mut whole = String::new();
    while let Some((size, rest)) = body.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).expect("a size");
        whole.push_str(&rest[..size]);
        body = rest[size..].trim_start_matches("\r\n");
    }
    whole
}
