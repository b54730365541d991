use clap::{CommandFactory as _, Parser as _};

use super::*;

fn read(line: &[&str]) -> Result<Request, String> {
    let args =
        Args::try_parse_from(std::iter::once(&"tcpx").chain(line)).map_err(|error| error.to_string())?;
    Request::new(args, "127.0.0.1 localhost\n::1 localhost\n").map_err(|wrong| wrong.to_string())
}

fn trace(line: &[&str]) -> Trace {
    let line: Vec<_> = std::iter::once("trace").chain(line.iter().copied()).collect();
    match read(&line) {
        Ok(Request::Trace(trace)) => *trace,
        other => panic!("{other:?}"),
    }
}

fn wrong(line: &[&str]) -> String {
    read(line).expect_err("wrong use")
}

#[test]
fn clap_finds_no_fault() {
    Args::command().debug_assert();
}

#[test]
fn a_form_of_results_is_no_file() {
    let told = wrong(&["trace", "--output", "json"]);
    assert!(told.contains("-o json") && told.contains("--output ./json"), "{told}");
    assert!(trace(&["--output", "./json"]).output.path.is_some());
}

#[test]
fn top_is_the_host_on_the_path_set_or_a_recording() {
    let top = |line: &[&str]| match read(line) {
        Ok(Request::Top(top)) => *top,
        other => panic!("{other:?}"),
    };
    let host = top(&["top"]);
    assert_eq!((&host.scope, host.hooks.probes, host.files.len()), (&ScopeRequest::Host, ProbeSet::Path, 0));
    assert_eq!(top(&["top", "--in", "7"]).scope, ScopeRequest::NamespaceOf(7));
    assert_eq!(top(&["top", "--port", "80", "a", "b"]).files.len(), 2);
}

#[test]
fn bare_trace_is_the_host_on_the_path_set() {
    let trace = trace(&[]);
    assert_eq!(trace.scope, ScopeRequest::Host);
    assert_eq!(
        trace.hooks,
        Hooks { backend: None, probes: ProbeSet::Path, stacks: false, bpf_log: false, flow: Flow::DEFAULT }
    );
    assert_eq!(
        (trace.output.format, trace.output.detail, trace.output.all),
        (Format::Text, Detail::Normal, false)
    );
    assert!(trace.filter.is_empty());
}

#[test]
fn a_command_gets_lookups_and_all_that_follows_the_dashes() {
    let trace = trace(&["--everything", "--user", "me", "--", "curl", "-v", "--all", "http://x/"]);
    let argv = ["curl", "-v", "--all", "http://x/"].map(Into::into).to_vec();
    assert_eq!(
        trace.scope,
        ScopeRequest::Command(Command { argv, user: Some("me".into()), everything: true })
    );
    assert_eq!(trace.hooks.probes, ProbeSet::Lookup);
}

#[test]
fn what_is_asked_for_wins() {
    let trace = trace(&["--probes", "path", "--backend", "kprobe", "-v", "--", "true"]);
    assert_eq!((trace.hooks.probes, trace.hooks.backend), (ProbeSet::Path, Some(Backend::Kprobe)));
    assert!(trace.hooks.stacks);
}

#[test]
fn how_much_the_programs_may_write() {
    let flow = |words: &[&str]| trace(words).hooks.flow;
    let (most, ring) = ("--max-events-per-second", "--buffer-size");
    assert_eq!(flow(&[most, "20000"]), Flow { most_per_second: 20_000, ..Flow::DEFAULT });
    for (typed, bytes) in [("64k", 64 << 10), ("4M", 4 << 20), ("65536", 1 << 16), ("1G", 1 << 30)] {
        assert_eq!(flow(&[ring, typed]).ring_bytes, bytes, "{typed}: the next power of two");
    }
    for (option, typed, names) in [
        (most, "0", "from 1 on"),
        (most, "1k", "from 1 on"),
        (ring, "63k", "from 64k on"),
        (ring, "1T", "from 64k on"),
        (ring, "2G", "1G at most"),
    ] {
        let said = wrong(&["trace", option, typed]);
        assert!(said.contains(option) && said.contains(typed) && said.contains(names), "{said}");
    }
}

#[test]
fn json_has_all() {
    assert!(trace(&["-o", "json"]).output.all);
}

#[test]
fn limits() {
    let limit = trace(&["-c", "3", "--duration", "1.5s"]).limit;
    assert_eq!(limit, Limit { count: NonZeroU64::new(3), duration: Some(Duration::from_millis(1500)) });
    for (typed, seconds) in [("10", 10), ("2m", 120), ("1h", 3600), ("2000ms", 2)] {
        assert_eq!(trace(&["--duration", typed]).limit.duration, Some(Duration::from_secs(seconds)));
    }
    for typed in ["0", "-1", "x", "1d", "NaN", "inf", ""] {
        let typed = format!("--duration={typed}");
        assert!(wrong(&["trace", &typed]).contains("500ms"), "{typed}");
    }
    assert!(wrong(&["trace", "-c", "0"]).contains("from 1 on"));
}

#[test]
fn options_that_need_a_command_say_so() {
    for option in ["--everything", "--loss-status", "--user=me"] {
        assert!(wrong(&["trace", option]).contains("CMD"), "{option}");
    }
    assert!(wrong(&["trace", "--in", "1", "--", "true"]).contains("cannot be used with"));
}

#[test]
fn export_goes_to_a_file_or_stdout() {
    let to = |path: &str| match read(&["export", "x.tcpx", "-w", path]) {
        Ok(Request::Export(export)) => export.to,
        other => panic!("{other:?}"),
    };
    assert_eq!(to("-"), None);
    for path in ["x.pcapng", "x", "/dev/stdout", "./-"] {
        assert_eq!(to(path), Some(path.into()), "{path}");
    }
    assert!(wrong(&["export", "x.tcpx", "-w", "x.pcap"]).contains("NAME.pcapng or NAME.parquet"));
}

#[test]
fn a_container_by_name_comes_later() {
    assert!(wrong(&["trace", "--in", "web"]).contains("names of containers come in a later version"));
    assert_eq!(trace(&["--in", "4711"]).scope, ScopeRequest::NamespaceOf(4711));
}

#[test]
fn probe_takes_addresses_and_localhost() {
    let Ok(Request::Probe(probe)) = read(&["probe", "localhost:8080", "--timeout", "500ms"]) else {
        panic!()
    };
    assert_eq!(probe.targets, ["[::1]:8080", "127.0.0.1:8080"].map(|addr| addr.parse().expect(addr)));
    assert_eq!(probe.timeout, Duration::from_millis(500));
    assert!(probe.output.all);
    assert!(wrong(&["probe", "example.org:80"]).contains("give an address"));
}

#[test]
fn lab_needs_a_name() {
    assert!(wrong(&["lab"]).contains("tcpx lab --list"));
    let Ok(Request::Lab(lab)) = read(&["lab", "no-listen"]) else { panic!() };
    assert_eq!((lab.play, lab.hooks.probes), (vec!["no-listen".to_owned()], ProbeSet::Lookup));
}

#[test]
fn explain_takes_words_as_they_come() {
    let ask = |line: &[&str]| match read(line) {
        Ok(Request::Explain(explain)) => explain.question,
        other => panic!("{other:?}"),
    };
    assert_eq!(ask(&["explain"]), Question::All);
    assert_eq!(ask(&["explain", "--backends"]), Question::Backends);
    assert_eq!(ask(&["explain", "No", "route", "to host"]), Question::About("No route to host".into()));
}
