//! The command line as its users meet it: help, wrong use, exit statuses, pipes, colour. Nothing here needs a privilege.
#![expect(clippy::unwrap_used, reason = "a test that cannot start its subject fails")]

mod lang;

use std::{
    io::Read as _,
    process::{Command, Output, Stdio},
};

use assert_cmd::cargo::CommandCargoExt as _;

const COMMANDS: [&str; 12] = [
    "trace", "record", "daemon", "replay", "report", "export", "query", "top", "lab", "probe", "check",
    "explain",
];

/// `tcpx` in an environment that says nothing about colour, width or language.
fn tcpx(args: &[&str]) -> Command {
    let mut command = Command::cargo_bin("tcpx").unwrap();
    let languages = ["LC_ALL", "LC_CTYPE", "LC_MESSAGES", "LANG", "LANGUAGE"];
    for name in ["NO_COLOR", "TERM", "COLUMNS", "CLICOLOR_FORCE"].iter().chain(&languages) {
        command.env_remove(name);
    }
    command.args(args);
    command
}

fn run(args: &[&str]) -> Output {
    tcpx(args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Exit status and stderr of wrong use, which leaves stdout alone.
fn wrong(args: &[&str]) -> (Option<i32>, String) {
    let output = run(args);
    assert!(output.stdout.is_empty(), "{args:?}");
    (output.status.code(), text(&output.stderr))
}

#[test]
fn help_goes_to_stdout_and_has_examples_and_exit_statuses() {
    for command in COMMANDS {
        for flag in ["-h", "--help"] {
            let output = run(&[command, flag]);
            assert_eq!(output.status.code(), Some(0), "{command}");
            let help = text(&output.stdout);
            assert!(help.contains("Examples:") && help.contains("Exit status:"), "{command}: {help}");
            assert!(output.stderr.is_empty());
        }
    }
    let help = text(&run(&["--help"]).stdout);
    for part in ["Exit status:", "  77      lab", "CMD's", "NO_COLOR", "sudo tcpx trace -- curl"] {
        assert!(help.contains(part), "{part}");
    }
    for command in COMMANDS {
        assert!(help.contains(&format!("\n  {command} ")), "{command}");
    }
}

#[test]
fn version() {
    let output = run(&["--version"]);
    assert_eq!(text(&output.stdout), format!("tcpx {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn wrong_use_is_2_and_says_what_would_be_right() {
    for (args, said) in [
        (&[][..], "Usage: tcpx"),
        (&["trcae"], "'trace'"),
        (&["trace", "--nonsense"], "--nonsense"),
        (&["trace", "-o", "xml"], "text, json"),
        (&["trace", "--backend", "ebpf"], "auto, tracepoint, fentry, kprobe"),
        (&["trace", "--verdict", "closed-prot"], "nearest: closed-port"),
        (
            &["trace", "--outcome", "refused,broken"],
            "--outcome: \"broken\" is not valid: it must be one of established, refused",
        ),
        (&["trace", "--addr", "10.0.0.0/40"], "0 to 32"),
        (&["trace", "--port", "70000"], "0 to 65535"),
        (&["trace", "--in", "web"], "containers come in a later version"),
        (&["trace", "-q", "-v"], "cannot be used with"),
        (&["trace", "curl", "http://x/"], "tcpx trace -- curl http://x/"),
        (&["trace", "-w", "-"], "a recording is a file"),
        (&["trace", "--rotate-size", "1M"], "--write <FILE>"),
        (&["record"], "--write <FILE>"),
        (&["record", "-w", "x", "curl"], "tcpx record -- curl"),
        (&["record", "-w", "x", "--rotate-size", "10"], "from 64k on"),
        (&["record", "-w", "x", "--rotate-time", "soon"], "such as 10, 1.5s"),
        (&["record", "-w", "x", "--keep", "3"], "--rotate-size"),
        (&["record", "-w", "x", "--rotate-time", "1h", "--keep", "0"], "a number from 1 on"),
        (&["record", "-w", "x", "--port", "80"], "--port"),
        (&["replay"], "<FILE>"),
        (&["replay", "x", "--verdict", "closed-prot"], "nearest: closed-port"),
        (&["report", "x"], "--write <FILE>"),
        (&["report", "-w", "x"], "<REC>"),
        (&["report", "x", "-w", "y", "--verdict", "closed-prot"], "nearest: closed-port"),
        (&["export", "x"], "--write <FILE>"),
        (&["export", "x", "-w", "x.csv"], "what is written is pcapng or Parquet"),
        (&["export", "x", "-w", "x.pcapng", "--verdict", "closed-prot"], "nearest: closed-port"),
        (&["top", "--in", "web"], "containers come in a later version"),
        (&["top", "--in", "1", "x"], "cannot be used with"),
        (&["top", "x", "--probes", "path"], "a recording has its hooks"),
        (&["top", "--everything"], "<RECORDING>"),
        (&["probe"], "<ADDR:PORT>"),
        (&["probe", "example.org:80"], "give an address"),
        (&["probe", "::1"], "brackets"),
        (&["lab"], "tcpx lab --list"),
        (&["lab", "no-lisen"], "nearest: no-listen, "),
        (
            &["lab", "closed-port.toml", "--server", "x"],
            "--server: no program of this lab only listens or binds",
        ),
        (
            &["lab", "time-wait-ack", "--client", "x"],
            "time-wait-ack is none; files: yours, accept-queue-full.toml",
        ),
        (&["lab", "all", "--client", "x"], "name one"),
        (&["lab", "all", "-w", "x.html"], "-w writes the page of one scenario"),
        (&["lab", "two-hosts-ipv6.toml", "--task"], "has no [[task]]"),
        (&["lab", "closed-port", "--check", "none.toml"], "there is no file none.toml"),
        (&["lab", "closed-port", "--client", "x", "--step"], "leave --client out"),
        (&["lab", "closed-port", "--client", " "], "a command line for sh"),
        (&["explain", "--backends", "closed-port"], "cannot be used with"),
    ] {
        let (status, stderr) = wrong(args);
        assert_eq!(status, Some(2), "{args:?}: {stderr}");
        assert!(stderr.contains(said), "{args:?}: {stderr}");
    }
}

#[test]
fn errors_are_harmless_and_on_stderr_in_json_too() {
    let (status, stderr) = wrong(&["trace", "-o", "json", "--netns", "x", "--verdict", "\u{1b}[2Jx"]);
    assert_eq!(status, Some(2));
    assert!(stderr.starts_with("tcpx: --verdict: \"\\x1b[2Jx\" is not valid"), "{stderr:?}");
    assert!(!stderr.contains('\u{1b}'));
}

#[test]
fn explain_knows_verdicts_errnos_and_messages() {
    for (args, said) in [
        (&["explain"][..], "bound-not-listening"),
        (&["explain", "no-listen"], "bound-not-listening"),
        (&["explain", "ECONNREFUSED"], "closed-port"),
        (&["explain", "curl: (7) Connection refused"], "ECONNREFUSED"),
        (&["explain", "--backends"], "tracepoint"),
    ] {
        let output = run(args);
        assert_eq!(output.status.code(), Some(0), "{args:?}");
        let page = text(&output.stdout);
        assert!(page.contains(said), "{args:?}: {page}");
        assert!(page.is_ascii(), "no locale, no Unicode: {page}");
        assert!(output.stderr.is_empty());
    }
    let unknown = run(&["explain", "no such thing as this"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(text(&unknown.stderr).starts_with("tcpx: "));
}

#[test]
fn explain_as_json() {
    let output = run(&["explain", "closed-port", "-o", "json"]);
    let line: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&line["type"], &line["data"]["id"]), (&"explain".into(), &"closed-port".into()));
}

#[test]
fn explain_fits_80_columns() {
    for args in [&["explain"][..], &["explain", "closed-port"], &["explain", "ECONNRESET"]] {
        for line in text(&run(args).stdout).lines() {
            assert!(line.chars().count() <= 80 || line.split_whitespace().count() == 1, "{line}");
        }
    }
}

#[test]
fn a_closed_pipe_ends_it_quietly() {
    for args in [&["explain"][..], &["explain", "-o", "json"], &["--help"]] {
        let mut child = tcpx(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let mut stderr = String::new();
        child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        let status = child.wait().unwrap();
        assert_eq!((status.code(), stderr.as_str()), (Some(0), ""), "{args:?}");
    }
}

#[test]
fn colour_is_asked_for_or_absent() {
    let coloured = |args: &[&str]| text(&run(args).stdout).contains("\u{1b}[");
    assert!(!coloured(&["explain"]), "stdout is no terminal");
    assert!(coloured(&["explain", "--color", "always"]));
    assert!(coloured(&["--color=always", "explain"]));
    assert!(!coloured(&["explain", "--color", "never"]));
    let obeyed = tcpx(&["explain", "--color", "always"]).env("NO_COLOR", "1").output().unwrap();
    assert!(text(&obeyed.stdout).contains("\u{1b}["), "asking for it wins, as in ripgrep");
    assert_eq!(run(&["explain", "--color", "sometimes"]).status.code(), Some(2));
}

#[test]
fn lab_lists_its_scenarios_without_privilege() {
    let output = run(&["lab", "--list"]);
    assert_eq!(output.status.code(), Some(0));
    let list = text(&output.stdout);
    assert!(list.contains("bound-not-listening") && list.lines().all(|line| line.len() <= 80), "{list}");
}

#[test]
fn a_full_screen_view_wants_a_terminal_and_says_what_does_not() {
    for args in [&["top"][..], &["top", &kept().0]] {
        let output = run(args);
        let stderr = text(&output.stderr);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{stderr}");
        assert!(
            stderr.contains("stdout is not a terminal") && stderr.contains("tcpx replay FILE"),
            "{stderr}"
        );
    }
}

/// setpriv is part of util-linux, as essential as a shell.
#[test]
fn without_privilege_it_says_what_to_do() {
    let subject = assert_cmd::cargo::cargo_bin("tcpx");
    for command in [&["trace", "--duration", "1"][..], &["probe", "127.0.0.1:1"], &["check"]] {
        let mut powerless = Command::new("setpriv");
        if rustix::process::geteuid().is_root() {
            powerless.arg("--bounding-set=-all");
        }
        let output = powerless.args(["--inh-caps=-all", "--"]).arg(&subject).args(command).output().unwrap();
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        let what = "tcpx: loading eBPF programs is not allowed: no CAP_BPF and CAP_PERFMON; ";
        assert!(stderr.starts_with(what), "{stderr}");
    }
}

/// A recording that is kept; its head and its facts are whole.
fn kept() -> (String, Vec<u8>) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/recordings/v1-lines.tcpx");
    (path.to_owned(), std::fs::read(path).unwrap())
}

#[test]
fn replay_shows_a_recording_as_text_or_json_and_filters_it() {
    let (path, _) = kept();
    let output = run(&["replay", &path]);
    assert_eq!(output.status.code(), Some(3), "events were lost when it was recorded");
    let shown = text(&output.stdout);
    assert!(shown.contains("REFUSED") && shown.contains("closed-port"), "{shown}");
    assert!(text(&output.stderr).contains("tracing Linux 6.12.0-test"));
    let lines = |args: &[&str]| text(&run(&[&["replay", &path, "-o", "json"], args].concat()).stdout);
    let all = lines(&[]);
    let first = all.lines().next().unwrap();
    assert!(first.contains("\"type\":\"start\"") && first.contains("\"kernel\":\"6.12.0-test\""), "{first}");
    assert!(all.lines().last().unwrap().contains("\"type\":\"summary\""));
    assert!(all.contains("netfilter-drop"));
    let refused = lines(&["--verdict", "closed-port"]);
    let results: Vec<&str> = refused.lines().filter(|line| line.contains("verdict")).collect();
    assert!(!results.is_empty() && results.iter().all(|line| line.contains("closed-port")), "{refused}");
    let one = lines(&["-c", "1"]);
    assert_eq!(one.lines().filter(|line| line.contains("\"verdict\"")).count(), 1, "{one}");
}

#[test]
fn replay_says_where_a_recording_is_broken_and_shows_what_came_before() {
    let dir = tempfile::tempdir().unwrap();
    let (_, bytes) = kept();
    let replay = |contents: &[u8]| {
        let path = dir.path().join("x.tcpx");
        std::fs::write(&path, contents).unwrap();
        let output = run(&["replay", "-o", "json", path.to_str().unwrap()]);
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let (status, stdout, stderr) = replay(&bytes[..bytes.len() - 3]);
    assert_eq!(status, Some(1));
    assert!(stdout.contains("closed-port") && stdout.contains("could not be read to its end"), "{stdout}");
    assert!(stderr.contains("x.tcpx cannot be read from byte ") && stderr.contains("cut short"), "{stderr}");
    for (contents, said) in [(&b""[..], "it is empty"), (b"GIF89a", "no recording of tcpx")] {
        let (status, stdout, stderr) = replay(contents);
        assert_eq!((status, stdout.as_str()), (Some(1), ""), "{stderr}");
        assert!(stderr.contains(said), "{stderr}");
    }
    for path in ["/", "/dev/null", "/no/such/file"] {
        let output = run(&["replay", path]);
        assert_eq!(output.status.code(), Some(1), "{path}");
        assert!(
            text(&output.stderr).starts_with(&format!("tcpx: reading the recording {path}: ")),
            "{output:?}"
        );
    }
}

#[test]
fn query_asks_a_recording_in_sql() {
    let (path, _) = kept();
    let output = run(&["query", &path, "SELECT verdict, count(*) AS n FROM attempts GROUP BY 1 LIMIT 2"]);
    assert_eq!(output.status.code(), Some(3), "events were lost when it was recorded");
    let table = "verdict      n\n-----------  -\ncancelled    2\nclosed-port  2\n";
    assert_eq!(text(&output.stdout), table);
    assert!(text(&output.stderr).contains("4 events were lost when it was recorded"));
    assert!(!std::path::Path::new(&format!("{path}.tcpxdb")).exists(), "it is small");
    let json = run(&["query", &path, "--format", "json", "--port", "1000", "SELECT comm FROM attempts"]);
    assert_eq!(text(&json.stdout), "{\"comm\":\"someone1\"}\n", "filters are those of replay");
    let schema = text(&run(&["query", "--schema"]).stdout);
    assert!(schema.starts_with("attempts: ") && schema.contains("\n  remote_addr "), "{schema}");
}

#[test]
fn query_says_what_is_wrong() {
    let (path, _) = kept();
    for (args, said) in [
        (&["query"][..], "FILE... SQL"),
        (&["query", &path], "the last word is the SQL, and"),
        (&["query", "SELECT 1"], "which recording?"),
        (
            &["query", &path, "SELECT verdit FROM attempts"],
            "at character 8: verdit FROM attempts; did you mean verdict?",
        ),
        (&["query", &path, "DROP TABLE attempts"], "recordings can only be read"),
        (&["query", &path, "SELECT 1", "--format", "parquet"], "--output NAME.parquet"),
        (&["query", &path, "SELECT 1", "--format", "xml"], "table, csv, json, parquet"),
        (&["query", &path, "SELECT 1", "--limit", "0"], "--limit: \"0\" is not valid"),
        (&["query", &path, &path, "SELECT 1"], "is the same file of the same recording as"),
    ] {
        let (status, stderr) = wrong(args);
        assert_eq!(status, Some(2), "{args:?}: {stderr}");
        assert!(stderr.contains(said), "{args:?}: {stderr}");
    }
    for (path, said) in
        [("/no/such/file", "reading the recording /no/such/file: "), ("/dev/null", "no regular file")]
    {
        let (status, stderr) = wrong(&["query", path, "SELECT 1"]);
        assert!(status == Some(1) && stderr.contains(said), "{stderr}");
    }
}

/// Rows without end, as long as somebody reads them.
const ENDLESS: &str = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n";

#[test]
fn query_ends_with_ctrl_c_and_with_its_reader() {
    let (path, _) = kept();
    let start = || {
        let mut query = tcpx(&["query", "--format", "csv", &path, ENDLESS]);
        query.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let mut interrupted = start();
    let mut first = [0; 4];
    interrupted.stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
    let id = rustix::process::Pid::from_child(&interrupted);
    rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
    let output = interrupted.wait_with_output().unwrap();
    assert_eq!((output.status.code(), &first), (Some(1), b"i\n1\n"));
    assert_eq!(text(&output.stderr), "tcpx: interrupted: the query was not carried out to its end\n");
    let mut left = start();
    left.stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
    drop(left.stdout.take());
    let output = left.wait_with_output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), ""));
}

#[test]
fn a_report_is_whole_or_not_there_and_spares_the_recording() {
    let dir = tempfile::tempdir().unwrap();
    let (recording, page) = (dir.path().join("x.tcpx"), dir.path().join("page.html"));
    let (_, bytes) = kept();
    let report = |contents: &[u8], to: &std::path::Path| {
        std::fs::write(&recording, contents).unwrap();
        let output = run(&["report", recording.to_str().unwrap(), "-w", to.to_str().unwrap()]);
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let (status, _, stderr) = report(b"GIF89a", &page);
    assert_eq!((status, page.exists()), (Some(1), false), "{stderr}");

    let (status, stdout, stderr) = report(&bytes[..bytes.len() - 3], &page);
    assert_eq!((status, stdout.as_str()), (Some(1), ""));
    assert!(
        stderr.contains("report: 18 results") && stderr.contains("cannot be read from byte "),
        "{stderr}"
    );
    let written = std::fs::read_to_string(&page).unwrap();
    assert!(written.contains("The recording is readable up to here only"), "it tells of what came before");
    assert!(written.trim_end().ends_with("</html>"));

    let (status, _, stderr) = report(&bytes, &recording);
    assert_eq!(status, Some(2));
    assert!(
        stderr.contains("is the recording itself") && std::fs::read(&recording).unwrap() == bytes,
        "{stderr}"
    );

    let (_, stdout, stderr) = report(&bytes, "-".as_ref());
    assert!(stdout.starts_with("<!doctype html>") && stderr.is_empty(), "{stderr}");
    let mut entries: Vec<_> =
        dir.path().read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
    entries.sort();
    assert_eq!(entries, ["page.html", "x.tcpx"]);
}

#[test]
fn export_writes_attempts_as_parquet() {
    let dir = tempfile::tempdir().unwrap();
    let (recording, _) = kept();
    let file = dir.path().join("x.parquet");
    let output = run(&["export", &recording, "-w", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(3), "events were lost when it was recorded");
    let bytes = std::fs::read(&file).unwrap();
    assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"));
}
