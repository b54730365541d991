//! Lines and metrics to an OpenTelemetry collector: OTLP over HTTP, protobuf, compressed.
//!
//! Two threads: one makes requests of lines and puts them into the queue, the other sends them. Whoever tells lines waits for
//! neither. What is in the queue when the collector is away is kept on disk; of what did not get there or had to go, the
//! number is known ([`Counts`]).

mod attributes;
mod backoff;
mod metrics;
mod queue;
mod record;
mod send;
mod sender;
mod writer;

use std::{
    io,
    path::PathBuf,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc::{SyncSender, TrySendError, sync_channel},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use crate::{
    line::{Line, Outcome},
    locked::locked,
    metrics::family::Snapshot,
};
use queue::Queue;

/// Lines that may wait to be made into requests.
const LINES: usize = 4096;
/// How long the end may take: what was not sent until then is kept.
const LEAVE: Duration = Duration::from_millis(500);

/// Where to send, and how.
#[derive(Clone, Debug)]
pub struct Config {
    /// `http://HOST:PORT`, to which `/v1/logs` and `/v1/metrics` are added.
    pub endpoint: String,
    /// Sent with each request.
    pub headers: Vec<(String, String)>,
    /// Where requests are kept while the collector is away.
    pub queue: PathBuf,
    /// Not more bytes than this are kept there.
    pub most_bytes: u64,
    /// A request has at most so many records.
    pub batch: usize,
    /// A record waits at most so long for others.
    pub wait: Duration,
    /// A request that has no answer after this time is sent again.
    pub timeout: Duration,
    /// The first pause after a failure; it doubles up to a minute.
    pub pause: Duration,
    /// Of attempts that worked one in so many is sent, the same ones again and again for the same ids; 0 is none.
    /// What failed is always sent.
    pub worked_one_in: u64,
    /// What else is known of this host: `k8s.node.name` and the like.
    pub resource: Vec<(String, String)>,
}

impl Config {
    /// What most want.
    #[must_use]
    pub fn new(endpoint: String, queue: PathBuf) -> Self {
        Self {
            endpoint,
            headers: Vec::new(),
            queue,
            most_bytes: 64 * 1024 * 1024,
            batch: 512,
            wait: Duration::from_secs(1),
            timeout: Duration::from_secs(10),
            pause: Duration::from_secs(1),
            worked_one_in: 0,
            resource: Vec::new(),
        }
    }

    /// Whether a collector may be there.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn check_endpoint(endpoint: &str) -> Result<(), String> {
        if endpoint.starts_with("https://") {
            return Err("tcpx speaks no TLS: send to a collector on this host by http, and let that forward"
                .to_owned());
        }
        let uri: Result<ureq::http::Uri, _> = endpoint.parse();
        match uri {
            Ok(uri) if uri.scheme_str() == Some("http") && uri.host().is_some() && uri.query().is_none() => {
                Ok(())
            }
            _ => Err(format!("{endpoint:?} is no address such as http://127.0.0.1:4318")),
        }
    }
}

/// What became of records, since the start.
#[derive(Debug, Default)]
pub struct Counts {
    /// Taken by the collector.
    pub sent: AtomicU64,
    /// Not wanted by the collector, though it took the rest of their request (partial success).
    pub rejected: AtomicU64,
    /// In requests that the collector refused for good.
    pub refused: AtomicU64,
    /// Removed from the disk, as newer ones needed the room, or not written, as the disk was full.
    pub evicted: AtomicU64,
    /// Never made into a record: more came than could be dealt with.
    pub dropped: AtomicU64,
    /// Made into records of requests, whatever became of these.
    pub made: AtomicU64,
    /// Requests that were sent again.
    pub retries: AtomicU64,
    /// Bytes that wait on disk, now.
    pub waiting_bytes: AtomicU64,
}

/// What the two threads share.
#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    counts: Arc<Counts>,
}

#[derive(Debug)]
struct State {
    queue: Queue,
    /// The latest snapshot that was not sent: they are cumulative, so that an older one tells nothing more.
    metrics: Option<Vec<u8>>,
    /// No line will come any more.
    complete: bool,
    /// Send nothing more.
    stop: bool,
    /// The sender has left.
    gone: bool,
    /// What went wrong last, for whoever shows the exporter's health.
    trouble: Option<String>,
}

impl Shared {
    /// A thread that panicked has not left the queue half changed: it is used on.
    fn state(&self) -> MutexGuard<'_, State> {
        locked(&self.state)
    }
}

/// The exporter. Dropped, it sends what it can within a moment and keeps the rest on disk.
#[derive(Debug)]
pub struct Exporter {
    lines: Option<SyncSender<Told>>,
    worked_one_in: u64,
    /// Lines that the writer has or had.
    told: u64,
    shared: Arc<Shared>,
    writer: Option<JoinHandle<()>>,
}

/// What is told to the thread that makes requests.
enum Told {
    Line(Arc<Line>),
    Metrics(Snapshot, f64),
}

impl Exporter {
    /// Opens the queue and starts both threads.
    ///
    /// # Errors
    /// When the queue's folder cannot be used.
    pub fn start(config: Config) -> io::Result<Self> {
        let queue = Queue::open(&config.queue, config.most_bytes, record::now())?;
        let counts = Arc::default();
        let state = State { queue, metrics: None, complete: false, stop: false, gone: false, trouble: None };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new(), counts });
        let (lines, told) = sync_channel(LINES);
        let worked_one_in = config.worked_one_in;
        let sender = sender::Sender::new(&config, Arc::clone(&shared));
        let writer = writer::Writer::new(config, Arc::clone(&shared));
        thread::Builder::new().name("otlp-send".to_owned()).spawn(move || sender.run())?;
        let writer = thread::Builder::new().name("otlp-write".to_owned()).spawn(move || writer.run(&told))?;
        Ok(Self { lines: Some(lines), worked_one_in, told: 0, shared, writer: Some(writer) })
    }

    /// Takes one line, without waiting for anything.
    pub fn line(&mut self, line: &Arc<Line>) {
        if !self.wants(line) {
            return;
        }
        if self.tell(Told::Line(Arc::clone(line))) {
            self.told += 1;
        } else {
            self.shared.counts.dropped.fetch_add(1, Relaxed);
        }
    }

    /// Takes the metrics as they are now; `since` is when counting began, in seconds since 1970.
    pub fn metrics(&mut self, snapshot: Snapshot, since: f64) {
        // One that finds no room tells nothing that the next will not.
        self.tell(Told::Metrics(snapshot, since));
    }

    /// What became of records so far.
    #[must_use]
    pub fn counts(&self) -> Arc<Counts> {
        Arc::clone(&self.shared.counts)
    }

    /// Every line that was told is in a request by now.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.told == self.shared.counts.made.load(Relaxed)
    }

    /// Why the last request was not taken; `None` if it was.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        self.shared.state().trouble.clone()
    }

    fn tell(&self, told: Told) -> bool {
        let sent = self.lines.as_ref().map(|lines| lines.try_send(told));
        !matches!(sent, None | Some(Err(TrySendError::Full(_) | TrySendError::Disconnected(_))))
    }

    /// What failed is never left out.
    const fn wants(&self, line: &Line) -> bool {
        match line {
            Line::Start(_) | Line::Summary(_) => false,
            Line::Attempt(attempt) if matches!(attempt.outcome, Outcome::Established) => {
                self.worked_one_in > 0 && attempt.id.is_multiple_of(self.worked_one_in)
            }
            _ => true,
        }
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        self.lines = None;
        // A thread that panicked has said so on stderr.
        drop(self.writer.take().map(JoinHandle::join));
        let state = self.shared.state();
        let left = self.shared.changed.wait_timeout_while(state, LEAVE, |state| !state.gone);
        let mut state = left.unwrap_or_else(PoisonError::into_inner).0;
        state.stop = true;
        // The sender may still wait for an answer: what it has sent is kept too, and removed if the answer comes in time.
        state.queue.save();
        self.shared.counts.evicted.fetch_add(state.queue.evicted(), Relaxed);
        self.shared.counts.waiting_bytes.store(state.queue.bytes(), Relaxed);
    }
}

#[cfg(test)]
mod tests;
