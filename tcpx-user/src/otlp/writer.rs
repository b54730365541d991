//! Makes requests of lines.

use std::{
    io::Write as _,
    sync::{
        Arc,
        atomic::Ordering::Relaxed,
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::Instant,
};

use flate2::{Compression, write::GzEncoder};
use opentelemetry_proto::tonic::{
    collector::{logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest},
    common::v1::InstrumentationScope,
    logs::v1::{LogRecord, ResourceLogs, ScopeLogs},
    metrics::v1::{ResourceMetrics, ScopeMetrics},
    resource::v1::Resource,
};
use prost::Message;

use super::{
    Config, Shared, Told,
    attributes::Attributes,
    metrics::{self, Span},
    record,
};
use crate::metrics::family::Snapshot;

pub(super) struct Writer {
    config: Config,
    resource: Resource,
    shared: Arc<Shared>,
    records: Vec<LogRecord>,
}

impl Writer {
    pub(super) fn new(config: Config, shared: Arc<Shared>) -> Self {
        let resource = resource(&config.resource);
        Self { config, resource, shared, records: Vec::new() }
    }

    /// Until nobody tells lines any more.
    pub(super) fn run(mut self, told: &Receiver<Told>) {
        let mut since = Instant::now();
        loop {
            let waited = if self.records.is_empty() {
                self.config.wait
            } else {
                self.config.wait.saturating_sub(since.elapsed())
            };
            match told.recv_timeout(waited) {
                Ok(Told::Line(line)) => {
                    if self.records.is_empty() {
                        since = Instant::now();
                    }
                    self.records.extend(record::of(&line));
                    if self.records.len() >= self.config.batch {
                        self.flush();
                        self.adopt();
                    }
                }
                Ok(Told::Metrics(snapshot, began)) => self.metrics(&snapshot, began),
                Err(RecvTimeoutError::Timeout) => {
                    self.flush();
                    self.adopt();
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.flush();
        self.shared.state().complete = true;
        self.shared.changed.notify_all();
    }

    /// After a takeover the daemon before leaves what it could not send.
    fn adopt(&self) {
        let mut state = self.shared.state();
        match state.queue.adopt() {
            Ok(true) => self.shared.changed.notify_all(),
            Ok(false) => {}
            Err(error) => state.trouble = Some(format!("reading the queue: {error}")),
        }
    }

    fn flush(&mut self) {
        if self.records.is_empty() {
            return;
        }
        let records = std::mem::take(&mut self.records);
        let count = records.len() as u64;
        let logs = ScopeLogs { scope: Some(scope()), log_records: records, ..ScopeLogs::default() };
        let resource = Some(self.resource.clone());
        let logs = ResourceLogs { resource, scope_logs: vec![logs], ..ResourceLogs::default() };
        let body = compressed(&ExportLogsServiceRequest { resource_logs: vec![logs] });
        let mut state = self.shared.state();
        state.queue.push(count, body);
        let evicted = state.queue.evicted();
        let bytes = state.queue.bytes();
        drop(state);
        self.shared.counts.made.fetch_add(count, Relaxed);
        self.shared.counts.evicted.fetch_add(evicted, Relaxed);
        self.shared.counts.waiting_bytes.store(bytes, Relaxed);
        self.shared.changed.notify_all();
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a time after 1970, to the microsecond"
    )]
    fn metrics(&self, snapshot: &Snapshot, began: f64) {
        let span = Span { since: (began * 1e9) as u64, until: record::now() };
        let metrics = ScopeMetrics {
            scope: Some(scope()),
            metrics: metrics::of(snapshot, span),
            ..ScopeMetrics::default()
        };
        let resource = Some(self.resource.clone());
        let metrics =
            ResourceMetrics { resource, scope_metrics: vec![metrics], ..ResourceMetrics::default() };
        let body = compressed(&ExportMetricsServiceRequest { resource_metrics: vec![metrics] });
        self.shared.state().metrics = Some(body);
        self.shared.changed.notify_all();
    }
}

fn scope() -> InstrumentationScope {
    let version = env!("CARGO_PKG_VERSION").to_owned();
    InstrumentationScope { name: "tcpx".to_owned(), version, ..InstrumentationScope::default() }
}

/// Which host this is. What was configured takes the place of what is found.
fn resource(more: &[(String, String)]) -> Resource {
    let mut all = Attributes::default();
    all.text("service.name", Some("tcpx"));
    all.text("service.version", Some(env!("CARGO_PKG_VERSION")));
    let kernel = rustix::system::uname();
    all.text("host.name", Some(kernel.nodename().to_string_lossy()));
    all.text(
        "host.arch",
        Some(if kernel.machine() == c"x86_64" { "amd64".into() } else { kernel.machine().to_string_lossy() }),
    );
    all.text("os.type", Some("linux"));
    all.text("os.version", Some(kernel.release().to_string_lossy()));
    for (key, value) in more {
        all.0.retain(|known| known.key != *key);
        all.text(key, Some(value.as_str()));
    }
    Resource { attributes: all.0, ..Resource::default() }
}

/// gzip: every collector has to take it.
fn compressed(request: &impl Message) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    // Memory takes everything.
    let written = encoder.write_all(&request.encode_to_vec()).and_then(|()| encoder.finish());
    written.unwrap_or_default()
}
