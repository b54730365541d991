//! `tcpx daemon --status`: asks the daemon, and says in words what it says.

use std::{
    fmt::Write as _,
    io::{self, Read as _, Write as _},
    os::unix::net::UnixStream,
    path::Path,
    time::Duration,
};

use serde_json::Value;

use crate::{cli::failure::Failure, text::escape::escape};

/// How long a daemon may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the daemon on this socket says of its health.
///
/// # Errors
/// Nobody answers, or it may not be asked.
pub fn ask(socket: &Path) -> Result<Value, Failure> {
    let shown = socket.display();
    let body = get(socket, "/health").map_err(|error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => nobody(socket),
        io::ErrorKind::PermissionDenied => Failure::Machine {
            what: format!("{shown} may not be used by this user"),
            advice: "run it as root, or join the group that socket.group names".to_owned(),
        },
        _ => Failure::Io { doing: format!("asking the daemon on {shown}"), source: error },
    })?;
    serde_json::from_slice(&body).map_err(|error| Failure::Other(error.into()))
}

/// There is none on this socket.
#[must_use]
pub fn nobody(socket: &Path) -> Failure {
    Failure::Machine {
        what: format!("no daemon answers on {}", socket.display()),
        advice: "start it (systemctl start tcpx), or name its configuration with --config".to_owned(),
    }
}

/// One request; the body of the answer.
fn get(socket: &Path, page: &str) -> io::Result<Vec<u8>> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    write!(stream, "GET {page} HTTP/1.1\r\nHost: tcpx\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let body = answer.windows(4).position(|four| four == b"\r\n\r\n");
    let Some(body) = body else {
        // Who is not in socket.users gets no answer at all.
        return Err(io::ErrorKind::PermissionDenied.into());
    };
    Ok(answer.split_off(body + 4))
}

/// In words.
#[must_use]
pub fn words(health: &Value) -> String {
    let mut out = String::new();
    let healthy = health["healthy"] == true;
    let _ = writeln!(
        out,
        "tcpx {} (process {}) on Linux {}: {}, up {}",
        text(&health["tcpx"]),
        health["pid"],
        text(&health["kernel"]),
        if healthy { "healthy" } else { "NOT HEALTHY" },
        time(health["uptime_s"].as_u64().unwrap_or(0)),
    );
    for trouble in list(&health["troubles"]) {
        let _ = writeln!(out, "  trouble    {}", text(trouble));
    }
    let hooks = list(&health["hooks"]).len();
    let _ = writeln!(out, "  attached   {hooks} hooks ({} probes)", text(&health["probes"]));
    for missing in list(&health["missing"]) {
        let _ = writeln!(out, "  missing    {}: {}", text(&missing["hook"]), text(&missing["why"]));
    }
    let _ = writeln!(out, "  lines      {} told", health["lines"]);
    let _ = writeln!(out, "  losses     {}", losses(&health["losses"]));
    let _ = writeln!(out, "  self-probe {}", self_probe(&health["self_probe"]));
    let memory = &health["memory"];
    let _ = writeln!(
        out,
        "  memory     {} attempts, {} resets, {} bytes",
        memory["attempts"], memory["resets"], memory["bytes"]
    );
    let stream = &health["stream"];
    let _ = writeln!(
        out,
        "  readers    {} now; {} let go as too slow, {} refused",
        stream["readers"], stream["slow"], stream["refused"]
    );
    for consumer in list(&health["consumers"]) {
        let _ = writeln!(
            out,
            "  {:<10} {} lines taken, {} lost",
            text(&consumer["name"]),
            consumer["taken"],
            consumer["dropped"]
        );
        let last = &consumer["last_loss"];
        if last.is_object() {
            let _ = writeln!(out, "             last lost {}: {}", text(&last["time"]), text(&last["why"]));
        }
    }
    others(health, &mut out);
    out
}

fn others(health: &Value, out: &mut String) {
    let recording = &health["recording"];
    if recording.is_object() {
        let _ =
            writeln!(out, "  recording  {}, {} bytes in all", text(&recording["file"]), recording["bytes"]);
    }
    let privileges = &health["privileges"];
    if privileges.is_object() {
        let left = list(&privileges["capabilities"]);
        let left: Vec<_> = left.iter().map(text).collect();
        let left = if left.is_empty() { "no capability".to_owned() } else { left.join(", ") };
        let why = privileges["why"].as_str().map(|why| format!(" ({})", escape(why))).unwrap_or_default();
        let seccomp = if privileges["seccomp"] == true { "on" } else { "OFF" };
        let landlock = text(&privileges["landlock"]);
        let _ = writeln!(
            out,
            "  privileges user {}, {left}{why}; seccomp {seccomp}; Landlock: {landlock}",
            privileges["uid"]
        );
    }
    let helper = &health["helper"];
    if helper.is_object() {
        let state = if helper["alive"] == true { "answers" } else { "HAS ENDED" };
        let _ = writeln!(
            out,
            "  helper     process {} {state}: {} questions answered, {} not",
            helper["pid"], helper["answered"], helper["unanswered"]
        );
    }
}

fn losses(losses: &Value) -> String {
    let stages = losses["stages"].as_object().into_iter().flatten();
    let stages = stages.map(|(stage, count)| format!("{count} records ({})", escape(stage)));
    let consumers = losses["consumers"].as_u64().filter(|&count| count > 0);
    let missed = losses["missed"].as_u64().filter(|&count| count > 0);
    let parts: Vec<_> = stages
        .chain(consumers.map(|count| format!("{count} lines at consumers")))
        .chain(missed.map(|count| format!("{count} firings that the kernel passed over")))
        .collect();
    if parts.is_empty() { "none".to_owned() } else { parts.join(", ") }
}

fn self_probe(probe: &Value) -> String {
    if probe["enabled"] != true {
        return "off".to_owned();
    }
    let last = probe["last_seen"].as_str().map_or("never".to_owned(), |time| escape(time).into_owned());
    format!("{} of {} seen, the last {last}", probe["seen"], probe["made"])
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A string without what a terminal would obey.
fn text(value: &Value) -> String {
    escape(value.as_str().unwrap_or("?")).into_owned()
}

fn time(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..86400 => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
        _ => format!("{} d {} h", seconds / 86400, seconds / 3600 % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::daemon::{
        consumer::Consumer as _,
        health::{Counting, Health, Helper},
        memory::Filled,
        stream::Standing,
    };

    #[test]
    fn health_reads_as_sentences() {
        let health = Health::default();
        Counting(health.clone()).line(&std::sync::Arc::new(crate::sink::samples::start()));
        health.state().helper = Some(Helper {
            pid: 7,
            unanswered: 3,
            trouble: Some("it ended \x1b[31m".to_owned()),
            ..Helper::default()
        });
        let report = health.report(Filled::default(), Standing { readers: 1, slow: 2, refused: 0 });
        let words = words(&serde_json::to_value(report).expect("serialisable"));
        for expected in [
            "NOT HEALTHY, up 0 s\n",
            "  trouble    helper: it ended \\x1b[31m\n",
            "  losses     none\n",
            "  self-probe off\n",
            "  readers    1 now; 2 let go as too slow, 0 refused\n",
            "  helper     process 7 HAS ENDED: 0 questions answered, 3 not\n",
        ] {
            assert!(words.contains(expected), "{expected:?} in\n{words}");
        }
    }

    #[test]
    fn times_have_the_unit_that_says_most() {
        assert_eq!([59, 61, 7_260, 90_000].map(time), ["59 s", "1 min", "2 h 1 min", "1 d 1 h"]);
    }

    #[test]
    fn nobody_there_is_said_with_what_to_do() {
        let dir = tempfile::tempdir().expect("a directory");
        let said = ask(&dir.path().join("no.sock")).expect_err("nobody").to_string();
        assert!(said.contains("no daemon answers on") && said.contains("systemctl start tcpx"), "{said}");
    }
}
