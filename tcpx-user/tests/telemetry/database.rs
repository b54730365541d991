//! ClickHouse's engine with our schema, and a collector that inserts into it with an exporter of its own.

use std::{
    fs,
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use libtest_mimic::Failed;
use serde_json::Value;
use tcpx_user::{
    line::Line,
    otlp::{Config, Exporter},
};
use tempfile::TempDir;

use crate::{
    otlp::{free, rotel},
    tools::{self, Running, wait},
};

/// Engine and collector, each a process.
pub(crate) struct Database {
    folder: TempDir,
    engine: SocketAddr,
    collector: SocketAddr,
    _running: [Running; 2],
}

impl Database {
    /// With the schema; `None` if the programs were not fetched.
    pub(crate) fn start() -> Result<Option<Self>, Failed> {
        let (Some(python), Some(rotel)) = (python(), rotel()) else { return Ok(None) };
        let folder = tempfile::tempdir()?;
        let (engine, collector) = (free()?, free()?);
        let running = [
            start_engine(&python, folder.path(), engine)?,
            start_collector(&rotel, folder.path(), collector, engine)?,
        ];
        let database = Self { folder, engine, collector, _running: running };
        database.ask(&fs::read_to_string(deploy().join("schema.sql"))?);
        // Rows are counted to know what has arrived: two that are one stay two until a query says FINAL.
        database.ask("SYSTEM STOP MERGES");
        Ok(Some(database))
    }

    /// The rows that answer a query.
    pub(crate) fn ask(&self, query: &str) -> Vec<Value> {
        let request = ureq::post(format!("http://{}/", self.engine));
        let mut answer = request.config().http_status_as_error(false).build().send(query).expect("an answer");
        let status = answer.status();
        let text = answer.body_mut().read_to_string().expect("a text");
        assert!(status.is_success(), "{query}\n{text}");
        text.lines().map(|row| serde_json::from_str(row).expect("a row in JSON")).collect()
    }

    /// The rows that answer one of the queries that we ship; that there is none is never right.
    pub(crate) fn answers(&self, name: &str) -> Vec<Value> {
        let query = fs::read_to_string(deploy().join("queries").join(name)).expect("a query");
        let rows = self.ask(&query);
        assert!(!rows.is_empty(), "{name} returns nothing");
        rows
    }

    /// Has a host's daemon send these lines, and waits until the collector inserted them.
    pub(crate) fn tell(&self, host: &str, lines: Vec<Line>) -> Result<(), Failed> {
        let before = self.rows(host);
        let mut exporter = Exporter::start(Config {
            wait: Duration::from_millis(20),
            worked_one_in: 1,
            resource: vec![("host.name".to_owned(), host.to_owned())],
            ..Config::new(format!("http://{}", self.collector), self.folder.path().join(host))
        })?;
        let counts = exporter.counts();
        for line in lines {
            exporter.line(&Arc::new(line));
        }
        wait("lines in requests", || exporter.is_idle().then_some(()));
        let made = counts.made.load(Relaxed);
        assert!(made > 0, "{host} has something to tell");
        wait("records at the collector", || (counts.sent.load(Relaxed) == made).then_some(()));
        wait("rows of a host", || (self.rows(host) >= before + made).then_some(()));
        Ok(())
    }

    /// Rows of all tables, before what came twice is merged.
    fn rows(&self, host: &str) -> u64 {
        let of = |table| format!("SELECT count() AS n FROM tcpx.{table} WHERE host = '{host}'");
        let all = ["attempts", "resets", "drops", "others"].map(of).join(" UNION ALL ");
        let sum = self.ask(&format!("SELECT toUInt32(sum(n)) AS n FROM ({all})"));
        sum[0]["n"].as_u64().expect("a number")
    }
}

fn start_engine(python: &Path, folder: &Path, at: SocketAddr) -> Result<Running, Failed> {
    let server = tools::repository().join("tcpx-user/tests/telemetry/clickhouse.py");
    let mut command = Command::new(python);
    command.arg(server).arg(folder.join("engine")).arg(at.port().to_string());
    let running = Running::start(&mut command, &folder.join("engine.log"))?;
    wait("the engine", || TcpStream::connect(at).ok());
    Ok(running)
}

fn start_collector(
    rotel: &Path,
    folder: &Path,
    at: SocketAddr,
    engine: SocketAddr,
) -> Result<Running, Failed> {
    let mut command = Command::new(rotel);
    command.current_dir(folder).arg("start").args(["--otlp-http-endpoint", &at.to_string()]);
    command.args(["--otlp-grpc-endpoint", &free()?.to_string(), "--batch-timeout", "50ms"]);
    command.args(["--exporter", "clickhouse", "--clickhouse-exporter-database", "tcpx"]);
    command.args(["--clickhouse-exporter-endpoint", &format!("http://{engine}")]);
    command.args([
        "--clickhouse-exporter-compression",
        "none",
        "--clickhouse-exporter-async-insert",
        "false",
    ]);
    let running = Running::start(&mut command, &folder.join("rotel.log"))?;
    wait("the collector", || TcpStream::connect(at).ok());
    Ok(running)
}

/// The interpreter of the environment that has the engine.
pub(crate) fn python() -> Option<PathBuf> {
    tools::fetched("python/bin/python3").filter(|_| tools::fetched("python/ready").is_some())
}

pub(crate) fn deploy() -> PathBuf {
    tools::repository().join("deploy/clickhouse")
}
