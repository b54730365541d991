//! Records through a real OpenTelemetry collector that is stopped and started while they come.
//!
//! The collector (rotel) forwards to a receiver of the test, which counts: what a collector took, it has to pass on, as it is
//! stopped in the way that lets it.

use std::{
    collections::BTreeMap,
    io::{BufReader, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, Mutex, atomic::Ordering::Relaxed},
    thread,
    time::Duration,
};

use libtest_mimic::{Completion, Failed};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use prost::Message as _;
use tcpx_user::{
    line::Outcome,
    metrics::{Asked, Metrics},
    otlp::{Config, Counts, Exporter},
    verdict::VerdictId,
};

use crate::{
    lines,
    receiver::{TAKEN, id, records, request},
    tools,
    tools::{Running, wait},
    without,
};

/// In each of the stages: collector up, away, up again.
const LINES: u64 = 4_000;
const STAGES: u64 = 3;

pub(crate) fn outage() -> Result<Completion, Failed> {
    let Some(rotel) = rotel() else { return Ok(without("rotel")) };
    let folder = tempfile::tempdir()?;
    let received = Arc::<Mutex<Received>>::default();
    let sink = receive(Arc::clone(&received))?;
    let own = free()?;
    let mut exporter = Exporter::start(Config {
        pause: Duration::from_millis(20),
        wait: Duration::from_millis(20),
        batch: 100,
        ..Config::new(format!("http://{own}"), folder.path().join("queue"))
    })?;
    let counts = exporter.counts();

    let mut running = collector(&rotel, folder.path(), own, sink)?;
    say(&mut exporter, &counts, 0);
    // Stopped with requests under way: each is taken whole or not at all.
    running.terminate();
    say(&mut exporter, &counts, 1);
    wait("a queue on disk", || (counts.waiting_bytes.load(Relaxed) > 0).then_some(()));
    let running = collector(&rotel, folder.path(), own, sink)?;
    say(&mut exporter, &counts, 2);
    let mut metrics = Metrics::new(Asked::default());
    metrics.line(&lines::attempt(1, Outcome::Refused, VerdictId::PeerRefused));
    exporter.metrics(metrics.snapshot(), metrics.since());

    let all = LINES * STAGES;
    wait("all records at the collector", || (counts.sent.load(Relaxed) == all).then_some(()));
    // The file of a request goes after it was counted as sent.
    wait("an empty queue", || (counts.waiting_bytes.load(Relaxed) == 0).then_some(()));
    wait("all records behind it", || (lock(&received).ids.len() as u64 == all).then_some(()));
    wait("the metrics", || lock(&received).metrics.iter().any(|name| name == "tcpx_attempts").then_some(()));
    drop(running);
    check(&counts, &lock(&received));
    Ok(Completion::Completed)
}

/// Nothing was lost. What arrived twice was sent again because its answer did not come: not more than that.
fn check(counts: &Counts, received: &Received) {
    let lost = [&counts.dropped, &counts.evicted, &counts.refused, &counts.rejected];
    assert_eq!(lost.map(|count| count.load(Relaxed)), [0; 4]);
    assert!(counts.retries.load(Relaxed) > 0, "the collector was away");
    let twice = received.ids.values().filter(|&&times| times > 1).count();
    assert!(twice <= 100, "at most the request that was under way when the collector was stopped: {twice}");
}

/// All lines of a stage, not faster than they can be taken over: what would be dropped for that is another test.
fn say(exporter: &mut Exporter, counts: &Counts, stage: u64) {
    for id in stage * LINES..(stage + 1) * LINES {
        exporter.line(&Arc::new(lines::attempt(id, Outcome::Refused, VerdictId::PeerRefused)));
        if id % 1_000 == 0 {
            wait("room for lines", || exporter.is_idle().then_some(()));
        }
    }
    assert_eq!(counts.dropped.load(Relaxed), 0);
}

pub(crate) fn rotel() -> Option<PathBuf> {
    let library = tools::fetched("python/lib")?;
    let pythons = std::fs::read_dir(library).ok()?.flatten();
    let mut programs = pythons.map(|python| python.path().join("site-packages/rotel/rotel-agent"));
    programs.find(|program| program.exists())
}

/// A port of loopback that was free a moment ago.
pub(crate) fn free() -> Result<SocketAddr, Failed> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

fn collector(rotel: &Path, folder: &Path, own: SocketAddr, sink: SocketAddr) -> Result<Running, Failed> {
    let mut command = Command::new(rotel);
    command.current_dir(folder).arg("start").args(["--otlp-http-endpoint", &own.to_string()]);
    command.args(["--otlp-grpc-endpoint", &free()?.to_string(), "--exporter", "otlp"]);
    command.args(["--otlp-exporter-protocol", "http", "--otlp-exporter-endpoint", &format!("http://{sink}")]);
    command.args(["--batch-timeout", "50ms"]);
    let running = Running::start(&mut command, &folder.join("rotel.log"))?;
    wait("the collector", || TcpStream::connect(own).ok());
    Ok(running)
}

/// How often each record came, and which metrics.
#[derive(Default)]
struct Received {
    ids: BTreeMap<i64, u64>,
    metrics: Vec<String>,
}

fn lock(received: &Mutex<Received>) -> std::sync::MutexGuard<'_, Received> {
    received.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn receive(received: Arc<Mutex<Received>>) -> Result<SocketAddr, Failed> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let at = listener.local_addr()?;
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let received = Arc::clone(&received);
            thread::spawn(move || serve(stream, &received));
        }
    });
    Ok(at)
}

fn serve(stream: TcpStream, received: &Mutex<Received>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let (path, body) = request(&mut reader)?;
        take(&path, &body, &mut lock(received))?;
        reader.get_mut().write_all(TAKEN).ok()?;
    }
}

fn take(path: &str, body: &[u8], received: &mut Received) -> Option<()> {
    if path.ends_with("metrics") {
        let told = ExportMetricsServiceRequest::decode(body).ok()?;
        let scopes = told.resource_metrics.into_iter().flat_map(|resource| resource.scope_metrics);
        received.metrics.extend(scopes.flat_map(|scope| scope.metrics).map(|metric| metric.name));
        return Some(());
    }
    for record in records(body)? {
        *received.ids.entry(id(&record)?).or_default() += 1;
    }
    Some(())
}
