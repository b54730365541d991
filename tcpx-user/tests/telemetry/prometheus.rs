//! Rules, metrics and dashboard, as Prometheus' own programs see them.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Command, Output, Stdio},
    sync::{Arc, Mutex},
    thread,
};

use libtest_mimic::{Completion, Failed};
use serde_json::Value;
use tcpx_user::metrics::{Asked, CONTENT_TYPE, Fill, Metrics, Own, Vitals};

use crate::{
    lines, tools,
    tools::{Running, wait},
    without,
};

pub(crate) fn rules() -> Result<Completion, Failed> {
    let Some(promtool) = tools::prometheus("promtool") else { return Ok(without("promtool")) };
    let folder = tools::repository().join("deploy/prometheus");
    for args in [["check", "rules", "alerts.yml"], ["test", "rules", "alerts_test.yml"]] {
        let output = Command::new(&promtool).current_dir(&folder).args(args).output()?;
        assert!(output.status.success(), "promtool {args:?}: {}", said(&output));
    }
    Ok(Completion::Completed)
}

/// A verdict that a rule names has to be one, and a runbook has to be a command that answers.
pub(crate) fn runbooks() -> Result<Completion, Failed> {
    let alerts = std::fs::read_to_string(tools::repository().join("deploy/prometheus/alerts.yml"))?;
    let of = |key: &str| alerts.lines().filter_map(|line| line.trim().strip_prefix(key)).collect::<Vec<_>>();
    let runbooks = of("runbook: ");
    assert_eq!(runbooks.len(), of("- alert: ").len(), "one for each alert");
    let pages =
        runbooks.iter().filter_map(|runbook| runbook.trim_matches('\'').strip_prefix("tcpx explain "));
    let named = pages.filter(|page| !page.starts_with("{{"));
    let in_rules = alerts.split("verdict=\"").skip(1).filter_map(|rest| rest.split('"').next());
    for page in named.chain(in_rules) {
        page.parse::<tcpx_user::verdict::VerdictId>()?;
    }
    Ok(Completion::Completed)
}

/// promtool reads Prometheus' older text format, which the text is but for its last line and its unit lines.
pub(crate) fn lint() -> Result<Completion, Failed> {
    let Some(promtool) = tools::prometheus("promtool") else { return Ok(without("promtool")) };
    let mut check = Command::new(promtool).args(["check", "metrics"]).piped().spawn()?;
    let text = exposed(&mut metrics(), 1);
    // There a counter's comment names it with `_total`.
    let old = text.lines().filter(|line| !line.starts_with("# UNIT") && *line != "# EOF").map(older);
    let old = old.collect::<String>();
    check.stdin.take().ok_or("no stdin")?.write_all(old.as_bytes())?;
    let output = check.wait_with_output()?;
    assert!(output.status.success(), "{}\n{old}", said(&output));
    Ok(Completion::Completed)
}

fn older(line: &str) -> String {
    let mut words = line.splitn(4, ' ').map(str::to_owned).collect::<Vec<_>>();
    let is_counter =
        |name: &str| !name.ends_with("_seconds") && !name.ends_with("_bytes") || name.contains("_cpu_");
    let gauges = ["tcpx_table_entries", "tcpx_table_capacity", "tcpx_trace_info", "tcpx_hooks"];
    if words[0] == "#" && is_counter(&words[2]) && !gauges.contains(&words[2].as_str()) {
        words[2] += "_total";
    }
    words.join(" ") + "\n"
}

trait Piped {
    fn piped(&mut self) -> &mut Self;
}

impl Piped for Command {
    fn piped(&mut self) -> &mut Self {
        self.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped())
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned()
}

fn metrics() -> Metrics {
    Metrics::new(Asked { process: true, container: true, most: 10 })
}

/// After `rounds` in which one of each happened.
fn exposed(metrics: &mut Metrics, rounds: u64) -> String {
    for line in (0..rounds).flat_map(|_| lines::each()) {
        metrics.line(&line);
    }
    let mut vitals = Vitals {
        shed: rounds,
        missed: Some(rounds),
        tables: vec![Fill { table: "attempts", used: 3, capacity: 16_384 }],
        dropped: vec![("otlp", rounds)],
        ..Vitals::default()
    };
    Own::open().read(&mut vitals);
    metrics.vitals(vitals);
    metrics.expose()
}

pub(crate) fn dashboard() -> Result<Completion, Failed> {
    let Some(program) = tools::prometheus("prometheus") else { return Ok(without("prometheus")) };
    let folder = tempfile::tempdir()?;
    let endpoint = serve()?;
    let own = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let _running = start(&program, folder.path(), endpoint, own)?;
    let queries = queries()?;
    assert!(queries.len() > 20, "{queries:?}");
    for query in &queries {
        wait(&format!("data for {query}"), || has_data(own, query));
    }
    Ok(Completion::Completed)
}

fn start(program: &Path, folder: &Path, endpoint: SocketAddr, own: SocketAddr) -> Result<Running, Failed> {
    let config = format!(
        "global: {{scrape_interval: 200ms, scrape_timeout: 200ms}}\n\
         scrape_configs:\n- {{job_name: tcpx, static_configs: [{{targets: [\"{endpoint}\"]}}]}}\n"
    );
    std::fs::write(folder.join("prometheus.yml"), config)?;
    let mut command = Command::new(program);
    command.current_dir(folder).args(["--config.file=prometheus.yml", "--storage.tsdb.path=data"]);
    command.arg(format!("--web.listen-address={own}"));
    Ok(Running::start(&mut command, &folder.join("log"))?)
}

/// The queries of all panels, as Grafana would send them.
fn queries() -> Result<Vec<String>, Failed> {
    let text = std::fs::read_to_string(tools::repository().join("deploy/grafana/tcpx.json"))?;
    let dashboard: Value = serde_json::from_str(&text)?;
    let panels = dashboard["panels"].as_array().ok_or("no panels")?;
    let targets = panels.iter().filter_map(|panel| panel["targets"].as_array()).flatten();
    let expressions = targets.map(|target| target["expr"].as_str().ok_or("a target without a query"));
    let filled = expressions.map(|expression| {
        let expression = expression?.replace("$job", "tcpx").replace("$instance", ".*");
        let filled = expression.replace("$__rate_interval", "2s").replace("$__range", "10s");
        assert!(!filled.contains('$'), "a variable that Grafana would fill is not known here: {filled}");
        Ok(filled)
    });
    filled.collect()
}

/// Whether there is a series whose value is a number: a quantile of nothing is none.
fn has_data(prometheus: SocketAddr, query: &str) -> Option<()> {
    let answer = get(prometheus, &format!("/api/v1/query?query={}", percent(query)))?;
    let body: Value = serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()?;
    assert_ne!(body["status"], "error", "{query}: {body}");
    let series = body["data"]["result"].as_array()?;
    let mut values = series.iter().filter_map(|one| one["value"][1].as_str());
    values.any(|value| value != "NaN").then_some(())
}

fn percent(text: &str) -> String {
    text.bytes().fold(String::new(), |text, byte| text + &format!("%{byte:02x}"))
}

/// HTTP/1.0, so that no part of the answer is chunked.
fn get(to: SocketAddr, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(to).ok()?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {to}\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

/// An endpoint on which everything happens once more for each time that it is read.
fn serve() -> Result<SocketAddr, Failed> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let at = listener.local_addr()?;
    let metrics = Arc::new(Mutex::new((metrics(), 0)));
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let metrics = Arc::clone(&metrics);
            thread::spawn(move || answer(stream, &metrics));
        }
    });
    Ok(at)
}

fn answer(mut stream: TcpStream, metrics: &Mutex<(Metrics, u64)>) -> Option<()> {
    let mut request = [0; 4096];
    while stream.read(&mut request).ok()? > 0 {
        let mut metrics = metrics.lock().ok()?;
        metrics.1 += 1;
        let rounds = metrics.1;
        let body = exposed(&mut metrics.0, rounds);
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: {CONTENT_TYPE}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all((head + &body).as_bytes()).ok()?;
    }
    Some(())
}
