use super::*;
use crate::{
    cli::args::FilterArgs,
    sink::samples::{attempt, call_line, drop_line, passive_refusal, peer_reset, reset_of_attempt, start},
};

fn typed(change: impl FnOnce(&mut FilterArgs)) -> FilterArgs {
    let mut args = FilterArgs::default();
    change(&mut args);
    args
}

fn filter(change: impl FnOnce(&mut FilterArgs)) -> Filter {
    Filter::parse(&typed(change)).expect("a valid filter")
}

fn wrong(change: impl FnOnce(&mut FilterArgs)) -> String {
    Filter::parse(&typed(change)).expect_err("an invalid filter").to_string()
}

fn words(text: &str) -> Vec<String> {
    text.split(',').map(str::to_owned).collect()
}

#[test]
fn no_filter_keeps_all_and_lines_about_the_trace_always_stay() {
    assert!(Filter::default().keeps(&attempt()));
    assert!(filter(|args| args.pid = words("1")).keeps(&start()));
}

#[test]
fn several_values_are_any_of_several_filters_all_of() {
    let line = attempt(); // curl[41], uid 1000, to [::1]:8080
    assert!(filter(|args| args.pid = words("7,41")).keeps(&line));
    assert!(!filter(|args| args.pid = words("7")).keeps(&line));
    let both = |comm: &str, port: &str| {
        filter(|args| {
            args.comm = words(comm);
            args.port = words(port);
        })
    };
    assert!(both("curl,wget", "8080").keeps(&line));
    assert!(!both("curl", "80").keeps(&line));
    assert!(!both("wget", "8080").keeps(&line));
}

#[test]
fn each_filter_of_an_attempt() {
    type Field = fn(&mut FilterArgs) -> &mut Vec<String>;
    let line = attempt();
    let cases: [(&str, Field, &str, &str); 10] = [
        ("uid", |args| &mut args.uid, "1000", "0"),
        ("comm", |args| &mut args.comm, "curl", "cur"),
        ("addr", |args| &mut args.addr, "::1/128", "10.0.0.0/8"),
        ("port", |args| &mut args.port, "51000", "51001"),
        ("lport", |args| &mut args.lport, "51000", "8080"),
        ("rport", |args| &mut args.rport, "8080", "51000"),
        ("netns", |args| &mut args.netns, "web,1", "1"),
        ("cgroup", |args| &mut args.cgroup, "/user.slice", "/user"),
        ("outcome", |args| &mut args.outcome, "refused", "reset,established"),
        ("verdict", |args| &mut args.verdict, "listener-v4only", "closed-port"),
    ];
    for (name, field, yes, no) in cases {
        assert!(filter(|args| *field(args) = words(yes)).keeps(&line), "{name} {yes}");
        assert!(!filter(|args| *field(args) = words(no)).keeps(&line), "{name} {no}");
    }
}

#[test]
fn a_reset_is_kept_for_either_end() {
    let line = reset_of_attempt(); // node[9]'s host refuses curl[41], both ends here
    for port in ["8080", "51000"] {
        assert!(filter(|args| args.lport = words(port)).keeps(&line));
        assert!(filter(|args| args.rport = words(port)).keeps(&line));
    }
    assert!(filter(|args| args.comm = words("curl")).keeps(&line));
    assert!(filter(|args| args.netns = words("4026531840")).keeps(&line));
    assert!(filter(|args| args.outcome = words("refused")).keeps(&line));
}

#[test]
fn one_end_elsewhere_has_no_local_port() {
    let line = peer_reset(); // java[88] ↔ 10.2.0.5:5432
    assert!(filter(|args| args.rport = words("5432")).keeps(&line));
    assert!(!filter(|args| args.lport = words("5432")).keeps(&line));
    assert!(filter(|args| args.outcome = words("reset")).keeps(&line));
    assert!(!filter(|args| args.outcome = words("refused")).keeps(&line));
    assert!(filter(|args| args.outcome = words("refused")).keeps(&passive_refusal()));
}

#[test]
fn drops_have_a_flow_and_a_process() {
    let line = drop_line();
    assert!(filter(|args| args.lport = words("443")).keeps(&line));
    assert!(!filter(|args| args.rport = words("443")).keeps(&line));
    assert!(filter(|args| args.comm = words("nginx")).keeps(&line));
    assert!(!filter(|args| args.outcome = words("refused")).keeps(&line));
}

#[test]
fn long_names_match_as_the_kernel_cuts_them() {
    assert_eq!(filter(|args| args.comm = words("a-very-long-process-name")).comm, ["a-very-long-pro"]);
}

#[test]
fn errors_say_what_was_wrong_and_what_would_be_right() {
    assert_eq!(
        wrong(|args| args.verdict = words("closed-prot")),
        "--verdict: \"closed-prot\" is not valid: no verdict has that id; nearest: closed-port \
         (\"tcpx explain\" lists all)"
    );
    assert!(
        wrong(|args| args.verdict = words("listener"))
            .contains("nearest: ack-to-listener, listener-closed, ")
    );
    assert!(wrong(|args| args.outcome = words("refuse")).ends_with("pending"));
    assert!(wrong(|args| args.port = words("http")).contains("0 to 65535"));
    assert!(wrong(|args| args.pid = words("-1")).contains("--pid: \"-1\""));
    assert!(wrong(|args| args.addr = words("10.0.0.0/40")).contains("0 to 32"));
    assert!(wrong(|args| args.cgroup = words("nginx.service")).contains("starts with /"));
    assert!(wrong(|args| args.netns = words("")).contains("ip netns"));
    assert!(wrong(|args| args.comm = words("")).contains("not empty"));
    assert!(!wrong(|args| args.outcome = words("\u{1b}[2J")).contains('\u{1b}'));
}

#[test]
fn namespaces_as_ls_shows_them() {
    assert_eq!(filter(|args| args.netns = words("net:[4026531840]")).netns, [NetnsName::Inum(4_026_531_840)]);
}

#[test]
fn a_failed_bind_is_about_its_caller_and_whoever_holds_the_port() {
    let line = call_line(); // nginx[7] bind 0.0.0.0:80, which apache2[5] has
    for pid in ["7", "5"] {
        assert!(filter(|args| args.pid = words(pid)).keeps(&line));
    }
    assert!(filter(|args| args.lport = words("80")).keeps(&line));
    assert!(!filter(|args| args.rport = words("80")).keeps(&line));
    assert!(filter(|args| args.outcome = words("failed")).keeps(&line));
    assert!(filter(|args| args.verdict = words("address-in-use")).keeps(&line));
}
