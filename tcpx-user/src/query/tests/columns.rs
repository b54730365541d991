//! Each column holds what it says, and not what its neighbour says.

use serde_json::Value;

use super::{
    super::schema::{Kind, TABLES},
    *,
};
use crate::{
    line::{self, Death},
    sink::samples,
    verdict::VerdictId,
    who::Whose,
};

/// Where a column's fact stands in the line; `None` for what is no fact of one line.
fn place(table: &str, column: &str) -> Option<String> {
    let (prefix, rest) = column.split_once('_').unwrap_or((column, ""));
    let of_process = ["pid", "tid", "ns_pid", "comm", "exe", "uid", "cgroup", "container"];
    Some(match (table, column) {
        (_, "recording" | "time_ns") => return None,
        (_, "netns") => "/netns/inum".to_owned(),
        (_, "netns_name") => "/netns/name".to_owned(),
        (_, "netns_of") => "/netns/of".to_owned(),
        (_, "verdict") => "/verdict/id".to_owned(),
        (_, "title" | "confidence" | "evidence") => format!("/verdict/{column}"),
        (_, "reason") => "/reason/name".to_owned(),
        (_, "reason_source") => "/reason/source".to_owned(),
        (_, "backlog" | "max_backlog") => format!("/socket/{column}"),
        (_, "saddr" | "sport" | "daddr" | "dport") => format!("/flow/{column}"),
        (_, "lookup_established" | "lookup_listener") => format!("/lookup/{rest}/result"),
        (_, "lookup_established_source") => "/lookup/established/source".to_owned(),
        (_, "lookup_listener_source") => "/lookup/listener/source".to_owned(),
        (_, process) if of_process.contains(&process) => format!("/process/{process}"),
        (_, nat) if prefix == "nat" => format!("/nat/{}", nat["nat_".len()..].replace('_', "/")),
        (_, at) if ["local", "remote", "requested"].contains(&prefix) => format!("/{}", at.replace('_', "/")),
        (_, _) if prefix == "segment" => format!("/segment/{rest}"),
        ("resets", _) if ["sender", "receiver"].contains(&prefix) => match rest {
            "addr" | "port" => format!("/{prefix}/{rest}"),
            "netns" => format!("/{prefix}/netns/inum"),
            "netns_name" => format!("/{prefix}/netns/name"),
            "netns_of" => format!("/{prefix}/netns/of"),
            "socket" => format!("/{prefix}/socket/kind"),
            "pid" | "comm" => format!("/{prefix}/owner/{rest}"),
            "owner" => format!("/{prefix}/owner/how"),
            _ => format!("/{prefix}/socket/{rest}"),
        },
        _ => format!("/{column}"),
    })
}

fn death() -> Death {
    let attempt = samples::plain_attempt();
    Death {
        id: 99,
        time: "2026-03-01T12:00:00.000000007Z".to_owned(),
        duration_ns: Some(11),
        netns: attempt.netns,
        family: attempt.family,
        local: attempt.local,
        remote: attempt.remote,
        requested: None,
        nat: Some(line::Nat { local: samples::at("10.0.0.1:1"), remote: samples::at("10.0.0.2:2") }),
        process: attempt.process,
        outcome: line::Outcome::TimedOut,
        errno: Some("ETIMEDOUT".into()),
        how: None,
        syn_retransmits: None,
        state: "FIN_WAIT1".into(),
        age_ns: Some(12),
        idle_ns: 13,
        bytes_sent: 14,
        bytes_received: 15,
        retransmits: 16,
        probes: 17,
        verdict: samples::verdict(VerdictId::RetransmitTimeout, &["gave up"], "see"),
        path: vec![samples::frame("tcp_write_err", "gave up")],
        reset: None,
        attempt: Some(3),
        complete: None,
        packets: None,
    }
}

fn process() -> line::Process {
    line::Process {
        pid: 21,
        tid: Some(22),
        ns_pid: Some(23),
        comm: "comm".to_owned(),
        exe: Some("/exe".to_owned()),
        uid: Some(24),
        cgroup: Some("/cgroup".to_owned()),
        container: Some("container".to_owned()),
    }
}

fn end(port: u16) -> line::End {
    let number = u64::from(port);
    line::End {
        addr: samples::ip("10.0.0.3"),
        port,
        netns: line::Netns {
            inum: 31,
            name: Some("blue".to_owned()),
            of: Some(Whose::Pod("uid".to_owned())),
        },
        socket: Some(line::Socket {
            kind: line::SocketKind::TimeWait,
            state: Some("TIME_WAIT".into()),
            age_ns: Some(number + 1),
            idle_ns: Some(number + 2),
            bytes_sent: Some(number + 3),
            bytes_received: Some(number + 4),
        }),
        owner: Some(line::Owner { pid: 32, comm: "owner".to_owned(), how: line::OwnerHow::Bound }),
    }
}

/// Gives a line a number of its own, as they come from several stories, and whatever it may lack.
fn complete(line: &mut Line, number: u64) {
    let nat = line::Nat { local: samples::at("10.0.0.1:1"), remote: samples::at("10.0.0.2:2") };
    let netns = line::Netns {
        inum: 25,
        name: Some("green".to_owned()),
        of: Some(Whose::Unit("a.service".to_owned())),
    };
    match line {
        Line::Attempt(line) => {
            (line.id, line.nat, line.netns, line.process) =
                (number, Some(nat), netns, Some(process().into()));
            (line.requested, line.reset) = (Some(samples::at("10.0.0.4:4")), Some(26));
            (line.errno, line.syn_retransmits) = (Some("EIO".into()), 27);
        }
        Line::Reset(line) => {
            (line.id, line.sender, line.receiver) = (number, Some(end(1000)), Some(end(2000)));
            (line.attempt, line.joined_by) = (Some(28), Some("tuple".into()));
        }
        Line::Drop(line) => {
            (line.id, line.netns, line.process) = (number, netns, Some(process().into()));
            line.reason = Some(line::Reason { name: "REASON".into(), source: line::ReasonSource::Kernel });
            line.attempt = Some(29);
            line.socket = Some(line::Backlog { backlog: 30, max_backlog: 31 });
        }
        Line::Death(line) => {
            (line.id, line.nat, line.netns, line.process) =
                (number, Some(nat), netns, Some(process().into()));
            line.complete = Some(true);
        }
        Line::Call(line) => (line.id, line.netns, line.process) = (number, netns, Some(process().into())),
        Line::Start(_) | Line::Loss(_) | Line::Summary(_) => {}
    }
}

/// Of every table some lines; half of them with all facts that there can be.
fn lines() -> Vec<Line> {
    let mut lines = vec![
        samples::attempt(),
        samples::hostile(),
        samples::reset_of_attempt(),
        samples::peer_reset(),
        samples::passive_refusal(),
        samples::local_reset(),
        samples::drop_line(),
        samples::call_line(),
        Line::Death(death().into()),
    ];
    let mut full = lines.clone();
    full.iter_mut().zip(100..).for_each(|(line, number)| complete(line, number));
    lines.iter_mut().zip(1..).for_each(|(line, number)| renumber(line, number));
    lines.extend(full);
    lines.push(samples::loss());
    lines
}

fn renumber(line: &mut Line, number: u64) {
    match line {
        Line::Attempt(line) => line.id = number,
        Line::Reset(line) => line.id = number,
        Line::Drop(line) => line.id = number,
        Line::Death(line) => line.id = number,
        Line::Call(line) => line.id = number,
        Line::Start(_) | Line::Loss(_) | Line::Summary(_) => {}
    }
}

/// What the column should hold, in the way in which SQLite holds it.
fn held(fact: &Value, kind: Kind) -> Value {
    match (fact, kind) {
        (Value::Null, _) => Value::Null,
        (fact, Kind::Json) => fact.to_string().into(),
        (Value::Bool(flag), _) => i64::from(*flag).into(),
        (fact, _) => fact.clone(),
    }
}

fn check(database: &Database, lines: &[Value]) -> usize {
    let mut checked = 0;
    for line in lines {
        let table = format!("{}s", line["type"].as_str().expect("a type"));
        let Some(table) = TABLES.iter().find(|known| known.name == table) else { continue };
        let data = &line["data"];
        if data.get("id").is_none() {
            continue;
        }
        for column in table.columns() {
            let Some(place) = place(table.name, column.name) else { continue };
            let sql = format!("SELECT {} FROM {} WHERE id = {}", column.name, table.name, data["id"]);
            let found = &rows(database, &sql)[0][0];
            let fact = held(data.pointer(&place).unwrap_or(&Value::Null), column.kind);
            let same = match (found.as_str(), column.kind) {
                (Some(json), Kind::Json) => {
                    serde_json::from_str::<Value>(json).ok()
                        == serde_json::from_str(fact.as_str().unwrap_or("")).ok()
                }
                _ => *found == fact,
            };
            assert!(same, "{}.{}: {found} is not {fact} ({place})", table.name, column.name);
            checked += usize::from(!fact.is_null());
        }
    }
    checked
}

#[test]
fn each_holds_the_fact_of_its_line() {
    let lines = lines();
    let published: Vec<Value> =
        lines.iter().map(|line| serde_json::to_value(line).expect("lines are JSON")).collect();
    let checked = check(&told(&lines), &published);
    assert!(checked > 150, "{checked} facts");
}

/// There is no column for which all samples say the same nothing.
#[test]
fn each_has_a_value_in_some_sample() {
    let database = told(&lines());
    for table in TABLES.iter().filter(|table| table.name != "recordings") {
        for column in table.columns() {
            let sql = format!("SELECT count({}) FROM {}", column.name, table.name);
            assert!(rows(&database, &sql)[0][0].as_u64() > Some(0), "{}.{}", table.name, column.name);
        }
    }
}

#[test]
fn a_time_is_the_same_as_text_and_in_nanoseconds() {
    let database = told(&lines());
    let found = rows(&database, "SELECT DISTINCT time, time_ns FROM deaths");
    assert_eq!(
        found,
        [[Value::from("2026-03-01T12:00:00.000000007Z"), 1_772_366_400_000_000_007_i64.into()]]
    );
}

#[test]
fn recordings_hold_what_replay_shows() {
    let dir = tempfile::tempdir().expect("a folder");
    let (path, lines) = recorded(dir.path(), "x.tcpx", 14);
    let lines: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let checked = check(&read(&[path]), &lines);
    assert!(checked > 300, "{checked} facts");
}

/// A verdict that was told again with another is one row, with the last.
#[test]
fn a_line_that_is_told_again_takes_the_place_of_the_first() {
    let Line::Attempt(first) = samples::attempt() else { panic!("an attempt") };
    let mut again = first.clone();
    (again.verdict.id, again.was) = (VerdictId::ListenerNotYet, Some(first.verdict.id));
    let database = told(&[Line::Attempt(first), Line::Attempt(again)]);
    assert_eq!(rows(&database, "SELECT verdict FROM attempts"), [["listener-not-yet"]]);
    assert_eq!(rows(&database, "SELECT verdict, count(*) FROM attempts GROUP BY 1").len(), 1);
}
