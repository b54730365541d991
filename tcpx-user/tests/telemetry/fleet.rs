//! Many hosts in one database: what deploy/clickhouse makes of what their daemons send.

use std::{net::IpAddr, process::Command};

use jiff::{SignedDuration, Timestamp};
use libtest_mimic::{Completion, Failed};
use serde_json::Value;
use tcpx_user::{
    cli::surroundings::Surroundings,
    line::{Attempt, Endpoint, Line, Nat, Reset, SegmentLine},
    verdict::VerdictId,
};

use crate::{
    database::{Database, deploy, python},
    hosts::{self, POD, SERVER, SERVICE},
    lines, tools, without,
};

/// Everything that a query of ours answers must be answered from what two tcpx really told.
pub(crate) fn both_ends() -> Result<Completion, Failed> {
    if let Err(why) = Surroundings::read().check() {
        return Ok(Completion::ignored_with(why.to_string()));
    }
    let Some(database) = Database::start()? else { return Ok(without("ClickHouse's engine")) };
    let told = hosts::told()?;
    let blind = told.client.iter().filter_map(|line| match line {
        Line::Attempt(attempt) => Some(attempt.verdict.id),
        _ => None,
    });
    assert!(blind.clone().any(|id| id == VerdictId::PeerRefused), "{:?}", blind.collect::<Vec<_>>());
    database.tell("client", told.client)?;
    database.tell("server", told.server)?;
    for query in std::fs::read_dir(deploy().join("queries"))? {
        let name = query?.file_name().into_string().map_err(|_| "a name that is no text")?;
        if name == "losses.sql" {
            // Nothing was lost here: the line is one of the test's own.
            let loss = lines::each().into_iter().filter(|line| matches!(line, Line::Loss(_))).collect();
            database.tell("lossy", loss)?;
        }
        database.answers(&name);
    }
    joined(&database.answers("both_ends.sql"));
    let refused = database.answers("refusals.sql");
    let of = |service: &str| {
        refused.iter().find(|row| row["service"] == service).expect("a row")["refusals"].clone()
    };
    assert_eq!((number(&of(&format!("{SERVER}:8080"))), number(&of(&format!("{SERVICE}:80")))), (1, 1));
    let dropped = database.answers("unanswered.sql");
    tells(
        &dropped[0],
        &[
            ("client_host", "client"),
            ("server_host", "server"),
            ("service", &format!("{SERVER}:8081")),
            ("client_verdict", "cancelled"),
            ("verdict", "netfilter-drop"),
        ],
    );
    assert_eq!(dropped.len(), 1, "{dropped:?}");
    Ok(Completion::Completed)
}

/// "peer-refused" there is "bound-not-listening" here, python3 in its pod; and so it is behind an address that the client's
/// conntrack translates, which this kernel lets tcpx not see.
fn joined(rows: &[Value]) {
    assert_eq!(rows.len(), 2, "{rows:?}");
    for (service, joined_by) in [(format!("{SERVER}:8080"), "flow"), (format!("{SERVICE}:80"), "one end")] {
        let row = rows.iter().find(|row| row["service"] == service.as_str()).expect("a row");
        tells(
            row,
            &[
                ("client_host", "client"),
                ("client_process", "python3"),
                ("client_verdict", "peer-refused"),
                ("outcome", "refused"),
                ("verdict", "bound-not-listening"),
                ("server_host", "server"),
                ("server_process", "python3"),
                ("server_pod", POD),
                ("answered_by", &format!("{SERVER}:8080")),
                ("joined_by", joined_by),
            ],
        );
    }
}

fn tells(row: &Value, what: &[(&str, &str)]) {
    for &(column, value) in what {
        assert_eq!(row[column], value, "{column}: {row}");
    }
}

/// 64 bits are a text in ClickHouse's JSON.
fn number(value: &Value) -> u64 {
    value.as_u64().or_else(|| value.as_str()?.parse().ok()).expect("a number")
}

/// Cases that take more than this kernel's tracepoints, as lines of the test's own.
pub(crate) fn translated() -> Result<Completion, Failed> {
    let Some(database) = Database::start()? else { return Ok(without("ClickHouse's engine")) };
    let now = Timestamp::now();
    let attempts = [
        Attempt { nat: Some(Nat { local: at(3, 700), remote: at(2, 8080) }), ..attempt(1, 4242, now) },
        attempt(2, 77, now),
        attempt(3, 5, now),
        attempt(4, 6, now),
    ];
    database.tell("a", attempts.map(|attempt| Line::Attempt(Box::new(attempt))).into())?;
    let late = now + SignedDuration::from_secs(30);
    let b = [
        reset(11, (at(2, 8080), at(3, 700)), 4242, now),
        // The same number much later, and that of another connection at a time that fits.
        reset(12, (at(2, 8080), at(3, 700)), 4242, late),
        reset(13, (at(2, 8080), at(3, 701)), 4243, now),
        // Neither end is the same: all the same it is this one, as no other host sent such a RST.
        reset(14, (at(8, 8080), at(9, 702)), 77, now),
        reset(15, (at(8, 8080), at(9, 703)), 5, now),
        reset(16, (at(8, 8080), at(9, 704)), 6, late),
    ];
    database.tell("b", b.map(|reset| Line::Reset(Box::new(reset))).into())?;
    // Two hosts could have been asked: which, nobody knows.
    let c = reset(17, (at(8, 8080), at(9, 705)), 5, now);
    database.tell("c", vec![Line::Reset(Box::new(c))])?;
    let rows = database.answers("both_ends.sql");
    let mut pairs: Vec<_> =
        rows.iter().map(|row| (row["answered_by"].clone(), row["joined_by"].clone())).collect();
    pairs.sort_by_key(|(by, _)| by.to_string());
    let expected = [("10.0.0.2:8080", "flow"), ("10.0.0.8:8080", "sequence number only")];
    assert_eq!(pairs, expected.map(|(by, how)| (Value::from(by), Value::from(how))), "{rows:?}");
    Ok(Completion::Completed)
}

/// OTLP may send twice, and a verdict may be told again.
pub(crate) fn again() -> Result<Completion, Failed> {
    let Some(database) = Database::start()? else { return Ok(without("ClickHouse's engine")) };
    let now = Timestamp::now();
    let closed = || attempt(1, 9, now);
    let twice = |attempt: &dyn Fn() -> Attempt| vec![Line::Attempt(Box::new(attempt()))];
    database.tell("a", twice(&closed))?;
    database.tell("a", twice(&closed))?;
    let counted = || {
        let rows = database.answers("refusals.sql");
        let row =
            |row: &Value| (row["verdict"].as_str().unwrap_or_default().to_owned(), number(&row["refusals"]));
        rows.iter().map(row).collect::<Vec<_>>()
    };
    assert_eq!(counted(), [("closed-port".to_owned(), 1)]);
    let later = || {
        let mut attempt = closed();
        attempt.was = Some(attempt.verdict.id);
        attempt.verdict.id = VerdictId::ListenerNotYet;
        attempt
    };
    database.tell("a", twice(&later))?;
    database.tell("a", twice(&later))?;
    assert_eq!(counted(), [("listener-not-yet".to_owned(), 1)]);
    let rows = database.ask("SELECT verdict, was FROM tcpx.attempts FINAL");
    assert_eq!(rows.len(), 1, "{rows:?}");
    tells(&rows[0], &[("verdict", "listener-not-yet"), ("was", "closed-port")]);
    Ok(Completion::Completed)
}

/// Attempts that worked go after three days, all else after thirty; what was counted stays.
pub(crate) fn retention() -> Result<Completion, Failed> {
    let Some(database) = Database::start()? else { return Ok(without("ClickHouse's engine")) };
    let days = |days: i64| Timestamp::now() - SignedDuration::from_hours(24 * days);
    let worked =
        |id, time| Attempt { outcome: tcpx_user::line::Outcome::Established, ..attempt(id, 1, time) };
    let all = [attempt(1, 1, days(29)), attempt(2, 1, days(31)), worked(3, days(2)), worked(4, days(4))];
    database.tell("a", all.map(|attempt| Line::Attempt(Box::new(attempt))).into())?;
    database.ask("SYSTEM START MERGES");
    database.ask("OPTIMIZE TABLE tcpx.attempts FINAL");
    let left = database.ask("SELECT toUInt32(id) AS id FROM tcpx.attempts FINAL ORDER BY id");
    assert_eq!(left.iter().map(|row| number(&row["id"])).collect::<Vec<_>>(), [1, 3]);
    let counted = database.ask("SELECT toUInt32(uniqExactMerge(told)) AS n FROM tcpx.failures_by_minute");
    assert_eq!(number(&counted[0]["n"]), 2);
    Ok(Completion::Completed)
}

/// Its own program is in none of the registries that we use: what is checked is that it is whole in itself, and what has to agree.
pub(crate) fn configuration() -> Result<Completion, Failed> {
    let Some(python) = python() else { return Ok(without("Python")) };
    let script = tools::repository().join("tcpx-user/tests/telemetry/collector.py");
    let file = tools::repository().join("deploy/otel/collector.yaml");
    let output = Command::new(python).arg(script).arg(file).output()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(Completion::Completed)
}

fn at(host: u8, port: u16) -> Endpoint {
    Endpoint { addr: IpAddr::from([10, 0, 0, host]), port }
}

/// From 10.0.0.1 to 10.0.0.99, closed-port.
fn attempt(id: u64, isn: u32, time: Timestamp) -> Attempt {
    let line = lines::attempt(id, tcpx_user::line::Outcome::Refused, VerdictId::ClosedPort);
    let Line::Attempt(plain) = line else { unreachable!("it is an attempt") };
    let (local, remote) = (Some(at(1, 600)), Some(at(99, 80)));
    Attempt { time: time.to_string(), local, remote, requested: remote, isn: Some(isn), ..*plain }
}

fn reset(id: u64, (from, to): (Endpoint, Endpoint), seq: u32, time: Timestamp) -> Reset {
    let Line::Reset(plain) = lines::reset(id) else { unreachable!("it is a reset") };
    let segment = SegmentLine { flags: "S".into(), seq, ack: 0, len: 0, ttl: None, device: None };
    let flow = lines::flow(from, to);
    Reset { time: time.to_string(), flow, segment: Some(segment), attempt: None, ..*plain }
}
