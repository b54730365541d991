//! A collector that does as the test says: what it takes, it takes apart.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::mpsc::{Receiver, Sender, channel},
    time::Instant,
};

use flate2::read::GzDecoder;
use opentelemetry_proto::tonic::{
    collector::{logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest},
    common::v1::{KeyValue, any_value::Value},
};
use prost::Message as _;

use super::*;
use crate::{
    line::Attempt,
    metrics::{Asked, Metrics},
    sink::samples::{attempt, call_line, drop_line, loss, plain_attempt, reset_of_attempt, start, summary},
    verdict::VerdictId,
};

const DEADLINE: Duration = Duration::from_secs(20);

/// Answers each request with the next of these, and with the last from then on.
struct Collector {
    at: SocketAddr,
    bodies: Receiver<(String, Vec<u8>)>,
}

impl Collector {
    fn answering(answers: &'static [&'static str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let at = listener.local_addr().expect("an address");
        let (tell, bodies) = channel();
        thread::spawn(move || {
            let mut answers = answers.iter().copied();
            let mut last = "200 OK";
            for stream in listener.incoming().flatten() {
                serve(stream, &tell, || {
                    last = answers.next().unwrap_or(last);
                    last
                });
            }
        });
        Self { at, bodies }
    }

    fn next(&self) -> (String, Vec<u8>) {
        self.bodies.recv_timeout(DEADLINE).expect("a request")
    }

    fn logs(&self) -> ExportLogsServiceRequest {
        let (path, body) = self.next();
        assert_eq!(path, "/v1/logs");
        ExportLogsServiceRequest::decode(body.as_slice()).expect("a request for logs")
    }
}

/// One request a connection. `-` takes the request and gives no answer.
fn serve(
    stream: TcpStream,
    tell: &Sender<(String, Vec<u8>)>,
    mut answer: impl FnMut() -> &'static str,
) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let (mut path, mut length) = (String::new(), 0);
    for line in reader.by_ref().lines() {
        let line = line.ok()?.to_lowercase();
        if let Some(rest) = line.strip_prefix("post ") {
            path = rest.split(' ').next()?.to_owned();
        } else if let Some(rest) = line.strip_prefix("content-length: ") {
            length = rest.parse().ok()?;
        } else if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let mut plain = Vec::new();
    GzDecoder::new(body.as_slice()).read_to_end(&mut plain).ok()?;
    tell.send((path, plain)).ok()?;
    let head = answer();
    if head != "-" {
        let said = format!("HTTP/1.1 {head}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        reader.get_mut().write_all(said.as_bytes()).ok()?;
    }
    Some(())
}

struct Kept(tempfile::TempDir);

impl Kept {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn config(&self, at: SocketAddr) -> Config {
        let (wait, pause) = (Duration::from_millis(5), Duration::from_millis(5));
        Config { wait, pause, ..Config::new(format!("http://{at}/"), self.0.path().to_owned()) }
    }

    fn files(&self) -> usize {
        std::fs::read_dir(self.0.path()).expect("the folder").count()
    }
}

fn until(what: &str, mut ready: impl FnMut() -> bool) {
    let end = Instant::now() + DEADLINE;
    while !ready() {
        assert!(Instant::now() < end, "{what}");
        thread::yield_now();
    }
}

fn text(all: &[KeyValue]) -> BTreeMap<&str, String> {
    let shown = |value: &Value| match value {
        Value::StringValue(text) => text.clone(),
        Value::IntValue(number) => number.to_string(),
        Value::BoolValue(truth) => truth.to_string(),
        other => format!("{other:?}"),
    };
    let value = |one: &KeyValue| one.value.as_ref().and_then(|value| value.value.as_ref()).map(shown);
    all.iter().filter_map(|one| Some((one.key.as_str(), value(one)?))).collect()
}

#[test]
fn a_record_has_the_names_of_the_semantic_conventions() {
    let record = record::of(&attempt()).expect("a record");
    let all = text(&record.attributes);
    for (key, value) in [
        ("network.transport", "tcp"),
        ("network.type", "ipv6"),
        ("network.local.address", "::1"),
        ("network.local.port", "51000"),
        ("network.peer.address", "::1"),
        ("network.peer.port", "8080"),
        ("process.pid", "41"),
        ("process.executable.name", "curl"),
        ("process.executable.path", "/usr/bin/curl"),
        ("error.type", "ECONNREFUSED"),
        ("tcpx.verdict", "listener-v4only"),
        ("tcpx.confidence", "observed"),
        ("tcpx.outcome", "refused"),
        ("tcpx.seq", "1"),
        ("tcpx.complete", "true"),
        ("event.name", "tcpx.attempt"),
    ] {
        assert_eq!(all.get(key).map(String::as_str), Some(value), "{key}: {all:?}");
    }
    assert!(!all.contains_key("container.id") && !all.contains_key("tcpx.nat.peer.address"), "{all:?}");
    assert_eq!(
        (record.event_name.as_str(), record.time_unix_nano),
        ("tcpx.attempt", 1_767_323_045_000_000_006)
    );
    assert!(
        record.body.is_some_and(|body| format!("{body:?}").contains("node[9] listens on 0.0.0.0:8080 only"))
    );
}

#[test]
fn all_that_happened_is_a_record_and_nothing_else() {
    let is_record = |line: Line| record::of(&line).is_some();
    assert_eq!([attempt(), reset_of_attempt(), drop_line(), call_line(), loss()].map(is_record), [true; 5]);
    assert_eq!([start(), summary()].map(is_record), [false; 2]);
}

#[test]
fn lines_and_metrics_arrive() {
    let (collector, kept) = (Collector::answering(&["200 OK"]), Kept::new());
    let mut exporter = Exporter::start(kept.config(collector.at)).expect("a folder");
    exporter.line(&attempt().into());
    let logs = collector.logs();
    let resource = text(&logs.resource_logs[0].resource.as_ref().expect("a resource").attributes);
    assert_eq!(resource.get("service.name").map(String::as_str), Some("tcpx"));
    assert!(resource.contains_key("host.name"), "{resource:?}");
    let mut metrics = Metrics::new(Asked::default());
    metrics.line(&attempt());
    exporter.metrics(metrics.snapshot(), metrics.since());
    let (path, body) = collector.next();
    let told = ExportMetricsServiceRequest::decode(body.as_slice()).expect("metrics");
    let names = told.resource_metrics[0].scope_metrics[0].metrics.iter().map(|metric| metric.name.as_str());
    assert!(path == "/v1/metrics" && names.collect::<Vec<_>>().contains(&"tcpx_attempts"));
    until("it is counted", || exporter.counts().sent.load(Relaxed) == 1);
}

#[test]
fn what_is_not_taken_is_sent_again_unless_that_is_not_allowed() {
    let answers = &["503 Busy", "-", "429 Slow\r\nRetry-After: 0", "200 OK", "400 No", "200 OK"];
    let (collector, kept) = (Collector::answering(answers), Kept::new());
    let mut exporter = Exporter::start(kept.config(collector.at)).expect("a folder");
    exporter.line(&attempt().into());
    let first = collector.logs();
    for _ in 0..3 {
        assert_eq!(collector.logs(), first);
    }
    let counts = exporter.counts();
    until("it was taken", || counts.sent.load(Relaxed) == 1 && exporter.trouble().is_none());
    assert_eq!(counts.retries.load(Relaxed), 3);
    exporter.line(&drop_line().into());
    collector.logs();
    until("it was refused", || exporter.trouble().as_deref() == Some("HTTP status 400"));
    assert_eq!(counts.refused.load(Relaxed), 1);
    exporter.line(&call_line().into());
    collector.logs();
    until("the next was taken", || counts.sent.load(Relaxed) == 2);
}

#[test]
fn what_was_not_sent_before_the_end_is_sent_after_the_next_start() {
    let (away, kept) =
        (TcpListener::bind("127.0.0.1:0").and_then(|port| port.local_addr()).expect("a port"), Kept::new());
    let mut exporter = Exporter::start(kept.config(away)).expect("a folder");
    exporter.line(&attempt().into());
    until("it was tried", || exporter.trouble().is_some());
    drop(exporter);
    assert_eq!(kept.files(), 1);
    let collector = Collector::answering(&["200 OK"]);
    let exporter = Exporter::start(kept.config(collector.at)).expect("a folder");
    assert_eq!(collector.logs().resource_logs[0].scope_logs[0].log_records.len(), 1);
    until("the file is gone", || kept.files() == 0);
    assert_eq!(exporter.counts().evicted.load(Relaxed), 0);
}

/// The collector takes the connection and never answers.
#[test]
fn the_end_does_not_wait_for_a_collector_that_hangs() {
    let (hanging, kept) = (TcpListener::bind("127.0.0.1:0").expect("a port"), Kept::new());
    let mut exporter =
        Exporter::start(kept.config(hanging.local_addr().expect("an address"))).expect("a folder");
    exporter.line(&attempt().into());
    let (stream, _) = hanging.accept().expect("a request");
    exporter.line(&drop_line().into());
    let began = Instant::now();
    drop(exporter);
    assert!(began.elapsed() < Duration::from_secs(5) && kept.files() == 2, "{:?}", began.elapsed());
    drop(stream);
}

#[test]
fn of_what_worked_as_much_is_sent_as_was_asked_for_and_of_what_failed_all() {
    let (collector, kept) = (Collector::answering(&["200 OK"]), Kept::new());
    let config = Config { worked_one_in: 10, wait: Duration::from_millis(200), ..kept.config(collector.at) };
    let mut exporter = Exporter::start(config).expect("a folder");
    for id in 0..100 {
        let mut worked = Attempt { id, outcome: Outcome::Established, ..plain_attempt() };
        worked.verdict.id = VerdictId::Established;
        exporter.line(&Arc::new(Line::Attempt(Box::new(worked))));
        exporter.line(&Arc::new(Line::Attempt(Box::new(Attempt { id, ..plain_attempt() }))));
    }
    until("all arrive", || exporter.counts().sent.load(Relaxed) == 110);
}

#[test]
fn an_endpoint_that_cannot_be_is_refused_with_what_to_do() {
    for good in ["http://127.0.0.1:4318", "http://collector/prefix", "http://[::1]:4318/"] {
        assert_eq!(Config::check_endpoint(good), Ok(()));
    }
    assert!(Config::check_endpoint("https://x").is_err_and(|why| why.contains("no TLS")));
    for bad in ["", "localhost:4318", "grpc://x", "http://", "http://x/?a=b"] {
        assert!(Config::check_endpoint(bad).is_err_and(|why| why.contains("http://127.0.0.1:4318")), "{bad}");
    }
}
